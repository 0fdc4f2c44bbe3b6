"""A lease against a real daemon: without one the model would be unloaded at once."""

import pytest

from tests.e2e.conftest import NewDaemon
from tests.e2e.daemon import eventually

pytestmark = pytest.mark.process


@pytest.mark.parametrize("dialect", ["msgpack", "json"])
def test_a_lease_ends_with_its_connection(start: NewDaemon, dialect: str) -> None:
    daemon = start("[models.shell]\nkeep_alive = 0\n")
    with daemon.msgpack() if dialect == "msgpack" else daemon.json() as client:
        assert client.call("ask", prompt="x").code == "ok"
        assert eventually(lambda: daemon.model()["state"] == "unloaded")
        assert client.call("ask", prompt="x", lease=True).code == "ok"
        pid = daemon.model()["pid"]
        assert client.call("ask", prompt="x").code == "ok"
        model = daemon.model()
        assert (model["state"], model["leases"], model["pid"]) == ("ready", 1, pid)
    assert eventually(lambda: daemon.model()["state"] == "unloaded")
    assert "leases" not in daemon.model()


def test_a_lease_outlives_the_death_of_the_worker(start: NewDaemon) -> None:
    daemon = start("[models.shell]\nkeep_alive = 0\n", "crash_at=token:9")
    with daemon.msgpack() as client:
        assert client.call("ask", prompt="one two", lease=True).code == "ok"
        pid = daemon.model()["pid"]
        assert client.call("ask", prompt="w " * 20).code == "model_failed"
        assert eventually(lambda: daemon.model()["state"] == "ready")
        assert daemon.model()["pid"] != pid
