"""A worker's session against a peer that the test plays, or that misbehaves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from lmd.backend import session
from lmd.backend.session import Worker
from lmd.protocol.errors import LmdError
from lmd.protocol.limits import MAX_WORKER_FRAME_BYTES
from lmd.protocol.params import Sampling
from lmd.protocol.results import Timings, Usage
from lmd.protocol.worker import (
    Abort,
    Delta,
    Done,
    Failed,
    Generate,
    LoadFailed,
    Loading,
    Ping,
    Pong,
    Step,
    Threads,
    Tokenized,
    ToWorker,
)
from lmd.protocol.worker_frames import FrameSplitter, decode_to_worker, encode_frame
from tests.backend.memory import READY, MemoryProcess


class Peer:
    """The worker's end, played by hand."""

    def __init__(self, process: MemoryProcess) -> None:
        self.process = process
        self._splitter = FrameSplitter()
        self._frames: list[ToWorker] = []

    async def receive(self) -> ToWorker:
        while not self._frames:
            data = await self.process.peer.receive_some()
            assert data, "the daemon closed the stream"
            self._frames += [decode_to_worker(body) for body in self._splitter.feed(data)]
        return self._frames.pop(0)

    async def send(self, *messages: object) -> None:
        for message in messages:
            await self.send_bytes(encode_frame(message))  # type: ignore[arg-type]

    async def send_bytes(self, data: bytes) -> None:
        await self.process.peer.send_all(data)


def job_of(job: int) -> Generate:
    return Generate(job=job, prompt="x", sampling=Sampling())


def done(job: int) -> Done:
    usage = Usage(1, 0, 1)
    return Done(job=job, finish_reason="stop", usage=usage, timings=Timings(), warnings=[])


@asynccontextmanager
async def open_session(stall_timeout: float = 60.0) -> AsyncIterator[tuple[Worker, Peer]]:
    """A running session; leaving the block ends it, if nothing else has."""
    process = MemoryProcess()
    worker = Worker(process, READY)  # type: ignore[arg-type]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(worker.run, FrameSplitter(), stall_timeout)
        yield worker, Peer(process)
        process.die()
    assert worker.closed.is_set()
    assert process.reaped


async def test_frames_reach_their_jobs_and_only_them(autojump_clock: trio.testing.MockClock):
    async with open_session() as (worker, peer):
        with worker.open_job(job_of) as first, worker.open_job(job_of) as second:
            assert [(await peer.receive()).job for _ in range(2)] == [first.id, second.id]  # type: ignore[union-attr]
            await peer.send(
                Step([Delta(first.id, "one", 1), Delta(second.id, "two", 1), Delta(99, "?", 1)]),
                Tokenized(job=99, tokens=[]),
                Failed(job=99, code="internal", message="of a job that was left"),
                done(first.id),
                done(second.id),
            )
            await wait_all_tasks_blocked()
            assert ((await first.receive()).text, (await second.receive()).text) == ("one", "two")
    assert not worker.exit_reason.startswith("worker sent")


async def test_adapted_threads_are_known(autojump_clock: trio.testing.MockClock):
    async with open_session() as (worker, peer):
        assert worker.threads == 0
        await peer.send(Threads(3))
        await wait_all_tasks_blocked()
        assert worker.threads == 3


async def test_frames_in_single_bytes(autojump_clock: trio.testing.MockClock):
    async with open_session() as (worker, peer):
        with worker.open_job(job_of) as job:
            for byte in encode_frame(Step([Delta(job.id, "héllo", 1)])):
                await peer.send_bytes(bytes([byte]))
            assert (await job.receive()).text == "héllo"


async def test_leaving_a_job_early_aborts_it(autojump_clock: trio.testing.MockClock):
    async with open_session() as (worker, peer):
        with worker.open_job(job_of) as job:
            await peer.receive()
        assert await peer.receive() == Abort(job.id)
        await peer.send(
            Step([Delta(job.id, "late", 1)]), Failed(job=job.id, code="cancelled", message="")
        )
        with worker.open_job(job_of) as other:
            await peer.receive()
            await peer.send(done(other.id))
            assert (await other.receive()).text == ""
        with trio.move_on_after(1) as patience:
            await peer.receive()
        assert patience.cancelled_caught, "a job that is over needs no abort"


@pytest.mark.parametrize(
    ("garbage", "reason"),
    [
        (b"\x00\x00\x00\x03\xc1\xc1\xc1", "broken frame"),
        (b"\x00\x00\x00\x00", "broken frame"),
        (b"\x00\x00\x00\x01\x80", "broken frame"),
        ((MAX_WORKER_FRAME_BYTES + 1).to_bytes(4, "big"), "is over"),
        (b"\xff\xff\xff\xff", "is over"),
        (encode_frame(Failed(job=1, code="no such code", message="")), "no such code"),
    ],
)
async def test_a_worker_that_sends_garbage_is_killed_and_its_jobs_fail(
    garbage: bytes, reason: str, autojump_clock: trio.testing.MockClock
):
    async with open_session() as (worker, peer):
        with worker.open_job(job_of) as job:
            await peer.send_bytes(garbage)
            with pytest.raises(LmdError, match=reason) as failed:
                await job.receive()
            assert failed.value.code == "model_failed"
        assert peer.process.status == -9


async def test_a_worker_that_dies_fails_its_jobs_after_their_text(
    autojump_clock: trio.testing.MockClock,
):
    async with open_session() as (worker, peer):
        order: list[str] = []
        worker.on_lost = lambda: order.append("lost")
        with worker.open_job(job_of) as job:
            await peer.send(Step([Delta(job.id, "so far", 2)]))
            peer.process.status = -6
            peer.process.die()
            assert (await job.receive()).text == "so far"
            with pytest.raises(LmdError) as failed:
                await job.receive()
            order.append("failed")
        assert order == ["lost", "failed"], "nobody is given a worker that clients know to be dead"
        assert "status -6; its last words: memory" in failed.value.message
        with pytest.raises(LmdError, match="status -6"), worker.open_job(job_of):
            pass


async def test_a_silent_worker_is_killed(autojump_clock: trio.testing.MockClock):
    async with open_session(stall_timeout=8.0) as (worker, peer):
        started = trio.current_time()
        with (
            worker.open_job(job_of) as job,
            pytest.raises(LmdError, match="said nothing for 8 s"),
        ):
            await job.receive()
        assert trio.current_time() - started == 8.0
        assert peer.process.status == -9


async def test_an_idle_worker_that_answers_pings_lives(autojump_clock: trio.testing.MockClock):
    async with open_session(stall_timeout=8.0) as (worker, peer):
        for expected in range(20):
            assert await peer.receive() == Ping(expected)
            await peer.send(Pong(expected, 0, 0, 0))
        assert trio.current_time() >= 40
        assert not worker.closed.is_set()


async def test_frames_out_of_place_are_ignored(autojump_clock: trio.testing.MockClock):
    async with open_session() as (worker, peer):
        await peer.send(READY, Loading(0.5), LoadFailed("no", ""))
        with worker.open_job(job_of) as job:
            await peer.send(done(job.id))
            assert (await job.receive()).final


async def test_a_full_queue_to_the_worker_refuses_and_a_lost_abort_kills(
    autojump_clock: trio.testing.MockClock,
):
    process = MemoryProcess()
    worker = Worker(process, READY)  # type: ignore[arg-type]
    # Nothing takes frames from the queue: the session does not run yet.
    with worker.open_job(job_of):
        for _ in range(session.OUTBOUND_FRAMES - 1):
            worker._try_send(Ping(0))
        with pytest.raises(LmdError) as refused, worker.open_job(job_of):
            pass
        assert (refused.value.code, refused.value.data) == ("overloaded", {"retry_after": 1.0})
    assert process.status == -9, "the job could not be aborted, so its slot would be lost"
    assert "did not read" in worker.exit_reason


async def test_cancelling_the_session_reaps_the_worker_and_fails_its_jobs(
    autojump_clock: trio.testing.MockClock,
):
    process = MemoryProcess()
    worker = Worker(process, READY)  # type: ignore[arg-type]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(worker.run, FrameSplitter(), 60.0)
        with worker.open_job(job_of) as job:
            await wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
            with trio.CancelScope(shield=True), pytest.raises(LmdError):
                await job.receive()
    assert process.reaped == 1
