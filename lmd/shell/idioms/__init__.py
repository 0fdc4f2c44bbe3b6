"""Everyday tasks with the command for each, found by how people ask for them. Pure.

A small model answers from what it has seen most; what people ask every week is better looked up.
The tasks are lmd's own (`training/everyday*.txt`) and ship in the lexicon's file.
"""

from lmd.shell.idioms.index import Hit, Idiom, IdiomIndex

__all__ = ["Hit", "Idiom", "IdiomIndex"]
