"""An interactive request takes the slot of a batch one, as clients see it."""

import pytest

from tests.e2e.conftest import NewDaemon
from tests.e2e.daemon import Daemon, eventually

pytestmark = pytest.mark.process

ONE_SLOT = "[models.shell]\nslots = 1\n"


def states(daemon: Daemon) -> dict[str, str]:
    return {one["priority"]: one["state"] for one in daemon.status()["requests"]}


def test_a_batch_request_is_parked_and_seen_so_and_answered_whole(start: NewDaemon):
    daemon = start(ONE_SLOT, fake="tokens_per_s=40,tokens=120")
    with daemon.msgpack() as batch, daemon.msgpack() as person:
        long = batch.ask(priority="batch")
        assert eventually(lambda: states(daemon) == {"batch": "decode"})
        short = person.ask(max_tokens=60)
        assert eventually(lambda: states(daemon) == {"batch": "parked", "interactive": "decode"})
        assert person.wait(short).end().good()["usage"]["completion_tokens"] == 60
        assert eventually(lambda: states(daemon) == {"batch": "decode"})
        whole = batch.wait(long).end().good()
        assert whole["text"].split() == [f"tok{at}" for at in range(120)]


def test_a_parked_request_is_dropped_when_its_client_hangs_up(start: NewDaemon):
    daemon = start(ONE_SLOT, fake="tokens_per_s=40,tokens=400")
    with daemon.msgpack() as batch, daemon.msgpack() as person:
        batch.ask(priority="batch")
        assert eventually(lambda: states(daemon) == {"batch": "decode"})
        person.ask()
        assert eventually(lambda: states(daemon).get("batch") == "parked")
        batch.socket.close()
        assert eventually(lambda: states(daemon) == {"interactive": "decode"})
