"""Makes text from a model safe to show on a terminal.

An allow-list of characters, not a parser of escape sequences: without its ESC or C1 byte no
sequence begins, so there is nothing to misparse, nothing that a split over two chunks could hide,
and no unterminated sequence that swallows the text behind it. What a terminal would act on is
shown the way `less` shows it (``^[``, ``<U+009B>``); what is invisible but changes order or
content when copied (bidi controls, tags, joiners, variation selectors, fillers) is left out.
"""

import unicodedata

MAX_MARKS = 8
"""Combining marks kept on one base character; more of them paint over the neighbouring lines."""

_SHOWN = frozenset({"Cc", "Cs", "Co", "Cn"})
_DROPPED = frozenset({"Cf"})
_LINES = frozenset({"Zl", "Zp"})
_INVISIBLE = frozenset(
    map(chr, (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0))
) | frozenset(map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))


class _Visible(dict[int, str]):
    """What `str.translate` puts in place of each character; filled as characters come up."""

    CAPACITY = 1 << 14

    def __missing__(self, codepoint: int) -> str:
        shown = _show(chr(codepoint))
        if len(self) < self.CAPACITY:
            self[codepoint] = shown
        return shown


def _show(character: str) -> str:
    category = unicodedata.category(character)
    if character in "\n\t":
        return character
    if category in _SHOWN:
        codepoint = ord(character)
        return f"^{chr(codepoint ^ 0x40)}" if codepoint < 0x80 else f"<U+{codepoint:04X}>"
    if category in _LINES:
        return "\n"
    return "" if category in _DROPPED or character in _INVISIBLE else character


_visible = _Visible()


class Sanitizer:
    """Sanitises a stream chunk by chunk; the result is the same however it is cut.

    State: a CR that may be the first half of CRLF, and the run of combining marks.
    """

    def __init__(self) -> None:
        self._held = ""
        self._marks = 0

    def feed(self, text: str) -> str:
        """The next chunk, safe to show. A CR at its end is held until the next one."""
        text = self._held + text
        self._held = "\r" if text.endswith("\r") else ""
        text = text[: len(text) - len(self._held)].replace("\r\n", "\n").translate(_visible)
        return text if text.isascii() and not self._marks else self._limit_marks(text)

    def finish(self) -> str:
        """What was held back."""
        held, self._held = self._held, ""
        return held.translate(_visible)

    def _limit_marks(self, text: str) -> str:
        kept = []
        for character in text:
            if unicodedata.category(character) in ("Mn", "Me"):
                self._marks += 1
            else:
                self._marks = 0
            if self._marks <= MAX_MARKS:
                kept.append(character)
        return "".join(kept)


def sanitize(text: str) -> str:
    """A whole text, safe to show."""
    sanitizer = Sanitizer()
    return sanitizer.feed(text) + sanitizer.finish()


def sanitize_line(text: str) -> str:
    """A text on one line, for messages: line ends and tabs become spaces."""
    return " ".join(sanitize(text).split())
