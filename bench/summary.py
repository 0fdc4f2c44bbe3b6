"""All promises of a run in one table: what, how much, and whether the budget is met. Pure."""

from collections.abc import Iterable

from bench.kept import Run
from bench.measure import Table


def summarize(runs: Iterable[Run]) -> Table:
    """A row for each figure; a share of other work says how far it can be trusted."""
    rows = tuple(
        (
            run.name,
            figure.what,
            f"{figure.value:.3g}{figure.budget.unit}",
            figure.verdict,
            f"{run.others:.0%}",
        )
        for run in runs
        for figure in run.figures
    )
    met = sum(row[3].startswith("met") for row in rows)
    return Table(
        "summary",
        ("benchmark", "what", "figure", "budget", "other work"),
        rows,
        (f"{met} of {len(rows)} budgets met",),
    )
