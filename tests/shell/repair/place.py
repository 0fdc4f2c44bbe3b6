"""A place that tests make up: see `lmd.shell.facts.Facts`."""

from dataclasses import dataclass, field

from lmd.shell.facts import GitState
from lmd.shell.repair.names import USUAL

_NEAR = """
    gitk gtf lsw pyhtml2devhelp cpp dcp mkdirhier catman gs gp gcc-12 [ chgpasswd whoopsie
    clearcase sudoreplay tarcat dockerd npmx makeinfo
"""
NEIGHBOURS = frozenset(_NEAR.split())
"""Names that exist on machines and are near everyday ones."""
ABSENT = frozenset(
    ("brew", "dnf", "yum", "pacman", "zypper", "pip", "python", "sl", "convert", "rg")
)


@dataclass
class Place:
    """Debian, somebody's folder; change what a test is about."""

    commands: frozenset[str] | None = (USUAL | NEIGHBOURS) - ABSENT
    is_root: bool = False
    git: GitState | None = None
    folders: dict[str, tuple[str, ...]] = field(default_factory=dict)
    known_subcommands: dict[str, frozenset[str]] = field(default_factory=dict)
    known_flags: dict[str, frozenset[str]] = field(default_factory=dict)

    def entries(self, folder: str) -> tuple[str, ...]:
        clean = folder.rstrip("/") or "/"
        return self.folders.get(clean.removeprefix("./") or ".", ())

    def subcommands(self, program: str) -> frozenset[str]:
        return self.known_subcommands.get(program, frozenset())

    def flags(self, topic: str) -> frozenset[str]:
        return self.known_flags.get(topic, frozenset())
