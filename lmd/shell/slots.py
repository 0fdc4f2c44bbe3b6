"""Copy slots: what a request names literally is one character while a model reads and writes.

A small model mistypes long names; it does not mistype one token. Paths, names, numbers, addresses
and quoted strings become private-use characters in the request, the model puts those characters
where they belong, and `Slots.restore` puts the literals back. A known file extension stays text,
because it says what kind of file it is.
"""

import re
from dataclasses import dataclass

STRING_SLOTS = tuple(chr(code) for code in range(0xE010, 0xE016))
"""Quoted strings, paths, names, addresses."""
NUMBER_SLOTS = tuple(chr(code) for code in range(0xE020, 0xE024))
TOPIC = "\ue001"
"""Stands for the words of the topic in a hint: the program and its subcommands."""
ITEMS = tuple(chr(code) for code in range(0xE030, 0xE038))
"""Stand for the flags and subcommands of a hint, in its order."""
RESERVED = re.compile("[\ue000-\ue0ff]")

_EXTENSION = r"(?:\.(?:tar\.(?:gz|bz2|xz|zst)|[A-Za-z][A-Za-z0-9]{0,4}|7z|mp[34]))(?![\w])"
_LITERAL = re.compile(
    r"""
    (?P<quoted>"[^"\n]{1,200}"|'[^'\n]{1,200}'(?!\w)|`[^`\n]{1,200}`)
  | (?P<address>\b[a-z][a-z0-9+.-]{1,9}://[^\s'"<>]{1,200}[\w/]|[\w.+-]{1,40}@[\w.-]{1,60}\w)
  | (?P<path>(?<![\w.$*-])(?:~|\.{1,2}|\$\{?\w+\}?)?/?(?:[\w@+*?.-]+/)+[\w@+*?.-]*[\w*/]
      |(?<![\w.$*])~?/[\w@+.*-]*\w)
  | (?P<glob>(?<![\w.])\*[\w.*-]*\w|(?<![\w.])[\w.-]*\w\*(?!\w))
  | (?P<number>(?<![\w.:])\d{1,9}(?![\w:]|\.\d))
  | (?P<name>(?<![\w./-])(?:\w[\w-]*(?:\.[\w-]+)+|\w+(?:[_-]\w*\d\w*|_\w+)+|\d+[.:][\d.:]*\d))
    """,
    re.VERBOSE | re.ASCII,
)
_PLAIN = frozenset({"/", "./", "../", "~", "~/", "/dev/null", "0", "1", "e.g", "i.e", "and/or"})
_ALTERNATIVES = re.compile(
    r"(?:(?:and|or|files?|director(?:y|ies)|folders?|links?|symlinks?|read|write|execute|input|"
    r"output|tcp|udp|users?|groups?|owners?|names?|hosts?|import|export|upload|download|start|"
    r"stop)(?:/|$)){2,}",
    re.IGNORECASE,
)
"""Words that are joined by a slash and are no path."""
_SPLIT = re.compile(rf"^(?P<stem>.*?[^*./])(?P<extension>{_EXTENSION})$")


@dataclass(frozen=True, slots=True)
class Slots:
    """A request with its literals taken out. ``values`` maps each slot character to its text."""

    text: str
    values: dict[str, str]

    def restore(self, text: str) -> str | None:
        """Put the literals back; None where the text uses a slot that stands for nothing."""
        restored = text.translate({ord(slot): value for slot, value in self.values.items()})
        return None if RESERVED.search(restored) else restored

    def take_out(self, command: str) -> str:
        """Write a command with this request's slots, for training: the inverse of `restore`."""
        for slot, value in sorted(self.values.items(), key=lambda item: -len(item[1])):
            command = re.sub(rf"(?<![\w]){re.escape(value)}(?![\w])", slot, command)
        return command


def take_literals_out(request: str) -> Slots:
    """Replace the literals of a request by slots; equal literals share one.

    Characters that the slots use are removed from the request first. What exceeds the number of
    slots stays as it is. Linear in the length of the request for texts of bounded words.
    """
    request = RESERVED.sub("", request)
    strings, numbers = iter(STRING_SLOTS), iter(NUMBER_SLOTS)
    values: dict[str, str] = {}
    slot_of: dict[str, str] = {}

    def slot_for(literal: str, is_number: bool) -> str:
        if literal not in slot_of:
            slot = next(numbers if is_number else strings, "")
            if not slot:
                return literal
            slot_of[literal], values[slot] = slot, literal
        return slot_of[literal]

    def replace(match: re.Match[str]) -> str:
        literal = match[0]
        if literal in _PLAIN or _ALTERNATIVES.fullmatch(literal):
            return literal
        if match["number"]:
            return slot_for(literal, is_number=True)
        if match["quoted"]:
            return literal[0] + slot_for(literal[1:-1], is_number=False) + literal[-1]
        split = _SPLIT.match(literal) if not match["address"] else None
        if split and "*" not in split["stem"]:
            return slot_for(split["stem"], is_number=False) + split["extension"]
        if literal.startswith("*.") and literal.count("*") == 1:
            return literal
        return slot_for(literal, is_number=False)

    return Slots(_LITERAL.sub(replace, request), values)
