"""`lmctl init`: the hooks of a shell on stdout, or in a file that a start-up file sources.

What is printed is the script of the package with the wanted settings in front of it. The first
line names the version, so that `lmctl doctor` can tell a kept file that is out of date.
"""

import os
import sys

from lmctl.failures import EXIT_IO, EXIT_OK, EXIT_PERMISSION, Failure, UsageError
from lmctl.output import STDOUT, write_all
from lmctl.share import read_shared
from lmctl.shell_options import SHELLS
from lmd import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lmctl.output import Messages
    from lmctl.parse import Arguments

MAX_CHORD = 64


def run(arguments: "Arguments", messages: "Messages") -> int:
    """Print the hooks, or write them and print the line that sources them. Raises Failure."""
    shell = _shell(arguments.words)
    script = read_shared(f"shell/lmctl.{shell}")
    head = settings(arguments, shell).encode()
    if not arguments.flag("write"):
        write_all(STDOUT, head + (as_one_word(script) if shell == "zsh" else script))
        return EXIT_OK
    path = cached_path(shell)
    _write_private(path, head + script)
    write_all(STDOUT, f"source {quote(path, shell)}\n".encode(errors="surrogateescape"))
    if messages.to_terminal and os.isatty(STDOUT):  # else it is there already
        messages.note(f"put that line into {start_up_file(shell)}, once")
    return EXIT_OK


def as_one_word(script: bytes) -> bytes:
    """A script for zsh that aliases and options cannot change.

    zsh reads all of an ``eval`` before it runs the first line of it, so a line that turns aliases
    off comes too late for the next one. As one quoted word, the rest is read when it is run. A
    file that is sourced is read line by line, and sees to that itself.
    """
    word = b"'" + script.replace(b"'", b"'\\''") + b"'"
    emulate = b"'builtin' 'emulate' 'zsh' '-o' 'no_aliases' '-o' 'no_all_export' '-c' "
    return b"_lmd_pass=clean\n" + emulate + word + b"\n'builtin' 'unset' '_lmd_pass'\n"


def stamp(shell: str, version: str = __version__) -> str:
    """The first line of what a version prints."""
    return f"# lmctl {version}: hooks for {shell}"


def cached_path(shell: str) -> str:
    """Where ``--write`` keeps the hooks; absolute, because shells source it from any directory.

    Raises Failure where HOME leads nowhere else.
    """
    data = os.environ.get("XDG_DATA_HOME", "")
    if not os.path.isabs(data):
        home = os.path.expanduser("~") if os.environ.get("HOME", "~") else ""
        if not os.path.isabs(home):
            raise Failure(
                f"HOME is {home!r}, which is no absolute path",
                EXIT_IO,
                "set HOME, or XDG_DATA_HOME, to a folder of yours",
            )
        data = os.path.join(home, ".local", "share")
    return os.path.join(data, "lmd", f"lmctl.{shell}")


def start_up_file(shell: str) -> str:
    """What the shell reads when it starts for a person; may begin with ``~``."""
    if shell == "zsh":
        return os.path.join(os.environ.get("ZDOTDIR") or "~", ".zshrc")
    if shell == "fish":
        config = os.environ.get("XDG_CONFIG_HOME", "")
        config = config if os.path.isabs(config) else os.path.join("~", ".config")
        return os.path.join(config, "fish", "config.fish")
    return "~/.bashrc"


def settings(arguments: "Arguments", shell: str) -> str:
    """The stamp, and an assignment for every option; what is not given is left to variables."""
    lines = [stamp(shell)]
    key = arguments.text("key")
    if key is not None:
        if len(key) > MAX_CHORD or not key.isprintable():
            raise UsageError("--key is a chord such as '^X a': visible characters, at most 64")
        lines.append(_assignment("LMD_KEY", key, shell))
    if arguments.flag("no-bind"):
        lines.append(_assignment("LMD_NOBIND", "1", shell))
    if executable := unlisted_executable():
        lines.append(_default("LMD_LMCTL", executable, shell))
    return "".join(f"{line}\n" for line in lines)


def unlisted_executable() -> str:
    """The absolute path of this `lmctl`, where PATH leads to another one or to none."""
    here = os.path.abspath(sys.argv[0])
    if os.path.basename(here) != "lmctl":  # python -m lmctl
        here = os.path.join(os.path.dirname(os.path.abspath(sys.executable)), "lmctl")
    if not os.access(here, os.X_OK) or not here.isprintable():
        return ""
    for directory in os.environ.get("PATH", os.defpath).split(os.pathsep):
        found = os.path.join(directory, "lmctl")
        if os.path.isfile(found) and os.access(found, os.X_OK):
            return "" if os.path.samefile(found, here) else here
    return here


def quote(text: str, shell: str) -> str:
    """A text as one word in single quotes."""
    if shell == "fish":
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return "'" + text.replace("'", "'\\''") + "'"


def _assignment(name: str, value: str, shell: str) -> str:
    word = quote(value, shell)
    return f"set -g {name} {word}" if shell == "fish" else f"{name}={word}"


def _default(name: str, value: str, shell: str) -> str:
    """An assignment that gives way to the user's own."""
    if shell == "fish":
        return f"set -q {name}; or {_assignment(name, value, shell)}"
    # An alias may be named `[`, or as any other word without quotes.
    return f"'builtin' '[' -n \"${{{name}-}}\" ']' || {_assignment(name, value, shell)}"


def _shell(words: list[str]) -> str:
    if len(words) == 1 and words[0] in SHELLS:
        return words[0]
    raise UsageError(
        f"init takes one of {', '.join(SHELLS)}" + (f", not {' '.join(words)!r}" if words else ""),
        'for example: eval "$(lmctl init bash)"',
    )


def _write_private(path: str, data: bytes) -> None:
    """Replace a file in one step; a shell that is starting reads the old one or the new one."""
    directory = os.path.dirname(path)
    temporary = f"{path}.{os.getpid()}"
    try:
        os.makedirs(directory, mode=0o700, exist_ok=True)
        _check_directory(directory)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        fd = os.open(temporary, flags, 0o600)
        try:
            write_all(fd, data)
            os.close(fd)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise Failure(f"cannot write {path}: {error.strerror}", EXIT_IO) from error


def _check_directory(directory: str) -> None:
    """A shell will run what stands there, so nobody else may be able to write it."""
    status = os.stat(directory)
    if status.st_uid != os.geteuid() or status.st_mode & 0o022:
        raise Failure(
            f"{directory} can be written by others: nothing was written",
            EXIT_PERMISSION,
            f"chmod go-w {directory}",
        )
