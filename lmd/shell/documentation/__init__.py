"""What manual pages and ``--help`` say of programs."""

from lmd.shell.documentation.library import Library
from lmd.shell.documentation.records import Documentation, Flag

__all__ = ["Documentation", "Flag", "Library"]
