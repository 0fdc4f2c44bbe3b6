"""Programs that run another program given as their argument, as data."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wrapper:
    """How to find the program among a wrapper's arguments."""

    valued: frozenset[str] = frozenset()
    """Options whose value is the next word."""
    operands: int = 0
    """Words between the options and the program: ``timeout 5 make``."""
    is_transparent: bool = False
    """The wrapped program is what the line is about; the wrapper only says how it runs."""
    halts: frozenset[str] = frozenset()
    """Options with which nothing is run: ``command -v tar``."""


def _wrapper(valued: str = "", *, operands: int = 0, is_transparent: bool = False,
             halts: str = "") -> Wrapper:  # fmt: skip
    return Wrapper(frozenset(valued.split()), operands, is_transparent, frozenset(halts.split()))


WRAPPERS = {
    "sudo": _wrapper(
        "-u -g -h -p -C -r -t -T -U -D -R --user --group --host --prompt --close-from --role --type"
        " --command-timeout --other-user --chdir --chroot",
        is_transparent=True,
        halts="-l --list -e --edit -v --validate -k -K",
    ),
    "doas": _wrapper("-u -C", is_transparent=True),
    "pkexec": _wrapper("--user", is_transparent=True),
    "run0": _wrapper("-u -g --user --group --chdir --unit", is_transparent=True),
    "env": _wrapper(
        "-u -C --unset --chdir --block-signal", is_transparent=True, halts="-S --split-string"
    ),
    "time": _wrapper("-f -o --format --output", is_transparent=True),
    "nohup": _wrapper(is_transparent=True),
    "nice": _wrapper("-n --adjustment", is_transparent=True),
    "ionice": _wrapper("-c -n --class --classdata", is_transparent=True, halts="-p --pid -P -u"),
    "exec": _wrapper("-a", is_transparent=True),
    "command": _wrapper(is_transparent=True, halts="-v -V"),
    "builtin": _wrapper(is_transparent=True),
    "noglob": _wrapper(is_transparent=True),
    "nocorrect": _wrapper(is_transparent=True),
    "stdbuf": _wrapper("-i -o -e --input --output --error", is_transparent=True),
    "setsid": _wrapper(is_transparent=True),
    "caffeinate": _wrapper("-t -w", is_transparent=True),
    "xargs": _wrapper(
        "-I -n -P -L -d -E -s -a -J -R -S --max-args --max-procs --max-lines --delimiter"
        " --arg-file --replace --max-chars",
    ),
    "watch": _wrapper("-n --interval -q --equexit"),
    "timeout": _wrapper("-k -s --kill-after --signal", operands=1),
    "gtimeout": _wrapper("-k -s --kill-after --signal", operands=1),
    "chroot": _wrapper("--userspec --groups", operands=1),
    "flock": _wrapper("-w -E --timeout --wait --conflict-exit-code", operands=1),
    "taskset": _wrapper(operands=1, halts="-p --pid"),
    "chrt": _wrapper("-T -P -D", operands=1, halts="-p --pid -m"),
    "strace": _wrapper("-e -o -p -s -E -u -a -O -S -P -I -b -X"),
    "ltrace": _wrapper("-e -o -p -s -u -n -l -a"),
    "parallel": _wrapper("-j --jobs -N -n -I -a --arg-file -S --colsep --delay --results"),
    "unshare": _wrapper("--map-user --map-group -S -G -R -w --root --wd"),
    "nsenter": _wrapper("-t --target -S -G"),
    "systemd-run": _wrapper("-p -u --property --unit -M -H --uid --gid --slice -E"),
    "systemd-inhibit": _wrapper("--what --who --why --mode"),
    "gosu": _wrapper(operands=1),
    "setarch": _wrapper(operands=1),
    "busybox": _wrapper(halts="--list --install --help"),
    "toybox": _wrapper(halts="--long --help"),
    "torsocks": _wrapper(is_transparent=True),
    "torify": _wrapper(is_transparent=True),
    "proxychains": _wrapper("-f", is_transparent=True),
    "proxychains4": _wrapper("-f", is_transparent=True),
    "unbuffer": _wrapper(is_transparent=True),
    "xvfb-run": _wrapper("-n -s -f -e -w -p --server-args --server-num"),
    "dbus-run-session": _wrapper("--config-file --dbus-daemon"),
    "firejail": _wrapper(),
    "sshpass": _wrapper("-p -f -d -P"),
    "prlimit": _wrapper(halts="-p --pid"),
    "setpriv": _wrapper("--reuid --regid --groups"),
    "eval": _wrapper(),
}
"""Keyed by the name without its folder."""

RUNNING_PRIMARIES = {
    "find": frozenset(("-exec", "-execdir", "-ok", "-okdir")),
    "gfind": frozenset(("-exec", "-execdir", "-ok", "-okdir")),
    "fd": frozenset(("-x", "-X", "--exec", "--exec-batch")),
    "fdfind": frozenset(("-x", "-X", "--exec", "--exec-batch")),
}
"""Options after which a program with its arguments stands, up to ``;`` or ``+``."""
