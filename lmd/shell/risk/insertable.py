"""Whether a text may be put on a prompt: an allow-list, for what models write is hostile. Pure."""

import unicodedata

LONGEST = 4096
"""Bytes of UTF-8."""
MOST_MARKS = 8
"""Combining marks on one character; more of them paint over the lines around it."""
_LETTERS = ("Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Nd", "Nl", "No")
_CATEGORIES = frozenset(
    (*_LETTERS, "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So")
)
"""Letters, digits, marks, punctuation, symbols; no controls, formats, separators, private use."""
_FILLERS = (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0)
_INVISIBLE = frozenset(
    (*_FILLERS, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))
)
"""Fillers and variation selectors, which the categories above let through."""


def one_line(text: str) -> str | None:
    """The command without blanks around it, if it may be inserted; None otherwise.

    It is one line of visible characters in composed form (NFC), at most `LONGEST` bytes of UTF-8.
    Spaces are the only blanks in it. Never raises.
    """
    command = text.strip(" \t\n")
    if not command or len(command) > LONGEST:
        return None
    if not command.isascii():
        if not all(is_visible(char) for char in command):
            return None
        if (
            len(command.encode()) > LONGEST
            or _is_stacked(command)
            or not unicodedata.is_normalized("NFC", command)
        ):
            return None
    elif not command.isprintable():
        return None
    return command


def what_forbids(text: str) -> str:
    """Why a text that holds nothing invisible may not be inserted all the same; "" for nothing.

    Of invisible characters `risks` speaks. Never raises.
    """
    if len(text.encode("utf-8", "replace")) > LONGEST:
        return f"longer than {LONGEST} bytes"
    if "\n" in text:
        return "more than one line"
    if "\t" in text:
        return "holds a tab"
    if _is_stacked(text):
        return f"more than {MOST_MARKS} combining marks on one character"
    return (
        "" if unicodedata.is_normalized("NFC", text) else "accents that are characters of their own"
    )


def _is_stacked(text: str) -> bool:
    marks = 0
    for char in text:
        marks = marks + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        if marks > MOST_MARKS:
            return True
    return False


def is_visible(char: str) -> bool:
    """Whether a character is a space or shows itself wherever it is printed."""
    if char == " ":
        return True
    return ord(char) not in _INVISIBLE and unicodedata.category(char) in _CATEGORIES
