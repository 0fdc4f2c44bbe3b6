"""Texts in a line that are read as lines themselves, such as that of ``sh -c``. Pure."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from shlex import quote

from lmd.shell.language import SimpleCommand, invocations
from lmd.shell.risk.arguments import Arguments, arguments_of, program_name
from lmd.shell.risk.feeding import PIPES, SHELLS, SUBSTITUTION
from lmd.shell.risk.rules import RULES

_GIT_RUNS = re.compile(
    r"(?:core\.(?:pager|editor|sshcommand|fsmonitor|askpass)|sequence\.editor|pager\.\w+"
    r"|diff\.external|credential\.helper|[\w.-]+\.(?:textconv|cmd|driver|clean|smudge))(?:=|$)"
    r"|alias\.[\w-]+(?:=(?=!)|$)",
    re.IGNORECASE,
)
"""Settings of git whose value it runs; of an alias only behind ``!``."""
_RUN_VARIABLES = re.compile(
    r"(?:GIT_(?:PAGER|EDITOR|SSH_COMMAND|EXTERNAL_DIFF|SEQUENCE_EDITOR|ASKPASS)|PAGER|MANPAGER"
    r"|EDITOR|VISUAL|BROWSER|SUDO_EDITOR|LESSOPEN)="
)
_VIM = frozenset(("vi", "vim", "nvim", "view", "ex"))
_TYPED = re.compile(r"\A\+?:*!(.+)", re.DOTALL)
_CONTAINERS = frozenset(("docker", "podman", "nerdctl", "kubectl", "oc", "lxc", "incus"))
_SEPARATE = frozenset(("screen", "flatpak-spawn"))
"""Programs whose last arguments are a program with its own."""
_READERS = SHELLS | {"at", "batch"}
_KNOWN = SHELLS | {name for rule in RULES for name in rule.programs}
_TEXT_OPTIONS = {"su": ("-c", "--command"), "flock": ("-c", "--command"), "script": ("-c",),
                 "env": ("-S", "--split-string"), "runuser": ("-c",),
                 "sg": ("-c",), "xterm": ("-e",)}  # fmt: skip


def texts_run(command: SimpleCommand) -> Iterator[str]:
    """Texts in the command that a shell will read as commands."""
    for word in command.assignments:
        if match := _RUN_VARIABLES.match(word.text):
            yield word.text[match.end() :]
    for part in invocations(command):
        arguments = arguments_of(part)
        name = arguments.name
        if " " in name and not SUBSTITUTION.match(part.program):
            yield part.program
        elif name == "-c":  # behind the file of ``flock``
            yield from arguments.texts[:1]
        elif name in SHELLS:
            yield from _present(arguments.value("-c"))
            yield from _given_text(command)
        elif name == "eval":
            yield " ".join(arguments.texts)
        elif name in _TEXT_OPTIONS:
            yield from _present(arguments.value(*_TEXT_OPTIONS[name]))
        elif name in ("watch", "hyperfine", "entr", "parallel", "at", "batch", "tmux"):
            yield from (text for text in arguments.operands if " " in text)
            yield from _given_text(command) if name in ("at", "batch") else ()
        elif name in _CONTAINERS or name in _SEPARATE:
            yield from _inner(arguments, name in _SEPARATE)
        elif name == "git":
            yield from _git_settings(arguments.texts)
        elif name in _VIM or name in ("less", "more"):
            yield from (match[1] for match in map(_TYPED.match, arguments.texts) if match)
        elif name == "ssh":
            yield " ".join(arguments.tail)
        elif name == "trap":
            yield from arguments.operands[:1]
        elif name == "alias":
            yield from (text.partition("=")[2] for text in arguments.operands)


def piped_texts(commands: Sequence[SimpleCommand]) -> Iterator[str]:
    """Texts that ``echo`` or ``printf`` pipes into a shell."""
    for before, after in pairwise(commands):
        parts = invocations(before)
        reads = any(program_name(part.program) in _READERS for part in invocations(after))
        prints = bool(parts) and program_name(parts[-1].program) in ("echo", "printf")
        if after.operator in PIPES and reads and prints:
            yield " ".join(word.text for word in parts[-1].words[1:])


def _inner(arguments: Arguments, is_separate: bool) -> Iterator[str]:
    """What runs inside of something: ``docker exec box rm -r x``, ``screen -dm rm -r x``.

    Which option takes a value is not known of these, so it begins with the first known name.
    """
    if is_separate or {"exec", "run"} & set(arguments.operands[:2]):
        at = next((at for at, text in enumerate(arguments.texts) if text in _KNOWN), None)
        yield from () if at is None else [" ".join(map(quote, arguments.texts[at:]))]


def _git_settings(texts: Sequence[str]) -> Iterator[str]:
    """``git -c core.pager='rm -r x' log``, ``git config alias.x '!rm -r x'``."""
    for text, behind in zip(texts, (*texts[1:], ""), strict=False):
        if match := _GIT_RUNS.match(text):
            value = text[match.end() :] or behind
            is_alias = text[:6].lower() == "alias."
            if value[:1] == "!" or not is_alias:
                yield value.removeprefix("!")


def _given_text(command: SimpleCommand) -> Iterator[str]:
    """Here-documents and here-strings."""
    for redirect in command.redirects:
        if redirect.operator == "<<<" and redirect.target is not None:
            yield redirect.target.text
        elif redirect.body:
            yield redirect.body


def _present(text: str | None) -> Iterator[str]:
    if text:
        yield text
