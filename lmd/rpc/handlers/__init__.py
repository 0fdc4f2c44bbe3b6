"""One file per method family; handlers do not import one another."""
