"""Where manual pages of a system lie. Pure: what exists is looked at elsewhere."""

import re
from collections.abc import Mapping
from itertools import product

SYSTEM_FOLDERS = (
    "/usr/local/share/man", "/usr/local/man", "/usr/share/man", "/usr/man",
    "/opt/homebrew/share/man", "/opt/local/share/man", "/home/linuxbrew/.linuxbrew/share/man",
    "/run/current-system/sw/share/man", "/Library/Developer/CommandLineTools/usr/share/man",
    "/Applications/Xcode.app/Contents/Developer/usr/share/man",
)  # fmt: skip
MOST_FOLDERS = 32
SECTIONS = ("1", "8", "6", "1ssl")
ENDINGS = (".gz", "", ".xz", ".bz2")
"""Compressions that the standard library undoes."""
_NAME = re.compile(r"(?:[A-Za-z0-9_][\w.+:@-]{0,63}|\[{1,2})\Z", re.ASCII)
_INCLUDED = re.compile(r"man[1-9][a-z]{0,8}/[\w.+:@-]{1,80}\Z", re.ASCII)


def manual_folders(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Folders of pages in the order in which they count.

    ``MANPATH`` first; where it has an empty element, or is not set, the folders beside those of
    ``PATH``, then those of the system.
    """
    found: list[str] = []
    for element in environment.get("MANPATH", "").split(":"):
        found += [element] if element else [*_beside(environment.get("PATH", "")), *SYSTEM_FOLDERS]
    absolute = (folder.rstrip("/") for folder in found if folder.startswith("/"))
    return tuple(dict.fromkeys(absolute))[:MOST_FOLDERS]


def page_name(topic: tuple[str, ...]) -> str | None:
    """The name of a topic's page, ``git-push``; None where it can have none."""
    return "-".join(topic) if topic and all(map(_NAME.match, topic)) else None


def other_page_name(topic: tuple[str, ...]) -> str:
    """The name that some programs give to the pages of their subcommands."""
    return "_".join(topic)


def page_paths(folder: str, name: str) -> list[str]:
    """Files that the page may be in, likeliest first."""
    return [
        f"{folder}/man{section[0]}/{name}.{section}{ending}"
        for section, ending in product(SECTIONS, ENDINGS)
    ]


def included_paths(folder: str, page: str) -> list[str]:
    """Files that ``.so PAGE`` in a folder may mean; none where the page is not in the folder."""
    if not _INCLUDED.match(page) or ".." in page:
        return []
    return [f"{folder}/{page}{ending}" for ending in ENDINGS]


def _beside(path: str) -> list[str]:
    """Folders of manuals beside the folders of programs: ``/opt/x/bin``, ``/opt/x/share/man``."""
    found = []
    for folder in path.split(":"):
        parent, _, last = folder.rstrip("/").rpartition("/")
        if folder.startswith("/") and last in ("bin", "sbin"):
            found += [f"{parent}/share/man", f"{parent}/man"]
    return found
