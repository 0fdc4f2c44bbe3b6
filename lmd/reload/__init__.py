"""An edit of the configuration takes effect: watch, load, check, diff, apply."""
