"""`lmctl service`: lmd as a service of the user, by whichever service manager is here."""

import json
import os
import shlex
import signal
import time
from contextlib import closing

from lmctl.client import connect
from lmctl.failures import (
    EXIT_BROKEN,
    EXIT_IO,
    EXIT_OK,
    EXIT_UNAVAILABLE,
    DaemonError,
    Failure,
    NotRunning,
)
from lmctl.handshake import hello
from lmctl.output import Messages, print_text
from lmctl.services import files, programs
from lmctl.services.files import Change
from lmctl.services.installation import find_installation
from lmctl.services.manager import Manager, Wanted, find_manager
from lmd.paths import socket_path

LEAVE_SECONDS = 10.0
"""How long a daemon that was started otherwise may take to leave the socket."""
PROBE_SECONDS = 0.05


def install(wanted: Wanted, *, dry_run: bool, force: bool) -> int:
    """Write what the service manager reads, and start the service. Changes nothing twice."""
    manager = find_manager()
    changes = [files.compare(file) for file in manager.files(find_installation(), wanted)]
    leftover = _ours_but(manager, [change.path for change in changes])
    before, after = manager.release(wanted), manager.activation(wanted)
    if dry_run:
        _show_plan(changes, leftover, before + after, force)
        return EXIT_OK
    _refuse_edited(changes, force)
    _run_all(manager, before)
    for change in changes:
        if change.state != "same":
            files.write(change)
        print_text(f"{change.path}: {'as it was' if change.state == 'same' else 'written'}")
    for path in leftover:
        files.remove(path)
        print_text(f"{path}: removed")
    _make_way(manager)
    _run_all(manager, after)
    return _say_how_it_is(manager)


def uninstall(*, dry_run: bool, force: bool) -> int:
    """Stop the service and remove the files. Does nothing where nothing is installed."""
    manager = find_manager()
    paths = [path for path in manager.every_path() if os.path.lexists(path)]
    if not paths:
        print_text("lmd is not installed as a service")
        return EXIT_OK
    edited = [path for path in paths if not files.is_ours(files.read(path) or "")]
    if edited and not force and not dry_run:
        raise Failure(
            f"edited by hand, so nothing was removed: {', '.join(edited)}",
            EXIT_IO,
            "remove it all the same with: lmctl service uninstall --force",
        )
    before, after = manager.deactivation(), manager.after_removal()
    if dry_run:
        notes = dict.fromkeys(edited, " (edited by hand: needs --force)")
        removed = [f"would remove {path}{notes.get(path, '')}" for path in paths]
        print_text("\n".join([*_would_run(before), *removed, *_would_run(after)]))
        return EXIT_OK
    _run_all(manager, before)
    for path in paths:
        files.remove(path)
        print_text(f"{path}: removed")
    _run_all(manager, after)
    return EXIT_OK


def start() -> int:
    """Start the service now."""
    manager = _installed_manager()
    _make_way(manager)
    _run_all(manager, manager.start())
    return _say_how_it_is(manager)


def stop() -> int:
    """Let it finish its requests and end, and stay away until it is started."""
    manager = _installed_manager()
    _run_all(manager, manager.stop())
    print_text("stopped")
    return EXIT_OK


def restart() -> int:
    """Replace the daemon by a new one."""
    manager = _installed_manager()
    _make_way(manager)
    _run_all(manager, manager.restart())
    return _say_how_it_is(manager)


def status(as_json: bool) -> int:
    """How the service is; 69 unless it runs or starts on the next connection."""
    manager = find_manager()
    report = manager.report()
    states = {path: _file_state(path) for path in manager.every_path() if os.path.lexists(path)}
    if as_json:
        facts = {"manager": manager.name, "running": report.running, "pid": report.pid or None}
        print_text(json.dumps({**facts, "facts": report.facts, "files": states}))
    else:
        rows = [("manager", manager.name), *report.facts.items()]
        rows += [("file", f"{path}{state and f' ({state})'}") for path, state in states.items()]
        rows += [] if states else [("installed", "no: lmctl service install")]
        print_text("\n".join(f"{name:<12} {fact}" for name, fact in rows))
    return EXIT_OK if report.running else EXIT_UNAVAILABLE


def _file_state(path: str) -> str:
    return "" if files.is_ours(files.read(path) or "") else "edited by hand"


def _installed_manager() -> Manager:
    manager = find_manager()
    if not any(os.path.exists(path) for path in manager.every_path()):
        raise Failure(
            "lmd is not installed as a service", EXIT_UNAVAILABLE, "lmctl service install"
        )
    return manager


def _ours_but(manager: Manager, wanted: list[str]) -> list[str]:
    """Files of an earlier install that are not wanted any more, and were not edited."""
    others = [path for path in manager.every_path() if path not in wanted and os.path.isfile(path)]
    return [path for path in others if files.is_ours(files.read(path) or "")]


def _show_plan(
    changes: list[Change], leftover: list[str], commands: list[list[str]], force: bool
) -> None:
    parts = [change.render() for change in changes]
    parts += [f"{path}: to be removed" for path in leftover]
    parts += _would_run(commands)
    print_text("\n".join(parts))
    edited = [change.path for change in changes if change.state == "edited"]
    if edited and not force:
        Messages().note(f"edited by hand: {', '.join(edited)}", "install needs --force for that")


def _would_run(commands: list[list[str]]) -> list[str]:
    return [f"would run: {shlex.join(command)}" for command in commands]


def _refuse_edited(changes: list[Change], force: bool) -> None:
    """Raise Failure, with the difference shown, for files that are not lmctl's to replace."""
    edited = [change for change in changes if change.state == "edited"]
    if not edited or force:
        return
    print_text("\n".join(change.render() for change in edited))
    raise Failure(
        f"edited by hand, so nothing was written: {', '.join(change.path for change in edited)}",
        EXIT_IO,
        "replace it with: lmctl service install --force; changes of your own can stay in a drop-in "
        "that `systemctl --user edit lmd` makes",
    )


def _make_way(manager: Manager) -> None:
    """Have a daemon that lmctl or somebody else has started leave the socket, in good order."""
    if manager.report().running:
        return
    path = socket_path()
    try:
        with closing(connect(path)) as connection:
            pid = hello(connection).get("pid")
    except (NotRunning, DaemonError):
        return
    if not isinstance(pid, int):
        return
    Messages().note(f"a daemon runs already, pid {pid}: it finishes its requests and leaves")
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + LEAVE_SECONDS
    while os.path.exists(path):
        if time.monotonic() > deadline:
            raise Failure(f"the daemon with pid {pid} does not leave", EXIT_BROKEN, f"kill {pid}")
        time.sleep(PROBE_SECONDS)


def _run_all(manager: Manager, commands: list[list[str]]) -> None:
    for command in commands:
        done = programs.run(*command)
        if done.status:
            said = manager.last_words()
            raise Failure(
                f"`{shlex.join(command)}` failed: {done.words}"
                + (f"; the log ends with: {said}" if said else ""),
                EXIT_BROKEN,
                "more of the log: lmctl logs -n 50; the configuration is checked by: lmd check",
            )


def _say_how_it_is(manager: Manager) -> int:
    report = manager.report()
    print_text("\n".join(f"{name:<12} {fact}" for name, fact in report.facts.items()))
    return EXIT_OK if report.running else EXIT_UNAVAILABLE
