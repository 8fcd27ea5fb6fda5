"""Statistics of the portal: pure functions, one idea a file, source cited; nothing of Django."""
