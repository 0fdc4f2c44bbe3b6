"""Writes man/ and the tables of docs/lmctl.md from the code: `python -m tests.manual`."""
