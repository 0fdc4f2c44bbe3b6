"""Lines of mdoc(7) as text: macros inside a line, punctuation and the spaces around it. Pure."""

from collections.abc import Callable, Mapping

from lmd.shell.documentation.escapes import plain
from lmd.shell.documentation.roff import arguments

_ENCLOSING = {
    "Op": "[]", "Bq": "[]", "Pq": "()", "Aq": "<>", "Brq": "{}", "Sq": "''", "Ql": "''",
    "Dq": '""', "Qq": '""', "Oo": "[]", "Bo": "[]", "Po": "()", "Ao": "<>", "Bro": "{}",
    "So": "''", "Do": '""', "Qo": '""',
}  # fmt: skip
_CLOSING = {
    "Oc": "]", "Bc": "]", "Pc": ")", "Ac": ">", "Brc": "}", "Sc": "'", "Dc": '"', "Qc": '"',
}  # fmt: skip
_OPENED_ONLY = frozenset(("Oo", "Bo", "Po", "Ao", "Bro", "So", "Do", "Qo"))
_NAMED = {
    "Ux": "UNIX", "Bx": "BSD", "Fx": "FreeBSD", "Nx": "NetBSD", "Ox": "OpenBSD", "At": "AT&T UNIX",
    "Dx": "DragonFly",
}  # fmt: skip
_PLAIN = frozenset(
    """Ad Ap Ar An Bk Cd Cm Dv Ec Ek Em En Eo Er Es Ev Fa Fc Fl Fn Fo Ft Ic In Li Lk Ms Mt Nd Nm No
    Ns Ot Pa Pf Sm St Sx Sy Ta Tn Va Vt Xc Xo Xr""".split()  # noqa: SIM905 - easier to read
)
MACROS = _PLAIN | _ENCLOSING.keys() | _CLOSING.keys() | _NAMED.keys()
_AFTER = frozenset(".,:;)]?!")
"""Punctuation without a space before it."""
_BEFORE = frozenset("([")


class Phrase:
    """Text of one block, line by line."""

    def __init__(self, strings: Mapping[str, str], program: Callable[[], str]) -> None:
        self._strings = strings
        self._program = program
        self._pieces: list[str] = []
        self._is_glued = True
        self._is_spaced = True
        self._starts_glued = False

    def line(self, rest: str) -> tuple[str, bool]:
        """The text of a line of macros, and whether it is glued to the line before."""
        words = arguments(rest)
        end = len(words)
        while end > 1 and words[end - 1] in _AFTER:
            end -= 1
        self._begin()
        closers = self._run(words[:end])
        for closer in reversed(closers):
            self._after(closer)
        for word in words[end:]:
            self._after(word)
        return self._taken()

    def plain(self, text: str) -> tuple[str, bool]:
        """A line without macros."""
        self._begin()
        self._word(plain(text, self._strings))
        return self._taken()

    def restart(self) -> None:
        """What comes next has nothing to do with what came before."""
        self._is_glued, self._is_spaced = True, True

    def _begin(self) -> None:
        self._pieces = []
        self._starts_glued = self._is_glued

    def _taken(self) -> tuple[str, bool]:
        return "".join(self._pieces), self._starts_glued

    def _run(self, words: list[str]) -> list[str]:
        closers: list[str] = []
        macro, is_bare = "", False
        for word in words:
            if word in MACROS:
                if is_bare:
                    self._bare(macro)
                macro, is_bare = word, word in ("Fl", "Ar", "Nm")
                self._macro(word, closers)
            else:
                is_bare = is_bare and word in _AFTER
                if is_bare:
                    self._bare(macro)
                    is_bare = False
                macro = self._argument(macro, plain(word, self._strings))
        if is_bare:
            self._bare(macro)
        return closers

    def _macro(self, word: str, closers: list[str]) -> None:
        if word in _ENCLOSING:
            left, right = tuple(_ENCLOSING[word])
            self._word(left)
            self._is_glued = True
            if word not in _OPENED_ONLY:
                closers.append(right)
        elif word in _CLOSING:
            self._after(_CLOSING[word])
        elif word in _NAMED:
            self._word(_NAMED[word])
        elif word == "Ns":
            if not self._pieces:
                self._starts_glued = True
            self._is_glued = True
        elif word == "Ap":
            self._after("'")
            self._is_glued = True

    def _argument(self, macro: str, word: str) -> str:
        """A word after a macro; what the macro is for the next one."""
        if word in _AFTER:
            self._after(word)
        elif macro == "Fl" and word != "|":
            self._word(f"-{word}")
        elif macro == "Xr":
            self._word(word)
            return "Xr section"
        elif macro == "Xr section":
            self._after(f"({word})")
            return ""
        elif macro == "Sm":
            self._is_spaced = word != "off"
        elif macro == "Pf":
            self._word(word)
            self._is_glued = True
            return ""
        else:
            self._word(word)
        return macro

    def _bare(self, macro: str) -> None:
        """A macro that had no argument."""
        if macro == "Fl":
            self._word("-")
            self._is_glued = True
        else:
            self._word(self._program() if macro == "Nm" else "file ...")

    def _word(self, word: str) -> None:
        if not word:
            return
        if not self._is_glued and self._is_spaced and self._pieces:
            self._pieces.append(" ")
        self._pieces.append(word)
        self._is_glued = word in _BEFORE or not self._is_spaced

    def _after(self, word: str) -> None:
        if not self._pieces:
            self._starts_glued = True
        self._pieces.append(word)
        self._is_glued = not self._is_spaced
