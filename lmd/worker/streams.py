"""The running generations and the context they share: one step for all of them."""

import time
from typing import NamedTuple

from lmd.protocol.errors import LmdError
from lmd.protocol.worker import Prefill
from lmd.worker.adapters import ALONE, AdapterTurns
from lmd.worker.batching import Claim, Share
from lmd.worker.channel import Send
from lmd.worker.failures import as_lmd_error
from lmd.worker.footprint import Footprint
from lmd.worker.frames import Frames
from lmd.worker.generation import Generation
from lmd.worker.jobs import Job, OpenJobs
from lmd.worker.llama.context import Context
from lmd.worker.load import Loaded
from lmd.worker.overflow import cut_when_full, full_warning, shifted_warning
from lmd.worker.pace import Pace
from lmd.worker.pins import Pins
from lmd.worker.planning import Planner, readers_of
from lmd.worker.prepared import PreparedText
from lmd.worker.saved.keeping import Keeping
from lmd.worker.sequences import Sequence, Sequences
from lmd.worker.slots import Slots

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
        self._sizes = loaded.sizes
        self._vocabulary = loaded.model.vocabulary
        self._context = context
        self._jobs = jobs
        self._send = send
        self._frames = Frames()
        self._adapters = loaded.adapters
        self._turns = AdapterTurns()
        pace = Pace(loaded.sizes.interactive_gap, loaded.sizes.prefill_chunk)
        batch, chunk = loaded.sizes.batch, loaded.sizes.prefill_chunk
        self._planner = Planner(pace, batch=batch, chunk=chunk)
        self._shares: list[Share] = []
        self._step_claims: list[Claim] = []
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
        # A recurrent state is shared whole, and what slides out of a window is not shared.
        self._slots = Slots(
            self._sequences, self._vocabulary, loaded.sizes.slots, can_follow=uniform
        )
        self.running = self._slots.running
        self.kept = Keeping(context, self._sequences, loaded.adapters, loaded.saved)
        self.pins = Pins(self._sequences, self._read, self._bytes_of, self.kept.restore_pinned)
        self.pins.replace(loaded.prefixes)

    @property
    def at_work(self) -> bool:
        """Whether there is something to do."""
        return self._slots.taken or self.pins.pending

    @property
    def has_room(self) -> bool:
        return self._slots.has_room

    @property
    def parked(self) -> int:
        return self._sequences.parked

    def admit(self, prepared: PreparedText) -> None:
        """See `Slots.admit`."""
        self._slots.admit(prepared)

    def pause(self, job: Job) -> list[PreparedText]:
        """See `Slots.pause`."""
        return self._slots.pause(job)

    def resume(self) -> None:
        """See `Slots.resume`."""
        self._slots.resume()

    @property
    def has_readers(self) -> bool:
        """Whether people read along with the next step."""
        return readers_of(self._claims) > 0

    @property
    def room_aside(self) -> int:
        """Tokens that may be read between two steps for what is no generation."""
        return self._planner.room_aside(self._claims)

    def read_aside(self, tokens: int, seconds: float) -> None:
        """So many tokens were read between two steps, in so long."""
        self._planner.observe_aside(self._claims, tokens, seconds)

    def read_prefixes(self) -> bool:
        """Read a piece of the declared prefixes, a small one while somebody is answered; whether
        the state of any has changed."""
        return self.pins.step(self.room_aside)

    def _read(self, sequence: int, tokens: list[int], position: int) -> bool:
        self._adapters.use(self._context, ALONE)
        batch = self._context.batch
        batch.clear()
        batch.add(sequence, tokens, position, 0)
        if not self._sequences.make_room(len(tokens)):
            return False
        started = time.monotonic()
        code = self._context.decode()
        if code == NO_ROOM:
            self._sequences.drop_idle()
            code = self._context.decode()
        self.read_aside(len(tokens), time.monotonic() - started)
        return code == 0

    def _bytes_of(self, sequence: Sequence) -> int:
        return self._footprint.of(sequence, len(sequence.tokens))

    def forget(self) -> None:
        """Drop all finished sequences."""
        self._sequences.drop_parked()

    def leave(self, job: Job) -> None:
        """Take a job out that was answered elsewhere; its tokens stay for reuse."""
        self._slots.leave(job)

    def step(self, *, alone: bool = False) -> None:
        """Decode one batch and answer what it brings. Does nothing without running jobs.

        ``alone``: something else is read after this step, so that readers, if there are any, have
        it for themselves.
        """
        self._slots.begin_followers()
        self._make_space()
        entries = self._fill_batch(alone=alone)
        if entries and self._decode(entries):
            self._harvest(entries)
        if self._frames.is_due(time.monotonic()):
            self.send_text()
        for generation in [running for running in self.running if running.finish_reason]:
            self.send_text()
            kv_bytes = self._footprint.of(generation.sequence, generation.most_cells)
            self._slots.retire(generation)
            self._jobs.end(generation.job, generation.done(kv_bytes))

    def send_text(self) -> None:
        """Send what is kept for a later frame; comes before the final message of a job."""
        if messages := self._frames.take(time.monotonic()):
            self._send(*messages)

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

    def _fill_batch(self, *, alone: bool) -> list[Entry]:
        batch = self._context.batch
        batch.clear()
        everybody = readers_of(self._claims)
        ready = self._take_turn()
        self._step_claims = [generation.claim for generation in ready]
        elsewhere = everybody - readers_of(self._step_claims)
        self._shares = self._planner.plan(self._step_claims, alone=alone, elsewhere=elsewhere)
        entries: list[Entry] = []
        for share in self._shares:
            generation = ready[share.sequence]
            generation.served = self._planner.step
            sequence = generation.sequence
            last = share.tokens == len(generation.pending)
            tokens = generation.pending[: share.tokens]
            row = batch.add(sequence.id, tokens, len(sequence.tokens), 1 if last else 0)
            entries.append(Entry(generation, share.tokens, row, last))
        return entries

    def _take_turn(self) -> list[Generation]:
        """The generations that the next step is for: one set of adapters acts on all of it."""
        ready = self._ready
        wanted = (generation.prepared.adapters for generation in ready)
        adapters = self._turns.choose(wanted, time.monotonic())
        self._adapters.use(self._context, adapters)
        return [one for one in ready if one.prepared.adapters == adapters]

    def _decode(self, entries: list[Entry]) -> bool:
        """True if the batch is decoded; else its jobs have failed and their sequences are gone."""
        started = time.monotonic()
        room = self._sequences.make_room(self._context.batch.size)
        code = self._context.decode() if room else NO_ROOM
        if code == NO_ROOM:
            # Cells of sliding windows and recurrent states are not counted one by one.
            self._sequences.drop_idle()
            code = self._context.decode()
        if code == 0:
            self._planner.observe(self._step_claims, self._shares, time.monotonic() - started)
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
                tell = self._frames.add_read if last else self._send
                tell(Prefill(generation.job.id, read, total, generation.elapsed_ms))
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
        self._slots.drop(generation)
        self._jobs.fail(generation.job, error)
