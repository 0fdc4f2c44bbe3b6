"""What is wrong with a command line, in lmctl's own words: what happened, then what to type."""

import difflib
from collections.abc import Mapping

import typer

from lmctl.failures import UsageError
from lmctl.output import write_stderr
from lmctl.shell_request import quote

CommandLineError: type[Exception] = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)
"""What typer raises for a command line; the package that defines it depends on its version."""
_GUESSES = (" Did you mean ", " (Possible options: ")

MAX_WORDS = 12
"""Words of a command line that a hint repeats."""


def check_first_word(argv: list[str], commands: Mapping[str, object]) -> None:
    """Raises UsageError where ``argv`` begins with a word that is none of the commands."""
    if not argv or argv[0].startswith("-") or argv[0] in commands:
        return
    word = argv[0]
    groups = [name for name, one in commands.items() if word in getattr(one, "commands", ())]
    near = [f"{group} {word}" for group in groups]
    near = near or difflib.get_close_matches(word, commands, n=1)
    meant = [f"lmctl {' '.join([one, *_repeated(argv[1:])])}" for one in near]
    if not near or (near != ["ask"] and len(argv) > 2):
        meant.append(f"lmctl ask {' '.join(_repeated(argv))}")
    raise UsageError(
        f"there is no command {word!r}",
        f"did you mean: {', or: '.join(meant)}   (all commands: lmctl --help)",
    )


def as_usage_error(error: Exception) -> UsageError:
    """An exception of typer with the same message, and a hint that names the command."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "lmctl"
    if type(error).__name__ == "NoArgsIsHelpError":
        write_stderr(f"{context.get_help() if context is not None else error}\n\n")
        return UsageError("there is no command in this line", f"(usage: {path} --help)")
    described = getattr(error, "format_message", lambda: str(error))()
    message, guess = described, ""
    for marker in _GUESSES:
        if marker in described:
            message, guess = described.split(marker, 1)
    hint = f"did you mean {guess.strip('?.) ')}? " if guess else ""
    message = message.rstrip(". ")
    return UsageError(message[:1].lower() + message[1:], f"{hint}(usage: {path} --help)")


def _repeated(words: list[str]) -> list[str]:
    shown = [quote(word) for word in words[:MAX_WORDS]]
    return [*shown, "..."] if len(words) > MAX_WORDS else shown
