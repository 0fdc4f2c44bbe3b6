"""Memory is known before it is taken, and a worker that takes more than was said is stopped."""

import json
from pathlib import Path

import pytest

from tests.e2e.conftest import NewDaemon
from tests.e2e.daemon import Daemon, eventually, rounds

pytestmark = pytest.mark.process

MIB = 1 << 20
GROWING = "tokens_per_s=40,tokens=400,grow_mb=16,grow_model=big"


def files(daemon: Daemon, **mebibytes: int) -> str:
    """A model for each name whose file has so many MiB; a fake engine takes its word."""
    text = ""
    for name, size in mebibytes.items():
        path = daemon.directory / f"{name}.gguf"
        path.touch()
        with path.open("r+b") as file:
            file.truncate(size * MIB)
        text += f'[models.{name}]\npath = "{path}"\nslots = 1\n'
    return text


def states(daemon: Daemon) -> dict[str, str]:
    return {model["name"]: model["state"] for model in daemon.status()["models"]}


@pytest.mark.llama
def test_a_model_over_budget_is_refused_with_the_sum_and_no_worker_is_started(start: NewDaemon):
    daemon = start('[limits]\nmemory = "100MiB"\n', None)
    with daemon.msgpack() as client:
        refused = client.call("ask", prompt="x")
        assert refused.code == "over_budget"
        assert refused.error is not None
        assert "weights + " in refused.error["message"]
        data = refused.error["data"]
        parts = sum(data[f"{part}_bytes"] for part in ("weights", "cache", "compute", "base"))
        assert parts == data["needed_bytes"] > data["budget_bytes"] == 100 * MIB
        assert data["held"] == {}
        assert not data["approximate"]
    assert daemon.workers() == []
    assert "model loaded" not in daemon.stderr()
    # The dry run is made once: the file of what is known outlives the daemon.
    [known] = json.loads((daemon.directory / ".cache/lmd/memory.json").read_text()).values()
    assert known["weights"] == data["weights_bytes"]
    daemon.config.write_text("")
    assert eventually(lambda: daemon.status()["config_generation"] == 2)
    with daemon.msgpack() as client:
        client.call("ask", prompt="x").good()


def test_the_idle_model_makes_room_and_the_busy_one_is_waited_for(new_daemon: NewDaemon):
    daemon = new_daemon("", "tokens_per_s=100,tokens=30")
    models = files(daemon, a=100, b=100, c=100)
    daemon.config.write_text(f'[limits]\nmemory = "300MiB"\nloaded_models = 9\n{models}')
    daemon.start()
    with daemon.msgpack() as client:
        client.call("ask", prompt="x", model="a").good()
        running = client.ask(model="b")
        client.wait_text(running)
        assert client.call("ask", prompt="x", model="c").code == "ok"
        assert states(daemon) == {"shell": "unloaded", "a": "unloaded", "b": "ready", "c": "ready"}
        assert client.wait(running).end().code == "ok"
        ids = [client.ask(model=name) for name in "abcabc"]
        assert {answer.end().code for answer in client.wait_all(ids)} == {"ok"}
    assert len(daemon.workers()) == 2


def test_a_lower_limit_holds_at_once_and_a_higher_one_too(new_daemon: NewDaemon):
    daemon = new_daemon("")
    models = files(daemon, a=100, b=100)
    daemon.config.write_text(f'[limits]\nmemory = "300MiB"\n{models}')
    daemon.start()
    with daemon.msgpack() as client:
        for name in "ab":
            client.call("ask", prompt="x", model=name).good()
        daemon.config.write_text(f'[limits]\nmemory = "200MiB"\n{models}')
        assert eventually(lambda: len(daemon.workers()) == 1)
        daemon.config.write_text(f'[limits]\nmemory = "80MiB"\n{models}')
        assert eventually(lambda: not daemon.workers())
        assert client.call("ask", prompt="x", model="a").code == "over_budget"
        daemon.config.write_text(models)
        assert eventually(lambda: daemon.status()["config_generation"] == 4)
        client.call("ask", prompt="x", model="a").good()


def test_a_worker_past_its_bound_is_killed_by_name_and_no_other_is(new_daemon: NewDaemon):
    daemon = new_daemon("", GROWING)
    models = files(daemon, big=1, small=1)
    daemon.config.write_text(f"[limits]\nrestarts = 100\nrestart_window = 0.001\n{models}")
    daemon.start()
    with daemon.msgpack() as client, daemon.msgpack() as other:
        other.call("ask", prompt="x", model="small", max_tokens=2).good()
        small = daemon.model("small")["pid"]
        before, most = daemon.anonymous_kib(), 0
        for _ in range(rounds(sample=2, full=20)):
            dies = client.ask(model="big")
            client.wait_text(dies)
            other.call("ask", prompt="x", model="small", max_tokens=2).good()
            answer = client.wait(dies)
            assert answer.end().code == "worker_oom", answer.end()
            assert answer.pieces, "what came before is not lost"
            error = answer.end().error
            assert error is not None
            assert "more than its bound of" in error["message"]
            most = max(most, daemon.anonymous_kib() - before)
        assert daemon.model("small")["pid"] == small
        assert most < 8 << 10


def test_what_grows_too_fast_to_be_watched_meets_the_limit_of_the_kernel(new_daemon: NewDaemon):
    daemon = new_daemon("", "tokens_per_s=0,tokens=50,grow_mb=512")
    daemon.config.write_text(files(daemon, big=1))
    daemon.start()
    with daemon.msgpack() as client:
        assert client.call("ask", prompt="x", model="big", max_tokens=50).code == "worker_oom"


def test_a_worker_past_its_soft_bound_is_replaced_when_it_is_idle(new_daemon: NewDaemon):
    daemon = new_daemon("", "tokens_per_s=20,tokens=20,grow_mb=5")
    daemon.config.write_text(files(daemon, big=1))
    daemon.start()
    with daemon.msgpack() as client:
        first = client.ask(model="big")
        client.wait_text(first)
        pid = daemon.model("big")["pid"]
        assert client.wait(first).end().code == "ok"
        assert eventually(lambda: daemon.model("big")["pid"] not in (pid, None))
    assert "reason=recycled" in daemon.stderr()
    assert "restarts" not in daemon.model("big"), "it counts as no crash"


def test_what_a_worker_had_counts_the_next_time(new_daemon: NewDaemon):
    daemon = new_daemon("", "tokens_per_s=20,tokens=20,grow_mb=5")
    daemon.config.write_text(files(daemon, big=1))
    daemon.start()
    with daemon.msgpack() as client:
        before = client.call("models.memory").good()["models"]
        client.call("ask", prompt="x", model="big", max_tokens=20).good()
        assert eventually(lambda: "reason=recycled" in daemon.stderr())
        after = client.call("models.memory").good()["models"]
    [old], [new] = ([m for m in found if m["name"] == "big"] for found in (before, after))
    assert new["predicted_bytes"] == old["predicted_bytes"]
    assert new["measured_bytes"] > old["predicted_bytes"]
    assert new["needed_bytes"] == new["measured_bytes"]


def test_a_spoilt_file_of_sizes_is_no_trouble(new_daemon: NewDaemon):
    daemon = new_daemon("", "")
    cache = Path(daemon.directory, ".cache/lmd")
    cache.mkdir(parents=True)
    (cache / "memory.json").write_text('{"x": {"weights": -1}, ')
    daemon.start()
    with daemon.msgpack() as client:
        client.call("ask", prompt="x").good()


def test_a_pinned_model_stays_and_who_has_no_room_beside_it_is_told(new_daemon: NewDaemon):
    daemon = new_daemon("")
    models = files(daemon, a=100, b=100, c=150).replace("[models.a]", "[models.a]\npinned = true")
    limits = '[limits]\nmemory = "300MiB"\n[daemon]\nkeep_alive = 0.2\n'
    daemon.config.write_text(limits + models)
    daemon.start()
    with daemon.msgpack() as client:
        client.call("ask", prompt="x", model="a").good()
        pid = daemon.model("a")["pid"]
        client.call("ask", prompt="x", model="b").good()
        refused = client.call("ask", prompt="x", model="c")
        assert refused.code == "over_budget"
        assert refused.error is not None
        assert "(pinned)" in refused.error["message"]
        assert refused.error["data"]["pinned"] == ["a"]
        assert eventually(lambda: states(daemon)["b"] == "unloaded")
        assert daemon.model("a") | {"pid": pid, "state": "ready", "pinned": True} == (
            daemon.model("a")
        )
        daemon.config.write_text(limits + models.replace("pinned = true", ""))
        assert eventually(lambda: states(daemon)["a"] == "unloaded")
        client.call("ask", prompt="x", model="c").good()
