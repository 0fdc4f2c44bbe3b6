"""A program's arguments as rules look at them. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile

from lmd.shell.language import Invocation

_VERSION = re.compile(r"[-.]?[0-9][0-9.]*$")
_GNU_NAMES = (
    "grm gmv gcp gln gchmod gchown gchgrp gdd gtee gtruncate gshred gfind gsed gxargs gtar gawk"
)
_GNU = frozenset(_GNU_NAMES.split())
"""Names of GNU's programs where others stand first in PATH."""
_VALUED = {
    "git": ("-C", "-c", "--git-dir", "--work-tree", "--exec-path", "--namespace"),
    "docker": ("-H", "--host", "-c", "--context", "--config", "-l", "--log-level"),
    "podman": ("--url", "--connection", "--root"),
    "kubectl": ("-n", "--namespace", "--context", "--cluster", "--kubeconfig", "-s", "--server"),
    "helm": ("-n", "--namespace", "--kube-context"),
    "systemctl": ("-H", "--host", "-M", "--machine", "-t", "--type"),
    "aws": ("--profile", "--region", "--endpoint-url", "--output"),
    "gcloud": ("--project", "--account"),
    "terraform": (),
    "ssh": ("-p", "-i", "-l", "-o", "-F", "-J", "-L", "-R", "-D", "-b", "-c", "-E", "-W", "-S"),
    "su": ("-s", "--shell", "-g", "-G", "--group"),
    "redis-cli": ("-h", "-p", "-a", "-n", "-u"),
}
"""Options before the subcommand whose value is the next word."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """One invocation, its options told apart from the other words."""

    name: str
    """Without folder, in lower case: file systems may ignore case."""
    options: tuple[str, ...]
    """Long ones up to ``=``; short ones as written."""
    operands: tuple[str, ...]
    texts: tuple[str, ...]
    """All words behind the program."""
    tail: tuple[str, ...] = ()
    """What stands behind the first operand, options too."""

    def has(self, names: Iterable[str]) -> bool:
        """Whether one of the options is given, short ones in clusters, long ones abbreviated."""
        return any(self._has(name) for name in names)

    def value(self, *names: str) -> str | None:
        """The text behind an option, attached or in the next word; None if it is not given."""
        for at, text in enumerate(self.texts):
            for name in names:
                if text == name:
                    return self.texts[at + 1] if at + 1 < len(self.texts) else ""
                if name[:2] == "--" and text.startswith(f"{name}="):
                    return text[len(name) + 1 :]
        for at, text in enumerate(self.texts):  # at the end of a cluster: ``bash -ec 'text'``
            for name in names:
                if len(name) == 2 and re.fullmatch(rf"-[A-Za-z]*{name[1]}", text):
                    return self.texts[at + 1] if at + 1 < len(self.texts) else ""
        return None

    def _has(self, name: str) -> bool:
        if name[:2] == "--":
            return any(len(given) > 3 and name.startswith(given) for given in self.options)
        if len(name) == 2:
            return any(
                given[:2] != "--" and given[:1] == name[0] and name[1] in given[1:]
                for given in self.options
            )
        return name in self.options


def arguments_of(invocation: Invocation) -> Arguments:
    """Tell options from operands; behind ``--`` everything is an operand."""
    name = program_name(invocation.program)
    valued = _VALUED.get(name, ())
    texts = tuple(word.text for word in invocation.words[1:])
    options: list[str] = []
    operands: list[str] = []
    tail: tuple[str, ...] = ()
    words = iter(enumerate(texts))
    for at, text in words:
        if text == "--":
            operands.extend(rest for _, rest in words)
        elif text[:1] == "-" and len(text) > 1:
            options.append(text.partition("=")[0] if text[:2] == "--" else text)
            if text in valued and not operands:
                next(words, None)
        else:
            tail = tail if operands else texts[at + 1 :]
            operands.append(text)
    if name == "find":  # behind its folders everything is a condition, or the value of one
        operands = list(takewhile(lambda text: text[:1] not in ("-", "(", "!"), texts))
    return Arguments(name, tuple(options), tuple(operands), texts, tail)


def program_name(program: str) -> str:
    """``/usr/bin/Python3.11`` is ``python``, ``=rm`` (zsh) and ``grm`` are ``rm``."""
    name = program.rsplit("/", 1)[-1].lstrip("=\\").lower()
    if name in _GNU:
        return name[1:]
    bare = _VERSION.sub("", name)
    return (
        bare if bare in ("python", "pypy", "ruby", "perl", "lua", "php", "node", "bash") else name
    )
