"""Turn a pair into this epoch's examples of the three tasks."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

from lmd.shell.hints import Hint
from lmd.shell.slots import RESERVED, take_literals_out
from training.augment import Settled

ERRORS = {
    "program": [
        "127\nbash: {bad}: command not found",
        "127\n{bad}: command not found",
        "127\nzsh: command not found: {bad}",
        "127\n",
    ],
    "word": [
        "1\n{program}: '{bad}' is not a {program} command. See '{program} --help'.",
        '1\nerror: unknown command "{bad}" for "{program}"',
        "2\n{program}: unknown command {bad}",
        "1\n",
    ],
    "flag": [
        "2\n{program}: unrecognized option '{bad}'",
        "1\nerror: unknown option: {bad}",
        "1\n{program}: invalid option -- '{bad}'",
        "2\n",
    ],
    "sudo": [
        "1\n{program}: Permission denied",
        "1\nOperation not permitted",
        "100\nE: Could not open lock file (13: Permission denied)",
        "1\n",
        "1\n{program}: you must be root",
    ],
}
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Example:
    """What the model sees: plain texts, nothing left to choose."""

    task: str  # suggest, explain or fix
    platform: str  # linux or macos
    request: str
    hint: str
    answer: str


@dataclass(frozen=True, slots=True)
class Shares:
    """How often a request comes with a hint, and how often it names its program instead."""

    hinted: float
    named: float


ASKED = Shares(1.0, 0.0)
PAGED = Shares(0.72, 0.15)
OTHER = Shares(0.45, 0.1)
EVERYDAY = Shares(0.3, 0.03)
WRONG = 0.08  # of the hints of requests that name no program
RAW = 0.12  # of the requests keep their literals, as a plain `ask` does


def suggest(
    settled: Settled, hint: Hint | None, shares: Shares, wrong: Callable[[], Hint | None],
    rng: random.Random,
) -> Example:  # fmt: skip
    """Write one suggestion: with a hint, with the program named, or bare."""
    request, command, text = settled.request, settled.command, ""
    chance = rng.random()
    if hint is not None and chance < shares.hinted:
        other = wrong() if shares is not PAGED and rng.random() < WRONG else None
        text = (other or hint).text
        if other is None:
            request, command = _slotted(request, hint.take_out(command), rng)
        else:
            request, command = _slotted(request, command, rng)
    else:
        if hint is not None and chance < shares.hinted + shares.named:
            request = settled.naming(hint.topic, rng)
        request, command = _slotted(request, command, rng)
    return Example("suggest", settled.platform, request, text, command)


def _slotted(request: str, command: str, rng: random.Random) -> tuple[str, str]:
    if rng.random() < RAW:
        return request, command
    slots = take_literals_out(request)
    return slots.text, slots.take_out(command)


def explain(settled: Settled) -> Example:
    """The way back: what does this command do?"""
    return Example("explain", settled.platform, settled.command, "", settled.plain_request)


def fix(settled: Settled, rng: random.Random) -> Example | None:
    """Break the command the way people and terminals do; None where there is nothing to break."""
    command = settled.command
    words = command.split(" ")
    at = 1 if words[0] == "sudo" and len(words) > 1 else 0
    program = words[at]
    flags = [i for i, word in enumerate(words) if re.fullmatch(r"--?[a-z][a-z-]{2,}", word)]
    kinds = ["program"]
    if len(words) > at + 1 and re.fullmatch(r"[a-z][a-z-]{2,}", words[at + 1]):
        kinds.append("word")
    if flags:
        kinds.append("flag")
    if words[0] == "sudo":
        kinds.append("sudo")
    kind = kinds[rng.randrange(len(kinds))]
    if kind == "sudo":
        broken, bad = words[1:], ""
    else:
        place = {"program": at, "word": at + 1}.get(kind) or (
            rng.choice(flags) if kind == "flag" else at
        )
        bad = misspell(words[place], rng)
        if bad == words[place]:
            return None
        broken = [*words[:place], bad, *words[place + 1 :]]
    error = rng.choice(ERRORS[kind]).format(bad=bad, program=program)
    text = " ".join(broken) + "\nstatus " + error
    return Example("fix", settled.platform, text.rstrip("\n"), "", command)


def misspell(word: str, rng: random.Random) -> str:
    """One slip of the finger: swapped, doubled, missing or wrong letters, or a dash too few."""
    dashes = len(word) - len(word.lstrip("-"))
    body = word[dashes:]
    if len(body) < 2:
        return word
    if dashes == 2 and rng.random() < 0.2:
        return word[1:]
    i = rng.randrange(len(body) - 1)
    kind = rng.randrange(4)
    if kind == 0:
        body = body[:i] + body[i + 1] + body[i] + body[i + 2 :]
    elif kind == 1:
        body = body[: i + 1] + body[i:]
    elif kind == 2 and len(body) > 2:
        body = body[: i + 1] + body[i + 2 :]
    else:
        body = body[: i + 1] + rng.choice(LETTERS) + body[i + 2 :]
    return "-" * dashes + body


def repair_example(row: dict[str, str]) -> Example | None:
    """A repair that people wrote down: the telling line of the error is kept."""
    if row.get("rank") or "\n" in row["cmd"]:
        return None
    lines = [line.strip() for line in row["error"].splitlines() if line.strip()]
    telling = next(
        (line for line in lines if re.search("not|unknown|invalid|denied|did you", line, re.I)), ""
    )
    text = f"{row['failed']}\nstatus 1\n{(telling or (lines or [''])[0])[:160]}"
    return Example("fix", "linux", RESERVED.sub("", text.rstrip()), "", row["cmd"])
