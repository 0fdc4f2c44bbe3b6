"""Which programs may be asked for their ``--help``, and how.

A program is run only where an administrator has put it: a file of root's, in folders of root's that
nobody else may write to. What has side effects at the mere start is never run.
"""

import os
import re
import stat
from dataclasses import dataclass

FOLDERS = ("/usr/bin", "/bin", "/usr/local/bin")
"""Without the sbin folders: their programs have pages, and are not to be tried."""
_NEVER = re.compile(
    r"(?:reboot|halt|poweroff|shutdown|suspend|hibernate|pm-.*|init|telinit|systemd|kexec|mkfs.*|mke2fs"
    r"|fsck.*|mkswap|wipefs|login|su|sudo|doas|pkexec|passwd|newgrp|startx|X.*|gdm.*|wall|say|open"
    r"|caffeinate|pbcopy|.*-session|yes|script|screensaver|killall5|logout|.*-settings|at|batch)\Z"
)
_OTHERS = stat.S_IWGRP | stat.S_IWOTH
_BORROWS = stat.S_ISUID | stat.S_ISGID


@dataclass(frozen=True, slots=True)
class ProgramFile:
    """A program as it lies on the disk; another one once the file has changed."""

    path: str
    mtime_ns: int
    size: int


def find_program(name: str) -> ProgramFile | None:
    """The program of that name if it may be asked. Blocks; belongs in a thread."""
    if _NEVER.match(name) or "/" in name or name in (".", ".."):
        return None
    for folder in FOLDERS:
        found = trusted_file(f"{folder}/{name}")
        if found is not None:
            return found
    return None


def trusted_file(path: str) -> ProgramFile | None:
    """The file if nobody but root can have put or changed it, or anything above it."""
    try:
        real = os.path.realpath(path, strict=True)
        status = os.stat(real)
        if not stat.S_ISREG(status.st_mode) or status.st_mode & _BORROWS:
            return None
        if not status.st_mode & stat.S_IXOTH or not _is_roots(status):
            return None
        above = os.path.dirname(real)
        while _is_roots(os.stat(above)):
            if above == "/":
                return ProgramFile(real, status.st_mtime_ns, status.st_size)
            above = os.path.dirname(above)
    except (OSError, ValueError):
        return None
    return None


def help_command(path: str, topic: tuple[str, ...]) -> tuple[str, ...]:
    """The command line that prints the help of a topic."""
    # `git push --help` opens a manual page.
    return (path, *topic[1:], "-h" if topic[0] == "git" and len(topic) > 1 else "--help")


def _is_roots(status: os.stat_result) -> bool:
    return status.st_uid == 0 and not status.st_mode & _OTHERS
