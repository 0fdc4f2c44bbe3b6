"""The tables of docs/config.md, from the schema."""

from lmd.config.reference import KeyReference, TableReference, tables


def render() -> str:
    """A section for each table, and in it a row for each key."""
    return "\n\n".join(_section(table) for table in tables())


def _section(table: TableReference) -> str:
    rows = [_row(key) for key in table.keys]
    return "\n".join(
        [
            f"### `{table.title}`", "", table.text, "",
            "| key | takes | default | |", "| --- | --- | --- | --- |", *rows,
        ]
    )  # fmt: skip


def _row(key: KeyReference) -> str:
    default = f"`{key.default}`" if key.default else ""
    cells = (f"`{key.name}`", key.takes, default, key.text)
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"
