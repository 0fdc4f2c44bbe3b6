"""What the hooks cost a shell: its start, and the way from the chord to a command on the line.

Start: an interactive shell that ends at once, with and without the file of `lmctl init --write`.
Chord: the fake model answers without latency, so what is left is the hook, the client and the
daemon's share. The base line puts the same word on the line by a widget that asks nobody. Shells
that are not installed are left out.
"""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.measure import Budget, Figure, Spread, Table, interleaved
from bench.peers import open_daemon
from bench.terminal import Terminal, seconds_to_exit

WARM_UP_RUNS = 2
REPLY = "whoami"
REQUEST = "user"
"""Has no letter in common with `REPLY`: shells redraw only what changes."""
CONFIG = '[daemon]\nkeep_alive = "forever"\n[models.shell]\npreload = true\n'
FAKE = f"tokens_per_s=0,reply={REPLY}"
CHORD, PLAIN_CHORD = "\x18a", "\x18z"
BARE, HOOKED = BOTH = ("bare", "with the hooks")
START_BUDGET = Budget("at most", goal=5, must=5, unit=" ms")
SOCKET_BUDGET = Budget("at most", goal=30, must=30, unit=" ms")
PROCESS_BUDGET = Budget("at most", goal=60, must=60, unit=" ms")

Milliseconds = dict[str, list[float]]
"""Times of each variant, round by round."""


@dataclass(frozen=True, slots=True)
class Shell:
    """How a shell is started with a file of ours, and what puts `REPLY` on the line by itself."""

    name: str
    command: tuple[str, ...]
    start_up_file: str
    plain: str
    chord: Budget


SHELLS = (
    Shell(
        "bash",
        ("--noprofile", "--rcfile", "{home}/rc", "-i"),
        "rc",
        f"__plain() {{ READLINE_LINE={REPLY}; READLINE_POINT=0; }}\n"
        "bind -x '\"\\C-xz\": __plain'\nPS1='> '\n",
        PROCESS_BUDGET,
    ),
    Shell(
        "zsh",
        ("-i",),
        ".zshrc",
        f"plain() {{ BUFFER={REPLY} }}; zle -N plain; bindkey '^Xz' plain\nPS1='> '\n",
        SOCKET_BUDGET,
    ),
    Shell(
        "fish",
        ("-i",),
        ".config/fish/config.fish",
        f"bind \\cxz 'commandline -r {REPLY}'\nfunction fish_prompt; echo -n '> '; end\n"
        "set -g fish_greeting; set -g fish_autosuggestion_enabled 0\n",
        PROCESS_BUDGET,
    ),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this benchmark."""
    parser.add_argument("--starts", type=int, default=40, help="of each shell (default: 40)")
    parser.add_argument("--chords", type=int, default=40, help="in each shell (default: 40)")


def run(options: argparse.Namespace) -> Iterator[Table]:
    """Measure; yields two tables."""
    shells = [shell for shell in SHELLS if shutil.which(shell.name)]
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(_private_directory()))
        homes = [Home(folder / shell.name, shell) for shell in shells]
        yield report_starts(_starts(homes, options.starts))
        lmd = stack.enter_context(open_daemon(CONFIG, fake=FAKE))
        lmd.call("models.load", {"model": "shell"})
        yield report_chords(_chords(homes, options.chords, lmd.socket))


class Home:
    """Two homes of a shell: with the cached hooks and without."""

    def __init__(self, folder: Path, shell: Shell) -> None:
        self.shell = shell
        self._folder = folder
        # Otherwise a new fish reads all manual pages, in the background, for its completions.
        (folder / "data/fish/generated_completions").mkdir(parents=True)
        self._write(BARE, "")
        line = self._call("lmctl", "init", shell.name, "--write")
        self._write(HOOKED, line)

    def start(self, variant: str, *more: str) -> tuple[list[str], dict[str, str], str]:
        """Command, environment and working directory of an interactive shell."""
        home = str(self._folder / variant.replace(" ", "-"))
        path = shutil.which(self.shell.name) or self.shell.name
        words = [word.format(home=home) for word in self.shell.command]
        return [path, *words, *more], self._environment(home), home

    def _write(self, variant: str, text: str) -> None:
        file = self._folder / variant.replace(" ", "-") / self.shell.start_up_file
        file.parent.mkdir(parents=True)
        file.write_text(f"{self.shell.plain}\n{text}\n")

    def _call(self, *command: str) -> str:
        program = shutil.which(command[0], path=_search_path())
        if program is None:
            raise RuntimeError(f"{command[0]} is not installed beside {sys.executable}")
        done = subprocess.run(
            [program, *command[1:]], env=self._environment(str(self._folder)), check=True,
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )  # fmt: skip
        return done.stdout

    def _environment(self, home: str) -> dict[str, str]:
        return {
            "PATH": _search_path(), "HOME": home, "ZDOTDIR": home, "TERM": "xterm",
            "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "LMD_NO_START": "1",
            "XDG_DATA_HOME": str(self._folder / "data"),
        }  # fmt: skip


def _search_path() -> str:
    return os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))


def _starts(homes: list[Home], runs: int) -> dict[str, Milliseconds]:
    times = _no_times(homes)
    for number, home, variant in _rounds_of(homes, runs):
        elapsed = seconds_to_exit(*home.start(variant, "-c", "exit"))
        if number >= WARM_UP_RUNS:
            times[home.shell.name][variant].append(elapsed * 1000)
    return times


def _chords(homes: list[Home], runs: int, socket: str) -> dict[str, Milliseconds]:
    times = _no_times(homes)
    keys = {BARE: PLAIN_CHORD, HOOKED: CHORD}
    with contextlib.ExitStack() as stack:
        terminals = {}
        for home in homes:
            command, environment, cwd = home.start(HOOKED)
            terminal = Terminal(command, {**environment, "LMD_SOCKET": socket}, cwd)
            terminals[home.shell.name] = stack.enter_context(terminal)
            terminal.seconds_until("> ", "")
        for number, home, variant in _rounds_of(homes, runs):
            elapsed = _chord(terminals[home.shell.name], keys[variant])
            if number >= WARM_UP_RUNS:
                times[home.shell.name][variant].append(elapsed * 1000)
    return times


def _chord(terminal: Terminal, keys: str) -> float:
    terminal.settle()
    terminal.type(REQUEST)
    terminal.settle()
    elapsed = terminal.seconds_until(REPLY, keys)
    terminal.settle()
    terminal.type("\x05\x15")  # to the end of the line, and delete it
    return elapsed


def _rounds_of(homes: list[Home], runs: int) -> Iterator[tuple[int, Home, str]]:
    """All shells take turns: what else the machine does meets them alike."""
    known = {f"{home.shell.name} {variant}": (home, variant) for home in homes for variant in BOTH}
    for number, name in interleaved(list(known), WARM_UP_RUNS + runs):
        yield number, *known[name]


def _no_times(homes: list[Home]) -> dict[str, Milliseconds]:
    return {home.shell.name: {variant: [] for variant in BOTH} for home in homes}


@contextlib.contextmanager
def _private_directory() -> Iterator[str]:
    path = tempfile.mkdtemp(prefix="lmd-bench-")
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)  # a shell that is ending may still write there


def report_starts(starts: dict[str, Milliseconds]) -> Table:
    """Times of both, and what the hooks add; round by round."""
    rows = []
    figures = []
    for name, times in starts.items():
        added = Spread.quartiles(_differences(times))
        rows.append((name, *_spreads(times), added.format(), START_BUDGET.verdict(added.median)))
        figures.append(Figure(f"hooks at the start of {name}", added.median, START_BUDGET))
    return Table(
        f"shell start: whole shells in a terminal, {_rounds(starts)} each, ms, median (quartiles)",
        ("shell", BARE, HOOKED, "difference", "budget"),
        tuple(rows),
        figures=tuple(figures),
    )


def report_chords(chords: dict[str, Milliseconds]) -> Table:
    """Times from the keys to the text, by a widget that asks nobody and by the hook."""
    budgets = {shell.name: shell.chord for shell in SHELLS}
    rows = []
    figures = []
    for name, times in chords.items():
        added = Spread.quartiles(_differences(times)).format()
        median = Spread.quartiles(times[HOOKED]).median
        rows.append((name, *_spreads(times), added, budgets[name].verdict(median)))
        figures.append(Figure(f"from the chord to the text in {name}", median, budgets[name]))
    return Table(
        f"chord to text: {_rounds(chords)} in each shell, ms, median (quartiles)",
        ("shell", "asking nobody", "suggest", "difference", "budget of suggest"),
        tuple(rows),
        figures=tuple(figures),
    )


def _spreads(times: Milliseconds) -> tuple[str, str]:
    return Spread.quartiles(times[BARE]).format(), Spread.quartiles(times[HOOKED]).format()


def _differences(times: Milliseconds) -> list[float]:
    return [hooked - bare for hooked, bare in zip(times[HOOKED], times[BARE], strict=True)]


def _rounds(tables: dict[str, Milliseconds]) -> int:
    return max((len(times[BARE]) for times in tables.values()), default=0)
