"""``lmd run | check | schema``: start the daemon, check a configuration, describe it."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import lmd
from lmd import paths
from lmd.config.load import load
from lmd.config.problems import ConfigError, at_fault, spelled
from lmd.config.schema import Config
from lmd.config.sources import MAX_CONFIG_BYTES, PARTS, Source
from lmd.protocol.errors import LmdError, exit_status

if TYPE_CHECKING:
    from lmd.config.report import Report

EXIT_ALREADY_RUNNING = 75
EXIT_CONFIG = 78


def main(arguments: list[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    options = parser().parse_args(arguments)
    try:
        status: int = options.command(options)
    except ConfigError as error:
        for problem in error.problems:
            _complain(error.located(problem), problem.hint)
        return EXIT_CONFIG
    except LmdError as error:
        _complain(error.message, error.hint)
        return exit_status(error.code)
    except KeyboardInterrupt:
        return exit_status("cancelled")
    return status


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    root = argparse.ArgumentParser(
        prog="lmd", description="Keep language models warm behind a Unix socket."
    )
    root.add_argument("--version", action="version", version=f"lmd {lmd.__version__}")
    commands = root.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="serve in the foreground until SIGTERM")
    run.add_argument("--config", metavar="FILE", help="default: lmd.toml in the config folder")
    run.add_argument("--socket", metavar="PATH", help="default: $LMD_SOCKET, else a private path")
    run.add_argument("--fake", metavar="KNOBS", help=argparse.SUPPRESS)
    run.set_defaults(command=_run)

    check = commands.add_parser("check", help="say whether a configuration is valid")
    check.add_argument("file", nargs="?", metavar="FILE")
    check.add_argument("--json", action="store_true", help="problems, and every key with its place")
    check.add_argument(
        "--stdin",
        metavar="PATH",
        help="take the text of PATH, which is FILE or one of conf.d beside it, from stdin",
    )
    check.set_defaults(command=_check)

    schema = commands.add_parser("schema", help="print the configuration's JSON Schema")
    schema.set_defaults(command=_schema)
    return root


def _run(options: argparse.Namespace) -> int:
    # Serving needs trio and everything above it; checking a file does not.
    from lmd import daemon
    from lmd.rpc.socket_file import AlreadyRunning

    path, config, named = _load_config(options.config)
    socket = os.path.abspath(options.socket or paths.socket_path())
    try:
        required = named or os.path.exists(path)
        daemon.run(config, os.path.abspath(path), socket, options.fake, required=required)
    except AlreadyRunning:
        _complain(f"another daemon serves {socket}", "`lmctl status` shows it")
        return EXIT_ALREADY_RUNNING
    except OSError as error:
        _complain(f"cannot serve {socket}: {error}", "")
        return exit_status("internal")
    return 0


def _load_config(named: str | None) -> tuple[str, Config, bool]:
    """The configuration, its path, and whether that was named: such a file must exist."""
    path = named or paths.config_path()
    required = bool(named or os.environ.get("LMD_CONFIG"))
    return path, load(path, required=required), required


def _check(options: argparse.Namespace) -> int:
    from lmd.config.report import report_on

    path = options.file or paths.config_path()
    instead = _stdin_source(options.stdin) if options.stdin else None
    required = bool(options.file or os.environ.get("LMD_CONFIG"))
    report = report_on(path, required=required, instead=instead)
    if options.json:
        sys.stdout.write(json.dumps(report.to_json(), ensure_ascii=False) + "\n")
    elif report.problems:
        raise ConfigError(path, report.problems)
    else:
        sys.stdout.write(_summary(report, _describe_source(path)) + "\n")
    return EXIT_CONFIG if report.problems else 0


def _stdin_source(path: str) -> Source:
    try:
        return Source(path, sys.stdin.buffer.read(MAX_CONFIG_BYTES + 1).decode("utf-8"))
    except UnicodeDecodeError as error:
        raise at_fault(path, "is not UTF-8 text", "save it as UTF-8") from error


def _summary(report: "Report", source: str) -> str:
    """One line on what a valid configuration declares, and one for each note."""
    parts = len(report.files) - 1
    also = f" with {parts} of {PARTS}" if parts > 0 else ""
    personas = f"; personas: {_names(report.personas)}" if report.personas else ""
    first = f"{source}{also}: valid; models: {_names(report.models)}{personas}"
    return "\n".join(map(_in_a_line, (first, *report.notes)))


def _names(names: Sequence[str]) -> str:
    return ", ".join(spelled((name,)) for name in names)


def _in_a_line(text: str) -> str:
    """What a terminal would act on, and ends of lines, as their escapes: names may have any."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _schema(options: argparse.Namespace) -> int:
    from lmd.config.json_schema import json_schema

    sys.stdout.write(json.dumps(json_schema(), indent=2) + "\n")
    return 0


def _describe_source(path: str) -> str:
    """Where the configuration came from, as people read it."""
    return path if os.path.exists(path) else f"{path} (no such file: defaults)"


def _complain(message: str, hint: str) -> None:
    hint = f"  {_in_a_line(hint)}\n" if hint else ""
    sys.stderr.write(f"lmd: {_in_a_line(message)}\n{hint}")


if __name__ == "__main__":
    sys.exit(main())
