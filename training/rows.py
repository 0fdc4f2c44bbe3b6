"""Read the public rows and make them clean pairs of request and command.

A pair still carries its choices (`{{[-s|--long]}}`); `augment.py` settles them anew each epoch.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MNEMONIC = re.compile(r"\[(\w+)\](?=\w)|(?<=\w)\[(\w+)\]|\[(\w)\]")
OPTION_FORMS = re.compile(r"\{\{\[([^\]|]+)\|([^\]|]+)\]\}\}")
PLACEHOLDER = re.compile(r"\{\{(.*?)\}\}(?!\})")
HELP_ROW = re.compile(
    r"^(display|show|print|view) (the )?(general )?(help|version)\b", re.IGNORECASE
)
LITERAL = re.compile(r"[\w.~*-]*/[\w./*~-]+|[\w*-]*\.\w+|\d+")
FREE_NUMBERS = {"0", "1", "2", "60", "1024", "24", "7"}
FREE_LITERALS = {"/dev/null", "/dev/stdin", "/"}
NUMBER_WORDS = {
    "three": "3", "four": "4", "five": "5", "six": "6", "eight": "8", "nine": "9", "ten": "10",
    "twelve": "12", "thirty": "30", "hundred": "100", "week": "7",
}  # fmt: skip
FIND_SHARE = 0.5  # find rows count less than others of NL2Bash: they are half of it
LONGEST_COMMAND = 240  # characters; what is longer is a script, not an answer on a prompt
LONGEST_REQUEST = 300

# File stem -> how often an epoch shows a row, on average.
SOURCES = {
    "tldr": 1.0,
    "nl2bash": 2.0,
    "extra/cheat": 1.0,
    "extra/chubin": 1.0,
    "extra/eg": 1.0,
    "extra/lecoupa": 0.7,
    "extra/bashoneliner": 0.7,
    "extra/secretknowledge": 1.0,
    "extra/gittips": 1.0,
    "extra/lcl_basics": 1.0,
    "extra/podman": 0.5,
    "extra/curl": 0.7,
    "extra/nl2bash_judged": 2.0,
    "extra/fig_subcmd": 0.2,
    "extra/carapace_subcmd": 0.2,
}


@dataclass(frozen=True, slots=True)
class Pair:
    """One request and a command that answers it, before augmentation."""

    request: str
    command: str
    platform: str  # common, linux or osx
    program: str
    source: str
    weight: float  # how often an epoch shows it, on average
    page: str = ""  # of tldr: the program, with its subcommands

    @property
    def plain(self) -> str:
        """The command with long options and bare placeholders."""
        return PLACEHOLDER.sub(r"\1", OPTION_FORMS.sub(r"\2", self.command))


def program_of(command: str) -> str:
    """Return the first word that runs something: not sudo, not an assignment."""
    for word in command.split():
        if word in {"sudo", "time", "nohup", "!", "("} or re.match(r"^\w+=", word):
            continue
        return word
    return ""


def clean_request(text: str) -> str:
    """Strip `[x]` mnemonics, backquotes and a closing full stop."""
    text = MNEMONIC.sub(lambda m: m[1] or m[2] or m[3], text)
    return " ".join(text.replace("`", "").split()).rstrip(".:")


def _unlearnable(request: str, command: str) -> bool:
    """Tell whether the command holds a file name or number that the request never names."""
    said = request.lower()
    numbers = {number for word, number in NUMBER_WORDS.items() if word in said}
    for literal in LITERAL.findall(command):
        if literal in FREE_LITERALS or literal in FREE_NUMBERS or literal in numbers:
            continue
        core = literal.strip("*./-~").lower()
        if core and core not in said:
            return True
    return False


def _weight(source: str, request: str, command: str) -> float:
    """Return the chance of a row per epoch; 0 drops it."""
    base = SOURCES[source]
    if HELP_ROW.match(request):
        return base * 0.3
    if command.startswith("tldr "):
        return base * 0.4
    if "nl2bash" in source and _unlearnable(request, command):
        return 0.0
    if "nl2bash" in source and program_of(command) == "find":
        return base * FIND_SHARE
    return base


def read_source(data: Path, source: str) -> Iterator[Pair]:
    """Yield the usable pairs of one file; malformed JSON raises."""
    with (data / f"{source}.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            request, command = clean_request(row["nl"]), row["cmd"].strip()
            too_long = len(request) > LONGEST_REQUEST or len(command) > LONGEST_COMMAND
            if not request or not command or "\n" in command or too_long:
                continue
            weight = _weight(source, request, command)
            if weight:
                yield Pair(
                    request,
                    command,
                    row.get("platform", "common"),
                    program_of(command),
                    source,
                    weight,
                    row["page"] if source == "tldr" else "",
                )


def read_pairs(data: Path) -> list[Pair]:
    """Return every usable pair once, in the order of SOURCES."""
    seen: dict[tuple[str, str], Pair] = {}
    for source in SOURCES:
        for pair in read_source(data, source):
            seen.setdefault((pair.request.lower(), pair.command), pair)
    return list(seen.values())
