"""Workers are killed and stopped in each phase of their life, with the real engine.

Each request gets one final message within the bound of its kind of accident, and afterwards the
daemon holds what it held before. The seed is printed; LMD_TEST_SEED sets another one.
"""

import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.clients import Client, Id
from tests.e2e.conftest import NewDaemon
from tests.e2e.daemon import Daemon, eventually, rounds

pytestmark = [pytest.mark.process, pytest.mark.llama]

SEED = int(os.environ.get("LMD_TEST_SEED", "20261121"))
STALL_SECONDS, LOAD_SECONDS = 4.0, 20.0
CONFIG = f"""
[daemon]
load_timeout = {LOAD_SECONDS}
[limits]
restarts = 100
restart_window = 0.001
stall_timeout = {STALL_SECONDS}
[models.shell]
slots = 4
context = 2048
threads = 1
save_state = true
"""
KILL_BOUND, STOP_BOUND = 30.0, 50.0
"""Seconds to the last final message. A kill is noticed at once; what is stopped has the time to say
something, or to load, or to save, and is then killed. Other tests may have the processors."""
THREAD_CACHE_SECONDS = 15
"""trio keeps threads for 10 seconds after their last use."""
ENDS = {"ok", "model_failed", "load_failed"}


class Accident:
    """A daemon, some clients, and a phase that its worker is brought to."""

    def __init__(self, daemon: Daemon, chance: random.Random, stack: ExitStack) -> None:
        self.daemon = daemon
        self.chance = chance
        self.clients = [stack.enter_context(daemon.msgpack()) for _ in range(4)]
        self.control = stack.enter_context(daemon.msgpack())
        self.open: list[tuple[Client, Id]] = []

    def ask(self, words: int = 6, **params: object) -> None:
        """A request from each client."""
        for client in self.clients:
            text = " ".join(str(self.chance.randrange(1000)) for _ in range(words))
            self.open.append((client, client.ask(text, **{"max_tokens": 300, **params})))

    def load(self) -> None:
        """Requests that wait for a model which is being loaded."""
        self.control.call("models.unload", model="shell").good()
        assert eventually(lambda: not self.daemon.workers())
        self.ask()
        assert eventually(lambda: bool(self.daemon.workers()))
        time.sleep(self.chance.random() * 0.5)

    def prefill(self) -> None:
        """Requests whose prompts are being read."""
        self.ready()
        self.ask(words=250, max_tokens=4)
        time.sleep(self.chance.random() * 0.3)

    def decode(self) -> None:
        """Requests that stream."""
        self.ready()
        self.ask()
        client, id = self.open[-1]
        client.wait_text(id)
        time.sleep(self.chance.random() * 0.05)

    def idle(self) -> None:
        """A model that nobody uses."""
        self.ready()
        time.sleep(self.chance.random() * 0.05)

    def save(self) -> None:
        """A model that is unloaded and writes down what it holds."""
        self.ready()
        self.ask(words=200, max_tokens=2)
        self.finish()
        client = self.clients[0]
        self.open.append((client, client.request("models.unload", model="shell")))
        time.sleep(self.chance.random() * 0.01)

    def embed(self) -> None:
        """Texts that are being embedded."""
        self.ready()
        texts = [" ".join(["word"] * 200)] * 12
        for client in self.clients:
            self.open.append((client, client.request("embed", input=texts)))
        time.sleep(self.chance.random() * 0.3)

    def ready(self) -> None:
        """Have the model loaded."""
        self.control.call("models.load", model="shell").good()

    def send(self, number: signal.Signals) -> None:
        """A signal to every worker."""
        for pid in self.daemon.workers():
            os.kill(pid, number)

    def recover(self) -> None:
        """Wait until the model answers again. Who asks before the daemon has seen what happened to
        an idle worker is told that it failed."""
        errors = []

        def answers() -> bool:
            final = self.control.call("ask", prompt="x", max_tokens=1)
            errors.append(final.error)
            return final.error is None

        assert eventually(answers), (errors[-1], self.daemon.last_words())

    def finish(self) -> Counter[str]:
        """The codes of all that was asked; one final message each, as the client checks."""
        ended, self.open = self.open, []
        return Counter(client.wait(id).end().code for client, id in ended)


PHASES: dict[str, Callable[[Accident], None]] = {
    "load": Accident.load,
    "prefill": Accident.prefill,
    "decode": Accident.decode,
    "idle": Accident.idle,
    "save": Accident.save,
    "embed": Accident.embed,
}


def phases(chance: random.Random, count: int) -> Iterator[str]:
    """Every phase as often as the others, in an order of chance."""
    names = [list(PHASES)[number % len(PHASES)] for number in range(count)]
    chance.shuffle(names)
    yield from names


def sandboxes(daemon: Daemon) -> int:
    """Processes that render templates for this daemon's workers."""
    mark = f"TMPDIR={daemon.directory}".encode()
    found = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().split(b"\0")
            found += b"lmd.worker.sandbox" in command and mark in (
                process / "environ"
            ).read_bytes().split(b"\0")
        except OSError:  # it has ended meanwhile
            continue
    return found


def say(what: object) -> None:
    """For whoever reads a failure, or runs with ``-s``."""
    sys.stdout.write(f"{what}\n")


@pytest.mark.parametrize(
    ("number", "count", "bound"),
    [
        (signal.SIGKILL, rounds(12, 200), KILL_BOUND),
        (signal.SIGSTOP, rounds(3, 25), STOP_BOUND),
    ],
)
def test_every_request_ends_once_in_every_phase(
    start: NewDaemon, number: signal.Signals, count: int, bound: float
) -> None:
    say(f"seed {SEED}")
    chance = random.Random(SEED)
    daemon = start(CONFIG, None)
    seen: dict[str, Counter[str]] = {name: Counter() for name in PHASES}
    slowest = dict.fromkeys(PHASES, 0.0)
    with ExitStack() as stack:
        accident = Accident(daemon, chance, stack)
        accident.decode()
        accident.send(signal.SIGKILL)
        accident.finish()
        accident.recover()
        fds, threads = daemon.fds(), daemon.threads()
        for name in phases(chance, count):
            PHASES[name](accident)
            accident.send(number)
            sent = time.monotonic()
            seen[name] += accident.finish()
            slowest[name] = max(slowest[name], time.monotonic() - sent)
            assert slowest[name] < bound, (name, slowest[name])
            assert set(seen[name]) <= ENDS, (name, seen[name])
            accident.recover()
        say({name: dict(codes) for name, codes in seen.items()})
        say({name: round(seconds, 2) for name, seconds in slowest.items()})
        assert eventually(lambda: daemon.fds() <= fds), (daemon.fds(), fds)
        assert eventually(lambda: daemon.threads() <= threads, THREAD_CACHE_SECONDS)
        status = daemon.status()
        assert status["requests_in_flight"] == 1
        assert status["models"][0]["busy"] == status["models"][0]["queued"] == 0
        assert len(daemon.workers()) == 1
        assert eventually(lambda: sandboxes(daemon) <= 1)
    assert "Traceback" not in daemon.stderr()
