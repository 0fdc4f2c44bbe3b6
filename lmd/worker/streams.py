"""The running generations and the context they share: one step for all of them."""

import time
from functools import partial
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
from lmd.worker.llama.context import Context
from lmd.worker.load import Loaded
from lmd.worker.overflow import cut_when_full, full_warning, shifted_warning
from lmd.worker.pace import Pace, Room
from lmd.worker.pins import Pins
from lmd.worker.prepared import PreparedText
from lmd.worker.saved.store import LEAST_TOKENS, Source
from lmd.worker.sequences import Sequence, Sequences

NO_ROOM = 1
"""What `llama_decode` returns when it finds no cells for a batch."""


class Entry(NamedTuple):
    """A generation's part of the batch; ``row`` holds logits if it was the end of its tokens."""

    generation: Generation
    tokens: int
    row: int
    last: bool


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
        self._saved = loaded.saved
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
        self.pins = Pins(self._sequences, self._read, self._bytes_of, self._restore_saved)
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

    def held(self, tokens: list[int]) -> int:
        """How many of these tokens need not be read."""
        return self._sequences.reusable(tokens)

    def restore(self, tokens: list[int], state: bytes) -> bool:
        """Put a saved sequence into the cache; False if it does not fit."""
        return self._sequences.restore(tokens, lambda number: self._context.restore(number, state))

    def sources(self) -> list[Source]:
        """The finished sequences that may be saved, the most useful first."""
        return [
            Source(
                sequence.tokens,
                self._context.first_position(sequence.id),
                partial(self._context.state, sequence.id),
            )
            for sequence in self._sequences.worth_saving
            if len(sequence.tokens) >= LEAST_TOKENS
        ]

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
        code = self._context.decode()
        if code == NO_ROOM:
            self._sequences.drop_parked()
            code = self._context.decode()
        self.read_aside(len(tokens), time.monotonic() - started)
        return code == 0

    def _restore_saved(self, tokens: list[int]) -> None:
        """At load, or on a reload: what takes longest of it is the disk, and that is seldom."""
        entry = self._saved.find([*tokens, -1], self.held([*tokens, -1])) if self._saved else None
        if entry is None or self._saved is None:
            return
        state = self._saved.read(entry)
        if state is None:
            self._saved.drop(entry)
        else:
            self.restore(entry.tokens.tolist(), state)

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
        if entries and self._decode(entries):
            self._harvest(entries)
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
                self._shift(generation)
            else:
                prompt = len(generation.prepared.tokens)
                warning = full_warning(prompt, self._sizes.context)
                self._frames.add(generation.end_for_length(warning))

    def _shift(self, generation: Generation) -> None:
        sequence = generation.sequence
        cut = cut_when_full(len(sequence.tokens), self._sizes.context)
        if not self._sequences.shift(sequence, cut.start, cut.size):
            # This memory cannot move tokens: read what is kept again.
            kept = sequence.tokens[: cut.start] + sequence.tokens[cut.start + cut.size :]
            self._sequences.clear(sequence)
            generation.pending = kept + generation.pending
        generation.warn_once(shifted_warning(cut.size, self._sizes.context))

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
        for share in shares:
            generation = ready[share.sequence]
            generation.served = self._steps
            sequence = generation.sequence
            last = share.tokens == len(generation.pending)
            tokens = generation.pending[: share.tokens]
            row = batch.add(sequence.id, tokens, len(sequence.tokens), 1 if last else 0)
            entries.append(Entry(generation, share.tokens, row, last))
        return entries

    def _decode(self, entries: list[Entry]) -> bool:
        """True if the batch is decoded; else its jobs have failed and their sequences are gone."""
        readers = self.readers
        depth = self._depth
        started = time.monotonic()
        room = self._sequences.make_room(self._context.batch.size)
        code = self._context.decode() if room else NO_ROOM
        if code == NO_ROOM:
            # Cells of sliding windows and recurrent states are not counted one by one.
            self._sequences.drop_parked()
            code = self._context.decode()
        if code == 0:
            if readers:
                seconds = time.monotonic() - started
                reading = sum(entry.tokens for entry in entries if entry.generation.claim.reader)
                self._pace.observe(reading, self._context.batch.size - reading, seconds, depth)
            return True
        for entry in entries:
            text = f"llama.cpp could not decode the batch ({code})"
            self._fail(entry.generation, LmdError("model_failed", text))
        return False

    def _harvest(self, entries: list[Entry]) -> None:
        for generation, tokens, row, last in entries:
            sequence = generation.sequence
            self._sequences.extend(sequence, generation.pending[:tokens])
            del generation.pending[:tokens]
            generation.most_cells = max(generation.most_cells, len(sequence.tokens))
            if not generation.produced:
                total = len(generation.prepared.tokens)
                read = len(sequence.tokens)
                self._send(Prefill(generation.job.id, read, total, generation.elapsed_ms))
            if last:
                self._advance(generation, row)

    def _advance(self, generation: Generation, row: int) -> None:
        try:
            self._frames.add(generation.advance(self._context, row))
        except Exception as error:  # noqa: BLE001 - the other streams go on
            self._fail(generation, as_lmd_error(error))
            return
        if generation.produced == 1:
            self.send_text()

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
