"""What `lmctl doctor` looks at. A check is a function of a target that returns a `Finding`."""
