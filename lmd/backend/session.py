"""Frames to and from one worker, and the jobs in flight on it."""

import contextlib
import itertools
from collections.abc import Callable, Iterator

import msgspec
import structlog
import trio

from lmd.backend.job import Job
from lmd.backend.spawn import WorkerProcess
from lmd.protocol.errors import LmdError
from lmd.protocol.prefixes import PinnedPrefix, Prefix
from lmd.protocol.worker import (
    Abort,
    Done,
    Embedded,
    Failed,
    Forget,
    FromWorker,
    Load,
    LoadFailed,
    Loading,
    NewJob,
    Park,
    Ping,
    Pinned,
    Pong,
    Prefill,
    Prefixes,
    Ready,
    Resume,
    Save,
    Saved,
    Step,
    Threads,
    Tokenized,
    Work,
)
from lmd.protocol.worker_frames import FrameSplitter, decode_from_worker, encode_frame

log = structlog.get_logger("lmd.worker")

RECEIVE_BYTES = 1 << 16
OUTBOUND_FRAMES = 1024
"""Frames that may wait for a worker; the scheduler sends a worker far fewer than this."""
OUTBOUND_BYTES = 8 << 20
"""What the jobs among them may take together: a worker that is stopped reads none of them."""


class Worker:
    """A loaded model that takes jobs.

    Jobs run until they end or their block is left; a job whose block is left early is aborted,
    which the engine honours at its next step.
    """

    def __init__(self, process: WorkerProcess, ready: Ready, *, load: Load | None = None) -> None:
        """``load`` is what it was told when it was started."""
        self.pid = process.pid
        self.ready = ready
        self.closed = trio.Event()
        self.exit_reason = ""
        self.exit_code = "model_failed"
        """The wire code of jobs that were on it when it died."""
        self.on_lost: Callable[[], None] = _nothing
        """Called once when the worker is found dead, before any job hears of it: whoever hands
        out this worker must stop before a client can react."""
        self._jobs: dict[int, Job] = {}
        self._ids = itertools.count(1)
        self._outbound: trio.MemorySendChannel[bytes]
        self._outbound, self._to_send = trio.open_memory_channel[bytes](OUTBOUND_FRAMES)
        self._unsent = 0
        self.prefixes: list[PinnedPrefix] = ready.prefixes
        """What has become of the declared prefixes."""
        self._declared = load.prefixes if load else []
        self.threads = ready.threads
        """It computes with so many now; 0 where it does not say."""
        self._process = process
        self._saves = load is not None and load.saved is not None
        self._saved = trio.Event()
        self._saving = trio.Lock()

    @contextlib.contextmanager
    def open_job(self, new_job: NewJob) -> Iterator[Job]:
        """Send a job and yield its mailbox; abort it if the block ends before the job does.

        Raises `LmdError` ``model_failed`` when the worker is gone, ``overloaded`` when it does
        not read its socket. Never blocks, so cancellation cannot tear a frame.
        """
        if self.closed.is_set():
            raise self._gone()
        job = Job(next(self._ids))
        if not self._try_send(new_job(job.id)):
            raise LmdError(
                "overloaded", "the worker does not take requests", data={"retry_after": 1.0}
            )
        self._jobs[job.id] = job
        try:
            yield job
        finally:
            del self._jobs[job.id]
            if not job.over and not self._try_send(Abort(job.id)):
                # An abort that is lost would leave the slot taken for good.
                self.exit_reason = "worker did not read its socket and was killed"
                self._process.kill()

    def hold(self, job: Job, *, parked: bool) -> None:
        """Have a job stop at its next token and give its slot up, or go on with what it has."""
        if not job.over and not self._try_send(Park(job.id) if parked else Resume(job.id)):
            # A job that is never resumed would wait for good.
            self.exit_reason = "worker did not read its socket and was killed"
            self._process.kill()

    def declare(self, prefixes: list[Prefix]) -> None:
        """Have it keep these prefixes in place of those before; never blocks.

        One that does not take the message goes on with what it has, and reads the others in every
        prompt anew.
        """
        if prefixes != self._declared and self._try_send(Prefixes(prefixes)):
            self._declared = prefixes

    async def save(self, limit: int) -> None:
        """Have its finished sequences written to disk, into ``limit`` bytes with those of other
        models; returns when that is done or the worker is gone, and at once where none are kept.

        Cancelled, it waits no longer; what the worker has begun it goes on with.
        """
        if self._saves:
            await self._exchange(Save(limit))

    async def forget(self) -> None:
        """Have it drop its finished sequences and look at no file; returns as `save` does."""
        await self._exchange(Forget())

    async def _exchange(self, message: Save | Forget) -> None:
        async with self._saving:
            self._saved = trio.Event()
            if not self.closed.is_set() and self._try_send(message):
                await self._saved.wait()

    def _try_send(
        self, message: Work | Abort | Park | Resume | Ping | Save | Forget | Prefixes
    ) -> bool:
        """Send a frame, or queue what the kernel does not take at once; False when the queue is
        full. A worker that is gone counts as told."""
        if self.closed.is_set():
            return True
        frame = encode_frame(message)
        if isinstance(message, Work) and self._unsent + len(frame) > OUTBOUND_BYTES:
            return False
        if not self._unsent:
            frame = frame[self._process.try_write(frame) :]
            if not frame:
                return True
        try:
            self._outbound.send_nowait(frame)
        except trio.WouldBlock:
            return False
        self._unsent += len(frame)
        return True

    def _gone(self) -> LmdError:
        return LmdError(
            self.exit_code,
            f"{self.exit_reason or 'the worker has ended'}",
            hint="ask again: the model is started anew",
        )

    async def run(self, splitter: FrameSplitter, stall_timeout: float) -> None:
        """Move frames both ways until the worker ends or says nothing for too long.

        Returns when the worker is gone, with ``exit_reason`` set and every job failed. When
        cancelled it ends the worker first.
        """
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._write)
                nursery.start_soon(self._ping, stall_timeout / 4)
                await self._read(splitter, stall_timeout)
                nursery.cancel_scope.cancel(reason="worker closed its socket")
        finally:
            self.on_lost()
            try:
                status = await self._process.reap()
                self.exit_reason = self.exit_reason or self._process.describe_exit(status)
                self.exit_code = "worker_oom" if self._process.oom else self.exit_code
            finally:
                self.closed.set()
                self._saved.set()
                self._outbound.close()
                for job in list(self._jobs.values()):
                    job.fail(self._gone())

    async def _write(self) -> None:
        with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            async for frame in self._to_send:
                await self._process.stream.send_all(frame)
                self._unsent -= len(frame)

    async def _ping(self, interval: float) -> None:
        for nonce in itertools.count():
            await trio.sleep(interval)
            self._try_send(Ping(nonce))

    async def _read(self, splitter: FrameSplitter, stall_timeout: float) -> None:
        try:
            while True:
                with trio.move_on_after(stall_timeout):
                    data = await self._process.stream.receive_some(RECEIVE_BYTES)
                    if not data:
                        return
                    for body in splitter.feed(data):
                        self._dispatch(decode_from_worker(body))
                    continue
                self.exit_reason = f"worker said nothing for {stall_timeout:g} s and was killed"
                self._process.kill()
                return
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return
        except (ValueError, msgspec.DecodeError) as error:
            self.exit_reason = f"worker sent a broken frame ({error}) and was killed"
            self._process.kill()

    def _dispatch(self, frame: FromWorker) -> None:
        """Hand a frame to its job; frames of jobs that have been left are dropped."""
        match frame:
            case Step(deltas):
                for delta in deltas:
                    if job := self._jobs.get(delta.job):
                        job.push(delta)
            case Prefill() | Done() | Embedded() | Tokenized():
                if job := self._jobs.get(frame.job):
                    job.push(frame)
            case Failed():
                if job := self._jobs.get(frame.job):
                    job.fail(LmdError(frame.code, frame.message, hint=frame.hint, data=frame.data))
            case Saved():
                self._saved.set()
                if frame.problem:
                    log.warning("sequences not saved", pid=self.pid, reason=frame.problem)
                elif frame.files:
                    log.info("sequences saved", files=frame.files, bytes=frame.bytes)
            case Pinned():
                self.prefixes = frame.prefixes
            case Threads(count):
                log.debug("threads adapted", pid=self.pid, threads=count)
                self.threads = count
            case Pong():
                pass
            case Ready() | Loading() | LoadFailed():
                log.warning("unexpected frame", pid=self.pid, frame=type(frame).__name__)


def _nothing() -> None:
    """Nobody asked to be told."""
