"""Canaries: what is nobody else's business is found in no log, no status, no process.

Secrets of the configuration come from everywhere they may come from; texts go into every field that
takes one. Everything is logged that can be logged, workers crash, and handlers have defects.
"""

import base64
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.e2e.clients import Client
from tests.e2e.conftest import NewDaemon
from tests.e2e.daemon import SECONDS, Daemon
from tests.e2e.test_metrics import scrape
from tests.e2e.test_tracing import Collector, open_collector

pytestmark = pytest.mark.process

SECRETS = {
    name: f'canary-{name}-4711/{number} ü"'
    for number, name in enumerate(("environment", "variable", "file", "credential", "command"))
}
TEXTS = {
    name: f"canary-{name}-{number}-1147"
    for number, name in enumerate(
        ("prompt", "system", "message", "suffix", "stop", "schema", "grammar", "input", "request",
         "history", "line", "error", "persona", "wrongtoken")
    )
}  # fmt: skip
# With a defect in a handler whose exception says the prompt, as `KeyError` and `ValueError` do.
DEFECTIVE = """
import sys
from lmd.rpc.handlers.generate import GenerateHandlers
async def complete(self, context, params):
    try:
        raise KeyError(params.prompt)
    except KeyError as error:
        raise ExceptionGroup(params.suffix or "", [ValueError(params.prompt)]) from error
GenerateHandlers.complete = complete
from lmd.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def spellings(canary: str) -> set[bytes]:
    """A canary as it is, and as it looks in JSON, in a repr, in URLs and in base64."""
    data = canary.encode()
    return {
        data,
        canary.split(" ")[0].encode(),
        repr(canary)[1:-1].encode(),
        quote(canary, safe="").encode(),
        base64.b64encode(data),
    }


CANARIES = [*SECRETS.values(), *TEXTS.values()]
ALL = {spelling for canary in CANARIES for spelling in spellings(canary)}


def found_in(data: bytes) -> set[bytes]:
    return {spelling for spelling in ALL if spelling in data}


class Watcher:
    """Looks at the command line of every process, and at the environment of workers, all the time.

    What a process is for is not asked: whatever runs while the daemon does is looked at.
    """

    def __init__(self, daemon: Daemon) -> None:
        self.leaks: set[tuple[str, bytes]] = set()
        self.workers: set[int] = set()
        self._daemon = daemon
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        ours = {os.getpid(), self._daemon.process.pid}
        daemon = _read(self._daemon.process.pid, "cmdline")
        while not self._over.is_set():
            for pid in [int(name) for name in os.listdir("/proc") if name.isdigit()]:
                command = _read(pid, "cmdline")
                self._note("cmdline", command)
                # Between fork and exec a child is the daemon itself, environment and all.
                child = _parent(pid) == self._daemon.process.pid and command != daemon
                if child and pid not in ours:
                    self.workers.add(pid)
                    self._note("environ", _read(pid, "environ"))
            time.sleep(0.001)

    def _note(self, what: str, data: bytes) -> None:
        self.leaks |= {(what, leak) for leak in found_in(data)}

    def close(self) -> None:
        self._over.set()
        self._thread.join()


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:  # it has ended meanwhile
        return b""


def _parent(pid: int) -> int:
    fields = _read(pid, "stat").rsplit(b")", 1)[-1].split()
    return int(fields[1]) if len(fields) > 1 else 0


@contextmanager
def watching(daemon: Daemon) -> Iterator[Watcher]:
    watcher = Watcher(daemon)
    try:
        yield watcher
    finally:
        watcher.close()


def configure(daemon: Daemon, collector: Collector) -> dict[str, str]:
    """Write a configuration that takes secrets from everywhere; returns the environment for it."""
    credentials = daemon.directory / "credentials"
    credentials.mkdir(mode=0o700)
    (credentials / "otlp").write_text(SECRETS["credential"])
    for name in ("file", "command"):
        path = daemon.directory / f"{name}.secret"
        path.write_text(f"{SECRETS[name]}\nnot this line\n")
        path.chmod(0o600)
    daemon.config.write_text(f"""
[daemon]
default_model = "shell"
[log]
level = "debug"
format = "json"
file = "{daemon.directory}/debug.log"
[metrics]
listen = "127.0.0.1:0"
token = {{ env = "SCRAPE_TOKEN" }}
[tracing]
endpoint = "{collector.url}"
[tracing.headers]
x-file = {{ file = "{daemon.directory}/file.secret" }}
x-credential = {{ credential = "otlp" }}
x-command = {{ command = ["cat", "{daemon.directory}/command.secret"] }}
[personas.spy]
system = "{TEXTS["persona"]}"
""")
    return daemon.environment() | {
        "OPENAI_API_KEY": SECRETS["environment"],
        "SCRAPE_TOKEN": SECRETS["variable"],
        "CREDENTIALS_DIRECTORY": str(credentials),
    }


def ask_everything(client: Client) -> list[str]:
    """Every text into every field that takes one; the codes of the answers."""
    texts = TEXTS
    schema = {"type": "object", "properties": {texts["schema"]: {"const": texts["schema"]}}}
    grammar = f'root ::= "{texts["grammar"]}"'
    calls: list[tuple[str, dict[str, Any]]] = [
        ("ask", {"prompt": texts["prompt"], "system": texts["system"], "stop": [texts["stop"]]}),
        ("ask", {"messages": [{"role": "user", "content": texts["message"]}], "stream": True}),
        ("ask", {"prompt": texts["prompt"], "persona": "spy", "max_tokens": 4}),
        ("ask", {"prompt": texts["prompt"], "schema": schema, "max_tokens": 4}),
        ("ask", {"prompt": texts["prompt"], "grammar": grammar, "max_tokens": 4}),
        ("ask", {"prompt": texts["prompt"], "grammar": f'{texts["grammar"]} ::= ("'}),
        ("ask", {"prompt": texts["prompt"], "top_k": -1}),
        ("ask", {"messages": [{"role": texts["message"], "content": texts["message"]}]}),
        ("complete", {"prompt": texts["prompt"], "suffix": texts["suffix"]}),
        ("embed", {"input": [texts["input"]]}),
        ("tokenize", {"text": texts["input"], "with_pieces": True}),
        ("suggest", {"text": texts["request"], "history": [texts["history"]]}),
        ("suggest", {"text": f"git {texts['request']}", "commands": [texts["history"]]}),
        ("fix", {"text": f"git {texts['line']}", "status": 1, "error": texts["error"]}),
        ("explain", {"text": f"git {texts['line']} --{texts['line']}"}),
        ("ask", {"prompt": texts["prompt"] * 9000}),
    ]
    codes = [client.call(method, **params).code for method, params in calls]
    client.cancel(client.ask(texts["prompt"]))
    return codes


def looked_at(daemon: Daemon, client: Client) -> bytes:
    """What somebody else sees who asks this daemon how it is."""
    looks = [
        str(client.call(method, **params).good())
        for method, params in (
            ("status", {}), ("metrics", {}), ("models.list", {}), ("hello", {}),
            ("models.show", {"model": "shell"}),
        )
    ]  # fmt: skip
    looks += [
        subprocess.run(
            [sys.executable, "-m", "lmctl", *words],
            env=daemon.environment() | {"LMD_SOCKET": daemon.socket},
            capture_output=True, timeout=SECONDS, check=False,
        ).stdout.decode()
        for words in (["status"], ["status", "--json"], ["doctor"])
    ]  # fmt: skip
    return "".join(looks).encode()


@pytest.mark.parametrize("fake", ["crash_at=token:3", "", None], ids=["crash", "fake", "llama"])
def test_no_canary_is_found_anywhere(new_daemon: NewDaemon, fake: str | None):
    with open_collector() as collector:
        daemon = new_daemon(fake=fake)
        environment = configure(daemon, collector)
        command = [sys.executable, "-c", DEFECTIVE, *daemon.command()[3:]]
        with daemon.log.open("ab") as log:
            daemon.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        while not daemon.answers():
            pass
        subscriber = daemon.json()
        following = subscriber.request("events")
        with watching(daemon) as watcher, daemon.msgpack() as client:
            subscriber.wait_event(following, "subscribed")
            codes = ask_everything(client)
            seen = looked_at(daemon, client)
            logged = daemon.directory / "debug.log"
            port = int(logged.read_text().split('"address": "127.0.0.1:')[1].split('"')[0])
            assert scrape(port, SECRETS["variable"])[0] == 200
            assert scrape(port, TEXTS["wrongtoken"])[0] == 401
        core = (Path(f"/proc/{daemon.process.pid}/limits").read_bytes()).splitlines()
        daemon.terminate()
        assert daemon.wait() == 0
        events = b"".join(str(message).encode() for message in drained(subscriber))
        log_lines = logged.read_bytes()

    # The harness does what it is for: things went well, went wrong, crashed and were watched.
    assert "ok" in codes
    assert "internal" in codes, "the defect was met"
    assert b"defect while serving a request" in log_lines
    assert b"KeyError" in log_lines
    assert ("model_failed" in codes) == (fake == "crash_at=token:3")
    assert watcher.workers
    assert b"request_finished" in events
    assert collector.headers[0]["x-file"] == SECRETS["file"]
    assert any(b"core file size" in line and line.split()[4] == b"0" for line in core)

    assert found_in(log_lines) == set()
    assert found_in(daemon.log.read_bytes()) == set()
    assert found_in(seen) == set()
    assert found_in(events) == set()
    assert found_in(b"".join(collector.bodies)) == set()
    assert watcher.leaks == set()


def drained(subscriber: Client) -> list[Any]:
    with subscriber:
        return subscriber.drain()


def test_the_harness_finds_a_canary_that_is_there():
    for canary in CANARIES:
        assert found_in(f'{{"event": "{canary}"}}'.encode())
        assert found_in(base64.b64encode(canary.encode()))
    assert not found_in(b"nothing")
