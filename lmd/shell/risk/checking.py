"""Holds a line against all rules, and the texts in it that are run as lines too."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from lmd.shell.language import Invocation, SimpleCommand, invocations, simple_commands
from lmd.shell.language.stack import DEEPEST
from lmd.shell.risk.arguments import arguments_of
from lmd.shell.risk.expansion import expand_braces
from lmd.shell.risk.feeding import NETWORK, downloads_and_runs, runs_code, runs_output
from lmd.shell.risk.matching import broken_rules, shortened
from lmd.shell.risk.paths import is_secret
from lmd.shell.risk.spelling import looks_like_another, odd_spelling
from lmd.shell.risk.texts import piped_texts, texts_run
from lmd.shell.risk.writing import redirected, risky_target, written_by

LONGEST = 16 << 10
"""Characters of a line that is checked."""
MOST_TEXTS = 16
"""Texts within a line that are checked like lines, such as that of ``sh -c``."""
MOST_RISKS = 24
MOST_OF_A_RULE = 3
_LOADER = re.compile(
    r"(LD_PRELOAD|LD_LIBRARY_PATH|LD_AUDIT|DYLD_\w+|BASH_ENV|ENV|ZDOTDIR|PROMPT_COMMAND)=."
)
_PATH = re.compile(r"PATH=(?!.*(?:\$PATH\b|\$\{PATH\b))|PATH=(?:\.?:|.*:\.?(?::|$))")
_KNOWN_VARIABLES = re.compile(r"\"?\$\{?(?:EDITOR|VISUAL|PAGER|SHELL|BROWSER)\b\}?\"?$")
_UNKNOWN_NAME = re.compile(r"[$`*?\[{]")
_FOLDER = re.compile(r"\A(?:\$\([^()`]*\)|`[^`]*`|[^/()`]*)/(?:[^/()`]*/)*+(?!\Z)")
_FINDERS = ("find", "gfind", "fd", "fdfind")
_READING_SECRETS = frozenset(("ssh", "openssl"))
"""Programs that are told of keys and keep them here."""
_CONNECTS = re.compile(r"/dev/(?:tcp|udp)/")


class Risk(Struct, frozen=True):
    """One thing that is risky. ``reason`` is a phrase such as "deletes everything below /etc"."""

    rule: str
    reason: str


def risks(line: str, shell: str = "") -> list[Risk]:
    """Known risks of a line, worst shapes of the text first, each once, at most `MOST_RISKS`.

    Those of one ``shell`` alone, such as "zsh", are named where it is given.
    None found does not mean that a line is harmless. Never raises; work is bounded.
    """
    if len(line) > LONGEST:
        return [Risk("too-long", "is too long to be checked")]
    found = dict.fromkeys(odd_spelling(line, shell))
    pending, checked, budget = [line], 0, 2 * LONGEST
    while pending and checked <= MOST_TEXTS and budget > 0:
        text = pending.pop(0)
        checked, budget = checked + 1, budget - len(text)
        for comments in (True, False) if "#" in text else (True,):
            commands = [expand_braces(each) for each in simple_commands(text, comments=comments)]
            found.update(dict.fromkeys(_risks_of(commands, text)))
            pending += [text for command in commands for text in texts_run(command)]
            pending += piped_texts(commands)
    if pending:
        found["too-deep", "runs more texts than are checked"] = None
    return _chosen(found)


def _chosen(found: Iterable[tuple[str, str]]) -> list[Risk]:
    """A few of each rule, so that many of one kind do not hide another."""
    chosen: list[Risk] = []
    seen: Counter[str] = Counter()
    for rule, reason in found:
        seen[rule] += 1
        if seen[rule] <= MOST_OF_A_RULE:
            chosen.append(Risk(rule, reason))
    return chosen[:MOST_RISKS]


def _risks_of(commands: Sequence[SimpleCommand], text: str) -> Iterator[tuple[str, str]]:
    has_secret, sends = is_secret(text), False
    for command in commands:
        if command.depth >= DEEPEST - 1:
            yield "too-deep", "is nested too deeply to be checked"
        yield from _settings(command)
        for target, verb in redirected(command):
            yield from _present(risky_target(target, verb))
        parts = invocations(command)
        for part in parts:
            yield from _invocation(part)
            sends = sends or (has_secret and part.name in NETWORK - _READING_SECRETS)
        if [part.name for part in parts[-2:-1]] == ["xargs"] and parts[-1].name == "rm":
            yield "delete", "deletes whatever it is given"
        if parts and parts[0].name in _FINDERS and any(part.name == "rm" for part in parts[1:]):
            yield "delete", "deletes what it finds"
    if sends:
        yield "sends-secrets", "may send keys or passwords over the network"
    if _CONNECTS.search(text):
        yield "remote-shell", "opens a connection to another machine"
    source = runs_output(commands)
    if source == "network":
        yield "network-shell", "runs what it gets from the network"
    elif source == "output":
        yield "generated-shell", "runs what other programs print"
    if downloads_and_runs(commands):
        yield "network-shell", "downloads something and runs a file"


def _invocation(part: Invocation) -> Iterator[tuple[str, str]]:
    arguments = arguments_of(part)
    if looks_like_another(part.program):
        yield "look-alike", f"the name {shortened(part.program)} holds letters that are not ASCII"
    if _is_unknown(part):
        yield "hidden-program", f"{shortened(part.program)} may become any program"
    yield from broken_rules(arguments)
    for path in written_by(arguments):
        yield from _present(risky_target(path, "writes to"))
    if runs_code(arguments):
        yield "code", f"runs programs or deletes files from within {arguments.name}"
    if arguments.name == "eval" and any("$" in word.raw for word in part.words[1:]):
        yield "hidden-program", "eval runs a text that does not stand in the line"


def _settings(command: SimpleCommand) -> Iterator[tuple[str, str]]:
    """Variables that change which programs or libraries run."""
    words = list(command.assignments)
    for part in invocations(command):
        if part.name in ("export", "env", "declare", "typeset", "set", "sudo", "readonly"):
            words += part.words[1:]
    for word in words:
        match = _LOADER.match(word.text)
        if match:
            yield "environment", f"sets {match[1]}, which changes what programs run"
        elif _PATH.match(word.text):
            yield "environment", "changes where programs are looked for"


def _is_unknown(part: Invocation) -> bool:
    """Whether what runs is only known when it runs; a folder in front may be unknown."""
    word = part.words[0]
    if word.raw[:1] == "'" or _KNOWN_VARIABLES.match(word.raw):
        return False
    name = _FOLDER.sub("", word.raw)
    return bool(_UNKNOWN_NAME.search(name)) and name not in ("[", "[[", "{}") and name[:2] != "{{"


def _present(risk: tuple[str, str] | None) -> Iterator[tuple[str, str]]:
    if risk is not None:
        yield risk
