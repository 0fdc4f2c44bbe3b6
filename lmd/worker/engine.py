"""Continuous batching: one loop that owns the llama.cpp context.

Each turn: take messages, admit waiting jobs to free slots, decode one batch (streams first, then
a bounded chunk of prompts), choose a token for each sequence that has logits, send one frame
with all new text. Embeddings take turns with it, a bounded piece at a time.
"""

import hashlib
import queue
import time
from collections import deque
from typing import NoReturn

from lmd.protocol.prefixes import PinnedPrefix
from lmd.protocol.worker import (
    Abort,
    Forget,
    Load,
    Park,
    Ping,
    Pinned,
    Pong,
    Prefixes,
    Ready,
    Resume,
    Save,
    Saved,
    ToWorker,
)
from lmd.worker.channel import Send
from lmd.worker.embedding import Embedder, Embedding, embedded
from lmd.worker.failures import as_lmd_error
from lmd.worker.intake import Intake
from lmd.worker.jobs import Job, JobMessage, OpenJobs
from lmd.worker.llama.model import build
from lmd.worker.load import Loaded, load_model, milliseconds_since, open_embedding_context
from lmd.worker.prepared import Prepared, PreparedEmbedding, PreparedPrefixes, PreparedText
from lmd.worker.saved.restoring import Restored, Restorer
from lmd.worker.streams import Streams

INBOX = 4096
"""Messages that wait for a thread. A client that asks and cancels while a long step runs would fill
more; then the daemon is not read, which has bounds of its own."""
PREFIX_SECONDS = 20.0
"""What declared prefixes may add to a load, whose time is limited."""
Item = Prepared | PreparedPrefixes | Restored | Abort | Park | Resume | Ping | Save | Forget
"""What the engine's loop is told."""


class LlamaEngine:
    """See `lmd.worker.service.Engine`."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._jobs = OpenJobs(send)
        self._intake_inbox: queue.Queue[Job | Prefixes] = queue.Queue(INBOX)
        self._inbox: queue.Queue[Item] = queue.Queue(INBOX)
        self._serving: Serving | None = None

    def load(self, load: Load) -> Ready:
        """See `lmd.worker.service.Engine`."""
        started = time.monotonic()
        loaded = load_model(load, self._send)
        Intake(loaded, self._jobs, self._intake_inbox, self._inbox.put).start()
        self._serving = Serving(loaded, self._jobs, self._inbox, self._send)
        prefixes = self._serving.read_prefixes(time.monotonic() + PREFIX_SECONDS)
        return _ready(loaded, milliseconds_since(started), prefixes)

    def submit(self, message: ToWorker) -> None:
        """See `lmd.worker.service.Engine`."""
        if isinstance(message, (Abort, Park, Resume, Ping, Save, Forget)):
            self._inbox.put(message)
        elif isinstance(message, Prefixes):
            self._intake_inbox.put(message)
        elif isinstance(message, JobMessage) and (job := self._jobs.open(message)):
            self._intake_inbox.put(job)

    def run(self) -> NoReturn:
        """See `lmd.worker.service.Engine`."""
        assert self._serving is not None, "load comes first"
        while True:
            self._serving.turn()


class Serving:
    """The jobs of a loaded model."""

    def __init__(
        self,
        loaded: Loaded,
        jobs: OpenJobs,
        inbox: "queue.Queue[Item]",
        send: Send,
    ) -> None:
        self._loaded = loaded
        self._sizes = loaded.sizes
        self._jobs = jobs
        self._inbox = inbox
        self._send = send
        self._waiting: deque[PreparedText] = deque()
        self._embeddings: deque[Embedding] = deque()
        self._embedder: Embedder | None = None
        self._last_aside = False
        self._streams: Streams | None = None
        if loaded.context is not None:
            self._streams = Streams(loaded, loaded.context, jobs, send)
        self._saved = loaded.saved
        self._restorer: Restorer | None = None
        if loaded.saved and self._streams:
            self._restorer = Restorer(loaded.saved, self._streams.kept, inbox.put)

    def read_prefixes(self, until: float) -> list[PinnedPrefix]:
        """Have declared prefixes in the cache; what became of them by ``until``. What is not read
        then is read while nothing else is to be done, or in small pieces."""
        if self._streams is None:
            return []
        while self._streams.pins.pending and time.monotonic() < until:
            self._streams.read_prefixes()
        return self._streams.pins.states

    def turn(self) -> None:
        """One turn of the loop; blocks while there is nothing to do."""
        self._take_messages()
        aside = True
        if self._streams is not None:
            self._admit(self._streams)
            aside = self._is_turn_aside()
            self._streams.step(alone=aside)
            if aside and self._streams.pins.pending and self._streams.read_prefixes():
                self._send(Pinned(self._streams.pins.states))
        if self._embeddings and aside:
            self._embed(self._embeddings[0])

    def _admit(self, streams: Streams) -> None:
        """Fill the slots: first with those who had one before."""
        streams.resume()
        for prepared in [waiting for waiting in self._waiting if not waiting.job.parked]:
            if not streams.has_room:
                return
            self._waiting.remove(prepared)
            streams.admit(prepared)

    def _is_turn_aside(self) -> bool:
        """Whether prefixes and embeddings have this turn: where people read along, they share
        what time there is with the other generations, turn by turn."""
        assert self._streams is not None
        if not (self._embeddings or self._streams.pins.pending):
            return False
        self._last_aside = not (self._streams.has_readers and self._last_aside)
        return self._last_aside

    def _take_messages(self) -> None:
        streams = self._streams
        at_work = streams is not None and streams.at_work
        waiting = any(not prepared.job.parked for prepared in self._waiting)
        if not (waiting or self._embeddings or at_work):
            self._take(self._inbox.get())
        while True:
            try:
                self._take(self._inbox.get_nowait())
            except queue.Empty:
                return

    def _take(self, item: Item) -> None:
        if isinstance(item, Ping):
            running = len(self._streams.running) if self._streams else 0
            parked = self._streams.parked if self._streams else 0
            waiting = len(self._waiting) + len(self._embeddings)
            self._send(Pong(item.nonce, running, waiting, parked))
        elif isinstance(item, Abort):
            self._abort(item.job)
        elif isinstance(item, (Park, Resume)):
            self._hold(item.job, parked=isinstance(item, Park))
        elif isinstance(item, (Save, Forget)):
            self._send(self._save_or_forget(item))
        elif isinstance(item, PreparedPrefixes):
            if self._streams is not None:
                self._streams.pins.replace(item.prefixes)
                self._send(Pinned(self._streams.pins.states))
        elif isinstance(item, Restored):
            assert self._restorer is not None
            for prepared in self._restorer.take(item):
                self._take(prepared)
        elif isinstance(item, PreparedEmbedding):
            if not item.job.ended:
                self._embeddings.append(Embedding(item))
        elif item.job.ended:
            item.close()
        elif not (self._restorer and self._restorer.fetch(item)):
            self._waiting.append(item)

    def _save_or_forget(self, wanted: Save | Forget) -> Saved:
        if self._streams is None:
            return Saved(0, 0)
        if isinstance(wanted, Forget):
            self._streams.forget()
            if self._saved is not None:
                self._saved.forget()
            return Saved(0, 0)
        if self._saved is None:
            return Saved(0, 0)
        return self._saved.save(self._streams.kept.sources(), wanted.limit)

    def _hold(self, job_id: int, *, parked: bool) -> None:
        """Wherever the job is; one that has no slot yet does not get one while it is parked."""
        job = self._jobs.find(job_id)
        if job is None:
            return
        job.parked = parked
        if parked and self._streams is not None:
            self._waiting.extendleft(self._streams.pause(job))

    def _abort(self, job_id: int) -> None:
        """Wherever the job is; one that is still in intake is dropped when it comes out."""
        job = self._jobs.find(job_id)
        if job is None:
            return
        if self._streams is not None:
            self._streams.send_text()
        self._jobs.cancel(job)
        if self._streams is not None:
            self._streams.leave(job)
        for prepared in [waiting for waiting in self._waiting if waiting.job is job]:
            self._waiting.remove(prepared)
            prepared.close()
        for embedding in [embedding for embedding in self._embeddings if embedding.job is job]:
            # Only the first is half read; clearing the cache under it for another would go unseen.
            if self._embedder is not None and embedding is self._embeddings[0]:
                self._embedder.abandon()
            self._embeddings.remove(embedding)

    def _embed(self, embedding: Embedding) -> None:
        """A piece of the first embedding job: a small one while streams are running."""
        budget = self._streams.room_aside if self._streams is not None else self._sizes.batch
        try:
            if self._embedder is None:
                context = open_embedding_context(
                    self._loaded.model, self._sizes, flash=self._loaded.flash
                )
                context.governor = self._loaded.governor
                self._embedder = Embedder(context, self._loaded.pooling)
            started = time.monotonic()
            read = self._embedder.advance(embedding, budget)
            if self._streams is not None:
                self._streams.read_aside(read, time.monotonic() - started)
            if embedding.finished:
                self._jobs.end(embedding.job, embedded(embedding, self._loaded.pooling))
        except Exception as error:  # noqa: BLE001 - the other jobs go on
            self._jobs.fail(embedding.job, as_lmd_error(error))
            if self._embedder is not None:
                self._embedder.abandon()
        if embedding.job.ended:
            self._embeddings.popleft()


def _ready(loaded: Loaded, load_ms: float, prefixes: list[PinnedPrefix]) -> Ready:
    return Ready(
        context=loaded.sizes.context,
        slots=loaded.sizes.slots,
        vocabulary=loaded.model.vocabulary.size,
        embedding_length=loaded.model.width,
        pooling=loaded.pooling,
        capabilities=_capabilities(loaded),
        template_sha256=hashlib.sha256(loaded.source.text.encode()).hexdigest(),
        build=build(),
        load_ms=load_ms,
        warnings=loaded.warnings,
        prefixes=prefixes,
        threads=loaded.governor.threads if loaded.governor else loaded.sizes.threads,
        flash_attention=loaded.flash,
    )


def _capabilities(loaded: Loaded) -> list[str]:
    capabilities: list[str] = []
    if loaded.context is not None:
        capabilities += ["generate", "chat", "shift"]
        if loaded.model.vocabulary.fim() is not None:
            capabilities.append("fim")
        if len(loaded.adapters):
            capabilities.append("lora")
    if loaded.pooling != "rank":
        capabilities.append("embed")
    return capabilities
