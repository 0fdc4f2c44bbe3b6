"""The KV cache: reuse, overflow both ways, cancelling, many streams in few cells."""

import itertools

import pytest

from lmd.protocol.worker import (
    Abort,
    Done,
    Failed,
    Generate,
    Ping,
    Pong,
    Prefill,
    Step,
)
from tests.worker.process import WorkerProcess, chat, load_message, open_worker, prompt

pytestmark = [pytest.mark.process, pytest.mark.llama]

ENDLESS = "root ::= [a-z ] root"
"""A grammar that never lets a generation end by itself."""


def endless(job: int, text: str, **sampling: object) -> Generate:
    message = prompt(job, text, **({"temperature": 0} | sampling))
    message.grammar = ENDLESS
    return message


def test_the_same_prompt_again_is_cached_and_gives_the_same_text(worker: WorkerProcess):
    job = endless(1, "reuse " * 20, max_tokens=16)
    cold, first = worker.text(job)
    warm, second = worker.text(job)
    assert isinstance(first, Done)
    assert isinstance(second, Done)
    assert warm == cold
    assert second.usage.cached_tokens == second.usage.prompt_tokens - 1


def test_a_shared_head_is_cached_while_its_owner_still_runs(worker: WorkerProcess):
    head = "one head for two " * 8
    worker.send(endless(1, head + "x", max_tokens=100))
    while not isinstance(worker.receive(), Step):
        pass
    worker.send(endless(2, head + "y", max_tokens=4))
    finals = worker.until_final(1, 2)
    assert isinstance(finals[2], Done)
    assert finals[2].usage.cached_tokens > 16


def test_a_conversation_goes_on_from_its_last_answer(worker: WorkerProcess):
    text, first = worker.text(endless(1, "the beginning", max_tokens=20))
    _, second = worker.text(endless(2, "the beginning" + text + " and more", max_tokens=2))
    assert isinstance(first, Done)
    assert isinstance(second, Done)
    assert second.usage.cached_tokens >= first.usage.prompt_tokens


def test_an_overlong_prompt_fails_with_the_counts(worker: WorkerProcess):
    _, final = worker.text(prompt(1, "word " * 2000, max_tokens=7))
    assert isinstance(final, Failed)
    assert final.code == "context_exceeded"
    assert final.data["prompt_tokens"] > 256
    assert (final.data["context"], final.data["max_tokens"]) == (256, 7)


def test_an_overlong_prompt_is_shifted_where_asked_for_and_reported(worker: WorkerProcess):
    job = endless(1, "word " * 2000, max_tokens=7)
    job.overflow = "shift"
    text, final = worker.text(job)
    assert isinstance(final, Done)
    assert [(warning.path, warning.action) for warning in final.warnings] == [
        ("context", "shifted")
    ]
    assert final.usage.prompt_tokens < 256
    assert final.usage.completion_tokens == 7
    assert text


def test_a_full_context_ends_the_text_and_says_so(worker: WorkerProcess):
    _, final = worker.text(endless(1, "go", max_tokens=100_000))
    assert isinstance(final, Done)
    assert final.finish_reason == "length"
    assert final.usage.prompt_tokens + final.usage.completion_tokens == 257
    assert [warning.action for warning in final.warnings] == ["truncated"]


def test_a_full_context_is_shifted_where_asked_for(worker: WorkerProcess):
    job = endless(1, "go on", max_tokens=700)
    job.overflow = "shift"
    _, final = worker.text(job)
    assert isinstance(final, Done)
    assert final.usage.completion_tokens == 700
    assert final.usage.kv_bytes > 255 * 6144, "at its most it filled the context"
    assert {warning.action for warning in final.warnings} == {"shifted"}


def test_two_shifting_streams_with_a_shared_head_do_not_disturb_each_other(
    worker: WorkerProcess,
):
    def job(number: int) -> Generate:
        message = endless(number, "a common head " * 6, max_tokens=400)
        message.overflow = "shift"
        return message

    alone, _ = worker.text(job(1))
    worker.send(job(2), job(3))
    texts = {2: "", 3: ""}
    finals = 0
    while finals < 2:
        message = worker.receive()
        if isinstance(message, Step):
            for delta in message.deltas:
                texts[delta.job] += delta.text
        finals += isinstance(message, Done)
    # Only the first part is compared: reading again and moving are the same up to rounding.
    assert texts[2][:100] == texts[3][:100] == alone[:100]


def test_more_tokens_than_cells_only_cost_parked_sequences(model_path: str):
    with open_worker() as worker:
        worker.load(load_message(model_path, slots=2, context=64, batch=32, parked=8))
        jobs = [endless(number, f"{number} " * (number % 7), max_tokens=60) for number in range(12)]
        worker.send(*jobs)
        finals = worker.until_final(*range(12))
        assert all(isinstance(final, Done) for final in finals.values())


def test_cancel_takes_effect_at_the_next_step(worker: WorkerProcess):
    job = endless(1, "for ever", max_tokens=1 << 20)
    job.overflow = "shift"
    worker.send(job)
    while not isinstance(worker.receive(), Step):
        pass
    worker.send(Abort(1), Ping(1))
    after: list[object] = []
    while not isinstance(message := worker.receive(), Pong):
        after.append(message)
    failed = [message for message in after if isinstance(message, Failed)]
    assert [message.code for message in failed] == ["cancelled"]
    assert message.running == 0
    assert isinstance(after[-1], Failed)


def test_cancel_reaches_jobs_that_wait_and_jobs_in_intake(worker: WorkerProcess):
    running = [endless(number, f"{number}", max_tokens=1 << 20) for number in range(4)]
    for job in running:
        job.overflow = "shift"
    waiting = [chat(number, "wait") for number in range(4, 8)]
    worker.send(*running, *waiting, *(Abort(job) for job in range(8)))
    finals = worker.until_final(*range(8))
    assert {getattr(final, "code", "done") for final in finals.values()} == {"cancelled"}
    assert isinstance(worker.text(prompt(9, "still alive", max_tokens=2))[1], Done)


def test_a_long_prompt_does_not_stop_a_running_stream(model_path: str):
    with open_worker() as worker:
        worker.load(load_message(model_path, slots=2, context=512, batch=64, prefill_chunk=16))
        stream = endless(1, "go", max_tokens=400)
        worker.send(stream)
        while not isinstance(worker.receive(), Step):
            pass
        worker.send(prompt(2, "long " * 120, max_tokens=2))
        pieces: list[int] = []
        tokens_between = 0
        while not isinstance(message := worker.receive(), Done):
            if isinstance(message, Prefill):
                pieces.append(message.done)
            elif isinstance(message, Step) and pieces:
                tokens_between += sum(delta.tokens for delta in message.deltas if delta.job == 1)
        assert all(after - before <= 16 for before, after in itertools.pairwise(pieces))
        assert tokens_between >= len(pieces) - 1 > 4
