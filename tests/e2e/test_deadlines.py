"""Requests that cannot be answered in time, in a real daemon: refused at once, with the sum."""

import json
from pathlib import Path

import pytest

from tests.e2e.conftest import NewDaemon
from tests.e2e.daemon import Daemon, eventually

pytestmark = pytest.mark.process


def load_once(daemon: Daemon, model: str) -> None:
    with daemon.msgpack() as client:
        client.call("models.load", model=model).good()
        client.call("models.unload", model=model).good()
    assert eventually(lambda: daemon.model(model)["state"] == "unloaded")


@pytest.mark.llama
def test_loads_are_remembered_over_a_restart(new_daemon: NewDaemon):
    daemon = new_daemon("", None).start()
    for _ in range(2):
        load_once(daemon, "shell")
    loads = daemon.model("shell")["load_s"]
    daemon.terminate()
    assert daemon.process.wait(60) == 0
    [known] = json.loads(Path(daemon.directory, ".cache/lmd/speed.json").read_text()).values()
    assert len(known["loads"]) == 2
    assert round(min(known["loads"]), 3) == loads
    daemon.start()
    with daemon.msgpack() as client:
        refused = client.call("ask", prompt="x", deadline=loads / 2)
        assert refused.code == "deadline_exceeded"
        assert refused.error is not None
        assert "shell is being loaded" in refused.error["message"]
        assert refused.error["data"]["load_s"] == pytest.approx(loads, abs=0.2)
        assert eventually(lambda: daemon.model("shell")["state"] == "ready"), "the load goes on"
        assert client.call("ask", prompt="list files", deadline=60.0).code == "ok"


def test_a_load_goes_on_without_those_who_cannot_wait(new_daemon: NewDaemon):
    daemon = new_daemon('[models.a]\npath = "/a"\n', "load_s=0.4,reply=done").start()
    for _ in range(2):
        load_once(daemon, "a")
    with daemon.json() as client:
        refused = client.call("ask", model="a", prompt="x", deadline=0.2)
        assert refused.code == "deadline_exceeded"
        assert refused.error is not None
        assert refused.error["data"]["retry_after"] >= 0.4
        assert eventually(lambda: daemon.model("a")["state"] == "ready")
        assert client.call("ask", model="a", prompt="x", deadline=60.0).good()["text"] == "done"


def test_what_waits_is_told_in_tokens(new_daemon: NewDaemon):
    limits = "[limits]\nqueue_tokens_per_client = 1000\n"
    models = '[models.a]\npath = "/a"\nslots = 1\n'
    daemon = new_daemon(limits + models, "tokens_per_s=20,tokens=400").start()
    with daemon.msgpack() as client:
        running = client.ask(model="a")
        assert eventually(lambda: daemon.model("a")["busy"] == 1)
        waiting = client.ask("w " * 1600, model="a")
        assert eventually(lambda: daemon.model("a")["queued"] == 1)
        assert daemon.model("a")["queued_tokens"] == 800, "four bytes to a token"
        refused = client.call("ask", model="a", prompt="w " * 500)
        assert refused.code == "overloaded"
        assert refused.error is not None
        assert refused.error["data"]["limit"] == "queue_tokens_per_client"
        assert "about 800 tokens of prompts wait for this client" in refused.error["message"]
        client.cancel(running)
        client.cancel(waiting)
        assert {client.wait(one).end().code for one in (running, waiting)} == {"cancelled"}
