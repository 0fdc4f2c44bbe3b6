"""What `suggest`, `explain` and `fix` send: the text, and what is true around it."""

import os

from lmctl.context import Input
from lmctl.failures import EXIT_DATA, Failure, UsageError
from lmctl.installed import command_names
from lmctl.parse import wire_options
from lmctl.shell_options import EXPLAIN, FIX, SUGGEST
from lmd.protocol.limits import MAX_SHELL_TEXT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lmctl.output import Messages
    from lmctl.parse import Arguments
    from lmctl.table import Command

MAX_PATH = 4096
MAX_HISTORY_LINES = 50
MAX_HISTORY_LINE = 4096
_SHELLS = ("bash", "zsh", "fish", "sh")
_UNQUOTED = "%+,-./:=@_^"
"""What a word may contain besides letters and digits without being quoted."""


def request_params(
    command: "Command", arguments: "Arguments", source: Input, messages: "Messages"
) -> dict[str, object]:
    """The parameters of the request; reads stdin and files. Raises Failure."""
    params = wire_options(arguments, command)
    words, widget = arguments.words, arguments.flag("widget")
    piped = not words or words == ["-"]
    if widget and not piped:
        raise UsageError("--widget reads the line from stdin, not from the command line")
    if piped:
        text = source.raw(words).rstrip("\r\n")
    else:
        text = command_line(words) if command.takes_line else " ".join(words)
    params["text"] = _checked(text, source_name="stdin" if piped else "the text")
    params["shell"] = shell = arguments.text("shell") or calling_shell(os.environ.get("SHELL", ""))
    _add_directory(params)
    if command is not EXPLAIN:
        names = command_names(os.environ, shell)
        if names is not None:
            params["commands"] = names
        if piped and not widget:
            params["untrusted"] = True
    if command is SUGGEST and (path := arguments.text("history")) is not None:
        params["history"] = history_lines(source.file(path))
    if command is FIX and (path := arguments.text("error")) is not None:
        params["error"] = _error_text(path, piped, source, messages)
    if widget:
        params["widget"] = True
    return params


def command_line(words: list[str]) -> str:
    """One word is a line as it is; several are quoted, so that they stay the words they are."""
    return words[0] if len(words) == 1 else " ".join(map(quote, words))


def quote(word: str) -> str:
    """A word as every shell reads it back."""
    if word and all(character.isalnum() or character in _UNQUOTED for character in word):
        return word
    return "'" + word.replace("'", "'\\''") + "'"


def calling_shell(path: str) -> str:
    """The shell that the user's login shell is, or the one closest to it."""
    name = os.path.basename(path)
    return name if name in _SHELLS else "bash"


def history_lines(text: str) -> list[str]:
    """The latest lines, oldest first, each as long as a request may have it."""
    lines = [line[:MAX_HISTORY_LINE] for line in text.splitlines() if line.strip()]
    return lines[-MAX_HISTORY_LINES:]


def _checked(text: str, source_name: str) -> str:
    if not text.strip():
        raise Failure(f"{source_name} is empty", EXIT_DATA, "say what is wanted, or which command")
    if len(text) > MAX_SHELL_TEXT:
        raise Failure(
            f"{source_name} has {len(text)} characters; {MAX_SHELL_TEXT} is the most",
            EXIT_DATA,
            "for longer texts there is: lmctl ask",
        )
    return text


def _add_directory(params: dict[str, object]) -> None:
    """The working directory, unless it is gone or has a name that no message can carry."""
    try:
        cwd = os.getcwd()
        cwd.encode()
    except (OSError, UnicodeEncodeError):
        return
    if len(cwd) <= MAX_PATH:
        params["cwd"] = cwd


def _error_text(path: str, stdin_is_taken: bool, source: Input, messages: "Messages") -> str:
    if path == "-" and stdin_is_taken:
        raise UsageError("--error - reads stdin, so COMMAND has to be on the command line")
    text = source.stdin() if path == "-" else source.file(path)
    if len(text) > MAX_SHELL_TEXT:
        messages.warning(f"{path}: only the last {MAX_SHELL_TEXT} characters were sent")
    return text[-MAX_SHELL_TEXT:]
