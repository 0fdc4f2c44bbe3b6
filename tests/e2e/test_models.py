"""Models come when asked for, go when nobody uses them, and fail without taking others along."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import NewDaemon
from tests.e2e.daemon import Daemon, eventually
from tests.llama.adapters import write_adapter
from tests.llama.conftest import SHELL_MODEL

pytestmark = pytest.mark.process

THREE = """
[limits]
loaded_models = 2
[models.a]
path = "/a.gguf"
aliases = ["first"]
[models.b]
path = "/b.gguf"
[models.c]
path = "/c.gguf"
"""
SLOW = "tokens_per_s=200,tokens=40"


def states(daemon: Daemon) -> dict[str, str]:
    return {model["name"]: model["state"] for model in daemon.status()["models"]}


def test_models_load_on_demand_and_the_idle_one_makes_room(start: NewDaemon) -> None:
    daemon = start(THREE)
    assert set(states(daemon).values()) == {"unloaded"}
    assert daemon.workers() == []
    with daemon.msgpack() as client:
        for name, used in [("first", "a"), ("b", "b"), ("a", "a"), ("c", "c")]:
            assert client.call("ask", prompt="x", model=name).good()["model"] == used
    # Which of the two goes is weighed by how long it took to load, which no test decides.
    found = states(daemon)
    assert sorted([found.pop("a"), found.pop("b")]) == ["ready", "unloaded"]
    assert found == {"shell": "unloaded", "c": "ready"}
    assert len(daemon.workers()) == 2


def test_a_busy_model_is_not_evicted_and_all_are_served(start: NewDaemon) -> None:
    daemon = start(THREE, SLOW)
    with daemon.msgpack() as client:
        ids = [client.ask(model=name) for name in "abcabcabc" for _ in range(3)]
        assert {answer.end().code for answer in client.wait_all(ids)} == {"ok"}
    assert len(daemon.workers()) <= 2


def test_load_show_list_unload(start: NewDaemon) -> None:
    daemon = start(THREE)
    with daemon.msgpack() as client:
        loaded = client.call("models.load", model="first").good()
        assert (loaded["name"], loaded["state"]) == ("a", "ready")
        assert loaded["pid"] in daemon.workers()
        listed = client.call("models.list").good()["models"]
        assert [model["name"] for model in listed] == ["shell", "a", "b", "c"]
        assert client.call("models.show", model="a").code == "load_failed"  # there is no file
        client.call("models.unload", model="a").good()
        assert eventually(lambda: states(daemon)["a"] == "unloaded")
        assert eventually(lambda: not daemon.workers())
        client.call("models.unload", model="a").good()
        assert client.call("models.load", model="nope").code == "unknown_model"


def test_unload_waits_for_what_runs_and_a_new_request_loads_again(start: NewDaemon) -> None:
    daemon = start(fake=SLOW)
    with daemon.msgpack() as client:
        running = client.ask()
        client.wait_text(running)
        before = daemon.model()["pid"]
        client.call("models.unload", model="shell").good()
        waiting = client.ask()
        assert client.wait(running).end().code == "ok"
        assert client.wait(waiting).end().code == "ok"
    assert daemon.model()["pid"] not in (before, None)


def test_keep_alive_unloads_and_forever_does_not(start: NewDaemon) -> None:
    daemon = start("[models.shell]\nkeep_alive = 0.2\n[models.b]\npath = '/b'\n")
    with daemon.msgpack() as client:
        for name in ("shell", "b"):
            assert client.call("ask", prompt="x", model=name).code == "ok"
    assert eventually(lambda: states(daemon) == {"shell": "unloaded", "b": "ready"})
    with daemon.msgpack() as client:
        assert client.call("ask", prompt="again").code == "ok"


def test_preload(start: NewDaemon) -> None:
    daemon = start("[models.b]\npath = '/b'\npreload = true\n")
    assert eventually(lambda: states(daemon) == {"shell": "unloaded", "b": "ready"})


def test_progress_while_waiting(start: NewDaemon) -> None:
    daemon = start("[models.shell]\nslots = 1\n", "load_s=0.2," + SLOW)
    with daemon.json() as client:
        first, second = client.ask(), client.ask()
        answers = client.wait_all([first, second])
        assert answers[0].events[0] == "queued"
        assert "loading" in answers[0].events
        timings = answers[0].end().good()["timings"]
        assert timings["load_ms"] >= 200
        assert timings["first_token_ms"] >= timings["load_ms"]
        assert answers[1].end().good()["timings"]["queued_ms"] > timings["queued_ms"]


def test_a_load_that_fails_is_told_and_tried_again(start: NewDaemon) -> None:
    daemon = start(fake="fail_load=weights are cursed")
    with daemon.msgpack() as client:
        for _ in range(3):
            error = client.call("ask", prompt="x").error
            assert error is not None
            assert error["code"] == "load_failed"
            assert "weights are cursed" in error["message"]
    assert "cursed" in daemon.model()["last_error"]
    assert daemon.workers() == []


def test_crashes_end_in_failed_with_the_last_words_and_load_revives(start: NewDaemon) -> None:
    daemon = start("[limits]\nrestarts = 2\n", "crash_at=token:3")
    with daemon.msgpack() as client:
        codes = [client.call("ask", prompt="one two three four").code for _ in range(4)]
        assert codes == ["model_failed"] * 3 + ["load_failed"]
        failed = daemon.model()
        assert failed["state"] == "failed"
        assert "GGML_ASSERT failed at token" in failed["last_error"]
        assert "SIGABRT" in failed["last_error"]
        assert client.call("models.load", model="shell").good()["state"] == "ready"
        assert client.call("ask", prompt="short").code == "ok"


def test_a_crash_while_loading_refuses_who_waits(start: NewDaemon) -> None:
    daemon = start("[limits]\nrestarts = 1\n", "crash_at=load")
    with daemon.msgpack() as client:
        for _ in range(3):
            assert client.call("ask", prompt="x").code == "load_failed"
    assert daemon.model()["state"] == "failed"
    assert eventually(lambda: not daemon.workers())


def test_a_worker_that_hangs_is_killed_and_told(start: NewDaemon) -> None:
    daemon = start("[limits]\nstall_timeout = 0.5\n", "hang_at=token:3")
    with daemon.msgpack() as client:
        error = client.call("ask", prompt="one two three four").error
        assert error is not None
        assert error["code"] == "model_failed"
        assert "said nothing for 0.5 s" in error["message"]
        assert client.call("ask", prompt="short").code == "ok"


def test_a_stopped_worker_is_killed_and_the_queue_goes_on(start: NewDaemon) -> None:
    daemon = start("[limits]\nstall_timeout = 0.5\n[models.shell]\nslots = 4\n", SLOW)
    with daemon.msgpack() as client:
        ids = [client.ask() for _ in range(6)]
        client.wait_text(ids[0])
        os.kill(daemon.workers()[0], signal.SIGSTOP)
        codes = [answer.end().code for answer in client.wait_all(ids)]
        assert codes == ["model_failed"] * 4 + ["ok"] * 2


def test_a_load_that_takes_too_long_is_ended(start: NewDaemon) -> None:
    daemon = start("[daemon]\nload_timeout = 0.3\n", "hang_at=load")
    with daemon.msgpack() as client:
        error = client.call("ask", prompt="x").error
        assert error is not None
        assert error["code"] == "load_failed"
        assert "load_timeout" in error["message"]
    assert eventually(lambda: not daemon.workers())


def test_closing_during_the_load_leaves_a_model_that_serves(start: NewDaemon) -> None:
    daemon = start(fake="load_s=0.3")
    with daemon.msgpack() as client:
        client.wait_event(client.ask(), "loading")
    with daemon.msgpack() as client:
        assert client.call("ask", prompt="x").code == "ok"
    assert len(daemon.workers()) == 1


def untimed(result: dict[str, Any]) -> dict[str, Any]:
    """A result without what is another one each time."""
    return {key: value for key, value in result.items() if key != "timings"}


def test_embeddings_and_tokens(start: NewDaemon) -> None:
    daemon = start()
    with daemon.msgpack() as client, daemon.json() as other:
        texts = ["one", "two", "one"]
        vectors = client.call("embed", input=texts).good()
        assert vectors["embeddings"][0] == vectors["embeddings"][2] != vectors["embeddings"][1]
        assert vectors["dimensions"] == len(vectors["embeddings"][0])
        assert sum(value**2 for value in vectors["embeddings"][0]) == pytest.approx(1)
        assert untimed(other.call("embed", input=texts).good()) == untimed(vectors)
        tokens = client.call("tokenize", text="one two", with_pieces=True).good()
        assert tokens["pieces"] == ["one", " two"]
        assert tokens["count"] == len(tokens["tokens"]) == 2
        again = other.call("tokenize", text="one two", with_pieces=True).good()
        assert untimed(again) == untimed(tokens)
        assert client.call("embed", input=[]).code == "invalid_request"
        assert client.call("embed", input=["x"] * 65).code == "invalid_request"


@pytest.mark.llama
def test_adapters_by_name(start: NewDaemon, tmp_path: Path) -> None:
    style = write_adapter(tmp_path / "style.gguf", SHELL_MODEL)
    model = f'[models.m]\npath = "{SHELL_MODEL}"\ncontext = 128\nthreads = 1\n'
    table = f'[models.m.lora.style]\npath = "{style}"\n'
    daemon = start(model + table, None)
    greedy = {"model": "m", "prompt": "list all files here", "temperature": 0, "max_tokens": 12}
    with daemon.msgpack() as client:
        plain = client.call("ask", **greedy).good()["text"]
        styled = client.call("ask", **greedy, lora="style").good()["text"]
        assert plain != styled
        for same in (["style"], [{"name": "style"}], [{"name": "style", "scale": 1.0}]):
            assert client.call("ask", **greedy, lora=same).good()["text"] == styled
        for none in ([], [{"name": "style", "scale": 0}]):
            assert client.call("ask", **greedy, lora=none).good()["text"] == plain
        refused = client.call("ask", **greedy, lora="stile")
        assert refused.code == "invalid_request"
        assert refused.error is not None
        assert refused.error["hint"] == "did you mean 'style'?"
        assert daemon.model("m")["lora"] == ["style"]
        [found] = [m for m in client.call("models.memory").good()["models"] if m["name"] == "m"]
        assert 0 < found["adapters_bytes"] < os.path.getsize(style)
        assert found["measured_bytes"] <= found["predicted_bytes"]
    words = ["-m", "m", "--lora", "style", "-t", "0", "-n", "12", "list all files here"]
    shown = subprocess.run(
        [sys.executable, "-m", "lmctl", "ask", *words],
        env=daemon.environment() | {"LMD_SOCKET": daemon.socket},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert shown.stdout.strip() == styled.strip()
    Path(style).write_bytes(b"no adapter")
    daemon.config.write_text(model + table + "scale = 0.5\n")
    assert eventually(lambda: "this is not a GGUF file" in daemon.stderr())
    with daemon.msgpack() as client:
        assert client.call("ask", **greedy, lora="style").good()["text"] == styled, "the old worker"
