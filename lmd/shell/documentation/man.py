"""The macros of man(7): the dialect of most pages on Linux. Pure."""

from collections.abc import Callable

from lmd.shell.documentation.escapes import STRINGS, plain
from lmd.shell.documentation.outline import Outline
from lmd.shell.documentation.roff import Requests, arguments

_FONTS = dict.fromkeys(("B", "I", "SM", "SB", "R", "CW"), " ") | dict.fromkeys(
    ("BR", "RB", "BI", "IB", "IR", "RI"), ""
)
"""Macros of text, and what they put between their arguments."""


class ManReader:
    """Reads one page into an outline."""

    def __init__(self, outline: Outline) -> None:
        self._outline = outline
        self._strings = dict(STRINGS)
        self._is_tag_next = False
        self._held = ""
        """Text that the next line continues."""
        self._macros: dict[str, Callable[[str], None]] = {
            "SH": self._section, "SS": self._subsection, "TP": self._tag_next,
            "TQ": self._tag_next, "IP": self._indented, "HP": self._paragraph,
            "PP": self._paragraph, "P": self._paragraph, "LP": self._paragraph,
            "sp": self._paragraph, "RS": self._indent, "RE": self._outdent,
            "OP": self._option,
        }  # fmt: skip

    def read(self, source: str) -> None:
        """Read a page."""
        outline = self._outline
        for name, rest in Requests(source, self._strings):
            if not name:
                if not rest or rest.isspace():
                    self._paragraph("")
                elif outline.wants or self._is_tag_next:
                    self._text(rest, plain(rest, self._strings))
            elif (macro := self._macros.get(name)) is not None:
                macro(rest)
            elif name in _FONTS and (outline.wants or self._is_tag_next):
                pieces = [plain(piece, self._strings) for piece in arguments(rest)]
                self._text(rest, _FONTS[name].join(pieces))

    def _text(self, raw: str, text: str) -> None:
        text = self._held + text
        if raw.endswith("\\c") or _is_continued(raw):
            self._held = text.removesuffix("\\") if _is_continued(raw) else text
            return
        self._held = ""
        if self._is_tag_next and text.strip():
            self._is_tag_next = False
            self._outline.tag(text)
        elif text:
            self._outline.text(text)

    def _title(self, rest: str) -> str:
        return " ".join(plain(word, self._strings) for word in arguments(rest))

    def _section(self, rest: str) -> None:
        self._end_line()
        self._outline.section(self._title(rest))

    def _subsection(self, rest: str) -> None:
        self._end_line()
        self._outline.subsection(self._title(rest))

    def _tag_next(self, rest: str) -> None:
        self._end_line()
        self._is_tag_next = True

    def _indented(self, rest: str) -> None:
        """With an argument a definition; without one, text of the definition before."""
        self._end_line()
        words = arguments(rest)
        if words and words[0]:
            self._outline.tag(plain(words[0], self._strings))
        else:
            self._outline.tag_of_lead()
            self._outline.paragraph()

    def _paragraph(self, rest: str) -> None:
        self._end_line()
        self._outline.paragraph()

    def _indent(self, rest: str) -> None:
        self._end_line()
        self._outline.indent()

    def _outdent(self, rest: str) -> None:
        self._end_line()
        self._outline.outdent()

    def _option(self, rest: str) -> None:
        self._outline.text(f"[{self._title(rest)}]")

    def _end_line(self) -> None:
        self._held = ""
        self._is_tag_next = False


def _is_continued(raw: str) -> bool:
    """Whether a backslash at the end joins the next line to this one."""
    return raw.endswith("\\") and not raw.endswith("\\\\")
