"""Makes room in a sequence that has filled its context and goes on."""

from lmd.worker.generation import Generation
from lmd.worker.overflow import cut_when_full, shifted_warning
from lmd.worker.sequences import Sequences


def shift(generation: Generation, sequences: Sequences, context: int) -> None:
    """Drop tokens behind the beginning, in the cache where it can, else by reading the rest again;
    the generation warns of it once."""
    sequence = generation.sequence
    cut = cut_when_full(len(sequence.tokens), context)
    if not sequences.shift(sequence, cut.start, cut.size):
        # This memory cannot move tokens: read what is kept again.
        kept = sequence.tokens[: cut.start] + sequence.tokens[cut.start + cut.size :]
        sequences.clear(sequence)
        generation.pending = kept + generation.pending
    generation.warn_once(shifted_warning(cut.size, context))
