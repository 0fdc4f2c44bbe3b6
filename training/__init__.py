"""The recipe of lmd's built-in shell model: from public rows to one GGUF file."""
