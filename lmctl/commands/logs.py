"""`lmctl logs`: the daemon's log, wherever it is kept."""

import contextlib
import os
import tomllib
from contextlib import closing
from datetime import datetime, timedelta

from lmctl.client import connect
from lmctl.commands.config.checking import check
from lmctl.commands.config.showing import files_of
from lmctl.commands.connection import Target
from lmctl.failures import EXIT_OK, EXIT_UNAVAILABLE, Failure, NotRunning, UsageError
from lmctl.log_file import show_file
from lmctl.services.launchd import LOG_FILE, Launchd
from lmctl.services.manager import Manager, find_manager, home
from lmctl.services.systemd import SERVICE
from lmd.paths import config_path

JOURNAL = "journal"
DEFAULT_LINES = 100
CONFIG_SECONDS = 10.0
"""Longest wait for the loader to say where the configuration has the log."""
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def show_logs(target: Target, follow: bool, lines: int | None, since: str | None) -> int:
    """The last lines of the log, then with ``follow`` those that come. Raises Failure."""
    begin = parse_since(since, datetime.now().astimezone()) if since else None
    if lines is None and begin is None:
        lines = DEFAULT_LINES
    source = find_log(target)
    if source != JOURNAL:
        show_file(source, lines, begin, follow)
        return EXIT_OK
    command = journal_command(follow, lines, begin)
    try:
        os.execvp(command[0], command)  # Ctrl-C and pipes are its own affair then
    except OSError as error:
        raise Failure(
            f"the log is in systemd's journal, and journalctl cannot be run: {error.strerror}",
            EXIT_UNAVAILABLE,
            "install systemd's tools",
        ) from error


def journal_command(follow: bool, lines: int | None, begin: datetime | None) -> list[str]:
    """What shows the journal. ``--user-unit`` also finds lines that the system's journal keeps."""
    command = ["journalctl", "--user-unit", SERVICE, "--no-pager"]
    command += ["--lines", str(lines)] if lines is not None else []
    command += ["--since", f"@{begin.timestamp():.0f}"] if begin else []
    return command + (["--follow"] if follow else [])


def find_log(target: Target) -> str:
    """A path, or `JOURNAL`. Raises Failure where there is no log.

    A daemon that runs is asked. One that the service manager would have to start is not.
    """
    service = _installed_service()
    if service is None or service.report().pid:
        try:
            return _ask_daemon(target)
        except NotRunning:
            pass
    if configured := configured_file():
        return configured
    if service is not None:
        return home(*LOG_FILE) if isinstance(service, Launchd) else JOURNAL
    started = os.path.join(os.path.dirname(os.path.abspath(target.path)), "daemon.log")
    if os.path.isfile(started):
        return started
    raise Failure(
        f"there is no log: no daemon listens on {target.path}, none was started by lmctl, and lmd "
        "is not installed as a service",
        EXIT_UNAVAILABLE,
        "lmctl doctor says what works; `log.file` in the configuration names a file",
    )


def _ask_daemon(target: Target) -> str:
    with closing(connect(target.path)) as connection:
        status = connection.call("status", {})
    log = str(status.get("log") or "")
    if not log:
        raise Failure(
            f"nobody keeps the log of the daemon with pid {status.get('pid')}: it goes to where "
            "that was started",
            EXIT_UNAVAILABLE,
            "set `log.file` in the configuration, or: lmctl service install",
        )
    return log


def _installed_service() -> Manager | None:
    try:
        manager = find_manager()
    except Failure:
        return None
    return manager if any(map(os.path.exists, manager.every_path())) else None


def configured_file() -> str:
    """``log.file``, wherever the configuration or a part of it says so. Of one that does not load,
    what can be read: the daemon says what is wrong with it."""
    with contextlib.suppress(Failure):
        report = check(None, seconds=CONFIG_SECONDS)
        if report.loads:
            values = {one.key: one.value for one in report.settings}
            return str(values.get(("log", "file")) or "")
    return next(filter(None, map(_log_file_in, files_of(config_path()))), "")


def _log_file_in(path: str) -> str:
    try:
        with open(path, "rb") as file:
            table = tomllib.load(file).get("log", {})
    except (OSError, tomllib.TOMLDecodeError):
        return ""
    named = table.get("file") if isinstance(table, dict) else ""
    return os.path.expanduser(named) if isinstance(named, str) else ""


def parse_since(text: str, now: datetime) -> datetime:
    """``"10m"`` and the like before ``now``, or a date and time. Raises UsageError."""
    amount, unit = text[:-1].strip(), text[-1:]
    try:
        if unit in _UNITS and amount:
            return now - timedelta(**{_UNITS[unit]: float(amount)})
        if "-" not in text:  # a time of today
            text = f"{now:%Y-%m-%d} {text}"
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"--since {text!r} is no time",
            'for example: --since 10m, --since 2h, --since 09:30, --since "2026-01-31 18:00"',
        ) from error
