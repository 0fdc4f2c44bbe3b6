"""An engine without a model, behind the same seam: for tests of the daemon.

It keeps the order and the guarantees of the real one (slots, one step for all streams, aborts
at the next step, exactly one final message) and does on command what a real one does by
accident. A word is a token. It needs neither llama.cpp nor numpy.
"""

import hashlib
import os
import queue
import threading
import time
from collections import deque
from typing import NoReturn

from lmd.protocol.errors import LmdError
from lmd.protocol.worker import (
    Abort,
    Delta,
    Embed,
    Forget,
    Generate,
    Load,
    Loading,
    Park,
    Ping,
    Pinned,
    Pong,
    Prefixes,
    Ready,
    Resume,
    Save,
    Saved,
    Step,
    ToWorker,
)
from lmd.worker.channel import Send
from lmd.worker.fake.knobs import Knobs, Phase
from lmd.worker.fake.stream import DIMENSIONS, Stream, embedded, pinned, tokenized
from lmd.worker.jobs import Job, JobMessage, OpenJobs
from lmd.worker.service import LoadError

INBOX = 4096
PAGE = 4096
Item = Job | Abort | Park | Resume | Ping | Save | Forget | Prefixes
"""What the engine's loop is told."""


class FakeEngine:
    """Serves jobs from `Knobs`."""

    def __init__(self, knobs: Knobs, send: Send) -> None:
        self._knobs = knobs
        self._send = send
        self._jobs = OpenJobs(send)
        self._inbox: queue.Queue[Item] = queue.Queue(INBOX)
        self._waiting: deque[tuple[Job, Generate]] = deque()
        self._running: list[Stream] = []
        self._parked: list[Stream] = []
        self._slots = 0
        self._stepped = 0.0
        self._context = knobs.context
        self._pooling = "mean"
        self._memory = bytearray()
        self._grown: list[bytearray] = []
        self._grows = False

    def load(self, load: Load) -> Ready:
        """Take the time and the memory that the knobs name. Raises LoadError where they say so."""
        started = time.monotonic()
        self._slots = load.slots
        self._context = load.context or self._knobs.context
        self._pooling = load.pooling or self._pooling
        self._grows = load.model == (self._knobs.grow_model or load.model)
        self._memory = _touch(self._knobs.rss_mb)
        self._misbehave("load")
        for quarter in range(4):
            time.sleep(self._knobs.load_s / 4)
            self._send(Loading((quarter + 1) / 4))
        if self._knobs.fail_load:
            raise LoadError(self._knobs.fail_load, "the fake engine was told to fail")
        return Ready(
            context=self._context,
            slots=load.slots,
            vocabulary=1 << 16,
            embedding_length=DIMENSIONS,
            pooling=self._pooling,
            capabilities=["generate", "chat", "embed"],
            template_sha256=hashlib.sha256((load.chat_template or "").encode()).hexdigest(),
            build="fake",
            load_ms=(time.monotonic() - started) * 1000,
            warnings=[],
            prefixes=pinned(load.prefixes),
        )

    def submit(self, message: ToWorker) -> None:
        """See `lmd.worker.service.Engine`."""
        if isinstance(message, (Abort, Park, Resume, Ping, Save, Forget, Prefixes)):
            self._inbox.put(message)
        elif isinstance(message, JobMessage) and (job := self._jobs.open(message)):
            self._inbox.put(job)

    def run(self) -> NoReturn:
        """See `lmd.worker.service.Engine`."""
        while True:
            self._take_messages()
            self._admit()
            self._step()

    def _take_messages(self) -> None:
        """Serve messages until the next step is due; without jobs until there is one."""
        if not self._running and all(job.parked for job, _ in self._waiting):
            self._take(self._inbox.get())
        while True:
            try:
                self._take(self._inbox.get(timeout=max(0.0, self._next_step_at() - _now())))
            except queue.Empty:
                return

    def _next_step_at(self) -> float:
        if not self._running:
            return 0.0
        rate = self._knobs.tokens_per_s
        paced = self._stepped + 1 / rate if rate else 0.0
        return max(paced, min(stream.wakes_at for stream in self._running))

    def _take(self, item: Item) -> None:
        if isinstance(item, Ping):
            self._send(Pong(item.nonce, len(self._running), len(self._waiting), 0))
        elif isinstance(item, Abort):
            self._abort(item.job)
        elif isinstance(item, (Park, Resume)):
            self._hold(item.job, parked=isinstance(item, Park))
        elif isinstance(item, (Save, Forget)):
            self._send(Saved(0, 0))
        elif isinstance(item, Prefixes):
            self._send(Pinned(pinned(item.prefixes)))
        elif isinstance(item.message, Generate):
            self._waiting.append((item, item.message))
        elif isinstance(item.message, Embed):
            self._jobs.end(item, embedded(item.message, self._pooling))
        else:
            self._jobs.end(item, tokenized(item.message))

    def _hold(self, job_id: int, *, parked: bool) -> None:
        job = self._jobs.find(job_id)
        if job is None:
            return
        job.parked = parked
        self._parked += [stream for stream in self._running if stream.job.parked]
        self._running = [stream for stream in self._running if not stream.job.parked]

    def _abort(self, job_id: int) -> None:
        job = self._jobs.find(job_id)
        if job is None:
            return
        self._jobs.cancel(job)
        self._running = [stream for stream in self._running if stream.job is not job]
        self._parked = [stream for stream in self._parked if stream.job is not job]
        self._waiting = deque(pair for pair in self._waiting if pair[0] is not job)

    def _admit(self) -> None:
        for stream in [parked for parked in self._parked if not parked.job.parked]:
            if len(self._running) < self._slots:
                self._parked.remove(stream)
                self._running.append(stream)
        for job, message in [pair for pair in self._waiting if not pair[0].parked]:
            if len(self._running) >= self._slots:
                return
            self._waiting.remove((job, message))
            try:
                stream = Stream(job, message, self._knobs, self._context, _now())
            except LmdError as error:
                self._jobs.fail(job, error)
                continue
            self._misbehave("prefill")
            if self._context < self._knobs.crash_short:
                os.abort()
            self._tell_progress(stream)
            self._running.append(stream)

    def _step(self) -> None:
        now = self._stepped = _now()
        deltas: list[Delta] = []
        for stream in self._running:
            self._tell_progress(stream)
            if stream.first_at > now or stream.finished:
                continue
            self._misbehave("token", stream.emitted + 1)
            if self._knobs.grow_mb and self._grows:
                self._grown.append(_touch(self._knobs.grow_mb))
            deltas.append(stream.next_delta())
        if deltas:
            self._send(Step(deltas))
        for stream in [s for s in self._running if s.finished and s.first_at <= now]:
            self._running.remove(stream)
            self._jobs.end(stream.job, stream.done(_now()))

    def _tell_progress(self, stream: Stream) -> None:
        if progress := stream.progress(_now()):
            self._send(progress)

    def _misbehave(self, phase: Phase, token: int = 0) -> None:
        if (self._knobs.crash_at.phase, self._knobs.crash_at.token) == (phase, token):
            os.write(2, f"fake engine: GGML_ASSERT failed at {phase}\n".encode())
            os.abort()
        if (self._knobs.hang_at.phase, self._knobs.hang_at.token) == (phase, token):
            threading.Event().wait()


def _now() -> float:
    return time.monotonic()


def _touch(mebibytes: int) -> bytearray:
    block = bytearray(mebibytes << 20)
    for start in range(0, len(block), PAGE):
        block[start] = 1
    return block
