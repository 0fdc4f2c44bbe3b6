"""Logs of training as rows for a plot: tokens, loss in training, loss on what is held out.

python -m training.curve NAME=PARAMETERS:LOG ... > docs/model-curve.csv
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

TOKENS_PER_BATCH = 8192  # as `training.train` has it, without torch
_LINE = re.compile(r"step (\d+) epoch (\d+) loss ([\d.]+) held out ([\d.]+)")
HEADER = "run,parameters,million_tokens,epoch,training_loss,held_out_loss"


def rows(name: str, parameters: str, log: str) -> Iterator[str]:
    """One row for every hundred steps; a batch holds about `TOKENS_PER_BATCH` tokens."""
    for step, epoch, loss, held in _LINE.findall(log):
        tokens = int(step) * TOKENS_PER_BATCH / 1e6
        yield f"{name},{parameters},{tokens:.2f},{epoch},{loss},{held}"


def main() -> None:
    """Print the rows of all logs."""
    print(HEADER)
    for argument in sys.argv[1:]:
        name, _, rest = argument.partition("=")
        parameters, _, path = rest.partition(":")
        print("\n".join(rows(name, parameters, Path(path).read_text(encoding="utf-8"))))


if __name__ == "__main__":
    main()
