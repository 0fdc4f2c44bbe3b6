"""Service managers: the files that they read, and the programs that one talks to them with."""
