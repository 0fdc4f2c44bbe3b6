"""Texts in a line that are read as lines themselves, such as that of ``sh -c``. Pure."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from lmd.shell.language import SimpleCommand, invocations
from lmd.shell.risk.arguments import arguments_of, program_name
from lmd.shell.risk.feeding import PIPES, SHELLS, SUBSTITUTION

_TEXT_OPTIONS = {"su": ("-c", "--command"), "flock": ("-c", "--command"), "script": ("-c",),
                 "env": ("-S", "--split-string"), "runuser": ("-c",),
                 "sg": ("-c",), "xterm": ("-e",)}  # fmt: skip


def texts_run(command: SimpleCommand) -> Iterator[str]:
    """Texts in the arguments that a shell will read as commands."""
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
        elif name in ("watch", "hyperfine", "entr", "parallel", "at", "batch"):
            yield from (text for text in arguments.operands if " " in text)
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
        reads = any(program_name(part.program) in SHELLS for part in invocations(after))
        prints = bool(parts) and program_name(parts[-1].program) in ("echo", "printf")
        if after.operator in PIPES and reads and prints:
            yield " ".join(word.text for word in parts[-1].words[1:])


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
