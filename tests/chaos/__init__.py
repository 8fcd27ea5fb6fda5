"""Faults on purpose: the whole product under load while its processes are killed; `make chaos`, docs/reliability.md."""
