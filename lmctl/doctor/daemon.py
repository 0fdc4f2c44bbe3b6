"""Checks of the socket, of who serves it, and of what was left behind."""

import os
import stat
import time
from contextlib import closing

from lmctl.autostart import make_private_directory
from lmctl.client import connect
from lmctl.commands.connection import Target, open_checked
from lmctl.doctor.finding import Finding
from lmctl.doctor.processes import Process, our_processes
from lmctl.failures import Failure, NotRunning
from lmctl.handshake import hello
from lmctl.screen.text import clean
from lmd import __version__
from lmd.paths import MAX_SOCKET_PATH

GRACE_SECONDS = 1.0


def check_socket(target: Target) -> Finding:
    """The path fits into ``sun_path``, its directory is ours alone, and so is the socket."""
    length = len(os.fsencode(target.path))
    if length > MAX_SOCKET_PATH:
        return Finding(
            "socket", "fail", f"{length} bytes, {MAX_SOCKET_PATH} fit: {target.path}",
            "set LMD_SOCKET to a shorter path",
        )  # fmt: skip
    directory = os.path.dirname(os.path.abspath(target.path))
    if not os.path.lexists(directory):
        return Finding("socket", "ok", f"{target.path} (made on first use)")
    try:
        make_private_directory(directory)
        mode = os.lstat(target.path).st_mode
    except Failure as failure:
        return Finding("socket", "fail", failure.message, failure.hint)
    except OSError:
        return Finding("socket", "ok", f"{target.path} (made on first use)")
    if not stat.S_ISSOCK(mode):
        return Finding(
            "socket", "fail", f"{target.path} is there and is no socket",
            "move that file away, or set LMD_SOCKET to another path",
        )  # fmt: skip
    return _served(target)


def _served(target: Target) -> Finding:
    """Whether somebody listens on a socket that is there."""
    try:
        with closing(connect(target.path)):
            return Finding("socket", "ok", target.path)
    except NotRunning:
        return Finding(
            "socket", "warn", f"{target.path} was left by a daemon that is gone",
            f"nothing to do: the next daemon takes it over; or: rm {target.path}",
        )  # fmt: skip
    except Failure as failure:
        return Finding("socket", "fail", failure.message, failure.hint)


def check_daemon(target: Target) -> Finding:
    """Someone of our uid answers there, in our protocol and version."""
    try:
        with open_checked(target) as connection:
            greeting = hello(connection)
    except NotRunning:
        return Finding("daemon", "ok", "not running; it starts on first use")
    except Failure as failure:
        return Finding("daemon", "fail", failure.message, failure.hint)
    running = f"version {clean(greeting.get('version'))}, pid {clean(greeting.get('pid'))}"
    if greeting.get("version") != __version__:
        return Finding(
            "daemon", "warn", f"{running}; lmctl is {__version__}",
            f"restart it to use the new one: kill {clean(greeting.get('pid'))}",
        )  # fmt: skip
    return Finding("daemon", "ok", running)


def check_leftovers(target: Target) -> Finding:
    """No worker outlived its daemon, no daemon is stopped, and one alone serves this socket."""
    processes = our_processes()
    if any(map(_is_lost, processes)):
        time.sleep(GRACE_SECONDS)  # a worker whose daemon has just died is about to leave
        processes = our_processes()
    return judge_processes(processes, os.path.abspath(target.path))


def _is_lost(process: Process) -> bool:
    return process.kind == "worker" and process.adopted


def judge_processes(processes: list[Process], socket: str) -> Finding:
    """The same for processes that were found. Pure."""
    daemons = [process for process in processes if process.kind == "daemon"]
    lost = [str(process.pid) for process in processes if _is_lost(process)]
    if lost:
        return Finding(
            "processes", "fail", f"workers without a daemon: {', '.join(lost)}",
            f"kill {' '.join(lost)}",
        )  # fmt: skip
    stopped = [str(process.pid) for process in processes if process.stopped]
    if stopped:
        return Finding(
            "processes", "warn", f"stopped by a signal: {', '.join(stopped)}",
            f"let them go on: kill -CONT {' '.join(stopped)}",
        )  # fmt: skip
    same = [str(process.pid) for process in daemons if process.socket == socket]
    if len(same) > 1:
        return Finding(
            "processes", "warn", f"several daemons for this socket: {', '.join(same)}",
            "an older one finishes its requests; if it stays, kill it",
        )  # fmt: skip
    workers = len(processes) - len(daemons)
    return Finding("processes", "ok", f"{len(daemons)} daemons, {workers} workers")
