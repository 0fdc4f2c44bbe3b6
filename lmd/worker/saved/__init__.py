"""Sequences of the KV cache on disk: prompts that need not be read again after a restart."""
