"""`lmctl config edit`: an editor on a copy, which takes the file's place only if it loads."""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile

from lmctl.commands.config.checking import Report, check, short
from lmctl.commands.config.initial import initial_text
from lmctl.commands.config.writing import alone, read, write
from lmctl.failures import EXIT_BROKEN, EXIT_CONFIG, EXIT_OK, EXIT_USAGE, Failure
from lmctl.output import Messages, write_stderr
from lmd.paths import config_path

_EDITORS = ("editor", "nano", "vim", "vi")
"""Where neither VISUAL nor EDITOR says."""


def edit(file: str | None, part: str | None) -> int:
    """Edit the configuration, or a part of it in ``conf.d``. Raises Failure; nothing that was
    typed is lost, the message says where it is."""
    main = os.path.abspath(file or config_path())
    target = _part_path(main, part) if part else main
    old = read(target)
    begun = old if old is not None else ("" if part else initial_text())
    folder = tempfile.mkdtemp(prefix="lmctl-edit-")
    copy = os.path.join(folder, os.path.basename(target))
    write(copy, begun, instead_of=None)
    try:
        new = _edit_until_it_loads(file, target, copy, begun)
    except Failure as failure:
        if read(copy) != begun:
            Messages().note(f"your edit is kept in {copy}")
        else:
            shutil.rmtree(folder)
        raise failure
    if new is not None and new != old:
        os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
        try:
            with alone(main):
                write(target, new, instead_of=old)
        except Failure as failure:
            failure.hint = f"your edit is kept in {copy}"
            raise
        Messages().receipt(f"{short(target)} is changed")
    else:
        kept = "is unchanged" if old is not None else "was not made: nothing was changed"
        Messages().receipt(f"{short(target)} {kept}")
    shutil.rmtree(folder)
    return EXIT_OK


def _edit_until_it_loads(file: str | None, target: str, copy: str, begun: str) -> str | None:
    """The text as it was saved, or None where nothing was; asks again while it is wrong."""
    while True:
        _run_editor(copy)
        new = read(copy)
        if new is None or new == begun:
            return None
        report = check(file, text=new, of=target)
        if report.loads:
            report.refuse()
            return new
        _show_problems(report)
        if not _again():
            raise Failure(
                f"nothing was written to {target}", EXIT_CONFIG, "what is wrong stands above"
            )


def _run_editor(path: str) -> None:
    command = _editor()
    try:
        status = subprocess.run([*command, path], check=False).returncode
    except OSError as error:
        raise Failure(
            f"the editor {command[0]!r} cannot be run: {error.strerror}",
            EXIT_BROKEN,
            "name another: VISUAL=nano lmctl config edit",
        ) from None
    if status != 0:
        raise Failure(
            f"the editor {command[0]!r} ended with status {status}: nothing was written",
            EXIT_BROKEN,
        )


def _editor() -> list[str]:
    for variable in ("VISUAL", "EDITOR"):
        if os.environ.get(variable, "").strip():
            try:
                return shlex.split(os.environ[variable])
            except ValueError as error:
                raise Failure(f"{variable} cannot be understood: {error}", EXIT_USAGE) from None
    found = next((name for name in _EDITORS if shutil.which(name)), None)
    if found is None:
        raise Failure("no editor was found", EXIT_BROKEN, "set EDITOR to the one to use")
    return [found]


def _show_problems(report: Report) -> None:
    for problem in report.problems:
        Messages().failure(problem)


def _again() -> bool:
    """Whether to edit once more; only somebody at a terminal can say so."""
    if not (os.isatty(0) and os.isatty(2)):
        return False
    write_stderr("Edit again? [Y/n] ")
    return sys.stdin.readline().strip().lower() in ("", "y", "yes")


def _part_path(main: str, part: str) -> str:
    name = part.removesuffix(".toml")
    if not name or name.startswith(".") or "/" in name:
        raise Failure(
            f"{part!r} is no name of a part", EXIT_USAGE, "for example: lmctl config edit models"
        )
    return os.path.join(os.path.dirname(main), "conf.d", f"{name}.toml")
