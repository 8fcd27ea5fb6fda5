"""The audits that metrics adds to governance's register: importing this package registers them."""

from metrics.audits import coverage, disclosure, observed, retention, sentiment

__all__ = ["coverage", "disclosure", "observed", "retention", "sentiment"]
