"""Settle a pair for one epoch: choose option forms, fill placeholders, swap what is copied.

Two passes over the same row give two different texts, which is what keeps a model this small from
learning the rows by heart.
"""

import random
import re
from dataclasses import dataclass

from training import names
from training.rows import OPTION_FORMS, PLACEHOLDER, Pair

NOUNS = (
    "file|directory|folder|archive|image|script|user|package|service|unit|host|domain|server|"
    "branch|container|port|process|key|group|repository|table|database|video|project|module"
)
DETERMINED_NOUN = re.compile(
    r"\b(?:the|an?|one|your)\s+"
    r"(?:specific|specified|given|particular|single|existing|local|new)?\s*"
    rf"({NOUNS})(?:'s name)?\b(?!s| name)",
    re.IGNORECASE,
)
SWAPPABLE = re.compile(r"(?<![\w$%{.-])(?:[~/]?[\w.-]*[./_A-Z][\w./-]*\w|\d+)(?![\w{}])")
POLITE = ["how to {}", "how do I {}", "please {}", "{} please", "command to {}", "I want to {}",
          "can you {}", "{} in bash", "{} from the terminal"]  # fmt: skip
NAMED = [
    "{} using {p}",
    "{} using {p}",
    "{} with {p}",
    "{p}: {}",
    "{p} {}",
    "use {p} to {}",
    "{} ({p})",
]


@dataclass(frozen=True, slots=True)
class Settled:
    """What one epoch shows of a pair, before hints and slots."""

    platform: str  # linux or macos
    request: str
    command: str
    plain_request: str  # as an explanation: no politeness

    def naming(self, topic: str, rng: random.Random) -> str:
        """The request with its program named."""
        if topic.lower() in self.request.lower():
            return self.request
        return rng.choice(NAMED).format(self.request, p=topic)


def settle_options(command: str) -> str:
    """Choose the long form: its name says what it does, so it can be told from the request."""
    return OPTION_FORMS.sub(lambda m: m[2], command)


def settle_placeholder(text: str, request: str) -> str:
    """Turn the inside of `{{...}}` into what stands in the answer."""
    choices = [part for part in text.split("|") if part and part != "..."]
    if len(choices) > 1 and "(" not in text:
        said = [part for part in choices if part in request.split()]
        text = said[0] if said else choices[0]
    return re.sub(r",? ?\.\.\.$", "", text)


def fill_named(request: str, command: str, rng: random.Random) -> tuple[str, str]:
    """Give one placeholder a concrete value that the request says too."""
    noun_at = DETERMINED_NOUN.search(request)
    if noun_at is None:
        return request, command
    noun = noun_at[1].lower()
    slots = {text for text in PLACEHOLDER.findall(command) if noun in text and " " not in text}
    if len(slots) != 1:
        return request, command
    slot = slots.pop()
    value = names.value_for(noun, slot, rng)
    said = value if rng.random() < 0.5 else f"the {noun} {value}"
    request = request[: noun_at.start()] + said + request[noun_at.end() :]
    return request, command.replace("{{" + slot + "}}", value)


def _other(literal: str, rng: random.Random) -> str:
    """Return another literal of the same kind."""
    if literal.isdigit():
        return names.number(rng)
    if literal[0] in "/~":
        return names.folder_name(rng) if "." not in literal else names.file_name(rng)
    stem, dot, extension = literal.partition(".")
    if dot and stem:
        return names.file_name(rng, extension)
    return "." + rng.choice(names.NAMES["extension"]) if dot else names.identifier(rng)


def swap_literals(request: str, command: str, rng: random.Random) -> tuple[str, str]:
    """Replace what request and command share (paths, names, numbers) by other such words."""
    program, _, rest = command.partition(" ")
    for literal in dict.fromkeys(SWAPPABLE.findall(rest)):
        whole = re.compile(rf"(?<![\w/.-]){re.escape(literal)}(?![\w/-])")
        if literal in {"1", "2"} or len(whole.findall(request)) != 1 or rng.random() < 0.4:
            continue
        other = _other(literal, rng)
        request, rest = whole.sub(other, request), whole.sub(other, rest)
    return request, f"{program} {rest}" if rest else program


def say_differently(request: str, rng: random.Random) -> str:
    """Vary the surface: case and politeness."""
    if rng.random() < 0.5:
        request = request[:1].lower() + request[1:]
    return rng.choice(POLITE).format(request) if rng.random() < 0.08 else request


def settle(pair: Pair, rng: random.Random) -> Settled:
    """Return this epoch's form of a pair."""
    request, command = pair.request, settle_options(pair.command)
    if rng.random() < 0.4:
        request, command = fill_named(request, command, rng)
    command = PLACEHOLDER.sub(lambda m: settle_placeholder(m[1], request), command)
    command = command.replace("\\{\\{", "{{").replace("\\}\\}", "}}")
    if "{{" not in pair.command and rng.random() < 0.5:
        request, command = swap_literals(request, command, rng)
    request = " ".join(request.split())
    on_mac = pair.platform == "osx" or (pair.platform == "common" and rng.random() < 0.2)
    return Settled("macos" if on_mac else "linux", say_differently(request, rng), command, request)
