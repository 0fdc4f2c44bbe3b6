"""Risks of a line's characters, whatever it does. Pure."""

import re
import unicodedata
from collections.abc import Iterator

from lmd.shell.risk.insertable import is_visible

_DASH = re.compile(r"(?<=[ \t])[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]+(?=\w)")
_OPTION = re.compile(r"(?<=[ \t])-{1,2}[A-Za-z0-9-]*[^\W\d_A-Za-z]")
_LETTERS = re.compile(r"[^\W\d_]+")
_ALPHABETS = ("CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU")
"""Those with letters that look like Latin ones."""
_HISTORY = re.compile(r"(?<![\\$\[{])!(?:[!#$^*?-]|\d|[A-Za-z_./])|^\^[^^\s]+\^")
_ZSH_HISTORY_OFF = re.compile(r'(?<!\\)!"')
_SINGLE_QUOTED = re.compile(r"'[^']*'")
_DOUBLE_QUOTED = re.compile(r'\\.|"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_FORK_BOMB = re.compile(
    r"(?<![\w:.])([\w:.]{1,32})\s{0,8}\(\)\s{0,8}\{[^{}|]{0,64}\1\s{0,8}\|\s{0,8}\1\s{0,8}&"
)


def odd_spelling(line: str, shell: str = "") -> Iterator[tuple[str, str]]:
    """Rules and reasons about characters that do not show, look like others, or are expanded."""
    if not line.isascii():
        yield from _non_ascii(line)
    elif not all(map(is_visible, line.replace("\n", "").replace("\t", ""))):
        yield "invisible", "holds control characters"
    if expands_history(line):
        yield "history", "the shell replaces what follows ! by an earlier command"
    if shell == "zsh" and drops_a_quote(line):
        yield "history", 'zsh takes !" out of it, so quotes match otherwise than they seem to'
    if _FORK_BOMB.search(line):
        yield "fork-bomb", "starts itself over and over until the machine stops"


def expands_history(line: str) -> bool:
    """Whether an interactive shell would expand ``!`` or a leading ``^a^b`` in the line.

    Only single quotes and a backslash keep it from that; ``'`` in double quotes does not.
    """
    if "!" not in line and line[:1] != "^":
        return False
    return bool(_HISTORY.search(_outside_single_quotes(line)))


def drops_a_quote(line: str) -> bool:
    """Whether an interactive zsh would take ``!"`` out of the line, which turns history off.

    See "History Expansion" in zshexpn(1); bash takes no notice of it in double quotes.
    """
    return '!"' in line and bool(_ZSH_HISTORY_OFF.search(_outside_single_quotes(line)))


def looks_like_another(name: str) -> bool:
    """Whether the name of a program holds characters outside ASCII."""
    return not name.isascii()


def _non_ascii(line: str) -> Iterator[tuple[str, str]]:
    if not all(is_visible(char) or char in "\n\t" for char in line):
        yield "invisible", "holds characters that do not show, or that are no ordinary spaces"
    if _DASH.search(line):
        yield "look-alike", "a dash in it is no option dash"
    if _OPTION.search(line):
        yield "look-alike", "an option holds letters that are not ASCII"
    if any(map(_mixes_alphabets, _LETTERS.findall(line))):
        yield "look-alike", "a word mixes Latin letters with others that look like them"
    if any(unicodedata.bidirectional(char) in ("R", "AL") for char in line):
        yield "right-to-left", "may be shown in another order than it runs"


def _mixes_alphabets(word: str) -> bool:
    """Whether a word such as ``etc`` has a Cyrillic or Greek letter among Latin ones."""
    others = [char for char in word if not char.isascii()]
    return len(others) < len(word) and any(
        unicodedata.name(char, "").startswith(_ALPHABETS) for char in others
    )


def _outside_single_quotes(line: str) -> str:
    return _SINGLE_QUOTED.sub("''", _without_quoted_apostrophes(line))


def _without_quoted_apostrophes(line: str) -> str:
    return _DOUBLE_QUOTED.sub(lambda match: match[0].replace("'", ""), line)
