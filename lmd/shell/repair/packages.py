"""Package managers: which is here, and how each says the same. Pure."""

from collections.abc import Iterator

from lmd.shell.language import Invocation, Word
from lmd.shell.repair.case import Case, operands
from lmd.shell.repair.failure import Repair

_KINDS = ("install", "remove", "update", "upgrade", "search", "show")
_SPELLINGS = (
    ("apt", "install", "remove", "update", "upgrade", "search", "show"),
    ("apt-get", "install", "remove", "update", "upgrade", "", ""),
    ("dnf", "install", "remove", "check-update", "upgrade", "search", "info"),
    ("yum", "install", "remove", "check-update", "update", "search", "info"),
    ("pacman", "-S", "-R", "-Sy", "-Syu", "-Ss", "-Si"),
    ("zypper", "install", "remove", "refresh", "update", "search", "info"),
    ("apk", "add", "del", "update", "upgrade", "search", "info"),
    ("brew", "install", "uninstall", "update", "upgrade", "search", "info"),
)
_ACTIONS = {
    name: {kind: f"{name} {verb}" for kind, verb in zip(_KINDS, verbs, strict=True) if verb}
    for name, *verbs in _SPELLINGS
}
_READING = frozenset(("search", "show"))
"""Actions that need no rights."""
_MEANINGS = {
    "install": "install", "add": "install", "in": "install", "-S": "install", "remove": "remove",
    "uninstall": "remove", "del": "remove", "erase": "remove", "purge": "remove", "-R": "remove",
    "update": "update", "refresh": "update", "-Sy": "update", "upgrade": "upgrade",
    "-Syu": "upgrade", "full-upgrade": "upgrade", "search": "search", "-Ss": "search",
    "info": "show", "show": "show", "-Si": "show",
}  # fmt: skip
_ORDER = ("apt", "dnf", "pacman", "zypper", "apk", "brew", "yum", "apt-get")


def manager_here(case: Case) -> str:
    """The package manager that exists; "" where that is not known."""
    names = case.facts.commands
    if names is None:
        return ""
    order = ("brew", *_ORDER) if case.failure.platform == "macos" else _ORDER
    return next((name for name in order if name in names), "")


def install_command(package: str, program: str, case: Case) -> str:
    """How the package of a program is installed here; "" where that is not known."""
    manager = manager_here(case)
    if not manager:
        return ""
    package = package if manager in ("apt", "apt-get") else program
    return _privileged(manager, f"{_ACTIONS[manager]['install']} {package}", case)


def another_manager(case: Case) -> Iterator[Repair]:
    """``apt install`` where the machine has dnf."""
    names, here = case.facts.commands, manager_here(case)
    if names is None or not here:
        return
    for command, part in case.parts:
        if part.name not in _ACTIONS or part.name in names or not case.lacks(part.name):
            continue
        action = next(
            ((at, _MEANINGS[word.text]) for at, word in enumerate(part.words[1:], 1)
             if word.text in _MEANINGS),
            None,
        )  # fmt: skip
        if action is None or action[1] not in _ACTIONS[here]:
            continue
        packages = " ".join(word.raw for word in part.words[action[0] + 1 :] if word.raw[0] != "-")
        said = f"{_ACTIONS[here][action[1]]} {packages}".rstrip()
        start, end = command.words[0].start, part.words[-1].end
        said = said if action[1] in _READING else _privileged(here, said, case)
        yield Repair(
            f"{case.line[:start]}{said}{case.line[end:]}", "manager",
            f"the package manager here is {here}", 0.9,
        )  # fmt: skip


def package_advice(case: Case) -> Iterator[Repair]:
    """What package managers mean when they refuse."""
    for part in case.programs:
        words = list(operands(part))
        if not words:
            continue
        if part.name in ("apt", "apt-get") and case.says("unable to locate package"):
            sudo = "" if case.facts.is_root else "sudo "
            yield Repair(
                case.first(f"{sudo}{part.name} update"), "package-lists",
                "the lists of packages may be old", 0.75,
            )  # fmt: skip
        elif part.name == "apt-get" and words[0].text == "search":
            better = case.replace(part.words[0], "apt-cache")
            yield Repair(better, "search", "apt-get does not search", 0.93)
        elif part.name in ("pip", "pip3"):
            yield from _pip(case, part, words[0])


def _pip(case: Case, part: Invocation, verb: Word) -> Iterator[Repair]:
    if case.says("externally-managed-environment"):
        wanted = " ".join(word.raw for word in part.words[1:])
        yield Repair(
            f"python3 -m venv .venv && .venv/bin/pip {wanted}", "venv",
            "the system's Python takes no packages from pip", 0.85,
        )  # fmt: skip
    elif verb.text == "install" and case.says("permission denied|using the .--user"):
        yield Repair(case.insert(verb, "--user"), "user", "the system's folder is locked", 0.9)


def _privileged(manager: str, command: str, case: Case) -> str:
    needs = manager != "brew" and not case.facts.is_root
    return f"sudo {command}" if needs else command
