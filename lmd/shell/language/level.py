"""One level of nesting while a line is read: a list of commands, or something inside a word.

The grammar of reserved words is here: which words open or close a compound command and are no
programs, and where a word is a pattern, a loop variable or the name of a function.
"""

import re

from lmd.shell.language.words import Draft, Redirect, Word

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*(?:\[[^\]]*\])?\+?=", re.ASCII)
_FISH = ("begin", "and", "or", "not")
_OPENERS = frozenset(
    ("if", "then", "elif", "else", "while", "until", "do", "{", "!", "coproc", *_FISH)
)
_CLOSERS = frozenset(("fi", "done", "}", "end"))
_LOOPS = frozenset(("for", "select", "foreach"))
_NAMED_BY_NEXT = frozenset(("function",))


class Part:
    """A word that is still being read."""

    __slots__ = ("pieces", "quoted", "start")

    def __init__(self, start: int) -> None:
        self.start = start
        self.pieces: list[str] = []
        self.quoted = False


class Level:
    """Something open. ``closer`` ends it; only a level of commands has a draft.

    ``collects``: text read here belongs to the value of the word around it, not only to its source.
    """

    __slots__ = (
        "cases", "closer", "collects", "discards", "draft", "is_commands", "mode", "opened",
        "operator", "part", "redirect", "within_word",
    )  # fmt: skip

    def __init__(
        self,
        closer: str,
        opened: int,
        *,
        is_commands: bool = False,
        within_word: bool = True,
        collects: bool = True,
        discards: bool = False,
        operator: str = "",
    ) -> None:
        self.closer = closer
        self.opened = opened
        self.is_commands = is_commands
        self.within_word = within_word
        self.collects = collects
        self.discards = discards
        """Its words are no command: the elements of an array."""
        self.operator = operator
        self.part: Part | None = None
        self.draft: Draft | None = None
        self.redirect: tuple[str, str, int] | None = None
        """Operator, descriptor and start of a redirection whose target comes next."""
        self.mode = ""
        """What words are instead of arguments: "loop", "case", "pattern", "name", "test"."""
        self.cases = 0

    def take(self, word: Word, depth: int) -> None:
        """Find the place of a finished word."""
        if self.redirect is not None:
            operator, descriptor, start = self.redirect
            self.redirect = None
            self.command(start, depth).redirects.append(Redirect(operator, descriptor, word, start))
        elif self.discards or self._is_grammar(word):
            return
        elif self._is_first() and _ASSIGNMENT.match(word.raw):
            self.command(word.start, depth).assignments.append(word)
        else:
            self.command(word.start, depth).words.append(word)
            if word.raw == "[[" and self._has_one():
                self.mode = "test"

    def command(self, start: int, depth: int) -> Draft:
        """The command that is being read, begun here if there is none."""
        if self.draft is None:
            self.draft = Draft(depth, self.operator, start)
        return self.draft

    def _is_first(self) -> bool:
        return self.draft is None or not self.draft.words

    def _has_one(self) -> bool:
        return self.draft is not None and len(self.draft.words) == 1

    def _is_grammar(self, word: Word) -> bool:
        """Whether a word belongs to the grammar; remembers what that says of the next ones."""
        raw = word.raw
        if self.mode == "pattern":
            if raw == "esac":
                self.cases, self.mode = max(0, self.cases - 1), ""
            return True
        if self.mode == "case":
            if raw == "in":
                self.mode = "pattern"
            return True
        if self.mode == "loop":
            return True
        if self.mode == "name":
            self.mode = ""
            return True
        if self.mode == "test":
            if raw == "]]":
                self.mode = ""
            return False
        return self._is_first() and self._is_reserved(raw)

    def _is_reserved(self, raw: str) -> bool:
        if raw in _OPENERS or raw in _CLOSERS:
            return True
        if raw in _LOOPS:
            self.mode = "loop"
        elif raw == "case":
            self.cases, self.mode = self.cases + 1, "case"
        elif raw in _NAMED_BY_NEXT:
            self.mode = "name"
        elif raw == "esac" and self.cases:
            self.cases -= 1
        else:
            return False
        return True
