"""Edits of the configuration under load: whatever an edit is, no request is dropped."""

import os
import random
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from lmd.paths import builtin_model_path
from tests.e2e.conftest import NewDaemon
from tests.e2e.daemon import Daemon, eventually, rounds

pytestmark = pytest.mark.process

CLIENTS = 32
CONTEXTS = {"a": 512, "b": 512, "c": 512}


def config(contexts: dict[str, int], queue_total: int) -> str:
    """Three models and a limit, which tells the edits apart."""
    head = f"[limits]\nqueue_total = {queue_total}\nqueue_per_model = 64\n"
    return head + "".join(
        f'[models.{name}]\npath = "{builtin_model_path()}"\ncontext = {context}\nslots = 4\n'
        for name, context in contexts.items()
    )


class Clients:
    """Each asks, waits for the answer and asks again, until told to stop."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._stop = threading.Event()
        self.codes: Counter[str] = Counter()
        self._threads = [threading.Thread(target=self._ask, args=(n,)) for n in range(CLIENTS)]

    def __enter__(self) -> "Clients":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, number: int) -> None:
        with self._daemon.msgpack() as client:
            while not self._stop.is_set():
                model = "abc"[number % 3]
                answer = client.wait(client.ask("one two three", model=model, deadline=60))
                self.codes[answer.end().code] += 1
                self._stop.wait(0.02)


class Editor:
    """Writes the file in every way that files are written; ``good`` is what it says at last."""

    def __init__(self, daemon: Daemon) -> None:
        self._file = daemon.config
        self._chance = random.Random(7)
        self._numbers = iter(range(200, 100_000))
        self._contexts = dict(CONTEXTS)
        self.good = 0

    def edit(self) -> None:
        """One edit, of some kind."""
        self._chance.choice([self._replace, self._overwrite, self._link, self._spoil, self._cut])()

    def burst(self, edits: int, seconds: float) -> None:
        """So many edits in so short a time; the last one is good."""
        for _ in range(edits - 1):
            self._chance.choice([self._overwrite, self._spoil])()
            time.sleep(seconds / edits)
        self._replace()

    def finish(self) -> int:
        """Leave a good file behind, and say what it says."""
        self._replace()
        return self.good

    def _text(self) -> str:
        self.good = next(self._numbers)
        if self._chance.random() < 0.1:
            self._contexts["b"] = self._chance.choice([512, 640, 768])
        return config(self._contexts, self.good)

    def _beside(self, text: str) -> Path:
        path = self._file.with_name(f"edit{next(self._numbers)}")
        path.write_text(text)
        return path

    def _replace(self) -> None:
        os.replace(self._beside(self._text()), self._file)

    def _overwrite(self) -> None:
        if self._file.is_symlink():
            self._file.unlink()
        self._file.write_text(self._text())

    def _link(self) -> None:
        link = self._file.with_name(f"link{next(self._numbers)}")
        link.symlink_to(self._beside(self._text()).name)
        os.replace(link, self._file)

    def _spoil(self) -> None:
        wrong = self._chance.choice(["[limits", "[limits]\nqueue_totl = 9\n", "\0", "models = 3\n"])
        os.replace(self._beside(wrong), self._file)

    def _cut(self) -> None:
        """In the middle of a key, so that what is left is no valid file."""
        text = self._text()
        os.replace(self._beside(text[: text.rindex("context") + 3]), self._file)


def test_no_request_is_dropped_while_the_file_is_edited(start: NewDaemon) -> None:
    daemon = start(config(CONTEXTS, 199), "tokens_per_s=200,tokens=8")
    editor = Editor(daemon)
    with Clients(daemon) as clients:
        assert eventually(lambda: all(daemon.model(name)["pid"] for name in "abc"))
        pids = {name: daemon.model(name)["pid"] for name in "ac"}
        for number in range(rounds(40, 500)):
            editor.edit()
            time.sleep(0.05)
            if number % 20 == 10:
                editor.burst(200, 0.1)
        last = editor.finish()
        assert eventually(lambda: f"limits.queue_total: {last}" in would_change(daemon))
        assert daemon.status()["config_error"] == ""
    assert set(clients.codes) == {"ok"}, clients.codes
    assert {name: daemon.model(name)["pid"] for name in "ac"} == pids


def would_change(daemon: Daemon) -> str:
    """What another value of the limit would replace: the value that holds."""
    with daemon.msgpack() as client:
        plan = client.call("reload", dry_run=True, text="").good()
    return " ".join(f"{change['key']}: {change['old']}" for change in plan["changes"])
