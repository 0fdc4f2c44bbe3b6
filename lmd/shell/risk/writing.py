"""Which files a command writes to, and what is risky about that. Pure."""

from collections.abc import Iterator

from lmd.shell.language import SimpleCommand
from lmd.shell.risk.arguments import Arguments
from lmd.shell.risk.matching import shortened
from lmd.shell.risk.paths import is_device, is_startup, is_system

_ALL = frozenset(
    ("tee", "truncate", "sponge", "ed", "ex", "patch", "touch", "unlink", "gzip", "visudo")
)
"""Programs that write to each of their operands."""
_LAST = frozenset(("cp", "mv", "ln", "install", "rsync", "scp", "ditto", "pv"))
"""Programs that write to their last operand, or to the value of ``-t``."""
_IN_PLACE = frozenset(("sed", "perl", "ruby"))
_VALUE = {
    "curl": ("-o", "--output", "--output-dir"),
    "wget": ("-O", "--output-document", "-P", "--directory-prefix"),
    "sort": ("-o", "--output"),
    "tar": ("-C", "--directory"),
    "unzip": ("-d",),
    "gpg": ("-o", "--output"),
    "find": ("-fprint", "-fls", "-fprintf", "-fprint0"),
    "tcpdump": ("-w",),
    "git": ("--output",),
    "openssl": ("-out",),
}
_WRITES = frozenset((">", ">>", ">|", ">!", ">>|", ">>!", "&>", "&>>", ">&", "<>"))


def written_by(arguments: Arguments) -> tuple[str, ...]:
    """Paths that a program writes to, as far as its arguments say."""
    name, operands = arguments.name, arguments.operands
    if name in _ALL:
        return operands
    if name in _LAST:
        folder = arguments.value("-t", "--target-directory")
        return (folder,) if folder else operands[-1:]
    if name in _IN_PLACE:
        is_in_place = any(
            option.startswith(("-i", "--in-place", "-pi", "-ni")) for option in arguments.options
        )
        has_script = arguments.has(("-e", "-f", "--expression", "--file"))
        files = operands if has_script or len(operands) == 1 else operands[1:]
        return files if is_in_place else ()
    if name == "dd":
        return tuple(text[3:] for text in operands if text.startswith("of="))
    value = arguments.value(*_VALUE[name]) if name in _VALUE else None
    return (value,) if value else ()


def redirected(command: SimpleCommand) -> Iterator[tuple[str, str]]:
    """Targets of redirections that write, and what happens to them."""
    for redirect in command.redirects:
        if redirect.operator in _WRITES and redirect.target is not None:
            target = redirect.target.text
            if redirect.operator != ">&" or not target.strip("-").isdecimal():
                yield target, "changes" if ">>" in redirect.operator else "overwrites"


def risky_target(path: str, verb: str) -> tuple[str, str] | None:
    """The rule and the reason why writing to a path is risky; None where none is known."""
    name = shortened(path)
    if is_device(path):
        return "device", f"writes over the device {name}"
    if is_startup(path):
        return "startup-file", f"{verb} {name}"
    if is_system(path) and not path.startswith("/dev/"):
        return "system-file", f"{verb} {name}"
    return None
