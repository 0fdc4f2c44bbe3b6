"""Model files: what they are, what they cost, and whether they fit."""
