"""``python -m bench [NAME] [options]``: one benchmark, or all of them with their defaults.

``summary`` and ``plot`` measure nothing: they show what ``--json FILE`` has kept.
"""

import argparse
import datetime
import signal
import sys
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from types import ModuleType

from bench import (
    cancel,
    crowd,
    first_token,
    gap,
    kept,
    machine,
    memory,
    overload,
    reload,
    restore,
    shell,
    soak,
    startup,
    throughput,
    waiting,
)
from bench.kept import Run
from bench.measure import Table
from bench.summary import summarize
from lmctl.failures import Failure
from lmd.paths import builtin_model_path

BENCHMARKS: dict[str, ModuleType] = {
    "startup": startup,
    "shell": shell,
    "overload": overload,
    "crowd": crowd,
    "reload": reload,
    "memory": memory,
    "first_token": first_token,
    "restore": restore,
    "cancel": cancel,
    "gap": gap,
    "throughput": throughput,
    "soak": soak,
    "waiting": waiting,
}
BUSY = "throughput, busy"
"""A run with busy loops, which has a budget of its own."""
KEPT = Path("build/bench.json")
PLOTS = Path("docs/plots")


def main(arguments: list[str]) -> int:
    """Run what was asked for and print it; returns the exit status. A missed budget is no error:
    it is what a benchmark is there to show."""
    if arguments and arguments[0] in ("summary", "plot"):
        return _show_kept(*arguments)
    chosen = parse(arguments)
    # Without this, a terminated run would leave its servers behind.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    found = machine.look().format()
    print(found)
    runs: list[Run] = []
    for name, options in chosen:
        print()
        run = _measure(name, options, found, arguments)
        if run and options.json:
            kept.keep(options.json, [run])
        runs += [run] if run else []
    if len(chosen) > 1:
        print()
        print(summarize(runs).format())
    return int(len(runs) < len(chosen))


def parse(arguments: list[str]) -> list[tuple[str, argparse.Namespace]]:
    """The benchmarks to run, each with its options. Leaves by SystemExit on a wrong option."""
    if arguments and arguments[0] in BENCHMARKS:
        name, *rest = arguments
        return [(name, _parser(name).parse_args(rest))]
    shared = arguments[1:] if arguments[:1] == ["all"] else arguments
    threads = _shared_parser().parse_args(shared).threads
    busy = [*shared, "--streams", "4", "--busy", str(threads)]
    return [
        *((name, _parser(name).parse_args(shared)) for name in BENCHMARKS),
        ("throughput", _parser("throughput").parse_args(busy)),
    ]


def _shared_parser() -> argparse.ArgumentParser:
    names = ", ".join(BENCHMARKS)
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=f"Without a name, or as `all`, all run: {names}. "
        "NAME --help shows the options of one. "
        f"`summary` and `plot` show what is kept in a file ({KEPT}).",
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
    parser.add_argument(
        "--json",
        type=_file,
        metavar="FILE",
        help="keep the results there, beside those of other benchmarks, for `summary` and `plot`",
    )


def _file(text: str) -> Path:
    """An absolute path, because servers have directories of their own."""
    return Path(text).expanduser().absolute()


def _measure(
    name: str, options: argparse.Namespace, found: str, arguments: list[str]
) -> Run | None:
    """Run a benchmark and print its tables as they come; None when it could not run."""
    watch = machine.Watch()
    taken = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    tables: Generator[Table, None, None] = BENCHMARKS[name].run(options)
    printed: list[Table] = []
    try:
        with closing(tables):
            for table in tables:
                print(table.format(), flush=True)
                printed.append(table)
    except (RuntimeError, OSError, Failure) as error:
        print(f"{name} did not run: {error}", *getattr(error, "__notes__", ()), sep="\n")
        return None
    others = watch.others()
    print(machine.describe_others(others))
    key = BUSY if getattr(options, "busy", 0) else name
    return Run(key, taken, found, others, tuple(arguments)).with_tables(printed)


def _show_kept(what: str, *rest: str) -> int:
    """``summary`` or ``plot``. Leaves by SystemExit on a wrong option."""
    parser = argparse.ArgumentParser(prog=f"python -m bench {what}")
    parser.add_argument("--json", type=_file, default=KEPT, metavar="FILE", help=f"default: {KEPT}")
    if what == "plot":
        parser.add_argument(
            "--into", type=_file, default=PLOTS, metavar="FOLDER", help=f"default: {PLOTS}"
        )
    options = parser.parse_args(rest)
    try:
        runs = kept.read(options.json)
    except ValueError as error:
        parser.error(str(error))
    if not runs:
        parser.error(f"nothing is kept in {options.json}: run `python -m bench all --json` with it")
    if what == "summary":
        print(summarize(runs.values()).format())
        return 0
    try:
        # Imported late: nothing else needs the library that draws.
        from bench import plots
    except ModuleNotFoundError as error:
        parser.error(f"{error}; it comes with `pip install 'lmd[bench]'`")

    for path in plots.draw(runs, options.into):
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
