"""Everyday requests of our own: `everyday*.txt` with their slots filled."""

import random
import re
from dataclasses import dataclass
from pathlib import Path

from lmd.shell.idioms.slots import KINDS, SLOT
from training.augment import Settled, say_differently
from training.names import NAMES, bare_file_name, file_name, folder_name
from training.rows import Pair, program_of

COPIES = 5  # expansions of each block per epoch
COUNTS = {"2": "two", "4": "four", "6": "six", "8": "eight", "10": "ten", "12": "twelve"}


@dataclass(frozen=True, slots=True)
class Block:
    """One task: ways to ask for it, ways kept for evaluation, the command."""

    asked: tuple[str, ...]
    held_out: tuple[str, ...]
    command: str


def read_blocks() -> list[Block]:
    """Return the blocks of everyday*.txt, in order."""
    files = sorted(Path(__file__).parent.glob("everyday*.txt"))
    text = "\n\n".join(file.read_text(encoding="utf-8").strip() for file in files)
    blocks = []
    for part in text.split("\n\n"):
        lines = [line for line in part.splitlines() if not line.startswith("#")]
        if lines:
            command = lines[-1].removeprefix("$ ")
            asked = tuple(line for line in lines[:-1] if line[0] != "?")
            kept = tuple(line[2:] for line in lines[:-1] if line[0] == "?")
            blocks.append(Block(asked, kept, command))
    return blocks


def _value(kind: str, detail: str, rng: random.Random) -> str:
    """Return a value for one slot; `detail` is what follows its name."""
    if kind == "word":
        return rng.choice(NAMES["word"] + NAMES["stem"])
    if kind in NAMES:
        return rng.choice(NAMES[kind])
    if kind == "kind":
        return rng.choice(list(KINDS))
    if kind == "n":
        return rng.choice(NAMES["size"]) if rng.random() < 0.3 else str(rng.randint(2, 40))
    if kind in {"d", "pid"}:
        return str(rng.randint(2, 9) if kind == "d" else rng.randint(100, 32000))
    if kind == "dir":
        return folder_name(rng).rstrip("/")
    if detail == ".name":
        return bare_file_name(rng)
    return file_name(rng, detail.lstrip("."))


def fill(request: str, command: str, rng: random.Random) -> tuple[str, str]:
    """Fill the slots of a request and of its command alike."""
    values: dict[str, str] = {}
    for slot in SLOT.finditer(request + " " + command):
        key = slot[1] + slot[2]
        if key not in values:
            values[key] = _value(slot[1], slot[3] or "", rng)

    def said(slot: re.Match[str], in_request: bool) -> str:
        value = values[slot[1] + slot[2]]
        if slot[1] == "kind" and slot[3]:
            return KINDS[value]
        return COUNTS.get(value, value) if in_request and slot[1] == "n" else value

    return (
        SLOT.sub(lambda slot: said(slot, True), request),
        SLOT.sub(lambda slot: said(slot, False), command),
    )


def block_pair(block: Block) -> Pair:
    """A block as one pair, with every way to ask for it: what the lexicon learns from it."""
    command = SLOT.sub("x", block.command)
    request = SLOT.sub("", ". ".join(block.asked))
    return Pair(request, command, "linux", program_of(command), "everyday", 1.0)


def block_settled(block: Block, rng: random.Random) -> Settled:
    """One filling of a block, asked in one of its ways."""
    request, command = fill(rng.choice(block.asked), block.command, rng)
    return Settled("linux", say_differently(request, rng), command, request)


def everyday_held_out(rng: random.Random) -> list[Pair]:
    """Return the held-out phrasings, filled once."""
    pairs = []
    for block in read_blocks():
        for asked in block.held_out:
            request, command = fill(asked, block.command, rng)
            program = program_of(command)
            pairs.append(Pair(request, command, "linux", program, "everyday", 1.0))
    return pairs
