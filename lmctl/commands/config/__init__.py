"""`lmctl config`: what holds and why, and changes that leave the rest of the file as it is.

The configuration is checked by the daemon's own loader, in a process of its own; nothing here
knows the schema.
"""
