"""The tables of docs/config.md, from the schema."""

from lmd.config.diff import Takes, takes_effect
from lmd.config.reference import KeyReference, TableReference, tables

_EFFECTS = {
    Takes.NOTHING: "at once",
    Takes.NEW_WORKER: "with a new worker",
    Takes.RESTART: "at the next start",
}


def render() -> str:
    """A section for each table, and in it a row for each key."""
    return "\n\n".join(_section(table) for table in tables())


def _section(table: TableReference) -> str:
    rows = [_row(table, key) for key in table.keys]
    return "\n".join(
        [
            f"### `{table.title}`", "", table.text, "",
            "| key | takes | default | | an edit holds |", "| --- | --- | --- | --- | --- |", *rows,
        ]
    )  # fmt: skip


def _row(table: TableReference, key: KeyReference) -> str:
    default = f"`{key.default}`" if key.default else ""
    holds = _EFFECTS[takes_effect(table.path, key.name)]
    cells = (f"`{key.name}`", key.takes, default, key.text, holds)
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"
