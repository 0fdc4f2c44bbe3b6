"""Results in a JSON file: runs of single benchmarks come together in it, the last of each is kept.

{"benchmarks": {NAME: {"taken": ISO 8601, "machine": str, "others": 0..1, "arguments": [str],
                       "figures": [{"what", "value", "unit", "kind", "goal", "must"}],
                       "data": {...}}}}
"""

import dataclasses
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.measure import Budget, Figure, Table


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one benchmark."""

    name: str
    taken: str
    machine: str
    others: float
    """Share of the processors that other processes used meanwhile."""
    arguments: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)

    def with_tables(self, tables: Iterable[Table]) -> "Run":
        """The same run with what its tables hold."""
        found = tuple(tables)
        figures = tuple(figure for table in found for figure in table.figures)
        data = {key: value for table in found for key, value in table.data.items()}
        return dataclasses.replace(self, figures=figures, data=data)


def read(path: Path) -> dict[str, Run]:
    """The kept runs by the name of their benchmark; none where there is no such file.

    Raises ValueError for a file of another kind.
    """
    if not path.exists():
        return {}
    try:
        kept = json.loads(path.read_text())["benchmarks"]
        return {name: _run(name, fields) for name, fields in kept.items()}
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} holds no results of `python -m bench --json`: {error}") from error


def keep(path: Path, runs: Iterable[Run]) -> None:
    """Put runs in the place of earlier ones of the same benchmarks. Raises ValueError, OSError."""
    together = read(path) | {run.name: run for run in runs}
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.new")
    text = json.dumps({"benchmarks": {name: _fields(run) for name, run in together.items()}})
    beside.write_text(f"{text}\n")
    os.replace(beside, path)


def _fields(run: Run) -> dict[str, Any]:
    figures = [
        {"what": figure.what, "value": figure.value, **dataclasses.asdict(figure.budget)}
        for figure in run.figures
    ]
    return {
        "taken": run.taken,
        "machine": run.machine,
        "others": run.others,
        "arguments": run.arguments,
        "figures": figures,
        "data": run.data,
    }


def _run(name: str, fields: dict[str, Any]) -> Run:
    figures = tuple(
        Figure(
            each["what"],
            each["value"],
            Budget(each["kind"], each["goal"], each["must"], each["unit"]),
        )
        for each in fields["figures"]
    )
    return Run(
        name=name,
        taken=fields["taken"],
        machine=fields["machine"],
        others=fields["others"],
        arguments=tuple(fields["arguments"]),
        figures=figures,
        data=fields["data"],
    )
