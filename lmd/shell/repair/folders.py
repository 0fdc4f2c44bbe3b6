"""Rules for folders: those that are missing, and those that stand where files should. Pure."""

import posixpath
from collections.abc import Iterator

from lmd.shell.language import Invocation, Word
from lmd.shell.repair.case import Case, operands, quoted
from lmd.shell.repair.failure import Repair
from lmd.shell.repair.files import MISSING, exists, is_special


def missing_folder(case: Case) -> Iterator[Repair]:
    """Files cannot be made in a folder that is not there."""
    for part in case.programs:
        words = [word for word in operands(part) if not is_special(word)]
        if not words or (case.has_error and not case.says(MISSING + "|not a directory")):
            continue
        last, parent = words[-1], posixpath.dirname(words[-1].text.rstrip("/"))
        if (
            part.name == "mkdir"
            and "/" in last.text.strip("/")
            and not _has(part, "p", "--parents")
        ):
            if case.has_error or exists(case.facts, parent) is False:
                yield Repair(
                    case.insert(part.words[0], "-p"), "parents", f"{parent} is not there", 0.94
                )
        elif part.name == "touch" and parent and _is_missing(case, parent):
            yield Repair(
                case.first(f"mkdir -p {quoted(parent)}"), "folder", f"{parent} is not there", 0.93
            )
        elif part.name in ("cp", "mv") and len(words) > 1:
            folder = last.text if last.text.endswith("/") else parent
            sources_exist = all(exists(case.facts, word.text) is not False for word in words[:-1])
            if folder and sources_exist and _is_missing(case, folder):
                yield Repair(
                    case.first(f"mkdir -p {quoted(folder.rstrip('/'))}"), "folder",
                    f"{folder} is not there", 0.9,
                )  # fmt: skip
        elif part.name == "cd" and last.text not in ("-", "..") and _is_missing(case, last.text):
            yield Repair(
                case.first(f"mkdir -p {quoted(last.text)}"),
                "folder",
                f"{last.text} is not there",
                0.55,
            )
    for command in case.commands:
        for redirect in command.redirects:
            target = redirect.target.text if redirect.target else ""
            parent = posixpath.dirname(target)
            if redirect.operator in (">", ">>") and parent and _is_missing(case, parent):
                yield Repair(
                    case.first(f"mkdir -p {quoted(parent)}"),
                    "folder",
                    f"{parent} is not there",
                    0.9,
                )


def is_a_folder(case: Case) -> Iterator[Repair]:
    """Programs that take a folder only when told to."""
    said = case.says(
        r"is a directory|omitting directory|-r not specified|hard link not allowed|failed to remove"
    )
    for part in case.programs:
        words = list(operands(part))
        if part.name in ("rm", "cp", "scp") and not _has(part, "rRa", "--recursive", "--archive"):
            sources = words if part.name == "rm" else words[:-1] or words
            folders = [word for word in sources if _is_folder(case, word)]
            if said or (not case.has_error and folders):
                named = (folders or words or part.words)[0].text
                better = case.insert(part.words[0], "-r")
                yield Repair(better, "recursive", f"{named} is a folder", 0.92)
        elif part.name == "rmdir" and case.says("not empty"):
            yield Repair(case.replace(part.words[0], "rm -r", is_quoted=True), "recursive",
                         "the folder is not empty", 0.85)  # fmt: skip
        elif part.name in ("grep", "egrep") and not _has(part, "rR", "--recursive"):
            if said or (not case.has_error and any(_is_folder(case, word) for word in words[1:])):
                yield Repair(
                    case.insert(part.words[0], "-r"), "recursive", "grep reads files only", 0.93
                )
        elif part.name in ("cat", "less", "more", "bat") and words:
            if said or (not case.has_error and _is_folder(case, words[0])):
                yield Repair(
                    case.replace(part.words[0], "ls"),
                    "folder",
                    f"{words[0].text} is a folder",
                    0.92,
                )
        elif part.name == "ln" and said and not _has(part, "s", "--symbolic"):
            yield Repair(
                case.insert(part.words[0], "-s"),
                "symbolic",
                "folders take symbolic links only",
                0.94,
            )


def folder_of_a_file(case: Case) -> Iterator[Repair]:
    """``cd notes.txt``."""
    for part in case.programs:
        words = list(operands(part))
        if part.name == "cd" and words and case.says("not a directory"):
            parent = posixpath.dirname(words[0].text)
            if parent:
                yield Repair(case.replace(words[0], parent), "folder", "it is a file", 0.85)


def _is_missing(case: Case, path: str) -> bool:
    there = exists(case.facts, path)
    return there is False or (there is None and bool(case.says(MISSING)))


def _is_folder(case: Case, word: Word) -> bool:
    return not is_special(word) and (
        word.text in (".", "..") or bool(case.facts.entries(word.text))
    )


def _has(part: Invocation, letters: str, *names: str) -> bool:
    return any(
        word.text in names
        or (word.text[:1] == "-" != word.text[1:2] and any(each in word.text for each in letters))
        for word in part.words[1:]
    )
