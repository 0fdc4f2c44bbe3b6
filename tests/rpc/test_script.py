"""Any interleaving of calls, cancels and pauses: every call gets exactly one final message."""

from typing import Any

import hypothesis.strategies as st
import trio
from hypothesis import example, given, settings
from trio.testing import MockClock, wait_all_tasks_blocked

from tests.backend.memory import Knobs
from tests.rpc.clients import DIALECTS, open_service
from tests.scheduler.brokers import PATIENCE_SECONDS

IDS = st.integers(0, 4)
METHODS: list[tuple[str, dict[str, object]]] = [
    ("ask", {"prompt": "a b c", "stream": True}),
    ("ask", {"prompt": "a b c", "model": "b"}),
    ("ask", {"prompt": "a b c", "deadline": 1.5}),
    ("ask", {"prompt": "a b", "supersede": "key", "priority": "batch"}),
    ("ask", {"prompt": 7}),
    ("embed", {"input": ["x"], "model": "b"}),
    ("tokenize", {"text": "x"}),
    ("models.load", {"model": "b"}),
    ("models.unload", {"model": "a"}),
    ("hello", {}),
    ("nothing", {}),
]
CALL = st.tuples(st.just("call"), IDS, st.integers(0, len(METHODS) - 1))
CANCEL = st.tuples(st.just("cancel"), IDS, st.just(0))
PAUSE = st.tuples(st.just("pause"), st.sampled_from([0, 1, 3]), st.just(0))
KNOBS = st.sampled_from(
    [
        Knobs(token_s=0.5),
        Knobs(load_s=1.0, token_s=0.5),
        Knobs(token_s=0.5, crash_at_token=2),
        Knobs(fail_load="no"),
        Knobs(crash_load=True),
    ]
)
Script = list[tuple[str, int, int]]


@settings(max_examples=120)
@given(
    script=st.lists(st.one_of(CALL, CALL, CALL, CANCEL, PAUSE), max_size=25),
    dialect=st.sampled_from(DIALECTS),
    knobs=KNOBS,
    order=st.random_module(),
)
@example([("call", 1, 0), ("cancel", 1, 0), ("call", 1, 0)], "json", Knobs(token_s=0.5), None)
def test_every_call_gets_exactly_one_final_message(
    script: Script, dialect: str, knobs: Knobs, order: Any
):
    trio.run(play, script, dialect, knobs, clock=MockClock(autojump_threshold=0))


async def play(script: Script, dialect: str, knobs: Knobs) -> None:
    async with open_service({"a": knobs, "b": knobs}) as service:
        client = service.connect(dialect)
        called: dict[int, int] = {}
        packet: list[bytes] = []
        for action, number, choice in script:
            if action == "call":
                called[number] = called.get(number, 0) + 1
                method, params = METHODS[choice]
                packet.append(client.call(number, method, **params))
            elif action == "cancel":
                packet.append(client.cancel(number))
            else:
                await client.send(*packet)
                packet = []
                await trio.sleep(number / 2)
        await client.send(*packet)
        with trio.fail_after(PATIENCE_SECONDS):
            while sum(map(len, client.finals.values())) < sum(called.values()):
                assert await client.receive()
        await wait_all_tasks_blocked()
        assert {id: len(finals) for id, finals in client.finals.items()} == called
        await service.assert_nothing_is_left()
