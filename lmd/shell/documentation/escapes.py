"""Escape sequences of roff inside a line, replaced by the text that they stand for. Pure."""

import re
from collections.abc import Mapping

LONGEST_LINE = 8192
"""Characters; what goes beyond is not looked at, so that no pattern takes long."""

_ESCAPE = re.compile(
    r"""\\(?:
        f(?:\[[^]]{0,64}\]|\(..|.)
      | s(?:[-+]?(?:[1-3][0-9]|[0-9]|\([0-9]{2}|\[[^]]{0,64}\])|'[^']{0,64}')
      | \*(?:\[(?P<string>[^]]{0,64})\]|\((?P<string2>..)|(?P<string1>.))
      | \((?P<sign2>..) | \[(?P<sign>[^]]{0,64})\]
      | N'(?P<number>[0-9]{1,6})'
      | [nmMFgkVYO][-+]?(?:\[[^]]{0,64}\]|\(..|.)
      | [hvwoxXDlLbAZHSCRB]'[^']{0,256}'
      | (?P<comment>["#]).*
      | (?P<one>.)
    )""",
    re.VERBOSE | re.DOTALL,
)
_ONE = {
    "-": "-", "e": "\\", "\\": "\\", " ": " ", "~": " ", "0": " ", "'": "'", "`": "`", ".": ".",
    "t": " ", "_": "_",
}  # fmt: skip
_SIGNS = {
    "aq": "'", "cq": "'", "oq": "'", "lq": '"', "rq": '"', "dq": '"', "Lq": '"', "Rq": '"',
    "Bq": '"', "bq": "'", "fo": "<", "fc": ">", "Fo": '"', "Fc": '"', "ga": "`", "aa": "'",
    "hy": "-", "mi": "-", "em": " - ", "en": "-", "ha": "^", "a^": "^", "ti": "~", "ap": "~",
    "rs": "\\", "sl": "/", "f/": "/", "ba": "|", "br": "|", "bv": "|", "or": "|", "at": "@",
    "sh": "#", "Do": "$", "eq": "=", "pl": "+", "**": "*", "ul": "_", "ru": "_", "lB": "[",
    "rB": "]", "lC": "{", "rC": "}", "la": "<", "ra": ">", "lh": "<-", "->": "->", "<-": "<-",
    "<=": "<=", ">=": ">=", "!=": "!=", "==": "==", "+-": "+-", "mu": "x", "tmu": "x", "de": "°",
    "bu": "*", "ci": "*", "sq": "*", "co": "(C)", "rg": "(R)", "tm": "(TM)", "ss": "ß",
    "12": "1/2", "14": "1/4", "34": "3/4", "'e": "é", "`e": "è", "^e": "ê", "'a": "á", "`a": "à",
    ":a": "ä", ":o": "ö", ":u": "ü", ":A": "Ä", ":O": "Ö", ":U": "Ü", ",c": "ç", "~n": "ñ",
    "'o": "ó", "'i": "í", "'u": "ú", "oA": "Å", "oa": "å", "/o": "ø", "/O": "Ø", "ae": "æ",
}  # fmt: skip
STRINGS: Mapping[str, str] = {
    "lq": '"', "rq": '"', 'L"': '"', 'R"': '"', "Lq": '"', "Rq": '"', "q": '"', "C`": "", "C'": "",
    "--": "-", "Aq": "'", "Tm": "(TM)", "R": "(R)", "Lt": "<", "Gt": ">", "Le": "<=", "Ge": ">=",
    "Ne": "!=", "Ba": "|", "Am": "&", "Pm": "+-", "'": "'", "`": "`",
}  # fmt: skip
"""Strings that macro packages define."""
_TYPOGRAPHIC = {
    0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"', 0x2010: "-", 0x2011: "-", 0x2212: "-",
    0xA0: " ", 0xAD: None,
}  # fmt: skip
"""Quotes and hyphens that nobody types."""


def plain(line: str, strings: Mapping[str, str] = STRINGS) -> str:
    """The text of a line: fonts and spacing dropped, special characters put in."""
    line = line[:LONGEST_LINE]
    if not line.isascii():
        line = line.translate(_TYPOGRAPHIC)
    if "\\" not in line:
        return line

    def replacement(match: re.Match[str]) -> str:
        one = match["one"]
        if one is not None:
            return _ONE.get(one, "" if one in "&^|,/:%)caduprz{}!?" else one)
        name = match["sign2"] or match["sign"]
        if name:
            return _sign(name)
        name = match["string"] or match["string2"] or match["string1"]
        if name:
            return strings.get(name, "")
        return _character(int(match["number"])) if match["number"] else ""

    return _ESCAPE.sub(replacement, line)


def _sign(name: str) -> str:
    if re.fullmatch(r"u[0-9A-Fa-f]{4,6}", name):
        return _character(int(name[1:], 16)).translate(_TYPOGRAPHIC)
    return _SIGNS.get(name, "")


def _character(number: int) -> str:
    """A printable character by its number; "" for what is none."""
    character = chr(number) if number < 0x110000 else ""
    return character if character.isprintable() else ""
