"""lmd keeps language models warm behind a Unix socket."""

__version__ = "0.1.0"
