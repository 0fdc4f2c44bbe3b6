"""What the service manager hears, read from a real NOTIFY_SOCKET."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing

from lmd import notify
from lmd.notify import Notifier, run_watchdog, take_notifier
from tests.notify.manager import Manager, addresses
from tests.scheduler.brokers import open_world

PID = 4711
Connect = Callable[..., Notifier]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Makes notifiers that are closed when the test ends."""
    with ExitStack() as stack:

        def make(address: str, watchdog: float | None = None) -> Notifier:
            notifier = Notifier(address, watchdog)
            stack.callback(notifier.close)
            return notifier

        yield make


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    path, abstract = addresses(tmp_path)
    with Manager(path if request.param == "path" else abstract) as manager:
        yield manager


async def test_a_life_as_the_manager_hears_it(manager: Manager, connect: Connect):
    notifier = connect(manager.address)
    before = time.monotonic_ns() // 1000
    await notifier.ready("serving")
    async with notifier.reload(lambda: "serving\nanew"):
        pass
    await notifier.alive("busy")
    await notifier.stopping("draining")
    ready, reloading, *rest = manager.waiting()
    assert ready == {"READY": "1", "STATUS": "serving"}
    assert reloading.pop("RELOADING") == "1"
    assert before <= int(reloading.pop("MONOTONIC_USEC")) <= time.monotonic_ns() // 1000
    assert reloading == {}
    assert rest == [
        {"READY": "1", "STATUS": "serving anew"},  # a line cannot become an assignment
        {"WATCHDOG": "1", "STATUS": "busy"},
        {"STOPPING": "1", "STATUS": "draining"},
    ]


async def test_a_reload_that_fails_is_over_all_the_same(manager: Manager, connect: Connect):
    with pytest.raises(ValueError, match="unknown key"):
        async with connect(manager.address).reload(lambda: "as before"):
            raise ValueError("unknown key")
    assert [next(iter(message)) for message in manager.waiting()] == ["RELOADING", "READY"]


async def test_without_a_manager_nothing_happens():
    environment = {"HOME": "/"}
    notifier = take_notifier(environment, PID)
    assert (notifier.connected, notifier.watchdog) == (False, None)
    await notifier.ready("x")
    await run_watchdog(notifier, trio.sleep_forever, str)
    assert environment == {"HOME": "/"}


@pytest.mark.parametrize(
    ("variables", "seconds"),
    [
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(PID)}, 30.0),
        ({"WATCHDOG_USEC": "500000"}, 0.5),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(PID + 1)}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "-3"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_PID": str(PID)}, None),
    ],
)
def test_the_watchdog_is_ours_or_somebody_elses(variables: dict[str, str], seconds: float | None):
    environment = {**variables, "NOTIFY_SOCKET": "", "PATH": "/bin"}
    assert take_notifier(environment, PID).watchdog == seconds
    assert environment == {"PATH": "/bin"}


@pytest.mark.parametrize("address", ["vsock:2:1234", "relative", "/nowhere/notify", "@nobody-lmd"])
async def test_an_address_that_leads_nowhere_is_named_and_forgotten(
    address: str, connect: Connect, quiet_logs: list[dict[str, Any]]
):
    notifier = connect(address)
    assert not notifier.connected
    await notifier.ready("x")
    assert [event["address"] for event in quiet_logs] == [address]


async def test_a_manager_that_does_not_read_costs_its_patience_and_no_more(
    manager: Manager,
    connect: Connect,
    monkeypatch: pytest.MonkeyPatch,
    quiet_logs: list[dict[str, Any]],
):
    monkeypatch.setattr(notify, "SEND_SECONDS", 0.01)
    notifier = connect(manager.address)
    with trio.fail_after(60):
        while not quiet_logs:
            await notifier.alive("x")
    assert quiet_logs[0]["untold"] == "WATCHDOG=1"
    assert manager.waiting()
    await notifier.stopping("x")
    assert manager.waiting() == [{"STOPPING": "1", "STATUS": "x"}]


async def test_a_manager_that_has_gone_is_no_error(
    manager: Manager, connect: Connect, quiet_logs: list[dict[str, Any]]
):
    notifier = connect(manager.address)
    manager.socket.close()
    await notifier.stopping("x")
    assert quiet_logs[0]["event"] == "the service manager cannot be told"


async def test_the_watchdog_is_fed_at_half_of_its_time_until_the_scheduler_dies(
    manager: Manager, connect: Connect, autojump_clock: trio.testing.MockClock
):
    async with open_world("[models.a]\npath = '/a'\n") as world, trio.open_nursery() as nursery:
        notifier = connect(manager.address, watchdog=30.0)
        nursery.start_soon(run_watchdog, notifier, world.broker.answer, lambda: "serving")
        await trio.sleep(151)
        assert manager.waiting() == [{"WATCHDOG": "1", "STATUS": "serving"}] * 11
        world.broker._nursery.cancel_scope.cancel()
        await trio.sleep(3600)
        assert len(manager.waiting()) <= 1  # the one that was on its way
        nursery.cancel_scope.cancel()
