"""Repairs of failed commands that need no model. Pure.

A table of rules looks at the line, at its status and error if there are any, and at facts about
the place where it failed.
"""

from lmd.shell.repair.failure import Failure, Repair
from lmd.shell.repair.table import repairs

__all__ = ["Failure", "Repair", "repairs"]
