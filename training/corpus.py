"""Split, tokenise and batch the pairs."""

import hashlib
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer
from torch import Tensor

from training.augment import Example, settle
from training.everyday import everyday_examples
from training.rows import Pair
from training.tokenizer import COMMAND_ID, END_ID, PLATFORMS, encode_text

LONGEST = 160  # tokens of one example; longer ones are left out (under 1 %)
IGNORED = -100  # the target of positions that are not to be learnt


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of like length, padded at the end; targets hold IGNORED outside the command."""

    ids: Tensor
    targets: Tensor


def _chance(text: str) -> float:
    """Return a number in [0, 1) that depends on the text alone."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") / 2**32


def split_pairs(pairs: list[Pair], share: float = 0.02) -> tuple[list[Pair], list[Pair]]:
    """Return (training, held out): every row of a command is on one side, and so is a request.

    Commands are hashed without their placeholders' braces, so that paraphrases in other sources
    go with them.  Subcommand lists are never held out: their commands have no arguments to judge.
    """
    held = [
        pair
        for pair in pairs
        if _chance(pair.command.replace("{{", "").replace("}}", "")) < share
        and pair.source.split("/")[-1] not in {"fig_subcmd", "carapace_subcmd"}
    ]
    commands = {pair.command.replace("{{", "").replace("}}", "") for pair in held}
    requests = {pair.request.lower() for pair in held}
    training = [
        pair
        for pair in pairs
        if pair.command.replace("{{", "").replace("}}", "") not in commands
        and pair.request.lower() not in requests
    ]
    return training, held


def epoch_examples(pairs: list[Pair], rng: random.Random) -> list[Example]:
    """Draw this epoch's rows by weight, settle each anew, add the everyday requests."""
    drawn = [settle(pair, rng) for pair in pairs if rng.random() < pair.weight]
    return drawn + everyday_examples(rng)


def encode_examples(tokenizer: Tokenizer, examples: list[Example]) -> list[tuple[list[int], int]]:
    """Return (ids, where the command starts) of every example that fits."""
    requests = encode_text(tokenizer, [example.request for example in examples])
    commands = encode_text(tokenizer, [example.command for example in examples])
    rows = []
    for example, request, command in zip(examples, requests, commands, strict=True):
        head = [PLATFORMS[example.platform], *request, COMMAND_ID]
        if len(head) + len(command) < LONGEST:
            rows.append(([*head, *command, END_ID], len(head)))
    return rows


def batches(rows: list[tuple[list[int], int]], tokens: int, rng: random.Random) -> Iterator[Batch]:
    """Yield batches of about `tokens` positions, rows of like length together, in random order."""
    rng.shuffle(rows)
    buckets: dict[int, list[tuple[list[int], int]]] = defaultdict(list)
    full: list[tuple[int, list[tuple[list[int], int]]]] = []
    for row in rows:
        width = -(-len(row[0]) // 4) * 4
        buckets[width].append(row)
        if len(buckets[width]) * width >= tokens:
            full.append((width, buckets.pop(width)))
    full.extend(_merge_rests(buckets, tokens))
    rng.shuffle(full)
    for width, chosen in full:
        yield _pad(chosen, width)


def _merge_rests(
    buckets: dict[int, list[tuple[list[int], int]]], tokens: int
) -> Iterator[tuple[int, list[tuple[list[int], int]]]]:
    """Put the unfilled buckets together, neighbours first."""
    rest: list[tuple[list[int], int]] = []
    width = 0
    for width in sorted(buckets):
        rest.extend(buckets[width])
        if len(rest) * width >= tokens:
            yield width, rest
            rest = []
    if rest:
        yield width, rest


def _pad(rows: list[tuple[list[int], int]], width: int) -> Batch:
    ids = torch.zeros(len(rows), width, dtype=torch.long)
    targets = torch.full((len(rows), width), IGNORED, dtype=torch.long)
    for index, (row, start) in enumerate(rows):
        ids[index, : len(row)] = torch.tensor(row)
        targets[index, start - 1 : len(row) - 1] = ids[index, start : len(row)]
    return Batch(ids, targets)
