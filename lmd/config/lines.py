"""On which line of a TOML file each key stands; the standard parser does not tell."""

import re
import tomllib
from collections.abc import Callable

Key = tuple[str, ...]
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_PART = re.compile(r"[ \t]*([A-Za-z0-9_-]+|\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*')[ \t]*")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}|\'{3}.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'', re.DOTALL
)
_SCALAR = re.compile(r"[^,\]}\n#]*")


def key_lines(text: str) -> dict[Key, int]:
    """Key path to line, counted from 1, of every table and key.

    ``text`` is TOML that a parser has accepted; of anything else the lines up to where it goes
    wrong. Elements of arrays have the line of their array.
    """
    return _Scanner(text).scan()


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._lines: dict[Key, int] = {}

    def scan(self) -> dict[Key, int]:
        table: Key = ()
        self._skip(_BLANK)
        while self._at < len(self._text):
            begun = self._at
            if self._text[self._at] == "[":
                while self._text[self._at : self._at + 1] == "[":
                    self._at += 1
                table = self._key(())
                while self._text[self._at : self._at + 1] == "]":
                    self._at += 1
            else:
                self._pair(table)
            self._skip(_BLANK)
            if self._at == begun:
                break
        return self._lines

    def _pair(self, table: Key) -> None:
        key = self._key(table)
        if self._text[self._at : self._at + 1] == "=":
            self._at += 1
            self._skip(re.compile(r"[ \t]*"))
            self._value(key)

    def _key(self, table: Key) -> Key:
        """A dotted key behind ``table``, recorded with each of its tables."""
        line = self._text.count("\n", 0, self._at) + 1
        path = table
        while part := _PART.match(self._text, self._at):
            self._at = part.end()
            path = (*path, _unquoted(part[1]))
            self._lines.setdefault(path, line)
            if self._text[self._at : self._at + 1] != ".":
                break
            self._at += 1
        return path

    def _value(self, key: Key) -> None:
        opening = self._text[self._at : self._at + 1]
        if opening == "[":
            self._between("]", lambda: self._value(key))
        elif opening == "{":
            self._between("}", lambda: self._pair(key))
        elif not self._skip(_STRING):
            self._skip(_SCALAR)

    def _between(self, closing: str, element: Callable[[], None]) -> None:
        """Array or inline table: elements with commas between them."""
        self._at += 1
        self._skip(_BLANK)
        while self._at < len(self._text) and self._text[self._at] != closing:
            begun = self._at
            element()
            self._skip(_BLANK)
            if self._text[self._at : self._at + 1] == ",":
                self._at += 1
                self._skip(_BLANK)
            if self._at == begun:
                return
        self._at += 1

    def _skip(self, pattern: re.Pattern[str]) -> bool:
        found = pattern.match(self._text, self._at)
        if found is None or found.end() == self._at:
            return False
        self._at = found.end()
        return True


def _unquoted(part: str) -> str:
    if part[0] not in "\"'":
        return part
    try:
        value: str = tomllib.loads(f"key = {part}")["key"]
    except tomllib.TOMLDecodeError:
        return part
    return value
