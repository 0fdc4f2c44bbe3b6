"""The life of one worker: start, load, serve, end. What went wrong is a value, not an exception."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import msgspec
import trio

from lmd.backend.control_groups import ControlGroups, limits_of
from lmd.backend.dry_run import dry_run
from lmd.backend.guard import Watch, run_guard
from lmd.backend.session import RECEIVE_BYTES, Worker
from lmd.backend.spawn import WorkerProcess, start_process
from lmd.protocol.errors import LmdError
from lmd.protocol.params import Sampling
from lmd.protocol.worker import Embed, Generate, Load, LoadFailed, Loading, Ready, Weighed, Work
from lmd.protocol.worker_frames import FrameSplitter, decode_from_worker, encode_frame
from lmd.worker.fake.knobs import parse_knobs, weigh_fake

SAVE_SECONDS = 10.0
"""What a worker gets to write its sequences to disk when it is not wanted any more."""
SMOKE_PROMPT = "1 2 3"
"""Any model can go on from this, and says little."""


@dataclass(frozen=True, slots=True)
class WorkerExit:
    """How a worker ended. ``error`` is empty for an end that was asked for."""

    error: str = ""
    crashed: bool = False
    """The process died or hung, as opposed to refusing the model in good order."""
    code: str = "load_failed"
    """The wire code of requests that waited for it to load."""


@dataclass(frozen=True, slots=True)
class Launcher:
    """Starts workers for the daemon. Times are in seconds."""

    load_timeout: float
    stall_timeout: float
    fake: str | None = None
    """Knobs of the fake engine; None runs llama.cpp."""
    saved_state: int = 0
    """Most bytes that saved sequences may take on disk."""
    groups: ControlGroups | None = None
    """Where workers under ``watch`` get control groups of their own."""

    async def run(
        self,
        load: Load,
        on_progress: Callable[[float], None],
        on_ready: Callable[[Worker], None],
        stop: trio.Event,
        *,
        smoke: bool = False,
        watch: Watch | None = None,
    ) -> WorkerExit:
        """Run one worker until it dies or ``stop`` is set, and say how it ended.

        ``on_progress`` is told the loaded fraction, ``on_ready`` receives the worker once; with
        ``smoke`` not before it has answered a prompt of our own. A worker under ``watch`` is
        killed when it passes its bound of memory.
        However this call ends, by cancellation too, the process is gone when it has ended.
        """
        try:
            process = start_process(self.fake, wait_policy=load.wait_policy)
        except OSError as error:
            return WorkerExit(f"no worker can be started: {error}")
        ready = trio.Event()

        def on_ready_first(worker: Worker) -> None:
            ready.set()
            on_ready(worker)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(process.drain_stderr)
            if watch:
                nursery.start_soon(run_guard, process, watch, ready)
            try:
                if watch and self.groups:
                    await process.confine(self.groups, limits_of(watch.bounds))
                ended = await self._serve(process, load, on_progress, on_ready_first, stop, smoke)
            finally:
                await process.reap()
            nursery.cancel_scope.cancel(reason="worker reaped")
        return replace(ended, code="worker_oom") if process.oom else ended

    async def dry_run(self, load: Load) -> tuple[Weighed, int]:
        """What a worker would allocate besides the weights, and what it has before that.

        Raises `DryRunFailed`. A fake engine is taken at the word of its knobs.
        """
        if self.fake is not None:
            return weigh_fake(parse_knobs(self.fake))
        return await dry_run(load, self.load_timeout)

    async def _serve(
        self,
        process: WorkerProcess,
        load: Load,
        on_progress: Callable[[float], None],
        on_ready: Callable[[Worker], None],
        stop: trio.Event,
        smoke: bool,
    ) -> WorkerExit:
        splitter = FrameSplitter()
        with trio.move_on_after(self.load_timeout) as loading:
            outcome = await _handshake(process, load, splitter, on_progress)
        if loading.cancelled_caught:
            timeout = f"not loaded within {self.load_timeout:g} s (daemon.load_timeout)"
            return WorkerExit(timeout, crashed=True)
        if isinstance(outcome, WorkerExit):
            return outcome
        worker = Worker(process, outcome, load=load)
        failure: LmdError | None = None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(worker.run, splitter, self.stall_timeout)
            nursery.start_soon(self._end_on, stop, worker, nursery.cancel_scope)
            failure = await _try_out(worker, self.load_timeout) if smoke else None
            if failure is None:
                on_ready(worker)
                await worker.closed.wait()
            nursery.cancel_scope.cancel(reason="worker ended")
        if stop.is_set():
            return WorkerExit()
        if failure:
            return WorkerExit(f"its first answer failed: {failure.message}")
        return WorkerExit(worker.exit_reason, crashed=True)

    async def _end_on(self, stop: trio.Event, worker: Worker, scope: trio.CancelScope) -> None:
        await stop.wait()
        with trio.move_on_after(SAVE_SECONDS):
            await worker.save(self.saved_state)
        scope.cancel(reason="worker is not wanted any more")


async def _try_out(worker: Worker, seconds: float) -> LmdError | None:
    """Have a worker answer once; what it said instead, if it did not within ``seconds``."""

    def new_job(job: int) -> Work:
        if "generate" in worker.ready.capabilities:
            sampling = Sampling(max_tokens=1, temperature=0.0)
            return Generate(job=job, prompt=SMOKE_PROMPT, sampling=sampling)
        return Embed(job=job, input=[SMOKE_PROMPT], normalize=False)

    try:
        with trio.fail_after(seconds), worker.open_job(new_job) as job:
            await job.result()
    except trio.TooSlowError:
        return LmdError("load_failed", f"none within {seconds:g} s (daemon.load_timeout)")
    except LmdError as error:
        return error
    return None


async def _handshake(
    process: WorkerProcess,
    load: Load,
    splitter: FrameSplitter,
    on_progress: Callable[[float], None],
) -> Ready | WorkerExit:
    """Send `Load` and wait for the answer; a worker speaks of nothing else before it has a job."""
    problem = ""
    try:
        await process.stream.send_all(encode_frame(load))
        while data := await process.stream.receive_some(RECEIVE_BYTES):
            for body in splitter.feed(data):
                match decode_from_worker(body):
                    case Loading(fraction):
                        on_progress(fraction)
                    case LoadFailed(message, hint):
                        return WorkerExit(f"{message}; {hint}" if hint else message)
                    case Ready() as ready:
                        return ready
    except (trio.BrokenResourceError, ValueError, msgspec.DecodeError) as error:
        problem = f" ({error})"
    status = await process.reap()
    return WorkerExit(f"{process.describe_exit(status)}{problem}", crashed=True)
