"""A request as the tokens that are held against phrasings. Pure."""

import re
from dataclasses import dataclass

from lmd.shell.lexicon.terms import terms

MOST_TOKENS = 40
_TOKEN = re.compile(r"\"[^\"\n]+\"|'[^'\n]+'(?!\w)|`[^`\n]+`|\S+")
_MEASURE = re.compile(r"(\d+|<\w+>)(%|[a-zA-Z]{1,2})")
_LITERAL = re.compile(r"[\d/~*@_]|\w\.\w|[A-Z]{2}|\w-\w|^\.\w")
_ALIKE = (
    "folder directory dir subfolder:folder",
    "remove delete erase rm:remove",
    "show list display print see view give output:show",
    "big large biggest largest bigger larger:big",
    "small smallest:small",
    "make create new:make",
    "find search locate look:find",
    "mb megabyte m mib meg:mb",
    "gb gigabyte g gib gig:gb",
    "kb kilobyte k kib:kb",
    "computer machine system box host:computer",
    "last latest recent newest:last",
    "all every each everything:all",
    "current here present:here",
    "use consume eat take:use",
    "stop kill end terminate:kill",
    "compress pack zip:compress",
    "extract unpack decompress untar:extract",
    "change modify alter edit:change",
    "first top:first",
    "inside within below under:inside",
    "ram memory:memory",
    "shut off poweroff halt:off",
    "quick fast:fast",
    "what which:what",
)


def _canonical() -> dict[str, str]:
    table = {}
    for line in _ALIKE:
        words, _, name = line.partition(":")
        table.update({stem: name for word in words.split() for stem in terms(word)})
    return table


CANONICAL = _canonical()
"""Stems that mean the same in everyday requests, by one name."""


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a request or phrasing."""

    text: str
    stems: tuple[str, ...]
    is_literal: bool = False
    """It names something: a path, a number, a quoted text, an identifier."""
    is_quoted: bool = False


def read_tokens(text: str) -> list[Token]:
    """The tokens of a request, without the punctuation around them; at most `MOST_TOKENS`."""
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        word = match[0]
        if word[0] in "\"'`" and word[-1] == word[0] and len(word) > 2:
            found.append(Token(word[1:-1], (), is_literal=True, is_quoted=True))
            continue
        word = word.lstrip("(").rstrip("?!,;:)")
        if word not in (".", "..", "./"):
            word = word.rstrip(".")
        measure = _MEASURE.fullmatch(word)
        found += [_token(part) for part in (measure.groups() if measure else (word,)) if part]
    return found[:MOST_TOKENS]


def _token(word: str) -> Token:
    stems = tuple(CANONICAL.get(stem, stem) for stem in terms(word))
    return Token(word, stems, bool(_LITERAL.search(word)))
