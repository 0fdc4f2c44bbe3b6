"""Styled text and how wide it is."""

from typing import Literal

from lmctl.sanitize import sanitize_line

Style = Literal["", "dim", "bold", "good", "warn", "bad", "head", "chosen"]
Span = tuple[Style, str]
Line = list[Span]
"""One row of a terminal."""

_ANSI = {
    "dim": "2", "bold": "1", "good": "32", "warn": "33", "bad": "31", "head": "2", "chosen": "7",
}  # fmt: skip
CUT = "…"


def clean(value: object) -> str:
    """A value of the daemon's reply, on one line and safe to show; a dash for none."""
    return "-" if value is None else sanitize_line(str(value))


def columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth

    return max(0, wcswidth(text))


def cut(text: str, width: int) -> str:
    """At most ``width`` columns of a text; what was cut off leaves a mark."""
    if columns(text) <= width:
        return text
    if width < 1:
        return ""
    while text and columns(text) > width - 1:
        text = text[:-1]
    return text + CUT


def pad(text: str, width: int) -> str:
    """A text cut or filled to exactly ``width`` columns."""
    text = cut(text, width)
    return text + " " * (width - columns(text))


def cut_line(line: Line, width: int | None) -> Line:
    """A line of at most ``width`` columns; None leaves it as it is."""
    if width is None:
        return line
    kept: Line = []
    for style, text in line:
        if width <= 0:
            break
        kept.append((style, cut(text, width)))
        width -= columns(text)
    return kept


def plain(line: Line) -> str:
    """Without styles, without blanks at the end."""
    return "".join(text for _, text in line).rstrip()


def with_escapes(line: Line) -> str:
    """For a terminal with colours."""
    return "".join(
        f"\x1b[{_ANSI[style]}m{text}\x1b[0m" if style else text for style, text in line
    ).rstrip()
