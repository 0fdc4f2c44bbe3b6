"""Tokenise and batch an epoch of examples."""

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer
from torch import Tensor

from training.tasks import Example
from training.tokenizer import ANSWER_ID, END_ID, HINT_ID, PLATFORMS, TASKS, encode_text

LONGEST = 160  # tokens of one example; longer ones are left out (under 1 %)
IGNORED = -100  # the target of positions that are not to be learnt


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of like length, padded at the end; targets hold IGNORED outside the command."""

    ids: Tensor
    targets: Tensor


def encode_examples(tokenizer: Tokenizer, examples: list[Example]) -> list[tuple[list[int], int]]:
    """Return (ids, where the answer starts) of every example that fits."""
    requests = encode_text(tokenizer, [example.request for example in examples])
    hints = encode_text(tokenizer, [example.hint for example in examples])
    answers = encode_text(tokenizer, [example.answer for example in examples])
    rows = []
    for example, request, hint, answer in zip(examples, requests, hints, answers, strict=True):
        head = [TASKS[example.task], PLATFORMS[example.platform], *request]
        head += [HINT_ID, *hint, ANSWER_ID] if hint else [ANSWER_ID]
        if len(head) + len(answer) < LONGEST:
            rows.append(([*head, *answer, END_ID], len(head)))
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
