"""The bus: everybody is told, in order; nobody who listens can break who works."""

import msgspec
import pytest
import structlog

from lmd.events import RECENT_FAILURES, Bus
from lmd.protocol.events import (
    KINDS,
    ConfigRejected,
    Event,
    Happening,
    ModelFailed,
    ModelLoading,
    RequestFailed,
    kind_of,
)


def failed_request(code: str) -> RequestFailed:
    return RequestFailed(request=1, method="ask", model="a", total_ms=1.0, code=code)


def test_subscribers_are_told_in_order_with_the_time_of_day():
    bus = Bus(clock=lambda: 1700.12345)
    told: list[Event] = []
    bus.publish(ModelLoading(model="nobody listens"))
    with bus.subscribe(told.append):
        bus.publish(ModelLoading(model="a"))
        bus.publish(ModelLoading(model="b"))
    bus.publish(ModelLoading(model="nobody listens any more"))
    assert told == [ModelLoading(at=1700.123, model="a"), ModelLoading(at=1700.123, model="b")]


def test_a_subscriber_that_raises_is_logged_and_the_others_are_told(
    quiet_logs: list[structlog.typing.EventDict],
):
    bus = Bus()
    told: list[Event] = []

    def broken(event: Event) -> None:
        raise ZeroDivisionError

    with bus.subscribe(broken), bus.subscribe(told.append):
        bus.publish(ModelLoading(model="a"))
    assert len(told) == 1
    assert [line["event"] for line in quiet_logs] == ["defect in a subscriber of events"]


def test_a_subscriber_may_leave_while_it_is_told():
    bus = Bus()
    told: list[Event] = []
    leaving = bus.subscribe(lambda event: leaving.__exit__(None, None, None))
    with bus.subscribe(told.append):
        leaving.__enter__()
        bus.publish(ModelLoading(model="a"))
        bus.publish(ModelLoading(model="b"))
    assert len(told) == 2


def test_recent_failures_are_ours_and_few():
    bus = Bus()
    for code in ("invalid_request", "overloaded", "deadline_exceeded", "unknown_model"):
        bus.publish(failed_request(code))
    assert bus.failures == ()
    bus.publish(failed_request("internal"))
    bus.publish(ModelFailed(model="a", reason="killed", crashed=True))
    bus.publish(ConfigRejected(generation=1, reason="line 3"))
    assert [kind_of(event) for event in bus.failures] == [
        "request_failed",
        "model_failed",
        "config_rejected",
    ]
    for number in range(100):
        bus.publish(ModelFailed(model=str(number), reason="killed", crashed=True))
    assert len(bus.failures) == RECENT_FAILURES
    assert bus.failures[-1] == msgspec.structs.replace(bus.failures[-1], model="99")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_travels_by_its_name(kind: str):
    fields = {
        field.name: msgspec.convert(_example(field.type), field.type)
        for field in msgspec.structs.fields(KINDS[kind])
        if field.required
    }
    event = KINDS[kind](**fields)
    wire = msgspec.json.encode(event)
    assert msgspec.json.decode(wire)["kind"] == kind == kind_of(event)
    assert msgspec.json.decode(wire, type=Happening) == event


def _example(type_: object) -> object:
    if type_ in (int, float, str, bool):
        return {int: 3, float: 1.5, str: "text", bool: True}[type_]  # type: ignore[index]
    return type_.__args__[0]  # type: ignore[attr-defined]
