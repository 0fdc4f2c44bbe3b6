"""Pictures of kept results, as SVG: the same results give the same file, byte for byte.

Drawn from what `bench.kept` holds under ``data``:

    throughput  rates    {streams: {server: [tokens/s]}}
    gap         gaps     {server: {scene: [gaps in the order in which they came, in ms]}}
    crowd       crowd    [[s, "served" | "refused", ms]], clients_per_second
"""

from collections.abc import Mapping
from itertools import accumulate
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.kept import Run

SIZE = (7.0, 3.6)
"""Inches."""
SETTINGS = {"svg.hashsalt": "lmd", "svg.fonttype": "none", "font.size": 9, "axes.grid": True,
            "grid.alpha": 0.3, "axes.spines.top": False, "axes.spines.right": False}  # fmt: skip
COLOURS = {"lmd": "#1f6fb4", "llama-server": "#d9822b", "served": "#1f6fb4", "refused": "#c23b3b"}


def draw(runs: Mapping[str, Run], folder: Path) -> list[Path]:
    """Draw what the kept runs allow; the files that were written. Raises OSError."""
    drawn = []
    folder.mkdir(parents=True, exist_ok=True)
    for name, (benchmark, picture) in PICTURES.items():
        if benchmark in runs and runs[benchmark].data:
            path = folder / f"{name}.svg"
            _draw(picture, runs[benchmark], path)
            drawn.append(path)
    return drawn


def _draw(picture: Any, run: Run, path: Path) -> None:
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=SIZE, layout="constrained")
        picture(figure.add_subplot(), run.data)
        # Without a date, or every drawing would be another file.
        figure.savefig(path, metadata={"Date": None, "Creator": None})


def throughput(axes: Axes, data: Mapping[str, Any]) -> None:
    """Tokens a second against streams: medians, and all rounds as points."""
    rates: dict[int, dict[str, list[float]]] = {
        int(streams): servers for streams, servers in data["rates"].items()
    }
    counts = sorted(rates)
    for server in rates[counts[0]]:
        middle = [median(rates[count][server]) for count in counts]
        axes.plot(counts, middle, color=COLOURS.get(server), marker="o", label=server)
        every = [(count, rate) for count in counts for rate in rates[count][server]]
        axes.scatter(*zip(*every, strict=True), color=COLOURS.get(server), s=8, alpha=0.5)
    axes.set(xlabel="streams", ylabel="tokens/s of all streams", xticks=counts, ylim=(0, None))
    axes.legend(frameon=False)


def gap(axes: Axes, data: Mapping[str, Any]) -> None:
    """Gaps between the pieces of a stream over time, scene after scene."""
    servers: dict[str, dict[str, list[float]]] = data["gaps"]
    start = 0.0
    for scene in next(iter(servers.values())):
        lasted = max(sum(scenes[scene]) / 1000 for scenes in servers.values())
        for server, scenes in servers.items():
            ends = list(accumulate(scenes[scene]))
            at = [start + end / 1000 for end in ends]
            label = server if start == 0 else None
            axes.plot(at, scenes[scene], color=COLOURS.get(server), lw=0.8, label=label)
        axes.axvline(start, color="grey", lw=0.5)
        axes.annotate(scene, (start, 1.01), xycoords=("data", "axes fraction"))
        start += lasted
    axes.set(xlabel="s", ylabel="gap, ms", yscale="log")
    axes.legend(frameon=False)


def crowd(axes: Axes, data: Mapping[str, Any]) -> None:
    """Every request by when it ended and how long it took, and the number of clients."""
    for kind in ("served", "refused"):
        ended = [(at, ms) for at, how, ms in data["crowd"] if how == kind]
        if ended:
            axes.scatter(*zip(*ended, strict=True), color=COLOURS[kind], s=4, alpha=0.6, label=kind)
    axes.set(xlabel="s", ylabel="ms from request to answer", yscale="log")
    axes.legend(frameon=False, loc="upper left")
    last = max(at for at, _, _ in data["crowd"])
    clients = axes.twinx()
    clients.plot([0, last], [0, last * data["clients_per_second"]], color="grey", ls=":")
    clients.set(ylabel="clients (dotted)", ylim=(0, None))
    clients.grid(visible=False)


PICTURES = {
    "throughput": ("throughput", throughput),
    "gap": ("gap", gap),
    "queue": ("crowd", crowd),
}
