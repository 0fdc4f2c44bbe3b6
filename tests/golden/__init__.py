"""Every message of the wire as bytes, written by `python -m tests.golden.write`."""
