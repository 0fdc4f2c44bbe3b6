"""Arguments that say something without being flags: modes, signals, expressions. Pure."""

import re

_OCTAL = re.compile(r"0?[0-7]{3,4}")
_SYMBOLIC = re.compile(r"(?:[ugoa]*[-+=][rwxXstugo]*)(?:,[ugoa]*[-+=][rwxXstugo]*)*")
_CLAUSE = re.compile(r"([ugoa]*)([-+=])([rwxXstugo]*)")
_WHO = {"u": "the owner", "g": "the group", "o": "others", "a": "everybody"}
_WHAT = {
    "r": "read", "w": "write", "x": "execute", "X": "execute folders and programs",
    "s": "run as the owner or group", "t": "sticky", "u": "what the owner may",
    "g": "what the group may", "o": "what others may",
}  # fmt: skip
_DOES = {"+": "may also", "-": "may no longer", "=": "may only"}
_SIGNALS = {
    "1": "HUP", "2": "INT", "3": "QUIT", "6": "ABRT", "9": "KILL", "10": "USR1", "12": "USR2",
    "13": "PIPE", "14": "ALRM", "15": "TERM", "18": "CONT", "19": "STOP",
}  # fmt: skip
_SIGNAL_MEANINGS = {
    "HUP": "hang up; many daemons read their configuration again", "INT": "interrupt, as Ctrl-C",
    "QUIT": "quit, with a core file", "ABRT": "abort", "KILL": "end at once; cannot be caught",
    "USR1": "a signal of the program's own", "USR2": "a signal of the program's own",
    "PIPE": "nobody reads any more", "ALRM": "alarm", "TERM": "end, after tidying up",
    "CONT": "go on after a stop", "STOP": "stop; cannot be caught", "TSTP": "stop, as Ctrl-Z",
    "WINCH": "the window has another size", "CHLD": "a child ended",
}  # fmt: skip
_FIND_OPERATORS = {
    "(": "groups conditions", ")": "ends the group of conditions", ",": "does both",
    "!": "turns the condition around", "-not": "turns the condition around",
    "-o": "or", "-or": "or", "-a": "and", "-and": "and",
}  # fmt: skip
_SIGNALLING = frozenset(("kill", "pkill", "killall", "skill"))


def operand_meaning(program: str, text: str) -> str | None:
    """What an argument of a program says; None where nothing is known of it."""
    if program == "chmod":
        return _mode(text)
    if program == "find":
        return _FIND_OPERATORS.get(text)
    if text == "-":
        return "standard input, or output, instead of a file"
    if program == "date" and text[:1] == "+":
        return "the layout in which the date is printed"
    return None


def signal_meaning(program: str, text: str) -> str | None:
    """What ``-9`` or ``-HUP`` means to a program that sends signals; None for no signal."""
    if program not in _SIGNALLING or text[:1] != "-":
        return None
    name = text[1:].upper().removeprefix("SIG")
    name = _SIGNALS.get(name, name)
    meaning = _SIGNAL_MEANINGS.get(name)
    return f"sends the signal {name}: {meaning}" if meaning else None


def _mode(text: str) -> str | None:
    if _OCTAL.fullmatch(text):
        digits = text[-3:]
        said = [
            f"{who} may {_permissions(int(digit))}"
            for who, digit in zip(("the owner", "the group", "others"), digits, strict=True)
        ]
        special = int(text[:-3] or "0")
        names = ("sticky", "set group ID", "set user ID")
        said += [name for bit, name in enumerate(names) if special >> bit & 1]
        return ", ".join(said)
    if text and _SYMBOLIC.fullmatch(text):
        return ", ".join(_clause(*match.groups()) for match in _CLAUSE.finditer(text))
    return None


def _permissions(digit: int) -> str:
    names = [name for bit, name in ((4, "read"), (2, "write"), (1, "execute")) if digit & bit]
    return {0: "do nothing", 3: "do everything"}.get(len(names), " and ".join(names))


def _clause(who: str, does: str, what: str) -> str:
    people = " and ".join(_WHO[letter] for letter in dict.fromkeys(who or "a"))
    rights = ", ".join(_WHAT[letter] for letter in dict.fromkeys(what)) or "nothing"
    return f"{people} {_DOES[does]} {rights}"
