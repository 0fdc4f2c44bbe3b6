"""The macros of mdoc(7): the dialect of BSD, macOS and OpenSSH. Pure."""

from collections.abc import Callable

from lmd.shell.documentation.escapes import STRINGS, plain
from lmd.shell.documentation.outline import Outline
from lmd.shell.documentation.phrases import MACROS, Phrase
from lmd.shell.documentation.roff import Requests, arguments

_TAGGED = ("-tag", "-hang", "-ohang", "-inset", "-diag")
_MOST_LISTS = 32


class MdocReader:
    """Reads one page into an outline."""

    def __init__(self, outline: Outline) -> None:
        self._outline = outline
        self._strings = dict(STRINGS)
        self._name = ""
        self._phrase = Phrase(self._strings, lambda: self._name or outline.program)
        self._lists: list[bool] = []
        """Of each open list, whether its items are definitions."""
        self._tag: list[str] | None = None
        """Pieces of a tag that goes on over several lines."""
        self._is_display = False
        self._is_name = False
        self._macros: dict[str, Callable[[str], None]] = {
            "Sh": self._section, "Ss": self._subsection, "Pp": self._paragraph,
            "Lp": self._paragraph, "sp": self._paragraph, "D1": self._paragraph,
            "Dl": self._paragraph, "Bl": self._begin_list, "El": self._end_list,
            "It": self._item, "Bd": self._begin_display, "Ed": self._end_display,
            "Nd": self._describe,
        }  # fmt: skip

    def read(self, source: str) -> None:
        """Read a page."""
        for name, rest in Requests(source, self._strings):
            if (macro := self._macros.get(name)) is not None:
                macro(rest)
            elif not name:
                if not rest or rest.isspace():
                    self._paragraph("")
                elif self._is_wanted():
                    self._text(*self._phrase.plain(rest))
            elif name in MACROS:
                if name == "Nm" and self._is_name and not self._name:
                    self._name = plain(next(iter(arguments(rest)), ""), self._strings)
                if self._is_wanted():
                    self._text(*self._phrase.line(f"{name} {rest}"))
                if self._tag is not None and "Xc" in (name, *rest.split()):
                    self._finish_tag()

    def _is_wanted(self) -> bool:
        return self._tag is not None or (self._outline.wants and not self._is_display)

    def _text(self, text: str, glued: bool) -> None:
        if self._tag is None:
            if text:
                self._outline.text(text, glued=glued)
        elif glued and self._tag:
            self._tag[-1] += text
        else:
            self._tag.append(text)

    def _item(self, rest: str) -> None:
        self._tag = None
        self._phrase.restart()
        if not (self._lists and self._lists[-1]):
            self._outline.paragraph()
            return
        text, _ = self._phrase.line(rest)
        self._tag = [text]
        words = rest.split()
        if "Xo" not in words or "Xc" in words:
            self._finish_tag()

    def _finish_tag(self) -> None:
        pieces, self._tag = self._tag or [], None
        self._phrase.restart()
        self._outline.tag(" ".join(pieces))

    def _begin_list(self, rest: str) -> None:
        if len(self._lists) < _MOST_LISTS:
            if self._lists:
                self._outline.indent(below_tag=False)
            self._lists.append(any(word in _TAGGED for word in rest.split()))

    def _end_list(self, rest: str) -> None:
        if self._lists:
            self._lists.pop()
            if self._lists:
                self._outline.outdent()
            else:
                self._outline.paragraph()

    def _section(self, rest: str) -> None:
        self._lists, self._tag, self._is_display = [], None, False
        self._phrase.restart()
        title = plain(rest, self._strings).strip().strip('"')
        self._is_name = title.upper() == "NAME"
        self._outline.section(title)

    def _subsection(self, rest: str) -> None:
        self._phrase.restart()
        self._outline.subsection(plain(rest, self._strings))

    def _paragraph(self, rest: str) -> None:
        self._phrase.restart()
        self._outline.paragraph()

    def _begin_display(self, rest: str) -> None:
        """Displays are examples, unless they are only set in."""
        self._is_display = "-filled" not in rest and "-ragged" not in rest
        self._paragraph(rest)

    def _end_display(self, rest: str) -> None:
        self._is_display = False
        self._paragraph(rest)

    def _describe(self, rest: str) -> None:
        self._outline.summary = self._outline.summary or self._phrase.line(f"Nd {rest}")[0]
