"""Which words of a line run something."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from lmd.shell.language.scanner import simple_commands
from lmd.shell.language.words import SimpleCommand, Word
from lmd.shell.language.wrappers import RUNNING_PRIMARIES, WRAPPERS, Wrapper

_SETTING = re.compile(r"[A-Za-z_]\w*=", re.ASCII)
_MOST_WRAPPERS = 8


@dataclass(frozen=True, slots=True)
class Invocation:
    """A program with its own arguments: for ``sudo -n tar x`` there is one of sudo, one of tar.

    ``words[0]`` names the program.
    """

    words: tuple[Word, ...]
    is_transparent: bool = False
    """A wrapper such as sudo that only says how the next invocation runs."""

    @property
    def program(self) -> str:
        """The program as written, with its folder."""
        return self.words[0].text

    @property
    def name(self) -> str:
        """The program without its folder."""
        return self.program.rsplit("/", 1)[-1]


def invocations(command: SimpleCommand) -> tuple[Invocation, ...]:
    """What a simple command runs, wrappers first; empty where it only sets or redirects."""
    found: list[Invocation] = []
    words: Sequence[Word] = command.words
    while words:
        name = words[0].text.rsplit("/", 1)[-1]
        wrapper = WRAPPERS.get(name) if len(found) < _MOST_WRAPPERS else None
        if wrapper is not None:
            at = _program_at(words, wrapper)
            is_last = at >= len(words) or (not wrapper.is_transparent and _is_shell_text(words[at]))
            at = len(words) if is_last else at
            found.append(Invocation(tuple(words[:at]), wrapper.is_transparent and not is_last))
            words = words[at:]
        elif name in RUNNING_PRIMARIES:
            return (*found, *_split_at_primaries(words, RUNNING_PRIMARIES[name]))
        else:
            found.append(Invocation(tuple(words)))
            break
    return tuple(found)


def programs(line: str) -> tuple[str, ...]:
    """The words that run something, in order, those behind wrappers and ``find -exec`` too."""
    return tuple(invocation.program for invocation in _line_invocations(line))


def head(line: str) -> str:
    """The first program that is no wrapper such as sudo, env, time or nohup; "" for none."""
    found = _line_invocations(line)
    return next((each.program for each in found if not each.is_transparent), "")


@lru_cache(maxsize=64)
def _line_invocations(line: str) -> tuple[Invocation, ...]:
    """Cached, because a line is asked about several times in a row."""
    return tuple(each for command in simple_commands(line) for each in invocations(command))


def _is_shell_text(word: Word) -> bool:
    """``watch 'ls -l'``: a whole command in one word."""
    return word.quoted and " " in word.text


def _program_at(words: Sequence[Word], wrapper: Wrapper) -> int:
    """The index of the wrapped program; the number of words if there is none."""
    at, operands = 1, wrapper.operands
    while at < len(words):
        text = words[at].text
        if text == "--":
            at += 1
            break
        if text in wrapper.halts:
            return len(words)
        if text[:1] == "-" and len(text) > 1:
            at += 2 if text in wrapper.valued else 1
        elif _SETTING.match(words[at].raw):
            at += 1
        else:
            break
    return min(at + operands, len(words))


def _split_at_primaries(words: Sequence[Word], primaries: frozenset[str]) -> tuple[Invocation, ...]:
    own: list[Word] = []
    inner: list[list[Word]] = []
    running = False
    for word in words:
        if running and word.text in (";", "+", ";;"):
            running = False
        elif running:
            inner[-1].append(word)
        else:
            own.append(word)
            if word.text in primaries:
                running = True
                inner.append([])
    return (Invocation(tuple(own)), *(Invocation(tuple(part)) for part in inner if part))
