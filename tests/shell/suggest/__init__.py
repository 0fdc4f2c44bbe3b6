"""The pipeline of `suggest`, `fix` and `explain`."""
