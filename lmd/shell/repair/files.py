"""Rules for names of files and folders. Pure."""

import posixpath
import re
from collections.abc import Iterator

from lmd.shell.facts import Facts
from lmd.shell.language import Invocation, Word
from lmd.shell.repair.case import Case, operands, quoted
from lmd.shell.repair.distance import nearest
from lmd.shell.repair.failure import Repair

_READERS_NAMES = """
    cat less more head tail vim vi nano nvim emacs code bat wc sort uniq file stat rm mv cp cd
    ls ll python python3 node ruby perl bash sh zsh source . tar unzip gunzip gzip xz unxz
    bunzip2 chmod chown rmdir open xdg-open diff du ln scp rsync sed awk jq patch md5sum
    sha256sum java gcc make touch pushd tree find git pytest php lua readlink realpath od xxd
    strings shred tee
"""
_READERS = frozenset(_READERS_NAMES.split())
_PATTERN_FIRST = frozenset(("grep", "egrep", "fgrep", "rg", "sed", "awk", "jq", "chmod", "chown"))
"""Programs whose first operand is no file."""
MISSING = (
    "no such file or directory|cannot find|does not exist|can't open|cannot open|not found|can't cd"
)
_MOST_NAMES = 4096
_LONGEST_PATH = 512
_MOST_WORDS = 32
"""Names in a folder and words of a command that are looked at."""


def exists(facts: Facts, path: str) -> bool | None:
    """Whether a path is there; None where its folder cannot be read."""
    folder, name = posixpath.split(path.rstrip("/")[:_LONGEST_PATH] or "/")
    if name in ("", ".", "..", "~"):
        return True
    names = facts.entries(folder or ".")
    if names:
        return name in names
    return False if folder and exists(facts, folder) is False else None


def near_path(facts: Facts, path: str) -> tuple[str, float] | None:
    """The likeliest path that exists and is spelt nearly so; None if there is none."""
    parts = path.rstrip("/").split("/")
    found, likeness = [], 1.0
    for at, part in enumerate(parts):
        if part in ("", ".", "..", "~"):
            found.append(part)
            continue
        folder = "/".join(found) or ("/" if at else ".")
        names = facts.entries(folder)[:_MOST_NAMES]
        if part in names:
            found.append(part)
            continue
        near = nearest(part, names)
        if not near:
            stems = [name for name in names if name.split(".")[0] == part and len(part) > 1]
            near = [(stems[0], 0.85)] if len(stems) == 1 else []
        if not near:
            return None
        found.append(near[0][0])
        likeness = min(
            likeness, near[0][1] - (0.1 if len(near) > 1 and near[1][1] == near[0][1] else 0)
        )
    better = "/".join(found)
    return (better + "/" * path.endswith("/"), likeness) if better != path.rstrip("/") else None


def misspelt_path(case: Case) -> Iterator[Repair]:
    """A file or folder of nearly that name exists."""
    if case.has_error and not case.says(MISSING):
        return
    for part in case.programs:
        if part.name not in _READERS | _PATTERN_FIRST:
            continue
        for word in _paths(part):
            if is_special(word) or exists(case.facts, word.text):
                continue
            near = near_path(case.facts, word.text)
            if near:
                yield Repair(
                    case.replace(word, near[0]), "path", f"there is {near[0]}, and no {word.text}",
                    round(min(0.94, 0.45 + 0.55 * near[1]), 3),
                )  # fmt: skip


def unquoted_blanks(case: Case) -> Iterator[Repair]:
    """``cat my file.txt`` where one file is called so."""
    for part in case.programs:
        words = list(part.words[1:_MOST_WORDS])
        for start in range(len(words)):
            for end in range(min(len(words), start + 6), start + 1, -1):
                run = words[start:end]
                name = " ".join(word.text for word in run)
                if any(word.text[:1] == "-" for word in run[:1]) or not exists(case.facts, name):
                    continue
                line = f"{case.line[: run[0].start]}{quoted(name)}{case.line[run[-1].end :]}"
                yield Repair(line, "blanks", f"{name} is one name", 0.95)
                return


def _paths(part: Invocation) -> Iterator[Word]:
    words = list(operands(part))
    if part.name == "tar":
        words = [word for word in words if "." in word.text]
    elif part.name == "git":
        words = words[1:] if words and words[0].text in ("add", "rm", "mv", "restore") else []
    words = words[:_MOST_WORDS]
    yield from words[1:] if part.name in _PATTERN_FIRST else words


def is_special(word: Word) -> bool:
    """Whether a word holds globs, variables, addresses: nothing that stands for one name."""
    return bool(re.search(r"[*?\[$`{}<>()]|^\w+://|^\w+@|^-", word.raw)) or not word.text
