"""The contract between clients, daemon and workers: structs, errors and framing, no I/O."""
