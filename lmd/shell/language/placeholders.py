"""Which parts of a command stand for something that the user is to fill in."""

import re

from lmd.shell.language.programs import invocations
from lmd.shell.language.scanner import simple_commands
from lmd.shell.language.words import SimpleCommand, Word

_CAPITAL_NOUNS = """
    ADDRESS ARCHIVE ARG ARGS ARGUMENT BRANCH CLASS CMD COMMAND COMMIT CONTAINER COUNT DATABASE
    DATE DB DEST DESTINATION DEVICE DIR DIRECTORY DISK DOMAIN DST EMAIL EXPRESSION EXTENSION
    FILE FILENAME FILES FOLDER GROUP HASH HOST HOSTNAME ID IMAGE INPUT INTERFACE IP KEY LABEL
    LINK LOCATION MESSAGE MODULE MOUNTPOINT N NAME NAMESPACE NEW NODE NUM NUMBER OBJECT OLD
    OPTION OPTIONS OUTPUT PACKAGE PARTITION PASSWORD PASSWD PATH PATTERN PID POD PORT PREFIX
    PROCESS PROGRAM PROJECT QUERY REF REGEX REGION REMOTE REPLACEMENT REPO REPOSITORY REVISION
    SCRIPT SEARCH SECONDS SERVER SERVICE SESSION SHA SIZE SOURCE SRC STRING SUBCOMMAND TABLE TAG
    TARGET TEXT TITLE TOKEN TOPIC UNIT URL USER USERNAME UUID VALUE VERSION VOLUME WORD XXX XXXX
"""
_NOUNS = frozenset(_CAPITAL_NOUNS.split())
_LITERAL_FOR = {
    "iptables": frozenset(("INPUT", "OUTPUT")),
    "ip6tables": frozenset(("INPUT", "OUTPUT")),
    "unset": _NOUNS,
    "export": _NOUNS,
    "printenv": _NOUNS,
    "ps": _NOUNS,
    "lsblk": _NOUNS,
    "blkid": _NOUNS,
}
"""Programs whose arguments in capitals are meant as they stand."""
_BRACES = re.compile(r"\{\{(?![.\s$*-])[^{}\n]{1,80}\}\}")
_GO_WORDS = re.compile(r"\{\{(?:json|range|end|else|if|with|printf|index|join|len)\b")
_ANGLES = re.compile(r"<[A-Za-z][\w .:/|-]{0,60}>(?=[\s\"'/@:;|&)=.,]|\Z)")
_PATH_TO = re.compile(r"(?<![\w/.~-])(?:\.{0,2}/|~/)?path/to(?:/[\w.*?@+-]+)+/?")
_CAPITALS = re.compile(r"[A-Z]+[0-9]?(?:[_-][A-Z]+[0-9]?)*")
_YOUR = re.compile(r"your[-_][a-z][\w-]*|YOUR[-_][A-Z][\w-]*", re.ASCII)
_NAMED = re.compile(
    r"(?:(?:[a-z]+_){1,3}name|user_?name|remote_(?:host|path|port)|process_id|container_id)(?=[@:]|\Z)"
)


def placeholders(line: str) -> tuple[tuple[int, int], ...]:
    """Character spans of ``path/to/file``, ``<name>``, ``{{name}}``, ``FILE`` and the like.

    In order, without overlaps. What stands in a template of a program (``'{{.Names}}'``) and names
    that a program takes in capitals are left alone. Never raises.
    """
    spans = [match.span() for match in _BRACES.finditer(line) if not _GO_WORDS.match(match[0])]
    spans += [match.span() for match in _ANGLES.finditer(line)]
    spans += [match.span() for match in _PATH_TO.finditer(line)]
    for command in simple_commands(line):
        spans += _named_arguments(command)
    return _without_overlaps(spans)


def _named_arguments(command: SimpleCommand) -> list[tuple[int, int]]:
    spans = []
    for part in invocations(command):
        literal = _LITERAL_FOR.get(part.name, frozenset())
        spans += [span for word in part.words[1:] for span in _within(word, literal)]
    for redirect in command.redirects:
        if redirect.target is not None and redirect.operator not in ("<<", "<<-"):
            spans += _within(redirect.target, frozenset())
    return spans


def _within(word: Word, literal: frozenset[str]) -> list[tuple[int, int]]:
    """The word, or what stands behind ``--option=`` in it."""
    raw, start = word.raw, word.start
    if raw[:1] == "-":
        option, equals, raw = raw.partition("=")
        if not equals:
            return []
        start += len(option) + 1
    if raw[:1] in "\"'" and raw[-1:] == raw[:1] and len(raw) > 2:
        raw, start = raw[1:-1], start + 1
    match = _YOUR.match(raw) or _NAMED.match(raw)
    if match is None:
        match = _CAPITALS.match(raw)
        if match is None or raw[match.end() :][:1] not in ("", ":", "@"):
            return []
        if match[0] in literal or not _is_noun(match[0]):
            return []
    return [(start + match.start(), start + match.end())]


def _is_noun(name: str) -> bool:
    return any(part.rstrip("0123456789") in _NOUNS for part in re.split("[_-]", name))


def _without_overlaps(spans: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    kept: list[tuple[int, int]] = []
    for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
        if not kept or start >= kept[-1][1]:
            kept.append((start, end))
    return tuple(kept)
