"""The shell of Attune, and what everyone shares."""

__version__ = "0.1.0"
"""The version of the whole product; pyproject.toml says the same (held by a test)."""
