"""Who has a slot: running generations, those that wait for another's reading, and paused ones."""

from typing import NamedTuple

from lmd.worker.generation import Generation
from lmd.worker.jobs import Job
from lmd.worker.llama.vocabulary import Vocabulary
from lmd.worker.prepared import PreparedText
from lmd.worker.sequences import Sequences
from lmd.worker.sharing import Reading, whom_to_follow


class Follower(NamedTuple):
    """A job in a slot that waits until another one has read so much of the prompt of both."""

    prepared: PreparedText
    leader: Generation
    until: int

    @property
    def waits(self) -> bool:
        """Whether its leader, if it is still running, has something to read for both."""
        return self.leader.is_reading and len(self.leader.sequence.tokens) < self.until


class Slots:
    """Owned by the engine's thread."""

    def __init__(
        self, sequences: Sequences, vocabulary: Vocabulary, count: int, *, can_follow: bool
    ) -> None:
        """``can_follow``: any beginning of a sequence can be shared."""
        self.running: list[Generation] = []
        self._following: list[Follower] = []
        self._paused: list[Generation] = []
        self._sequences = sequences
        self._vocabulary = vocabulary
        self._count = count
        self._can_follow = can_follow

    @property
    def has_room(self) -> bool:
        """Whether a slot is free."""
        return len(self.running) + len(self._following) < self._count

    @property
    def taken(self) -> bool:
        """Whether anybody has one."""
        return bool(self.running or self._following)

    def admit(self, prepared: PreparedText) -> None:
        """Give a job a slot, and what can be reused of other sequences; where another one is about
        to read the same, it waits for that."""
        reading = [
            one
            for one in self.running
            if self._can_follow and one.is_reading and one.prepared.adapters == prepared.adapters
        ]
        held = self._sequences.reusable(prepared.tokens, prepared.adapters)
        sources = [Reading(one.prepared.tokens, len(one.sequence.tokens)) for one in reading]
        found = whom_to_follow(prepared.tokens, held, sources)
        if found is None:
            sequence = self._sequences.admit(prepared.tokens, prepared.adapters)
            sequence.private = prepared.private
            self.running.append(Generation(prepared, sequence, self._vocabulary))
            return
        leader = reading[found[0]]
        leader.hurried = leader.hurried or prepared.interactive
        self._following.append(Follower(prepared, leader, found[1]))

    def begin_followers(self) -> None:
        """Begin with those whose leader has read what they have in common, or has left."""
        due = [one for one in self._following if not one.waits or one.leader not in self.running]
        for follower in due:
            self._following.remove(follower)
            # It may find another leader: of several that lost theirs the first becomes it.
            self.admit(follower.prepared)

    def pause(self, job: Job) -> list[PreparedText]:
        """Free a job's slot, and keep what it has for `resume`; what has not begun is returned, for
        `admit` to be called again."""
        for generation in [one for one in self.running if one.job is job]:
            if generation.finish_reason:
                continue
            self.running.remove(generation)
            generation.kept = list(generation.sequence.tokens)
            self._sequences.pause(generation.sequence)
            self._paused.append(generation)
        followers = [one for one in self._following if one.prepared.job is job]
        self._following = [one for one in self._following if one not in followers]
        return [follower.prepared for follower in followers]

    def resume(self) -> None:
        """Give those that are to go on a slot, as long as there is one; what had to leave the cache
        meanwhile is read again."""
        for generation in [paused for paused in self._paused if not paused.job.parked]:
            if not self.has_room:
                return
            self._paused.remove(generation)
            if not self._sequences.resume(generation.sequence):
                tokens = generation.kept + generation.pending
                generation.sequence = self._sequences.admit(tokens, generation.prepared.adapters)
                generation.sequence.private = generation.prepared.private
                generation.pending = tokens[len(generation.sequence.tokens) :]
            generation.kept = []
            self.running.append(generation)

    def leave(self, job: Job) -> None:
        """Take a job out that was answered elsewhere; its tokens stay for reuse."""
        for generation in [one for one in self.running if one.job is job]:
            self.retire(generation)
        for generation in [one for one in self._paused if one.job is job]:
            self._paused.remove(generation)
            if self._sequences.resume(generation.sequence):
                self._sequences.park(generation.sequence)
            generation.close()
        for follower in [one for one in self._following if one.prepared.job is job]:
            self._following.remove(follower)
            follower.prepared.close()

    def retire(self, generation: Generation) -> None:
        """Free the slot of a generation that is over; its tokens stay for reuse."""
        self.running.remove(generation)
        self._sequences.park(generation.sequence)
        generation.close()

    def drop(self, generation: Generation) -> None:
        """Free the slot of one that failed, with its tokens."""
        self.running.remove(generation)
        self._sequences.drop(generation.sequence)
        generation.close()
