"""``python -m bench [NAME] [options]``: one benchmark, or all of them with their defaults."""

import argparse
import signal
import sys
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from types import ModuleType

from bench import (
    cancel,
    first_token,
    gap,
    machine,
    memory,
    overload,
    reload,
    restore,
    shell,
    startup,
    throughput,
)
from bench.measure import Table
from lmctl.failures import Failure
from lmd.paths import builtin_model_path

BENCHMARKS: dict[str, ModuleType] = {
    "startup": startup,
    "shell": shell,
    "overload": overload,
    "reload": reload,
    "memory": memory,
    "first_token": first_token,
    "restore": restore,
    "cancel": cancel,
    "gap": gap,
    "throughput": throughput,
}


def main(arguments: list[str]) -> int:
    """Run what was asked for and print it; returns the exit status. A missed budget is no error:
    it is what a benchmark is there to show."""
    chosen = parse(arguments)
    # Without this, a terminated run would leave its servers behind.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    print(machine.look().format())
    failed = False
    for name, options in chosen:
        print()
        failed |= not _show(name, options)
    return int(failed)


def parse(arguments: list[str]) -> list[tuple[str, argparse.Namespace]]:
    """The benchmarks to run, each with its options. Leaves by SystemExit on a wrong option."""
    if arguments and arguments[0] in BENCHMARKS:
        name, *rest = arguments
        return [(name, _parser(name).parse_args(rest))]
    _shared_parser().parse_args(arguments)
    return [(name, _parser(name).parse_args(arguments)) for name in BENCHMARKS]


def _shared_parser() -> argparse.ArgumentParser:
    names = ", ".join(BENCHMARKS)
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=f"Without a name all run: {names}. NAME --help shows the options of one.",
    )
    parser.usage = "python -m bench [NAME] [options]"
    _add_shared(parser)
    return parser


def _parser(name: str) -> argparse.ArgumentParser:
    benchmark = BENCHMARKS[name]
    parser = argparse.ArgumentParser(
        prog=f"python -m bench {name}",
        description=benchmark.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_shared(parser)
    benchmark.add_arguments(parser)
    return parser


def _add_shared(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--llama-server", type=_file, metavar="PATH", help="compare with this llama-server"
    )
    parser.add_argument(
        "--model",
        type=_file,
        metavar="GGUF",
        default=Path(builtin_model_path()),
        help="default: the built-in model",
    )
    parser.add_argument(
        "--threads",
        type=int,
        default=machine.physical_cores(),
        help="of every server (default: the physical cores)",
    )


def _file(text: str) -> Path:
    """An absolute path, because servers have directories of their own."""
    return Path(text).expanduser().absolute()


def _show(name: str, options: argparse.Namespace) -> bool:
    """Run a benchmark and print its tables as they come; False when it could not run."""
    watch = machine.Watch()
    tables: Generator[Table, None, None] = BENCHMARKS[name].run(options)
    try:
        with closing(tables):
            for table in tables:
                print(table.format(), flush=True)
    except (RuntimeError, OSError, Failure) as error:
        print(f"{name} did not run: {error}", *getattr(error, "__notes__", ()), sep="\n")
        return False
    print(machine.describe_others(watch.others()))
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
