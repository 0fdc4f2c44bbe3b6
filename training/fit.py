"""Regressions of a handful of weights: the item scorer, the order and the confidence."""

import random
from collections.abc import Sequence

import torch

from lmd.shell.lexicon.scoring import FEATURES, Scorer
from lmd.shell.lexicon.terms import terms
from training.lexicon import Collection, frozen_items, rarities
from training.rows import Pair

SAMPLE = 9000  # pairs
MOST_WRONG = 120  # unused items per pair


def logistic(
    rows: Sequence[Sequence[float]],
    labels: Sequence[float],
    decay: float = 1e-5,
    offsets: Sequence[float] | None = None,
) -> tuple[float, ...]:
    """Return the weights that predict the labels (0 to 1) from the rows; deterministic.

    ``offsets`` are what other, given weights already add to the logit of each row.
    """
    inputs, wanted = torch.tensor(rows), torch.tensor(labels, dtype=torch.float32)
    given = torch.tensor(offsets or [0.0] * len(rows))
    weights = torch.zeros(inputs.shape[1], requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=300, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            inputs @ weights + given, wanted
        )
        loss = loss + decay * (weights * weights).sum()
        torch.autograd.backward(loss)
        return loss

    optimizer.step(closure)
    return tuple(weights.tolist())


def listwise(
    lists: Sequence[Sequence[Sequence[float]]],
    worths: Sequence[Sequence[float]],
    offsets: Sequence[Sequence[float]],
    decay: float,
) -> tuple[float, ...]:
    """Return the weights that put what is worth most first in each list; deterministic.

    The shares of a list's worth are to be the softmax of its scores (ListNet, Cao et al. 2007).
    ``offsets`` are what other, given weights already add to the score of each row.
    """
    owner = torch.tensor([at for at, rows in enumerate(lists) for _ in rows])
    inputs = torch.tensor([row for rows in lists for row in rows])
    given = torch.tensor([value for values in offsets for value in values])
    shares = torch.tensor([value / sum(values) for values in worths for value in values])
    weights = torch.zeros(inputs.shape[1], requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=300, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        scores = inputs @ weights + given
        tops = torch.full((len(lists),), -torch.inf).scatter_reduce(0, owner, scores, "amax")
        scores = scores - tops.detach()[owner]
        wholes = torch.zeros(len(lists)).index_add(0, owner, scores.exp())
        loss = -(shares * (scores - wholes.log()[owner])).sum() / len(lists)
        loss = loss + decay * (weights * weights).sum()
        torch.autograd.backward(loss)
        return loss

    optimizer.step(closure)
    return tuple(weights.tolist())


def fit_items(collection: Collection, pairs: list[Pair]) -> Scorer:
    """Fit the item scorer: each pair's items against the unused ones of its topic."""
    scorer = Scorer((0.0,) * len(FEATURES), *rarities(collection.topics.values()))
    rng = random.Random(0)
    rows, labels = [], []
    for pair in rng.sample(pairs, min(SAMPLE, len(pairs))):
        topic = collection.topics.get(collection.topic_of(pair))
        if topic is None:
            continue
        request = terms(pair.request)
        used = set(collection.items_of(topic.name, pair.plain))
        wrong = [key for key in topic.items if key not in used]
        shown = used | set(rng.sample(wrong, min(MOST_WRONG, len(wrong))))
        for key, item in frozen_items(topic, request, used):
            if key in shown:
                rows.append(scorer.features(request, item, topic.commands - 1))
                labels.append(float(key in used))
    return Scorer(logistic(rows, labels), scorer.rarity, scorer.unknown_rarity)
