"""What a process holds, and whether that grows: one sample says nothing, a slope does."""

import contextlib
import os
import statistics
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

WARM_UP = 0.4
"""Share of the samples at the beginning that do not count: caches fill, allocators settle."""


class Held(NamedTuple):
    """Of a process, now."""

    anonymous_kib: int
    """Private memory without file pages."""
    descriptors: int
    threads: int


def look(pid: int) -> Held:
    """What a process holds. Raises OSError when it is gone."""
    facts = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    return Held(
        anonymous_kib=int(facts["RssAnon"].split()[0]),
        descriptors=_descriptors(pid),
        threads=int(facts["Threads"]),
    )


def _descriptors(pid: int) -> int:
    """Without those that watch folders, which come and go with the folders."""
    folder = f"/proc/{pid}/fd"
    found = 0
    for name in os.listdir(folder):
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            found += not os.readlink(f"{folder}/{name}").startswith("anon_inode:")
    return found


def slope(samples: Sequence[tuple[float, float]]) -> float:
    """How steeply y rises with x after the warm-up: the median of the slopes between all pairs
    (Theil and Sen), which up to 29 % of outliers do not move. Raises ValueError without two."""
    settled = samples[int(len(samples) * WARM_UP) :]
    slopes = [
        (later[1] - earlier[1]) / (later[0] - earlier[0])
        for earlier, later in combinations(settled, 2)
        if later[0] != earlier[0]
    ]
    if not slopes:
        raise ValueError(f"{len(settled)} samples have no slope")
    return statistics.median(slopes)
