"""The running generations and the context they share: one step for all of them."""

import time
from typing import NamedTuple

from lmd.protocol.errors import LmdError
from lmd.protocol.worker import Prefill, Step
from lmd.worker.batching import Claim, plan_step, room_without_readers
from lmd.worker.channel import Send
from lmd.worker.failures import as_lmd_error
from lmd.worker.footprint import Footprint
from lmd.worker.frames import Frames
from lmd.worker.generation import Generation
from lmd.worker.jobs import Job, OpenJobs
from lmd.worker.kept import Kept
from lmd.worker.llama.context import Context
from lmd.worker.load import Loaded
from lmd.worker.overflow import full_warning
from lmd.worker.pace import Pace, Room
from lmd.worker.pins import Pins
from lmd.worker.prepared import PreparedText
from lmd.worker.sequences import Sequence, Sequences
from lmd.worker.shifting import shift
from lmd.worker.speculation.speculator import Speculator, settle, verify

NO_ROOM = 1
"""What `llama_decode` returns when it finds no cells for a batch."""


class Entry(NamedTuple):
    """A generation's part of the batch; ``row`` holds logits if it was the end of its tokens, and
    so do the rows behind it, one for each token of ``draft``."""

    generation: Generation
    tokens: int
    row: int
    last: bool
    draft: list[int]


class Streams:
    """Owned by the engine's thread."""

    def __init__(self, loaded: Loaded, context: Context, jobs: OpenJobs, send: Send) -> None:
        self.running: list[Generation] = []
        self._sizes = loaded.sizes
        self._vocabulary = loaded.model.vocabulary
        self._context = context
        self._jobs = jobs
        self._send = send
        self._frames = Frames()
        self._pace = Pace(loaded.sizes.interactive_gap, loaded.sizes.prefill_chunk)
        self._steps = 0
        uniform = not (loaded.model.window or loaded.model.recurrent)
        self._footprint = Footprint(context.sequence_bytes, uniform=uniform)
        self._sequences = Sequences(
            context,
            total_cells=loaded.sizes.cells,
            slots=loaded.sizes.slots,
            parked=loaded.sizes.parked,
            window=loaded.model.window,
            recurrent=loaded.model.recurrent,
            parked_bytes=loaded.sizes.parked_bytes,
            measure=self._bytes_of,
            pinned=loaded.sizes.reserve.sequences,
            pinned_cells=loaded.sizes.reserve.cells,
        )
        self._speculator = Speculator(
            loaded.sizes.speculation,
            loaded.draft_model,
            context=loaded.sizes.context,
            batch=loaded.sizes.batch,
        )
        self.kept = Kept(context, self._sequences, loaded.saved)
        self.pins = Pins(self._sequences, self._read, self._bytes_of, self.kept.restore_saved)
        self.pins.replace(loaded.prefixes)

    @property
    def has_room(self) -> bool:
        return len(self.running) < self._sizes.slots

    @property
    def parked(self) -> int:
        return self._sequences.parked

    def admit(self, prepared: PreparedText) -> None:
        """Give a job a slot, and what can be reused of other sequences."""
        sequence = self._sequences.admit(prepared.tokens)
        sequence.private = prepared.private
        self.running.append(Generation(prepared, sequence, self._vocabulary))

    @property
    def readers(self) -> int:
        """Tokens of the next step that people read along."""
        return sum(claim.tokens for claim in self._claims if claim.reader)

    @property
    def room_aside(self) -> int:
        """Tokens that may be read between two steps for what is no generation."""
        if readers := self.readers:
            return self._pace.next_aside(readers)
        return self._sizes.prefill_chunk if self.running else self._sizes.batch

    def read_aside(self, tokens: int, seconds: float) -> None:
        """So many tokens were read between two steps, in so long."""
        if self.readers:
            self._pace.observe_aside(tokens, seconds)

    def read_prefixes(self) -> bool:
        """Read a piece of the declared prefixes, a small one while somebody is answered; whether
        the state of any has changed."""
        return self.pins.step(self.room_aside)

    def _read(self, sequence: int, tokens: list[int], position: int) -> bool:
        batch = self._context.batch
        batch.clear()
        batch.add(sequence, tokens, position, 0)
        if not self._sequences.make_room(len(tokens)):
            return False
        started = time.monotonic()
        code = self._run_batch()
        self.read_aside(len(tokens), time.monotonic() - started)
        return code == 0

    def _run_batch(self) -> int:
        """What `llama_decode` says, after parked sequences made room where there was none."""
        room = self._sequences.make_room(self._context.batch.size)
        code = self._context.decode() if room else NO_ROOM
        if code == NO_ROOM:
            # Cells of sliding windows and recurrent states are not counted one by one.
            self._sequences.drop_parked()
            code = self._context.decode()
        return code

    def _bytes_of(self, sequence: Sequence) -> int:
        return self._footprint.of(sequence, len(sequence.tokens))

    def forget(self) -> None:
        """Drop all finished sequences."""
        self._sequences.drop_parked()

    def leave(self, job: Job) -> None:
        """Take a job out that was answered elsewhere; its tokens stay for reuse."""
        for generation in [running for running in self.running if running.job is job]:
            self._retire(generation)

    def step(self, *, alone: bool = False) -> None:
        """Decode one batch and answer what it brings. Does nothing without running jobs.

        ``alone``: something else is read after this step, so that readers, if there are any, have
        it for themselves.
        """
        self._make_space()
        entries = self._fill_batch(alone=alone)
        seconds = self._decode(entries) if entries else None
        if seconds is not None:
            self._harvest(entries, seconds)
        if self._frames.is_due(time.monotonic()):
            self.send_text()
        for generation in [running for running in self.running if running.finish_reason]:
            self.send_text()
            kv_bytes = self._footprint.of(generation.sequence, generation.most_cells)
            self._retire(generation)
            self._jobs.end(generation.job, generation.done(kv_bytes))

    def send_text(self) -> None:
        """Send what is kept for a later frame; comes before the final message of a job."""
        if deltas := self._frames.take(time.monotonic()):
            self._send(Step(deltas))

    def _make_space(self) -> None:
        """End or shift the sequences that have no position left for their next token."""
        for generation in self.running:
            length = len(generation.sequence.tokens)
            if length + len(generation.pending) <= self._sizes.context:
                continue
            if generation.prepared.shift:
                shift(generation, self._sequences, self._sizes.context)
            else:
                prompt = len(generation.prepared.tokens)
                warning = full_warning(prompt, self._sizes.context)
                self._frames.add(generation.end_for_length(warning))

    @property
    def _ready(self) -> list[Generation]:
        return [generation for generation in self.running if not generation.finish_reason]

    @property
    def _claims(self) -> list[Claim]:
        return [generation.claim for generation in self._ready]

    def _room(self, claims: list[Claim], *, alone: bool) -> Room:
        """Who may have tokens in the next step."""
        readers = sum(claim.tokens for claim in claims if claim.reader)
        if readers and not alone and not all(claim.reader for claim in claims):
            return self._pace.next_step(readers, self._depth)
        self._pace.forget_owed()
        if readers:
            return Room(readers=True, others=0)
        return room_without_readers(claims, self._sizes.batch, self._sizes.prefill_chunk)

    @property
    def _depth(self) -> int:
        """How far those look back that nobody reads along with."""
        return max(
            (len(one.sequence.tokens) for one in self._ready if not one.claim.reader), default=0
        )

    def _fill_batch(self, *, alone: bool) -> list[Entry]:
        batch = self._context.batch
        batch.clear()
        ready, claims = self._ready, self._claims
        room = self._room(claims, alone=alone)
        self._steps += 1
        shares = plan_step(claims, room, batch=self._sizes.batch, turn=self._steps)
        entries: list[Entry] = []
        drafts = self._speculator.drafts([ready[share.sequence] for share in shares], claims)
        for share, draft in zip(shares, drafts, strict=True):
            generation = ready[share.sequence]
            generation.served = self._steps
            sequence = generation.sequence
            last = share.tokens == len(generation.pending)
            tokens = generation.pending[: share.tokens] + draft
            outputs = 1 + len(draft) if last else 0
            row = batch.add(sequence.id, tokens, len(sequence.tokens), outputs) - len(draft)
            entries.append(Entry(generation, share.tokens, row, last, draft))
        return entries

    def _decode(self, entries: list[Entry]) -> float | None:
        """The seconds that it took to decode the batch. None where it failed: then its jobs have,
        and their sequences are gone."""
        readers = self.readers
        depth = self._depth
        started = time.monotonic()
        code = self._run_batch()
        if code == 0:
            seconds = time.monotonic() - started
            if readers and not any(entry.draft for entry in entries):
                reading = sum(entry.tokens for entry in entries if entry.generation.claim.reader)
                self._pace.observe(reading, self._context.batch.size - reading, seconds, depth)
            return seconds
        for entry in entries:
            text = f"llama.cpp could not decode the batch ({code})"
            self._fail(entry.generation, LmdError("model_failed", text))
        return None

    def _harvest(self, entries: list[Entry], seconds: float) -> None:
        accepted = 0
        for generation, tokens, row, last, draft in entries:
            sequence = generation.sequence
            self._sequences.extend(sequence, generation.pending[:tokens])
            del generation.pending[:tokens]
            if not generation.produced:
                total = len(generation.prepared.tokens)
                read = len(sequence.tokens)
                self._send(Prefill(generation.job.id, read, total, generation.elapsed_ms))
            if last:
                accepted += self._advance(generation, row, draft)
            generation.most_cells = max(generation.most_cells, len(sequence.tokens))
        if all(entry.tokens == 1 for entry in entries):
            drafted = sum(len(entry.draft) for entry in entries)
            self._speculator.observe(len(entries), drafted, accepted, seconds)

    def _advance(self, generation: Generation, row: int, draft: list[int]) -> int:
        """Choose the next token, and further ones as long as the draft has them; how many held."""

        def choose(at: int) -> int | None:
            self._frames.add(generation.advance(self._context, row + at))
            return None if generation.finish_reason else generation.pending[0]

        try:
            accepted = verify(draft, choose)
        except Exception as error:  # noqa: BLE001 - the other streams go on
            self._fail(generation, as_lmd_error(error))
            return 0
        if generation.produced == 1:
            self.send_text()
        if draft:
            settle(generation, self._sequences, draft, accepted)
        return accepted

    def _fail(self, generation: Generation, error: LmdError) -> None:
        self.send_text()
        self.running.remove(generation)
        self._sequences.drop(generation.sequence)
        generation.close()
        self._jobs.fail(generation.job, error)

    def _retire(self, generation: Generation) -> None:
        self.running.remove(generation)
        self._sequences.park(generation.sequence)
        generation.close()
