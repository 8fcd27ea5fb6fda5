"""Statistics of the portal: pure functions, one idea a file, source cited; numpy and scipy, nothing of Django."""
