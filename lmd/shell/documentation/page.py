"""The source of a manual page, in whichever dialect, to its documentation. Pure."""

import re

from lmd.shell.documentation.man import ManReader
from lmd.shell.documentation.mdoc import MdocReader
from lmd.shell.documentation.outline import Outline
from lmd.shell.documentation.records import Documentation

_DIALECT = re.compile(r"^[.'][ \t]*(?:(TH|SH)|(Dd|Dt|Sh))\b", re.MULTILINE)
_INCLUDE = re.compile(r"(?:[.']\s*\\\".*\n|\s*\n|'\\\".*\n)*[.']so[ \t]+(\S+)[ \t]*(?:\n|\Z)")


def parse_page(source: str, program: str) -> Documentation | None:
    """What a page says of a program; None where it is no manual page or says nothing."""
    if "\0" in source:
        return None
    outline = Outline(program)
    dialect = _DIALECT.search(source)
    if dialect is None:
        return None
    reader = ManReader(outline) if dialect[1] else MdocReader(outline)
    reader.read(source)
    return outline.documentation()


def included_page(source: str) -> str | None:
    """The page that a page consists of, ``man1/other.1``; None for one with a text of its own."""
    match = _INCLUDE.match(source[:4096])
    return match[1] if match else None
