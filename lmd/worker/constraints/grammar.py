"""Checks a GBNF grammar before llama.cpp sees it. Pure.

llama.cpp's parser recurses as deep as the text is nested, copies what is repeated, walks shared
rules again for every path to them, and misses left recursion behind rules that are empty only
indirectly. Any of these ends or stops the process, so each is refused here.
"""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from lmd.protocol.errors import LmdError
from lmd.protocol.limits import MAX_SCHEMA_BYTES

MAX_NESTING = 64
MAX_REPEAT = 2000
"""llama.cpp's own limit of repetitions."""
MAX_ELEMENTS = 200_000
"""Characters and references of all rules, repetitions written out."""
MAX_PATHS = 1_000_000
"""Ways from a rule to the first characters it can begin with."""
MAX_RULES = 4000
MAX_GENERATED_BYTES = 8 * MAX_SCHEMA_BYTES
_HEX = "[0-9A-Fa-f]"
_ESCAPE = rf"\\(?:x{_HEX}{{2}}|u{_HEX}{{4}}|U{_HEX}{{8}}|[trn\\\"\[\]-])"
_TOKEN = re.compile(
    rf"""(?P<space>(?:[ \t]|\#[^\r\n]*)+)
    |(?P<newline>[\r\n]+)
    |(?P<define>::=)
    |(?P<literal>"(?:{_ESCAPE}|[^"\\])*")
    |(?P<characters>\[(?:{_ESCAPE}|[^\]\\])*\])
    |(?P<token>!?<(?:\[[0-9]{{1,9}}\]|[^<>\[\]\s][^<>]{{0,63}})>)
    |(?P<name>[A-Za-z0-9-]+)
    |(?P<repeat>\{{[ ]*[0-9]{{1,6}}[ ]*(?:,[ ]*(?:[0-9]{{1,6}})?[ ]*)?\}}|[*+?])
    |(?P<mark>[|()]|\.)""",
    re.VERBOSE,
)


class GrammarError(Exception):
    """Why a grammar is refused."""


@dataclass(slots=True)
class Item:
    """A part of a sequence."""

    size: int = 1
    empty: bool = False
    reference: str = ""
    group: "list[list[Item]] | None" = None
    low: int = 1
    high: int | None = 1


Alternatives = list[list[Item]]


class _Word(NamedTuple):
    kind: str
    text: str
    line: int


def check_grammar(text: str, limit: int = MAX_SCHEMA_BYTES) -> None:
    """Raises LmdError (``invalid_request``) for a grammar that llama.cpp should not be given."""
    try:
        if len(text.encode("utf-8", "replace")) > limit:
            raise GrammarError(f"it has more than {limit} bytes")
        rules = _Parser(_split(text)).rules()
        _check_references(rules)
        _check_size(rules)
        _Starts(rules).check()
    except GrammarError as error:
        raise LmdError(
            "invalid_request", f"the grammar is refused: {error}", hint="see GBNF of llama.cpp"
        ) from error


def _split(text: str) -> list[_Word]:
    words: list[_Word] = []
    at, line = 0, 1
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise GrammarError(f"line {line}: {text[at : at + 20]!r} is no part of a grammar")
        kind, found = str(match.lastgroup), match.group()
        if "\0" in found:
            raise GrammarError(f"line {line}: it contains a NUL character")
        if kind != "space":
            words.append(_Word(kind, found, line))
        line += found.count("\n")
        at = match.end()
    return words


class _Parser:
    def __init__(self, words: list[_Word]) -> None:
        self._words = words
        self._at = 0

    def rules(self) -> dict[str, Alternatives]:
        rules: dict[str, Alternatives] = {}
        self._skip_newlines()
        while self._at < len(self._words):
            name = self._expect("name", "a rule begins with its name")
            self._expect("define", "::= follows the name of a rule")
            self._skip_newlines()
            if name.text in rules:
                raise GrammarError(f"line {name.line}: rule {name.text} is defined twice")
            rules[name.text] = self._alternatives(0)
            if self._at < len(self._words):
                self._expect("newline", "a rule ends with its line")
                self._skip_newlines()
        if len(rules) > MAX_RULES:
            raise GrammarError(f"it has more than {MAX_RULES} rules")
        return rules

    def _alternatives(self, depth: int) -> Alternatives:
        if depth > MAX_NESTING:
            raise GrammarError(f"it is nested deeper than {MAX_NESTING}")
        alternatives = [self._sequence(depth)]
        while self._peek() == ("mark", "|"):
            self._at += 1
            self._skip_newlines()
            alternatives.append(self._sequence(depth))
        return alternatives

    def _sequence(self, depth: int) -> list[Item]:
        items: list[Item] = []
        while True:
            if depth:
                self._skip_newlines()
            kind, text = self._peek()
            if kind in ("", "newline", "define") or text in ("|", ")"):
                return items
            self._at += 1
            if kind == "repeat":
                self._repeat(items, text)
            elif text == "(":
                self._skip_newlines()
                items.append(Item(group=self._alternatives(depth + 1)))
                self._expect("mark", "a parenthesis is not closed", ")")
            else:
                items.append(_item(kind, text))

    def _repeat(self, items: list[Item], text: str) -> None:
        if not items or (items[-1].low, items[-1].high) != (1, 1):
            raise GrammarError(f"{text} has nothing to repeat")
        low, high = _bounds(text)
        if max(low, high or 0) > MAX_REPEAT or (high is not None and high < low):
            raise GrammarError(f"{text} repeats too often; {MAX_REPEAT} is the most")
        items[-1].low, items[-1].high = low, high

    def _peek(self) -> tuple[str, str]:
        if self._at >= len(self._words):
            return "", ""
        word = self._words[self._at]
        return word.kind, word.text

    def _expect(self, kind: str, complaint: str, text: str | None = None) -> _Word:
        found = self._peek()
        if found[0] != kind or (text is not None and found[1] != text):
            line = self._words[min(self._at, len(self._words) - 1)].line
            raise GrammarError(f"line {line}: {complaint}")
        self._at += 1
        return self._words[self._at - 1]

    def _skip_newlines(self) -> None:
        while self._peek()[0] == "newline":
            self._at += 1


def _bounds(text: str) -> tuple[int, int | None]:
    if text in "*+?":
        return {"*": (0, None), "+": (1, None), "?": (0, 1)}[text]
    low, comma, high = text.strip("{} ").partition(",")
    if not comma:
        return int(low), int(low)
    return int(low), int(high) if high.strip() else None


def _item(kind: str, text: str) -> Item:
    if kind == "name":
        return Item(reference=text)
    if kind == "characters" and text in ("[]", "[^]"):
        raise GrammarError(f"{text} names no character")
    size = max(1, len(text) - 2)
    return Item(size=size, empty=kind == "literal" and text == '""')


def _check_references(rules: dict[str, Alternatives]) -> None:
    if "root" not in rules:
        raise GrammarError("it has no rule root")
    for alternatives in rules.values():
        for item in _walk(alternatives):
            if item.reference and item.reference not in rules:
                raise GrammarError(f"rule {item.reference} is not defined")


def _walk(alternatives: Alternatives) -> list[Item]:
    found = [item for sequence in alternatives for item in sequence]
    return found + [inner for item in found if item.group for inner in _walk(item.group)]


def _check_size(rules: dict[str, Alternatives]) -> None:
    items = [item for alternatives in rules.values() for item in _walk(alternatives)]
    # A group is a rule of its own, so only the reference to it is repeated.
    if sum(item.size * max(item.low, item.high or 0, 1) for item in items) > MAX_ELEMENTS:
        raise GrammarError(f"it has more than {MAX_ELEMENTS} elements, repetitions written out")


@dataclass(slots=True)
class _Starts:
    """What can stand first in a rule."""

    rules: dict[str, Alternatives]
    empty: set[str] = field(default_factory=set)
    paths: dict[str, int] = field(default_factory=dict)

    def check(self) -> None:
        """Raises GrammarError for left recursion and for too many paths."""
        self._find_empty()
        for name in self.rules:
            self._count(name)

    def _find_empty(self) -> None:
        grown = True
        while grown:
            grown = False
            for name, alternatives in self.rules.items():
                if name not in self.empty and self._can_be_empty(alternatives):
                    self.empty.add(name)
                    grown = True

    def _can_be_empty(self, alternatives: Alternatives) -> bool:
        return any(all(self._item_empty(item) for item in items) for items in alternatives)

    def _item_empty(self, item: Item) -> bool:
        if item.low == 0 or item.empty or item.reference in self.empty:
            return True
        return item.group is not None and self._can_be_empty(item.group)

    def _count(self, name: str) -> None:
        """Depth first without recursion: a chain of rules may be long."""
        open_rules: list[str] = []
        todo = [(name, False)]
        while todo:
            rule, done = todo.pop()
            if done:
                open_rules.pop()
                self.paths[rule] = self._sum(self.rules[rule])
                continue
            if rule in self.paths:
                continue
            if rule in open_rules:
                raise GrammarError(f"rule {rule} begins with itself (left recursion)")
            open_rules.append(rule)
            todo.append((rule, True))
            todo += [(first, False) for first in self._first(self.rules[rule])]

    def _first(self, alternatives: Alternatives) -> set[str]:
        """The rules that can stand first, in groups too."""
        found: set[str] = set()
        for item in self._leading(alternatives):
            found |= {item.reference} if item.reference else set()
            found |= self._first(item.group) if item.group else set()
        return found

    def _leading(self, alternatives: Alternatives) -> list[Item]:
        leading: list[Item] = []
        for sequence in alternatives:
            for item in sequence:
                leading.append(item)
                if not self._item_empty(item):
                    break
        return leading

    def _sum(self, alternatives: Alternatives) -> int:
        total = 1
        for item in self._leading(alternatives):
            ways = self.paths[item.reference] if item.reference else 1
            ways += self._sum(item.group) if item.group else 0
            total += ways * max(item.low, item.high or 0, 1)
            if total > MAX_PATHS:
                raise GrammarError(f"it can begin in more than {MAX_PATHS} ways")
        return total
