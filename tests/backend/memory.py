"""A worker without a process: the daemon's side is the real session over an in-memory stream."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import trio
from trio.testing import memory_stream_pair

from lmd.backend.guard import Watch
from lmd.backend.launch import Launcher, WorkerExit
from lmd.backend.session import Worker
from lmd.protocol.results import Timings, Usage
from lmd.protocol.worker import (
    Abort,
    Delta,
    Done,
    Embed,
    Embedded,
    Failed,
    FromWorker,
    Generate,
    Load,
    LoadFailed,
    Loading,
    Ping,
    Pong,
    Prefill,
    Ready,
    Step,
    Tokenize,
    Tokenized,
    ToWorker,
    Weighed,
)
from lmd.protocol.worker_frames import FrameSplitter, decode_to_worker, encode_frame

READY = Ready(
    context=4096,
    slots=1,
    vocabulary=100,
    embedding_length=2,
    pooling="mean",
    capabilities=["generate", "embed"],
    template_sha256="",
    build="memory",
    load_ms=1.0,
    warnings=[],
)


class MemoryProcess:
    """Stands where `WorkerProcess` stands; ends when both directions of its stream are closed."""

    pid = 4242
    oom = ""
    try_write = staticmethod(lambda data: 0)

    def __init__(self) -> None:
        self.stream, self.peer = memory_stream_pair()
        self.status = 0
        self.reaped = 0
        self.ended = trio.Event()

    def kill(self) -> None:
        if not self.ended.is_set():
            self.status = -9
            self.die()

    def die(self) -> None:
        """The kernel closes what the process had open."""
        self.peer.send_stream.close()
        self.peer.receive_stream.close()
        self.ended.set()

    async def reap(self) -> int:
        self.stream.send_stream.close()
        self.stream.receive_stream.close()
        with trio.CancelScope(shield=True):
            with trio.move_on_after(2):
                await self.ended.wait()
            self.kill()
        self.reaped += 1
        return self.status

    def describe_exit(self, status: int) -> str:
        return f"worker exited with status {status}; its last words: memory"


@dataclass
class Knobs:
    """What the engine does; seconds are of trio's clock, so that a test can jump them."""

    load_s: float = 0.0
    fail_load: str = ""
    crash_load: bool = False
    token_s: float = 0.0
    crash_at_token: int = 0
    """The Nth token of a job kills the process; 0 is never."""
    hang_at_token: int = 0
    reply: str = ""
    """Empty: the prompt."""
    size: int = 0
    """Bytes that a dry run tells of."""
    prompt_tokens: int = 0
    """Of every prompt; 0: as many as it has words, and they are read at once."""
    read_token_s: float = 0.0
    """For each of those, told 512 at a time."""


class MemoryEngine:
    """Serves every job at once, a word a token; one final message per job, aborts at a step."""

    def __init__(self, process: MemoryProcess, knobs: Knobs) -> None:
        self._process = process
        self._knobs = knobs
        self._scopes: dict[int, trio.CancelScope] = {}
        self._hung = False
        self._sending = trio.Lock()

    async def run(self) -> None:
        try:
            async with trio.open_nursery() as nursery:
                await self._read(nursery)
                nursery.cancel_scope.cancel()
        except* (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # the daemon has gone, or the engine has crashed as it was told to
        self._process.die()

    async def _read(self, nursery: trio.Nursery) -> None:
        splitter = FrameSplitter()
        async for data in self._process.peer:
            for body in splitter.feed(data):
                if not self._hung:
                    await self._take(decode_to_worker(body), nursery)

    async def _take(self, message: ToWorker, nursery: trio.Nursery) -> None:
        match message:
            case Load():
                await self._load()
            case Ping(nonce):
                await self._send(Pong(nonce, len(self._scopes), 0, 0))
            case Abort(job):
                if scope := self._scopes.get(job):
                    scope.cancel()
            case Generate():
                self._scopes[message.job] = trio.CancelScope()
                nursery.start_soon(self._generate, message)
            case Tokenize():
                tokens = list(range(len(_words(message.text))))
                await self._send(Tokenized(job=message.job, tokens=tokens))
            case Embed():
                vectors = [[0.0, 1.0] for _ in message.input]
                usage = Usage(len(vectors), 0, 0)
                await self._send(
                    Embedded(job=message.job, vectors=vectors, pooling="mean", usage=usage)
                )

    async def _load(self) -> None:
        await self._send(Loading(0.5))
        await trio.sleep(self._knobs.load_s)
        if self._knobs.crash_load:
            self._crash()
        if self._knobs.fail_load:
            await self._send(LoadFailed(self._knobs.fail_load, ""))
        else:
            await self._send(READY)

    async def _generate(self, message: Generate) -> None:
        prompt = message.prompt or (message.messages or [])[-1].content
        reply = _words(self._knobs.reply or prompt)
        with self._scopes[message.job] as scope:
            await self._read_prompt(message.job)
            for number, word in enumerate(reply, 1):
                await trio.sleep(self._knobs.token_s)
                if number == self._knobs.crash_at_token:
                    self._crash()
                if number == self._knobs.hang_at_token:
                    self._hung = True
                    await trio.sleep_forever()
                await self._send(Step([Delta(message.job, word, 1)]))
        del self._scopes[message.job]
        if scope.cancelled_caught:
            await self._send(Failed(job=message.job, code="cancelled", message="aborted"))
        else:
            usage = Usage(self._knobs.prompt_tokens or len(_words(prompt)), 0, len(reply))
            await self._send(
                Done(
                    job=message.job,
                    finish_reason="stop",
                    usage=usage,
                    timings=Timings(),
                    warnings=[],
                )
            )

    async def _read_prompt(self, job: int) -> None:
        started, total = trio.current_time(), self._knobs.prompt_tokens or 1
        for done in [*range(512, total, 512), total]:
            await trio.sleep(self._knobs.read_token_s * min(512, total))
            ms = (trio.current_time() - started) * 1000
            await self._send(Prefill(job=job, done=done, total=total, ms=ms))

    def _crash(self) -> None:
        self._process.status = -6
        self._process.die()
        raise trio.ClosedResourceError

    async def _send(self, message: FromWorker) -> None:
        async with self._sending:
            await self._process.peer.send_all(encode_frame(message))


@dataclass(frozen=True, slots=True)
class MemoryLauncher(Launcher):
    """`Launcher` with in-memory processes: the handshake and the session are the real ones."""

    load_timeout: float = 60.0
    stall_timeout: float = 60.0
    knobs: dict[str, Knobs] = field(default_factory=dict)
    """By model; the others do as `Knobs` says by default."""
    processes: list[MemoryProcess] = field(default_factory=list)

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
        process = MemoryProcess()
        self.processes.append(process)
        engine = MemoryEngine(process, self.knobs.get(load.model, Knobs()))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(engine.run)
            try:
                ended = await self._serve(process, load, on_progress, on_ready, stop, smoke)  # type: ignore[arg-type]
            finally:
                await process.reap()
            nursery.cancel_scope.cancel()
        return ended

    async def dry_run(self, load: Load) -> tuple[Weighed, int]:
        return Weighed(cache=0, compute=self.knobs.get(load.model, Knobs()).size), 0


def _words(text: str) -> list[str]:
    return re.findall(r"\s*\S+|\s+$", text)
