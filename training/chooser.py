"""Train the chooser of flags: `lmd.shell.lexicon.choosing`, on two cores in some minutes."""

import argparse
import math
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lmd.shell.lexicon.choosing import MOST_NAME_TERMS, MOST_TERMS, StoredNetwork
from lmd.shell.lexicon.evidence import FEATURES, Rarities, features, name_terms, take_apart
from lmd.shell.lexicon.scoring import Scorer
from lmd.shell.lexicon.terms import terms
from training.choices import Case, Cases
from training.guesses import Guesses
from training.lexicon import Collection, rarities
from training.rows import Pair, read_pairs
from training.split import chance, split_pairs
from training.write_lexicon import read_weights

SEED = 7
WIDTH = 32
HIDDEN = 16
RATE = 4e-3
DROPOUT = 0.25  # of what a request's vector says
FEWEST_TERM = 3  # uses of a term that gets a vector
FEWEST_FLAG = 8
CASES_PER_BATCH = 256
VALIDATION = 0.04  # of the cases judge the chooser; the rest train it
OTHERS = 8000  # pairs without a page


@dataclass(frozen=True, slots=True)
class Packed:
    """Cases as tensors, their choices one after another."""

    starts: list[int]
    requests: Tensor
    flags: Tensor
    names: Tensor
    words: Tensor
    values: Tensor
    wanted: Tensor

    def batch(self, cases: Sequence[int]) -> tuple[Tensor, Tensor, Tensor]:
        """(cases, rows, the case of each row) of a batch."""
        spans = [torch.arange(self.starts[case], self.starts[case + 1]) for case in cases]
        owner = torch.repeat_interleave(torch.tensor([len(span) for span in spans]))
        return torch.tensor(cases), torch.cat(spans), owner


class Chooser(nn.Module):
    """The network of `lmd.shell.lexicon.choosing.Network`, for training."""

    def __init__(self, terms: int, flags: int, values: Tensor) -> None:
        super().__init__()
        self.request = nn.EmbeddingBag(terms + 1, WIDTH, mode="mean", padding_idx=0)
        self.name = nn.EmbeddingBag(terms + 1, WIDTH, mode="mean", padding_idx=0)
        self.word = nn.EmbeddingBag(terms + 1, WIDTH, mode="mean", padding_idx=0)
        self.flag = nn.Embedding(flags + 1, WIDTH, padding_idx=0)
        self.flag_bias = nn.Embedding(flags + 1, 1, padding_idx=0)
        for table in (self.request, self.name, self.word, self.flag):
            nn.init.normal_(table.weight, std=0.3)
            table.weight.data[0] = 0.0
        nn.init.zeros_(self.flag_bias.weight)
        self.linear = nn.Linear(len(FEATURES) + 4, 1)
        self.hidden = nn.Linear(len(FEATURES) + 4, HIDDEN)
        self.out = nn.Linear(HIDDEN, 1, bias=False)
        self.dropout = nn.Dropout(DROPOUT)
        self.register_buffer("mean", values.mean(0))
        self.register_buffer("spread", values.std(0) + 1e-3)

    def forward(self, packed: Packed, cases: Tensor, rows: Tensor, owner: Tensor) -> Tensor:
        """Logits of the rows."""
        asked = self.dropout(self.request(packed.requests[cases]))[owner]
        flags = packed.flags[rows]
        fits = [
            (asked * self.flag(flags)).sum(1),
            (asked * self.name(packed.names[rows])).sum(1),
            (asked * self.word(packed.words[rows])).sum(1),
            self.flag_bias(flags).squeeze(1),
        ]
        values = (packed.values[rows] - self.get_buffer("mean")) / self.get_buffer("spread")
        joined = torch.cat([values, torch.stack(fits, 1)], 1)
        logits: Tensor = self.linear(joined) + self.out(torch.tanh(self.hidden(joined)))
        return logits.squeeze(1)


def vocabulary(cases: Sequence[Case]) -> tuple[list[str], list[str]]:
    """(terms, flags) that are worth a vector, commonest first."""
    words: Counter[str] = Counter()
    flags: Counter[str] = Counter()
    for case in cases:
        words.update(terms(case.request))
        for choice in case.choices:
            words.update(name_terms(choice.text))
            flags[choice.text] += 1
    return (
        [term for term, count in words.most_common() if count >= FEWEST_TERM],
        [flag for flag, count in flags.most_common() if count >= FEWEST_FLAG],
    )


def pack(
    cases: Sequence[Case], words: Sequence[str], flags: Sequence[str], rare: Rarities
) -> Packed:
    """Cases as tensors."""
    word_row = {term: row for row, term in enumerate(words, 1)}
    flag_row = {flag: row for row, flag in enumerate(flags, 1)}

    def rows_of(found: Sequence[str], most: int) -> list[int]:
        rows = [word_row[term] for term in found if term in word_row][:most]
        return rows + [0] * (most - len(rows))

    starts, asked, flag_rows, names, near, values, wanted = [0], [], [], [], [], [], []
    for case in cases:
        found = terms(case.request)
        request = take_apart(case.request, found)
        asked.append(rows_of(found, MOST_TERMS))
        for choice in case.choices:
            flag_rows.append(flag_row.get(choice.text, 0))
            names.append(rows_of(name_terms(choice.text), MOST_NAME_TERMS))
            near.append(rows_of(sorted(choice.terms), MOST_TERMS))
            values.append(features(request, choice, case.habits, rare))
        wanted += [float(mark) for mark in case.wanted]
        starts.append(len(wanted))
    whole = torch.int32
    return Packed(
        starts,
        torch.tensor(asked, dtype=whole),
        torch.tensor(flag_rows, dtype=whole),
        torch.tensor(names, dtype=whole),
        torch.tensor(near, dtype=whole),
        torch.tensor(values),
        torch.tensor(wanted),
    )


def train(packed: Packed, sizes: tuple[int, int], epochs: int) -> Chooser:
    """Train on every case in each epoch; the rate falls to zero."""
    torch.manual_seed(SEED)
    rng = random.Random(SEED)
    model = Chooser(*sizes, packed.values)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=1e-2)
    order = list(range(len(packed.starts) - 1))
    steps = epochs * -(-len(order) // CASES_PER_BATCH)
    step = 0
    for epoch in range(epochs):
        rng.shuffle(order)
        total = 0.0
        for at in range(0, len(order), CASES_PER_BATCH):
            chosen = order[at : at + CASES_PER_BATCH]
            batch = packed.batch(chosen)
            loss = F.binary_cross_entropy_with_logits(
                model(packed, *batch), packed.wanted[batch[1]], reduction="sum"
            ) / len(chosen)
            for group in optimizer.param_groups:
                group["lr"] = RATE * (1 - step / steps)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimizer.step()
            step += 1
            total += loss.item() * len(chosen)
        print(f"epoch {epoch} loss per request {total / len(order):.3f}", flush=True)
    return model.eval()


def to_stored(model: Chooser, words: list[str], flags: list[str]) -> StoredNetwork:
    """The weights as the daemon reads them: vectors in bytes, the scale of features folded in."""
    tables, scales = [], []
    for table in (model.request, model.name, model.word, model.flag):
        weight = table.weight.detach()
        scale = float(weight.abs().max()) / 127
        tables.append((weight / scale).round().to(torch.int8).numpy().tobytes())
        scales.append(scale)
    mean, spread = model.get_buffer("mean"), model.get_buffer("spread")
    fits = torch.zeros(4)
    shift, factor = torch.cat([mean, fits]), 1 / torch.cat([spread, fits + 1])
    linear = model.linear.weight.detach()[0] * factor
    hidden = model.hidden.weight.detach() * factor
    return StoredNetwork(
        WIDTH, words, flags, tables, scales,
        model.flag_bias.weight.detach()[:, 0].tolist(),
        linear.tolist(), float(model.linear.bias.detach() - linear @ shift),
        hidden.tolist(), (model.hidden.bias.detach() - hidden @ shift).tolist(),
        model.out.weight.detach()[0].tolist(),
    )  # fmt: skip


def judge(model: Chooser, packed: Packed, cases: Sequence[Case]) -> str:
    """How often what is likelier wanted than not is all that is wanted."""
    right = kept = 0
    loss = 0.0
    with torch.no_grad():
        for at, case in enumerate(cases):
            logits = model(packed, *packed.batch([at]))
            marks = torch.tensor(case.wanted)
            loss += float(F.binary_cross_entropy_with_logits(logits, marks.float()) * len(logits))
            right += not case.lost and bool(((logits > 0) == marks).all())
            best = logits.topk(min(6, len(logits))).indices
            kept += not case.lost and bool(marks[best].sum() == marks.sum())
    count = len(cases)
    return (
        f"{count} unseen cases: loss per request {loss / count:.3f}, exactly the wanted "
        f"{right / count:.3f}, all wanted among the six likeliest {kept / count:.3f}"
    )


def choose_pairs(pairs: Sequence[Pair], rng: random.Random) -> list[Pair]:
    """Every row with a page, and some of the others."""
    paged = [pair for pair in pairs if pair.page]
    others = [pair for pair in pairs if not pair.page and pair.weight >= 0.5]
    return paged + rng.sample(others, min(OTHERS, len(others)))


def main() -> None:
    """Collect, train, judge, write ``chooser.msgpack`` beside the checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="folder of the checkpoints")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    training, _ = split_pairs(read_pairs(options.data))
    collection = Collection(options.data, training)
    rarity, unknown = rarities(collection.topics.values())
    scorer = Scorer(read_weights(options.run / "scorer.json"), rarity, unknown)
    documented = Collection(options.data, [])
    source = Cases(collection, documented, Guesses(collection), scorer)
    rng = random.Random(SEED)
    cases = [case for case in source.of(choose_pairs(training, rng), rng) if case.choices]
    unseen = [case for case in cases if chance("chooser " + case.request) < VALIDATION]
    seen = [case for case in cases if chance("chooser " + case.request) >= VALIDATION]
    words, flags = vocabulary(seen)
    rare = Rarities(rarity, unknown)
    print(f"{len(seen)} cases, {len(words)} terms, {len(flags)} flags", flush=True)
    model = train(pack(seen, words, flags, rare), (len(words), len(flags)), options.epochs)
    print(judge(model, pack(unseen, words, flags, rare), unseen))
    stored = msgspec.msgpack.encode(to_stored(model, words, flags))
    (options.run / "chooser.msgpack").write_bytes(stored)
    if not math.isfinite(float(model.linear.bias.detach())):
        raise SystemExit("training diverged")


if __name__ == "__main__":
    main()
