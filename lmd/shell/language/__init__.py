"""The language of shells, as far as a line can be understood without running it. Pure.

Lines come from models and from people, so nothing here raises, and time is linear in their length.
"""

from lmd.shell.language.placeholders import placeholders
from lmd.shell.language.programs import Invocation, head, invocations, programs
from lmd.shell.language.scanner import simple_commands
from lmd.shell.language.skeleton import flag_of, flags, skeleton
from lmd.shell.language.words import Redirect, SimpleCommand, Word

__all__ = [
    "Invocation",
    "Redirect",
    "SimpleCommand",
    "Word",
    "flag_of",
    "flags",
    "head",
    "invocations",
    "placeholders",
    "programs",
    "simple_commands",
    "skeleton",
]
