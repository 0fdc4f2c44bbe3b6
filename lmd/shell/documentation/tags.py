"""What a definition in a page defines: the names of a flag, or of subcommands. Pure."""

import re

LONGEST_TAG = 400
MOST_NAMES = 12
_LONGEST_ARGUMENT = 60
_SEPARATOR = re.compile(
    r",?\s+(?:or|and)\s+(?=-)|\s*[,|]\s*(?=[-+\[])|\s*/\s*(?=-)|\s+(?=--[a-z])|\s*,\s*$"
)
_FLAG = re.compile(
    r"\[?(?P<dashes>--?)(?P<no>\[no-?\])?"
    r"(?P<name>[A-Za-z0-9?@#%_.:+*!^~$/&](?:[\w?@#%.:+*!^~$/&-]*[\w?@#%+*!^~$/&-])?)(?:\.\.\.|[.:])?"
    r"(?P<rest>(?:[\s=\[<({'\"].*)?)\Z",
    re.DOTALL,
)
_NUMBER = re.compile(r"\A-(?:<(?:n|num|number)>|number|\d{2,3})\Z", re.IGNORECASE)
"""A number stands for the whole name: ``head -5``."""
_LETTER = re.compile(r"(?P<name>[A-Za-z])(?:[ ](?P<argument>[a-z][\w-]*))?\Z")
_OPERAND = re.compile(r"(?P<name>[a-z]+=)(?P<argument>[A-Z][\w,\[\]=-]*)\Z")
_COMMAND = re.compile(r"(?P<name>[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*)(?:\([18]\))?")
_LETTERED = frozenset(("ps", "ar", "tar", "unrar", "7z"))
"""Programs whose options may stand as letters without a dash."""


def parse_flag(tag: str, program: str) -> tuple[tuple[str, ...], str]:
    """Names and argument of a flag's tag, ``-f, --file=ARCHIVE``; no names where it is none."""
    tag = tag[:LONGEST_TAG].strip().removesuffix(":")
    if tag[:1] not in "-[":
        return _other(tag, program)
    names: list[str] = []
    argument = ""
    for alternative in _alternatives(tag):
        match = _FLAG.match(_NUMBER.sub("-NUM", alternative))
        if match is None:
            continue
        name, dashes = match["name"], match["dashes"]
        written = [f"{dashes}{name}", f"{dashes}no-{name}"] if match["no"] else [dashes + name]
        found = _argument(match["rest"])
        if found and written[0] in names and not found.startswith("["):
            found = f"[{found}]"  # it stands there without an argument, too
        argument = argument or found
        names += written
    return tuple(dict.fromkeys(names[:MOST_NAMES])), argument


def parse_commands(tag: str, program: str) -> tuple[str, ...]:
    """Subcommands that a tag names: ``show [UNIT]``, ``install, remove``, ``git-add(1)``."""
    names = []
    for piece in tag[:LONGEST_TAG].strip().split(", "):
        match = _COMMAND.match(piece.removeprefix(f"{program}-").removeprefix(f"{program} "))
        if match is None or len(match["name"]) < 2:
            return ()
        rest = match.string[match.end() :]
        if rest and (rest[0] not in " \t|" or rest.lstrip()[:1].islower()):
            return ()
        names.append(match["name"])
    return tuple(names[:MOST_NAMES])


def _other(tag: str, program: str) -> tuple[tuple[str, ...], str]:
    """A letter without a dash, where the program takes such; an operand with a value."""
    match = _OPERAND.match(tag) or (_LETTER.match(tag) if program in _LETTERED else None)
    if match is None:
        return (), ""
    return (match["name"],), match["argument"] or ""


def _alternatives(tag: str) -> list[str]:
    """The tag cut where another name begins, never inside brackets."""
    found = []
    start = 0
    for match in _SEPARATOR.finditer(tag):
        piece = tag[start : match.start()]
        if _is_balanced(piece):
            found.append(piece.strip())
            start = match.end()
    found.append(tag[start:].strip())
    return [piece for piece in found if piece]


def _is_balanced(text: str) -> bool:
    return all(text.count(left) == text.count(right) for left, right in ("[]", "()", "{}"))


def _argument(rest: str) -> str:
    """What follows a name, without the sign between them."""
    rest = rest.strip()
    if rest.startswith("="):
        rest = rest[1:].strip() or "VALUE"
    elif not rest.startswith("["):
        rest = rest.removesuffix("]") if rest.count("]") > rest.count("[") else rest
    rest = " ".join(rest.split())
    return rest if len(rest) <= _LONGEST_ARGUMENT else rest[:_LONGEST_ARGUMENT] + "…"
