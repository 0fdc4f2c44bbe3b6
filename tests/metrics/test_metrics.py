"""What is counted of what happens, as the official parser reads it."""

from collections.abc import Sequence
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from lmd.metrics.exposition import Metrics
from lmd.metrics.snapshot import ModelFacts, Snapshot
from lmd.protocol.events import (
    ConfigRejected,
    ConfigReloaded,
    Happening,
    ModelFailed,
    ModelLoaded,
    ModelUnloaded,
    RequestCancelled,
    RequestFailed,
    RequestFinished,
    RequestRefused,
)
from tests.backend.memory import Knobs
from tests.golden.events import EVENTS
from tests.metrics.scrapes import Scrape
from tests.rpc.clients import open_service

NOW = Snapshot(
    version="1.2.3",
    started=1.7e9,
    models=(
        ModelFacts("a", "loaded", 4, 2, 1, 1 << 20, 3),
        ModelFacts('odd "name"\\\n', "unloaded", 1, 0, 0, None),
    ),
    states=("loaded", "unloaded"),
    connections=3,
    in_flight=2,
    subscribers=1,
    log_lines_dropped=5,
    resident_bytes=50_000_000,
    open_descriptors=17,
    tasks=23,
)
OF: dict[str, Any] = {"request": 1, "method": "ask", "model": "a"}


def scrape(events: Sequence[Happening] = (), models: Sequence[str] = ("a", "b")) -> Scrape:
    metrics = Metrics(models, lambda: NOW)
    for event in events:
        metrics.count(event)
    return Scrape(trio.run(metrics.render))


def finished(**fields: Any) -> RequestFinished:
    usual = {
        "total_ms": 900.0, "queued_ms": 20.0, "load_ms": 300.0, "prefill_ms": 100.0,
        "first_token_ms": 430.0, "decode_ms": 400.0, "tokens_per_second": 50.0,
        "prompt_tokens": 100, "cached_tokens": 60, "completion_tokens": 20,
    }  # fmt: skip
    return RequestFinished(**{**OF, **usual, **fields})


def test_a_request_is_counted_with_its_tokens_and_times():
    found = scrape([finished(), finished(model="b", cached_tokens=0)])
    assert found.value("lmd_requests_total", method="ask", model="a", code="ok") == 1
    assert found.value("lmd_prompt_tokens_total", model="a") == 100
    assert found.value("lmd_cached_tokens_total", model="a") == 60
    assert found.value("lmd_cached_tokens_total", model="b") == 0
    assert found.value("lmd_completion_tokens_total", model="a") == 20
    for name, seconds in {
        "queue": 0.02, "load_wait": 0.3, "prefill": 0.1, "first_token": 0.43,
    }.items():  # fmt: skip
        assert found.value(f"lmd_{name}_seconds_sum", model="a") == pytest.approx(seconds)
        assert found.value(f"lmd_{name}_seconds_count", model="a") == 1
    assert found.value("lmd_seconds_per_token_sum", model="a") == pytest.approx(0.02)
    assert found.value("lmd_seconds_per_token_bucket", model="a", le="0.02") == 1
    assert found.value("lmd_seconds_per_token_bucket", model="a", le="0.01") == 0


def test_samples_drawn_side_by_side_say_nothing_of_one_token():
    found = scrape([finished(method="suggest")])
    assert found.value("lmd_seconds_per_token_count", model="a") == 0
    assert found.value("lmd_first_token_seconds_count", model="a") == 1


def test_ends_by_code_and_cause():
    found = scrape(
        [
            RequestFailed(**OF, total_ms=1.0, code="model_failed"),
            RequestCancelled(**OF, total_ms=1.0, cause="superseded"),
            RequestRefused(**OF, code="overloaded", reason="full"),
            RequestFailed(request=2, method="unknown", model="", total_ms=1.0, code="x"),
        ]
    )
    assert {labels["code"] for labels in found.labels("lmd_requests_total")} == {
        "model_failed",
        "superseded",
        "x",
    }
    assert found.value("lmd_requests_refused_total", model="a", code="overloaded") == 1
    assert found.value("lmd_prompt_tokens_total", model="a") == 0


def test_lives_of_models():
    found = scrape(
        [
            ModelLoaded(model="a", pid=1, load_ms=1500.0),
            ModelUnloaded(model="a", reason="evicted"),
            ModelFailed(model="a", reason="no file", crashed=False),
            ModelFailed(model="a", reason="killed", crashed=True),
        ]
    )
    assert found.value("lmd_model_loads_total", model="a") == 1
    assert found.value("lmd_model_load_seconds_sum", model="a") == 1.5
    assert found.value("lmd_model_unloads_total", model="a", reason="evicted") == 1
    assert found.value("lmd_model_load_failures_total", model="a") == 1
    assert found.value("lmd_model_crashes_total", model="a") == 1


def test_what_has_not_happened_yet_is_there_as_zero():
    found = scrape()
    assert {"model": "b"} in found.labels("lmd_model_crashes_total")
    assert {"model": "b", "reason": "evicted"} in found.labels("lmd_model_unloads_total")
    assert {"outcome": "rejected"} in found.labels("lmd_config_reloads_total")


def test_gauges_are_of_the_moment():
    found = scrape()
    assert found.value("lmd_build_info", version="1.2.3") == 1
    assert found.value("lmd_connections") == 3
    assert found.value("lmd_requests_in_flight") == 2
    assert found.value("lmd_event_subscribers") == 1
    assert found.value("lmd_log_lines_dropped_total") == 5
    assert found.value("lmd_resident_bytes") == 50_000_000
    assert found.value("lmd_open_descriptors") == 17
    assert found.value("lmd_tasks") == 23
    assert found.value("lmd_model_state", model="a", state="loaded") == 1
    assert found.value("lmd_model_state", model="a", state="unloaded") == 0
    assert found.value("lmd_slots", model="a") == 4
    assert found.value("lmd_slots_busy", model="a") == 2
    assert found.value("lmd_requests_queued", model="a") == 1
    assert found.labels("lmd_worker_resident_bytes") == [{"model": "a"}]
    assert found.value("lmd_worker_threads", model="a") == 3
    assert {"model": 'odd "name"\\\n'} in found.labels("lmd_slots")


def test_a_reload_forgets_models_that_are_gone_and_their_stragglers_are_others():
    found = scrape(
        [
            finished(),
            ConfigRejected(generation=1, reason="no"),
            ConfigReloaded(generation=2, added=["c"], removed=["a"]),
            finished(),
            finished(model="c"),
        ]
    )
    assert found.value("lmd_config_generation") == 2
    assert found.value("lmd_config_reloads_total", outcome="applied") == 1
    assert found.value("lmd_config_reloads_total", outcome="rejected") == 1
    models = {labels["model"] for labels in found.labels("lmd_requests_total")}
    assert models == {"other", "c"}
    assert {"model": "a"} not in found.labels("lmd_model_loads_total")
    assert {"model": "c"} in found.labels("lmd_model_loads_total")


def test_labels_stay_few_however_many_names_come():
    found = scrape(
        [RequestFailed(request=n, method="ask", model=f"m{n}", total_ms=1.0, code="internal")
         for n in range(1000)]
    )  # fmt: skip
    assert len(found.labels("lmd_requests_total")) == 1
    assert found.value("lmd_requests_total", method="ask", model="other", code="internal") == 1000


async def test_others_have_their_turn_while_it_is_rendered():
    metrics = Metrics([f"m{number}" for number in range(64)], lambda: NOW)
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(count_turns)
        found = Scrape(await metrics.render())
        nursery.cancel_scope.cancel()
    assert turns >= len(found.families) - 2 > 20, "each metric is a turn"


def test_every_event_is_counted():
    """Or it changes nothing that is counted, and then it is named here."""
    uncounted = {"DaemonStarted", "DaemonDraining", "ModelLoading", "RequestQueued",
                 "RequestGranted", "EventsDropped"}  # fmt: skip
    before = scrape().samples
    silent = {type(event).__name__ for event in EVENTS if scrape([event]).samples == before}
    assert silent == uncounted


@pytest.mark.parametrize("dialect", ["json", "msgpack"])
async def test_a_scrape_over_the_socket(autojump_clock: MockClock, dialect: str):
    async with open_service({"a": Knobs(load_s=2.0)}) as service:
        client = service.connect(dialect)
        await client.ask("ask", prompt="one two three")
        await client.ask("ask", prompt="x", model="nobody's")
        result = (await client.ask("metrics"))["result"]
        assert result["content_type"].startswith("text/plain; version=0.0.4")
        found = Scrape(result["text"])
        assert found.value("lmd_requests_total", method="ask", model="a", code="ok") == 1
        assert found.value("lmd_requests_total", method="ask", model="", code="unknown_model") == 1
        assert found.value("lmd_model_load_seconds_sum", model="a") == 2.0
        assert found.value("lmd_model_state", model="a", state="ready") == 1
        assert found.value("lmd_slots", model="b") == 1
        assert found.value("lmd_resident_bytes") > 1 << 20
        assert found.value("lmd_open_descriptors") > 3
        assert found.value("lmd_tasks") > 3
