"""Files that lmctl writes for a service manager, and which of them somebody has edited since.

A comment names the version and the hash of the rest. A file whose hash fits is lmctl's to replace;
any other is its owner's, and is left alone unless they say otherwise.
"""

import contextlib
import difflib
import hashlib
import os
import re
from dataclasses import dataclass
from typing import Literal

from lmctl.failures import EXIT_IO, Failure
from lmd import __version__

State = Literal["new", "same", "replace", "edited"]
_STAMP = re.compile(
    r"^(?:# |<!-- )written by lmctl \S+, sha256 ([0-9a-f]{64})(?: -->)?\n", re.MULTILINE
)
_FRAME = {".plist": ("<!-- ", " -->")}
MOST_BYTES = 1 << 20


@dataclass(frozen=True)
class ServiceFile:
    """A file as lmctl wants it, without its stamp."""

    path: str
    text: str


@dataclass(frozen=True)
class Change:
    """What writing a file would do."""

    path: str
    state: State
    before: str
    after: str

    def render(self) -> str:
        """The file for people: all of a new one, the difference for another."""
        if self.state == "same":
            return f"{self.path}: nothing to do"
        if self.state == "new":
            body = "".join(f"    {line}".rstrip() + "\n" for line in self.after.splitlines())
            return f"{self.path}: new\n{body}"
        what = "edited by hand" if self.state == "edited" else "of another version"
        return f"{self.path}: {what}\n{self.difference()}"

    def difference(self) -> str:
        """What would change, as a unified diff."""
        lines = difflib.unified_diff(
            self.before.splitlines(), self.after.splitlines(), "as it is", "as lmctl writes it",
            lineterm="",
        )  # fmt: skip
        return "".join(f"    {line}".rstrip() + "\n" for line in lines)


def stamped(file: ServiceFile) -> str:
    """The text with its stamp: in front, or behind the two lines that begin a property list."""
    before, after = _FRAME.get(os.path.splitext(file.path)[1], ("# ", ""))
    digest = hashlib.sha256(file.text.encode()).hexdigest()
    stamp = f"{before}written by lmctl {__version__}, sha256 {digest}{after}\n"
    lines = file.text.splitlines(keepends=True)
    head = 2 if after else 0
    return "".join([*lines[:head], stamp, *lines[head:]])


def is_ours(text: str) -> bool:
    """Whether a text is as some lmctl has written it."""
    found = _STAMP.search(text)
    if not found:
        return False
    rest = text[: found.start()] + text[found.end() :]
    return hashlib.sha256(rest.encode()).hexdigest() == found[1]


def compare(file: ServiceFile) -> Change:
    """What writing this file would do. Raises Failure for one that cannot be read."""
    after, before = stamped(file), read(file.path)
    if before is None:
        return Change(file.path, "new", "", after)
    if before == after:
        return Change(file.path, "same", before, after)
    return Change(file.path, "replace" if is_ours(before) else "edited", before, after)


def read(path: str) -> str | None:
    """The text of a file; None where there is none. Raises Failure."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read(MOST_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Failure(f"cannot read {path}: {error.strerror}", EXIT_IO) from error


def write(change: Change) -> None:
    """Put the new text in place in one step. Raises Failure."""
    temporary = f"{change.path}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(change.path), exist_ok=True)
        try:
            with open(temporary, "x", encoding="utf-8") as file:
                file.write(change.after)
            os.replace(temporary, change.path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            raise
    except OSError as error:
        raise Failure(f"cannot write {change.path}: {error.strerror}", EXIT_IO) from error


def remove(path: str) -> None:
    """Remove a file, and its directory if that was for such files alone. Raises Failure."""
    try:
        os.unlink(path)
    except OSError as error:
        raise Failure(f"cannot remove {path}: {error.strerror}", EXIT_IO) from error
    if path.endswith(".conf"):
        with contextlib.suppress(OSError):  # somebody else's drop-ins are in it
            os.rmdir(os.path.dirname(path))
