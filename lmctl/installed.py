"""Names of the commands that exist here: what is on PATH, and what the shell itself brings."""

import os

from lmd.protocol.limits import MAX_COMMAND_NAMES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_NAME = 255
MAX_BYTES = 256 << 10
"""Of all names together; a fourth of what a request may have."""
_POSIX = """
    . : [ alias bg break cd command continue echo eval exec exit export false fc fg getopts hash
    jobs kill printf pwd read readonly return set shift test times trap true type ulimit umask
    unalias unset wait case for if until while
"""
_OWN = {
    "sh": "",
    "bash": """
        bind builtin caller compgen complete compopt coproc declare dirs disown enable function
        help history let local logout mapfile popd pushd readarray select shopt source suspend
        time typeset [[
    """,
    "zsh": """
        autoload bindkey builtin bye chdir compctl coproc declare dirs disable disown echotc echoti
        emulate enable float foreach functions getcap getln history integer let limit local log
        logout nocorrect noglob popd print private pushd pushln r rehash repeat sched select
        setopt source stat suspend time ttyctl typeset unfunction unhash unlimit unsetopt vared
        whence where which zcompile zformat zftp zle zmodload zmv zparseopts zprof zpty
        zregexparse zsocket zstyle ztcp [[
    """,
    "fish": """
        _ abbr and argparse begin bind block breakpoint builtin cdh commandline complete contains
        count dirh dirs disown emit end fish_add_path fish_config fish_indent fish_key_reader
        fish_update_completions funced funcsave function functions help history isatty math
        nextd not open or path popd prevd prevd-or-backward-word prompt_pwd psub pushd random
        realpath set_color source status string suspend switch time vared
    """,
}


def command_names(environ: "Mapping[str, str]", shell: str) -> "list[str] | None":
    """Programs on PATH and builtins of ``shell``, sorted; None if they are over a bound.

    A part of them would make commands look as if they were missing. Files are not asked whether
    they can be executed: that would take as long as everything else together.
    """
    names = set(f"{_POSIX} {_OWN.get(shell, '')}".split())
    size = 0
    for name in _programs(environ.get("PATH", os.defpath)):
        if name not in names:
            names.add(name)
            size += len(name)
            if len(names) > MAX_COMMAND_NAMES or size > MAX_BYTES:
                return None
    return sorted(names)


def _programs(path: str) -> "Iterator[str]":
    for directory in dict.fromkeys(path.split(os.pathsep)):
        try:
            with os.scandir(directory or ".") as entries:
                for entry in entries:
                    if 0 < len(entry.name) <= MAX_NAME and _is_text(entry.name):
                        yield entry.name
        except OSError:
            continue  # most PATHs name a directory that is not there


def _is_text(name: str) -> bool:
    """Whether a message can carry it: bytes that are no UTF-8 arrive as lone surrogates."""
    return name.isascii() or not any("\ud800" <= character <= "\udfff" for character in name)
