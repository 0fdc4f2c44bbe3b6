"""A handful of rows in the format of the public ones, for the parts of the recipe that need none
of torch."""

import json
from pathlib import Path

TLDR = [
    ("frob", "List all widgets", "frob {{[-l|--list]}}"),
    ("frob", "Delete a widget", "frob {{[-d|--delete]}} {{widget}}"),
    ("frob", "Delete a widget without asking", "frob {{[-d|--delete]}} --force {{widget}}"),
    ("frob sync", "Send widgets to a host", "frob sync {{host}}"),
    ("nib", "Sharpen a nib", "nib --sharpen {{path/to/nib}}"),
]
SOURCES = {
    "nl2bash": [("Find all *.txt files under /home/me", "find /home/me -name '*.txt'")],
    "extra/cheat": [("list widgets", "frob --list")],
}
FLAGS = [{"cmd": "frob", "flag": "-q, --quiet", "description": "say nothing"},
         {"cmd": "frob sync", "flag": "", "description": "send widgets elsewhere"}]  # fmt: skip
EMPTY = ("cheat", "chubin", "eg", "lecoupa", "bashoneliner", "secretknowledge", "gittips",
         "lcl_basics", "podman", "curl", "nl2bash_judged", "fig_subcmd", "carapace_subcmd",
         "core.flags", "fig.flags", "carapace.flags", "curl.flags", "openssh.flags",
         "podman.flags", "toybox.flags", "uutils.flags")  # fmt: skip


def write_rows(folder: Path) -> Path:
    """Write the files that training reads; returns the folder."""
    (folder / "extra").mkdir()
    for name in EMPTY:
        (folder / f"extra/{name}.jsonl").touch()
    pages = [{"page": page, "nl": nl, "cmd": cmd, "platform": "common"} for page, nl, cmd in TLDR]
    write(folder / "tldr.jsonl", pages)
    for source, rows in SOURCES.items():
        write(folder / f"{source}.jsonl", [{"nl": nl, "cmd": cmd} for nl, cmd in rows])
    write(folder / "extra/core.flags.jsonl", FLAGS)
    return folder


def write(path: Path, rows: list[dict[str, str]]) -> None:
    """Write objects, one a line."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
