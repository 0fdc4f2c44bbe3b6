"""The slots of idioms: ``<file>``, ``<port>``, ``./<stem>.sh``; what fills them. Pure."""

import re
import shlex
from collections.abc import Mapping
from functools import lru_cache

SLOT = re.compile(r"<([a-z]+)(\d?)((?:\.\w+)*)>")
KINDS = {
    "pdf": "pdf", "python": "py", "text": "txt", "markdown": "md", "log": "log", "json": "json",
    "csv": "csv", "javascript": "js", "shell": "sh", "html": "html", "mp3": "mp3", "png": "png",
    "jpg": "jpg", "java": "java", "yaml": "yaml", "c": "c", "zip": "zip", "txt": "txt",
    "py": "py", "tmp": "tmp", "xml": "xml", "go": "go", "bak": "bak", "rust": "rs",
}  # fmt: skip
"""Kinds of files as people name them, with their extensions."""
OTHER_KINDS = {
    "jpeg": "jpg", "image": "png", "bash": "sh", "typescript": "ts", "ruby": "rb", "php": "php",
    "css": "css", "sql": "sql", "toml": "toml", "svg": "svg", "gif": "gif", "mp4": "mp4",
    "wav": "wav", "docx": "docx", "xlsx": "xlsx", "yml": "yml", "js": "js", "md": "md", "sh": "sh",
    "cpp": "cpp", "h": "h", "rs": "rs", "ts": "ts", "conf": "conf", "ini": "ini", "gz": "gz",
}  # fmt: skip
NUMERIC = frozenset({"n", "d", "size", "pid", "port"})
PATHS = frozenset({"file", "dir", "root", "folder", "arch"})
FOLDERS = frozenset({"dir", "root", "folder"})
NUMBER_WORDS = {
    "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7",
    "eight": "8", "nine": "9", "ten": "10", "twelve": "12", "fifteen": "15", "twenty": "20",
    "thirty": "30", "fifty": "50", "hundred": "100", "second": "2", "third": "3", "fourth": "4",
    "fifth": "5",
}  # fmt: skip
_PATH = r"[\w@+~./*$%-]*[\w/*~]"
_NAME = r"[\w.+@-]*[\w+]"
_PATTERNS = {
    "file": _PATH,
    "dir": r"[\w@+~./$-]*[\w/~]|\.\.?",
    "root": r"[~/][\w@+~./-]*",
    "folder": _NAME,
    "arch": _PATH,
    "host": r"[\w.:@-]*\w(?:/\d+)?",
    "branch": r"[\w./-]*\w",
    "word": r".+",
    "stem": r"[\w-]+",
} | dict.fromkeys(NUMERIC, r"\d+")
_UNFILLED = {
    "file": "path/to/file", "dir": "path/to/directory", "root": "/path/to/directory",
    "folder": "path/to/directory", "arch": "path/to/archive", "n": "N", "d": "N", "size": "SIZE",
    "pid": "PID", "port": "PORT", "host": "HOST", "user": "USER", "package": "PACKAGE",
    "service": "SERVICE", "branch": "BRANCH", "container": "CONTAINER", "word": "TEXT",
    "stem": "NAME", "kind": "txt",
}  # fmt: skip
"""What stands for a slot that the request says nothing of."""


_PLAIN = re.compile(r"[\w@%+=:,./~*?^{}$-]+")
"""What needs no quotes: a path with a tilde, a glob or a variable is meant as one."""
_IN_QUOTES = re.compile(r"[\\\"$`]")


@lru_cache(2048)
def kind_of(text: str) -> str:
    """``file`` of ``<file2.pdf>``; of several slots in one word the first."""
    match = SLOT.search(text)
    return match[1] if match else ""


@lru_cache(2048)
def names_of(text: str) -> tuple[str, ...]:
    """What the slots of a word are called: ``file2`` of ``<file2.pdf>``."""
    return tuple(match[1] + match[2] for match in SLOT.finditer(text))


@lru_cache(2048)
def pattern_of(text: str) -> re.Pattern[str]:
    """What a word of a request looks like that fills the slots of this word; a group for each."""
    pattern, at, kind = "", 0, ""
    for match in SLOT.finditer(text):
        kind = match[1]
        folders = r"(?:[\w.~-]+/)*" if match[3] == ".name" and "://" in text else ""
        pattern += re.escape(text[at : match.start()]) + f"({folders}{_one(kind, match[3])})"
        at = match.end()
    pattern += re.escape(text[at:])
    if kind == "stem":  # of a script here, with or without its folder
        pattern = r"(?:\./)?" + pattern.removeprefix(r"\./")
    return re.compile(pattern, re.IGNORECASE if kind == "kind" else 0)


def fill(command: str, values: Mapping[str, str]) -> str:
    """The command with its slots filled, or with placeholders where there is no value.

    A value is quoted as the place where it goes needs it, so it stays what it was.
    """
    filled, at, quote = "", 0, ""
    for slot in SLOT.finditer(command):
        between = command[at : slot.start()]
        quote = _quote_after(between, quote)
        value = values.get(slot[1] + slot[2])
        in_sed = between[-1:] == "/" == command[slot.end() : slot.end() + 1]
        filled += between
        filled += _placeholder(slot) if value is None else _said(slot, value, quote, in_sed)
        at = slot.end()
    return filled + command[at:]


def _placeholder(slot: re.Match[str]) -> str:
    extension = slot[3] if slot[1] in ("file", "arch") and slot[3] != ".name" else ""
    return _UNFILLED.get(slot[1], slot[1].upper()) + extension


def _said(slot: re.Match[str], value: str, quote: str, in_sed: bool) -> str:
    if slot[1] == "kind":
        return _extension(value.lower())
    if in_sed and slot[1] == "word":
        value = value.replace("/", r"\/")
    if quote == "'":
        return value.replace("'", "'\\''")
    if quote == '"':
        return _IN_QUOTES.sub(r"\\\g<0>", value)
    return value if _PLAIN.fullmatch(value) else shlex.quote(value)


def _extension(kind: str) -> str:
    """``py`` of ``python``; what is said with a dot stays as it is said: ``.jpeg``."""
    if "." in kind:
        return kind.removeprefix("*").removeprefix(".")
    known = KINDS | OTHER_KINDS
    return known.get(kind) or known.get(kind.removesuffix("s")) or kind


def _quote_after(text: str, quote: str) -> str:
    """Which quote is open behind a piece of a command that begins within ``quote``."""
    escaped = False
    for char in text:
        if escaped:
            escaped = False
        elif char == "\\" and quote != "'":
            escaped = True
        elif quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
    return quote


def _one(kind: str, detail: str) -> str:
    if kind == "kind":
        names = "|".join(sorted(KINDS | OTHER_KINDS, key=len, reverse=True))
        return rf"(?:{names})s?|\*?\.\w{{1,5}}"
    if kind == "file" and detail == ".name":
        return r"[\w@+*-]+(?:\.\w+)+"
    if kind in ("file", "arch") and detail:
        return r"[\w@+~./*-]*[\w*]" + re.escape(detail)
    return _PATTERNS.get(kind, _NAME)
