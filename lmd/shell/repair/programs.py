"""Rules for programs that do not exist under their name. Pure."""

import re
from collections.abc import Iterator

from lmd.shell.language import Invocation, Word
from lmd.shell.repair.case import Case, operands
from lmd.shell.repair.distance import assurance, nearest
from lmd.shell.repair.failure import Repair
from lmd.shell.repair.names import ALTERNATIVES, PACKAGES, USUAL
from lmd.shell.repair.packages import install_command
from lmd.shell.repair.verbs import SUBCOMMANDS

_TAKES_PROGRAM = frozenset(("man", "sudo", "which", "watch", "time", "nohup", "xargs", "env"))
_REPEATING = frozenset(("echo", "yes", "man", "which", "printf", "test", "type", "grep", "sudo"))
_BUILTINS = frozenset(("cd", "export", "source", "alias", "unset", "history"))
_PROMPTS = frozenset(("$", "%", "\u276f", "\u279c", ">>>"))
_REPOSITORY = re.compile(
    r"(?:https?|git|ssh)://\S+\.git/?$|git@\S+:\S+|https?://(?:github|gitlab)\.com/"
)
_GLUED = re.compile(r"[a-z]+(?=[-./~]|\d)")


def unknown_programs(case: Case) -> Iterator[Invocation]:
    """Invocations whose program does not exist, as far as anyone can tell."""
    for _, part in case.parts:
        name = part.program
        if name and "/" not in name and name[0] not in "$`(" and case.lacks(name):
            yield part


def misspelt_program(case: Case) -> Iterator[Repair]:
    """``gti status``: a program of nearly that name exists."""
    names = case.facts.commands
    for part in unknown_programs(case):
        found = nearest(part.program, USUAL if names is None else names, USUAL)
        found = [(name, likeness + _fit(case, part, name)) for name, likeness in found]
        found.sort(key=lambda pair: -pair[1])
        for name, confidence in assurance(found, 0.95 if case.failure.status == 127 else 0.9):
            better = case.replace(part.words[0], name)
            why = f"{part.program} is not installed here, {name} is"
            yield Repair(better, "program", why, confidence)


def another_program(case: Case) -> Iterator[Repair]:
    """``python`` where there is only ``python3``."""
    names = case.facts.commands
    for part in unknown_programs(case):
        others = ALTERNATIVES.get(part.program, ())
        others = tuple(other for other in others if names is None or other.split()[0] in names)
        for at, other in enumerate(others):
            yield Repair(
                case.replace(part.words[0], other, is_quoted=True), "alternative",
                f"there is {other.split()[0]}, and no {part.program}", 0.93 - 0.2 * at,
            )  # fmt: skip


def missing_program(case: Case) -> Iterator[Repair]:
    """A program that everybody knows is not installed."""
    for part in unknown_programs(case):
        name = part.program
        if name in USUAL or name in PACKAGES:
            command = install_command(PACKAGES.get(name, name), name, case)
            if command:
                yield Repair(command, "install", f"{name} is not installed", 0.7)


def missing_space(case: Case) -> Iterator[Repair]:
    """``cd..``, ``ls-la``, ``cd/tmp``, ``gitstatus``, ``git-log``, ``mandiff``."""
    names = case.facts.commands if case.facts.commands is not None else USUAL
    for part in unknown_programs(case):
        for before, after, confidence in _splits(case, part.program, names):
            yield _apart(case, part, before, after, confidence)
    for _, part in case.parts:
        before, slash, after = part.program.partition("/")
        missing = case.failure.status == 127 or case.says("no such file|not found")
        if slash and missing and before in ("cd", "ls") and before not in case.facts.entries("."):
            yield _apart(case, part, before, f"/{after}", 0.93)


def _apart(case: Case, part: Invocation, before: str, after: str, confidence: float) -> Repair:
    line = case.replace(part.words[0], f"{before} {after}", is_quoted=True)
    return Repair(line, "space", f"a space is missing behind {before}", confidence)


def local_program(case: Case) -> Iterator[Repair]:
    """``build.sh`` where ``./build.sh`` is there."""
    here = case.facts.entries(".")
    for part in unknown_programs(case):
        name = part.program
        if name in here:
            yield Repair(
                case.replace(part.words[0], f"./{name}"), "local", f"{name} is in this folder", 0.88
            )
        elif name == "gradle" and "gradlew" in here:
            yield Repair(case.replace(part.words[0], "./gradlew"), "local", "gradlew is here", 0.9)


def not_in_sudos_path(case: Case) -> Iterator[Repair]:
    """``sudo npm``: sudo does not look where the user's programs are."""
    known = case.facts.commands
    for _, part in case.parts:
        name = part.program
        if name in _BUILTINS:
            continue
        said = case.is_privileged(part) and case.says(rf"^sudo: {re.escape(name)}: command not f")
        if said and (known is None or name in known):
            better = case.before(part.words[0], 'env "PATH=$PATH"')
            yield Repair(better, "sudo-path", "sudo looks for programs in its own folders", 0.9)


def not_a_program(case: Case) -> Iterator[Repair]:
    """Lines that begin with something else: a prompt, a URL, a setting with blanks."""
    word = case.parts[0][1].words[0] if case.parts else None
    if word is None:
        return
    rest = case.parts[0][1].words[1:]
    if word.text in _PROMPTS and rest:
        after = next((each for each in rest if each.text not in _PROMPTS), rest[-1])
        yield Repair(case.line[after.start :], "prompt", f"{word.text} belongs to a prompt", 0.97)
    if _REPOSITORY.match(word.text):
        yield Repair(f"git clone {case.line}", "clone", "a repository's address is no command", 0.9)
    elif re.match(r"https?://", word.text) and not rest:
        opener = "open" if case.failure.platform == "macos" else "xdg-open"
        yield Repair(f"{opener} {case.line}", "url", "an address is no command", 0.7)
    if len(rest) >= 2 and rest[0].text == "=" and re.fullmatch(r"[A-Za-z_]\w*", word.text):
        yield Repair(
            f"{word.raw}={rest[1].raw}{case.line[rest[1].end :]}", "setting",
            "blanks around = make it an argument", 0.93,
        )  # fmt: skip


def twice(case: Case) -> Iterator[Repair]:
    """``git git push``, ``git clone git clone URL``."""
    for _, part in case.parts:
        words = [word.text for word in part.words]
        for length in (2, 1):
            is_twice = len(words) >= 2 * length and words[:length] == words[length : 2 * length]
            if is_twice and part.name not in _REPEATING:
                first, next_one = part.words[0], part.words[length]
                line = f"{case.line[: first.start]}{case.line[next_one.start :]}"
                yield Repair(line, "twice", f"{part.program} stands there twice", 0.9)
                break


def _fit(case: Case, part: Invocation, name: str) -> float:
    """More for a program that has the subcommand that follows."""
    first: Word | None = next(operands(part), None)
    if first is None:
        return 0.0
    known = case.facts.subcommands(name) | SUBCOMMANDS.get(name, frozenset())
    return 0.1 if first.text in known else 0.0


def _splits(case: Case, name: str, names: frozenset[str]) -> Iterator[tuple[str, str, float]]:
    """Ways to read one word as a program and its first argument, with confidences."""
    glued = _GLUED.match(name)
    if glued and glued[0] in names and len(name) > glued.end():
        before, after = glued[0], name[glued.end() :]
        known = case.facts.subcommands(before) | SUBCOMMANDS.get(before, frozenset())
        if after[0] == "-" and after[1:] in known:
            yield before, after[1:], 0.95
        elif after[0] in "-./~":
            yield before, after, 0.93
    for at in range(2, len(name) - 1):
        before, after = name[:at], name[at:]
        if before in names:
            known = case.facts.subcommands(before) | SUBCOMMANDS.get(before, frozenset())
            if after in known:
                yield before, after, 0.93
            elif before in _TAKES_PROGRAM and after in names:
                yield before, after, 0.86
            elif before in ("cd", "ls", "cat", "vim") and after in case.facts.entries("."):
                yield before, after, 0.85
