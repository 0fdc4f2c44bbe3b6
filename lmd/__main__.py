"""``lmd run | check | schema``: start the daemon, check a configuration, describe it."""

import argparse
import json
import os
import sys
from pathlib import Path

import lmd
from lmd import paths
from lmd.config.json_schema import json_schema
from lmd.config.load import load
from lmd.config.problems import ConfigError, Problem, located
from lmd.config.schema import Config
from lmd.protocol.errors import LmdError, exit_status

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
    path, config, _ = _load_config(options.file)
    missing = [
        Problem(("models", name, "path"), f"models.{name}.path: there is no file {model.path}")
        for name, model in config.models.items()
        if not os.path.isfile(model.path)
    ]
    if missing:
        raise ConfigError(path, located(missing, Path(path).read_text(encoding="utf-8")))
    models = ", ".join(config.models)
    sys.stdout.write(f"{_describe_source(path)}: valid; models: {models}\n")
    return 0


def _schema(options: argparse.Namespace) -> int:
    sys.stdout.write(json.dumps(json_schema(), indent=2) + "\n")
    return 0


def _describe_source(path: str) -> str:
    """Where the configuration came from, as people read it."""
    return path if os.path.exists(path) else f"{path} (no such file: defaults)"


def _complain(message: str, hint: str) -> None:
    sys.stderr.write(f"lmd: {message}\n" + (f"  {hint}\n" if hint else ""))


if __name__ == "__main__":
    sys.exit(main())
