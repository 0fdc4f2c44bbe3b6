"""Train the decoder within a budget of wall-clock time, or of tokens.

The learning rate follows the share of the budget that is used, so a run on a busy machine ends
with fewer steps and still with its rate at zero. A budget of tokens makes the number of steps the
same on every machine, so that sizes can be compared.
"""

import argparse
import json
import random
import time
from collections.abc import Iterator
from dataclasses import asdict
from itertools import count
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as F

from training.corpus import Batch, batches, encode_examples
from training.epochs import Material, write_scorer
from training.everyday import everyday_held_out
from training.model import Decoder, Shape
from training.rows import read_pairs
from training.split import split_pairs
from training.tasks import Example
from training.tokenizer import VOCABULARY, load_tokenizer, train_tokenizer

SEED = 7
TOKENS_PER_BATCH = 8192  # the optimizer takes as long for a small batch as for a large one
TARGET_BLOCK = 128  # targets are padded to it: a new matrix shape costs a new kernel
MATRIX_RATE = 6e-3
OTHER_RATE = 3e-3
WARM_UP = 0.02  # of the budget
AVERAGE_FROM = 0.05  # of the budget; from here on a running average of the weights is kept
AVERAGE_KEEP = 0.998  # of the average at each step: it spans about 500 steps
SMOOTHING = 0.03
CLIP = 1.0


def rate_factor(done: float) -> float:
    """Return the factor of the rates at this share of the budget: linear up, linear to zero."""
    return min(done / WARM_UP, max(0.0, (1.0 - done) / (1.0 - WARM_UP)))


def share_done(options: argparse.Namespace, seconds: float, tokens: int) -> float:
    """Return the share of the budget that is used: of the tokens where they are limited."""
    if options.tokens:
        return float(tokens / (options.tokens * 1e6))
    return float(seconds / (options.minutes * 60.0))


def endless_batches(material: Material, tokenizer: Tokenizer) -> Iterator[tuple[int, Batch]]:
    """Yield (epoch, batch) for ever; every epoch is settled from its own seed."""
    for epoch in count():
        rng = random.Random(SEED + epoch)
        rows = encode_examples(tokenizer, material.epoch(rng))
        for batch in batches(rows, TOKENS_PER_BATCH, rng):
            yield epoch, batch


@torch.compile(dynamic=True)
def smoothed_cross_entropy(logits: Tensor, wanted: Tensor, smoothing: float) -> Tensor:
    """Return the mean over the rows whose wanted token is not negative.

    `F.cross_entropy` says the same in a fifth of a step; compiled, this is one pass over the
    logits.
    """
    logits = logits.float()
    right = logits.gather(1, wanted.clamp(min=0)[:, None]).squeeze(1)
    each = torch.logsumexp(logits, -1) - (1 - smoothing) * right - smoothing * logits.mean(-1)
    counted = (wanted >= 0).float()
    return (each * counted).sum() / counted.sum()


def batch_loss(model: Decoder, batch: Batch, smoothing: float = SMOOTHING) -> Tensor:
    """Return the smoothed cross-entropy over the answers' tokens only."""
    targets = batch.targets.flatten()
    at = (targets >= 0).nonzero().squeeze(1)
    at = F.pad(at, (0, -len(at) % TARGET_BLOCK), value=len(targets) - 1)
    wanted = targets.index_select(0, at)
    with torch.autocast("cpu", torch.bfloat16):
        hidden = model(batch.ids).flatten(0, 1)
        logits = model.logits(hidden.index_select(0, at))
    loss: Tensor = smoothed_cross_entropy(logits, wanted, smoothing)
    return loss


@torch.no_grad()
def held_out_loss(model: Decoder, weights: dict[str, Tensor], held: list[Batch]) -> float:
    """Return the mean cross-entropy of the averaged weights over what is never trained on."""
    kept = {name: value.clone() for name, value in model.state_dict().items()}
    model.load_state_dict(weights)
    model.eval()
    losses = [batch_loss(model, batch, smoothing=0.0).item() for batch in held]
    model.train()
    model.load_state_dict(kept)
    return sum(losses) / len(losses)


def make_optimizers(model: Decoder, decay: float) -> list[torch.optim.Optimizer]:
    """Muon for the matrices within the blocks, AdamW for the embedding and the norms.

    Muon costs a fifth more per step and learns rare programs in far fewer: worth it where the
    processor, not the data, is what runs out.
    """
    matrices = [w for w in model.blocks.parameters() if w.dim() == 2]
    others = [w for name, w in model.named_parameters() if w.dim() != 2 or "embedding" in name]
    return [
        torch.optim.Muon(
            matrices, lr=MATRIX_RATE, weight_decay=decay, adjust_lr_fn="match_rms_adamw"
        ),
        torch.optim.AdamW(others, lr=OTHER_RATE, betas=(0.9, 0.98), weight_decay=0.0, fused=True),
    ]


def save(out: Path, shape: Shape, weights: dict[str, Tensor]) -> None:
    """Write a checkpoint in one step: a reader sees the old one or the new one."""
    temporary = out / "model.pt.tmp"
    torch.save({"shape": asdict(shape), "weights": weights}, temporary)
    temporary.replace(out / "model.pt")


def train(
    material: Material,
    held: list[Example],
    tokenizer: Tokenizer,
    out: Path,
    options: argparse.Namespace,
) -> None:
    """Train until the budget is spent; leave the averaged weights in `out/model.pt`."""
    shape = Shape(
        vocabulary=VOCABULARY,
        width=options.width,
        layers=options.layers,
        heads=options.width // 64,
        inner=options.inner,
    )
    model = Decoder(shape, options.dropout)
    if options.start:
        model.load_state_dict(torch.load(options.start, weights_only=True)["weights"])
    model.compile(dynamic=True)
    optimizers = make_optimizers(model, options.decay)
    average: dict[str, Tensor] | None = None
    rows = encode_examples(tokenizer, held)
    judged = list(batches(rows, TOKENS_PER_BATCH, random.Random(SEED)))
    start = time.monotonic()
    saved, seen, smooth = start, 0, 0.0
    for step, (epoch, batch) in enumerate(endless_batches(material, tokenizer)):
        done = share_done(options, time.monotonic() - start, seen)
        if done >= 1.0:
            break
        loss = batch_loss(model, batch)
        model.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        for optimizer, peak in zip(optimizers, (MATRIX_RATE, OTHER_RATE), strict=True):
            for group in optimizer.param_groups:
                group["lr"] = peak * rate_factor(done)
            optimizer.step()
        seen += batch.ids.numel()
        smooth = loss.item() if step == 0 else 0.98 * smooth + 0.02 * loss.item()
        if done >= AVERAGE_FROM:
            average = blend(average, model.state_dict(), AVERAGE_KEEP)
        if step % 100 == 0:
            speed = seen / (time.monotonic() - start)
            unseen = held_out_loss(model, average or model.state_dict(), judged)
            print(f"{done:6.1%} step {step} epoch {epoch} loss {smooth:.3f} held out {unseen:.3f} "
                  f"{speed:.0f} tok/s", flush=True)  # fmt: skip
        if time.monotonic() - saved > options.save_every:
            saved = time.monotonic()
            save(out, shape, average or model.state_dict())
    save(out, shape, average or model.state_dict())


def blend(
    average: dict[str, Tensor] | None, weights: dict[str, Tensor], keep: float
) -> dict[str, Tensor]:
    """Move the running average a little towards the weights."""
    if average is None:
        return {name: value.clone() for name, value in weights.items()}
    for name, value in weights.items():
        average[name].lerp_(value, 1.0 - keep)
    return average


def main() -> None:
    """Read the rows, learn the tokenizer, write what is held out, train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, required=True, help="folder of the checkpoints")
    parser.add_argument("--start", type=Path, help="a model.pt to go on from, same tokenizer")
    parser.add_argument("--minutes", type=float, default=60.0, help="wall-clock budget")
    parser.add_argument("--tokens", type=float, default=0.0, help="budget in millions, instead")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--inner", type=int, default=704)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--decay", type=float, default=0.05)
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--save-every", type=float, default=120.0, help="seconds")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(SEED)
    options.out.mkdir(parents=True, exist_ok=True)
    training, parts = split_pairs(read_pairs(options.data))
    parts["everyday"] = everyday_held_out(random.Random(SEED))
    with (options.out / "held_out.jsonl").open("w", encoding="utf-8") as file:
        for part, pairs in parts.items():
            file.writelines(json.dumps({"part": part} | asdict(pair)) + "\n" for pair in pairs)
    material = Material(options.data, training)
    write_scorer(material.scorer, options.out / "scorer.json")
    path = options.out / "tokenizer.json"
    if options.start is None or not path.exists():
        examples = material.epoch(random.Random(SEED))
        texts = [text for e in examples for text in (e.request, e.hint, e.answer)]
        train_tokenizer(texts).save(str(path))
    print(
        f"{len(training)} pairs to learn",
        {name: len(rows) for name, rows in parts.items()},
        flush=True,
    )
    held = [
        example
        for part, pairs in parts.items()
        if part != "everyday"
        for pair in pairs
        if (example := material.held_out_example(pair))
    ]
    train(material, held, load_tokenizer(path), options.out, options)


if __name__ == "__main__":
    main()
