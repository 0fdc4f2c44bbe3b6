"""The mailbox between the session's reader and a request."""

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from lmd.backend.job import Job, Piece
from lmd.protocol.errors import LmdError
from lmd.protocol.results import Timings, TokenLogprob, Usage
from lmd.protocol.worker import Delta, Done, Prefill, Tokenized


def done() -> Done:
    usage = Usage(1, 0, 1)
    return Done(job=1, finish_reason="stop", usage=usage, timings=Timings(), warnings=[])


async def test_text_that_nobody_collected_is_joined_in_order():
    job = Job(1)
    for number in range(100):
        job.push(Delta(1, f"{number} ", 1, [TokenLogprob(str(number), number, -0.5)]))
    news = await job.receive()
    assert news.text == "".join(f"{number} " for number in range(100))
    assert news.tokens == 100
    assert [logprob.id for logprob in news.logprobs] == list(range(100))
    assert news.final is None


async def test_the_end_may_come_with_the_last_text_and_not_before_it():
    job = Job(1)
    job.push(Prefill(job=1, done=1, total=2))
    job.push(Prefill(job=1, done=2, total=2))
    job.push(Delta(1, "hi", 1))
    job.push(done())
    news = await job.receive()
    assert (news.text, news.final, news.prefill) == ("hi", done(), Prefill(job=1, done=2, total=2))
    assert job.over


async def test_text_is_collected_before_the_error():
    job = Job(1)
    job.push(Delta(1, "half an ans", 3))
    job.fail(LmdError("model_failed", "killed"))
    assert (await job.receive()).text == "half an ans"
    for _ in range(2):
        with pytest.raises(LmdError, match="killed"):
            await job.receive()


async def test_a_failure_after_the_end_is_none():
    job = Job(1)
    job.push(done())
    job.fail(LmdError("model_failed", "the worker left later"))
    assert (await job.receive()).final == done()


async def test_receive_waits_for_news():
    job = Job(1)
    pieces: list[Piece] = []

    async def collect() -> None:
        while not pieces or not pieces[-1].final:
            pieces.append(await job.receive())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(collect)
        for text in ("a", "b"):
            await wait_all_tasks_blocked()
            job.push(Delta(1, text, 1))
        await wait_all_tasks_blocked()
        job.push(done())
    assert [piece.text for piece in pieces] == ["a", "b", ""]


async def test_a_cancelled_receive_loses_nothing():
    job = Job(1)
    job.push(Delta(1, "kept", 1))
    with trio.CancelScope() as scope:
        scope.cancel()
        await job.receive()
    assert scope.cancelled_caught
    with trio.move_on_after(0):
        await job.receive()
    assert (await job.receive()).text == "kept"


async def test_result_passes_over_progress_and_raises_the_jobs_error():
    job = Job(1)
    job.push(Prefill(job=1, done=1, total=1))
    final = Tokenized(job=1, tokens=[1])
    job.push(final)
    assert await job.result() == final

    failed = Job(2)
    failed.fail(LmdError("context_exceeded", "too long"))
    with pytest.raises(LmdError, match="too long"):
        await failed.result()
