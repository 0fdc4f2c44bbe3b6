"""Asks llama.cpp what a model would take, in a process that ends with the answer."""

import msgspec
import trio

from lmd.backend.session import RECEIVE_BYTES
from lmd.backend.spawn import WorkerProcess, start_process
from lmd.models.probe import children_of, private_bytes
from lmd.protocol.worker import Load, LoadFailed, Weighed
from lmd.protocol.worker_frames import FrameSplitter, decode_from_worker, encode_frame


class DryRunFailed(Exception):
    """There is no answer; the message says why."""


async def dry_run(load: Load, seconds: float) -> tuple[Weighed, int]:
    """What llama.cpp would allocate, and the private memory of a worker before it does.

    Raises `DryRunFailed`, after at most ``seconds``. However this call ends, by cancellation too,
    the process is gone.
    """
    try:
        process = start_process(None, weigh=True)
    except OSError as error:
        raise DryRunFailed(str(error)) from error
    answer: tuple[Weighed, int] | None = None
    problem = f"no answer within {seconds:g} s"
    async with trio.open_nursery() as nursery:
        nursery.start_soon(process.drain_stderr)
        try:
            with trio.move_on_after(seconds):
                weighed = await _ask(process, load)
                base = await trio.to_thread.run_sync(_private_with_children, process.pid)
                answer = weighed, base
        except (DryRunFailed, trio.BrokenResourceError, ValueError, msgspec.DecodeError) as error:
            problem = str(error)
        finally:
            status = await process.reap()
        nursery.cancel_scope.cancel(reason="dry run reaped")
    if answer is None:
        raise DryRunFailed(problem or process.describe_exit(status))
    return answer


async def _ask(process: WorkerProcess, load: Load) -> Weighed:
    splitter = FrameSplitter()
    await process.stream.send_all(encode_frame(load))
    while data := await process.stream.receive_some(RECEIVE_BYTES):
        for body in splitter.feed(data):
            match decode_from_worker(body):
                case Weighed() as weighed:
                    return weighed
                case LoadFailed(message):
                    raise DryRunFailed(message)
    raise DryRunFailed("")


def _private_with_children(pid: int) -> int:
    found = [private_bytes(one, 0) for one in (pid, *children_of(pid))]
    return sum(size for size in found if size)
