"""Writes shell/completions from the commands themselves: `python -m tests.shell.completion`."""
