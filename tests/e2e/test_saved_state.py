"""What a model has read survives its unloading and the daemon's end, where that is wanted."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import NewDaemon
from tests.e2e.daemon import Daemon, eventually

pytestmark = [pytest.mark.process, pytest.mark.llama]

PROMPT = "list every file that is larger than a megabyte, " * 6
SAVING = "[models.shell]\nsave_state = true\n"


def ask(daemon: Daemon, prompt: str = PROMPT, **params: object) -> dict[str, Any]:
    with daemon.msgpack() as client:
        return client.call("ask", prompt=prompt, max_tokens=8, temperature=0, **params).good()


def cached(answer: dict[str, Any]) -> int:
    tokens: int = answer["usage"]["cached_tokens"]
    return tokens


def unload(daemon: Daemon) -> None:
    with daemon.msgpack() as client:
        client.call("models.unload", model="shell").good()
    assert eventually(lambda: daemon.model()["state"] == "unloaded")


def restart(daemon: Daemon) -> None:
    daemon.terminate()
    assert daemon.process.wait(60) == 0
    daemon.start()


def files(daemon: Daemon) -> list[Path]:
    return [path for path in daemon.directory.rglob("kv/*/*") if path.is_file()]


def test_a_prompt_is_not_read_again_after_unload_and_restart(start: NewDaemon) -> None:
    daemon = start(SAVING, None)
    first = ask(daemon)
    assert cached(first) == 0
    for interrupt in (unload, restart):
        interrupt(daemon)
        again = ask(daemon)
        assert cached(again) == again["usage"]["prompt_tokens"] - 1
        assert again["text"] == first["text"]
    assert all(path.stat().st_mode & 0o077 == 0 for path in daemon.directory.rglob("kv*"))


def test_nothing_is_written_unless_it_is_asked_for(start: NewDaemon) -> None:
    daemon = start("", None)
    ask(daemon)
    unload(daemon)
    assert cached(ask(daemon)) == 0
    restart(daemon)
    assert files(daemon) == []
    assert list(daemon.directory.rglob("kv*")) == []


def test_a_private_request_and_what_the_shell_asks_are_not_written(start: NewDaemon) -> None:
    daemon = start(SAVING, None)
    ask(daemon, private=True)
    with daemon.msgpack() as client:
        client.call("suggest", text="find every file of more than a megabyte " * 4).good()
    unload(daemon)
    assert files(daemon) == []
    assert cached(ask(daemon)) == 0


def test_the_same_prompt_asked_openly_is_written_after_all(start: NewDaemon) -> None:
    daemon = start(SAVING, None)
    ask(daemon, private=True)
    ask(daemon)
    unload(daemon)
    assert len(files(daemon)) == 1


def test_a_tampered_file_is_read_again_and_goes(start: NewDaemon) -> None:
    daemon = start(SAVING, None)
    first = ask(daemon)
    unload(daemon)
    (path,) = files(daemon)
    broken = bytearray(path.read_bytes())
    broken[len(broken) // 2] ^= 1
    path.write_bytes(broken)
    again = ask(daemon)
    assert (cached(again), again["text"]) == (0, first["text"])
    assert not path.exists()


def test_forget_leaves_nothing_in_memory_or_on_disk(start: NewDaemon) -> None:
    daemon = start(SAVING, None)
    ask(daemon)
    unload(daemon)
    assert cached(ask(daemon)) > 0
    with daemon.msgpack() as client:
        forgotten = client.call("models.forget", model="shell").good()
        assert (forgotten["files"], forgotten["bytes"] > 0) == (1, True)
        assert cached(ask(daemon)) == 0
        unload(daemon)
        assert client.call("models.forget").good()["files"] == 1
    assert files(daemon) == []
    assert cached(ask(daemon)) == 0


def test_the_bound_of_bytes_holds_over_all_models(start: NewDaemon) -> None:
    daemon = start(f"[limits]\nsaved_state = '900kB'\n{SAVING}", None)
    for number in range(4):
        ask(daemon, f"{number} {PROMPT}")
    unload(daemon)
    assert 0 < sum(path.stat().st_size for path in files(daemon)) <= 900_000


def test_a_key_that_others_could_read_is_refused(start: NewDaemon) -> None:
    daemon = start(SAVING, None)
    ask(daemon)
    unload(daemon)
    (key,) = daemon.directory.rglob("kv.key")
    key.chmod(0o644)
    with daemon.msgpack() as client:
        error = client.call("ask", prompt="x").error
    assert error["code"] == "load_failed"
    assert "0600" in error["message"]
    assert "save_state" in error["hint"] + error["message"]


def test_a_worker_that_hangs_does_not_keep_the_daemon(new_daemon: NewDaemon) -> None:
    daemon = new_daemon(f"[daemon]\ndrain = '1s'\n{SAVING}", None).start()
    ask(daemon)
    (worker,) = daemon.workers()
    os.kill(worker, signal.SIGSTOP)
    daemon.terminate()
    assert daemon.process.wait(60) == 0
    assert eventually(lambda: daemon.workers() == [])
    assert files(daemon) == []


def test_a_daemon_that_is_killed_loses_only_what_was_not_saved(start: NewDaemon) -> None:
    daemon = start(SAVING, None)
    ask(daemon)
    unload(daemon)
    ask(daemon, "count the words of every file in this folder, " * 6)
    daemon.process.kill()
    daemon.process.wait(60)
    assert eventually(lambda: daemon.workers() == [])
    daemon.start()
    assert cached(ask(daemon)) > 0
