"""`lmctl top`: what the daemon does, live, with keys. Decisions and screens are pure."""
