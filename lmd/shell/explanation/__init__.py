"""A command line explained piece by piece, from documentation. Pure."""

from lmd.shell.explanation.line import explain
from lmd.shell.explanation.part import Part

__all__ = ["Part", "explain"]
