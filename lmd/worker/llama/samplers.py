"""Sampler chains and grammars."""

import ctypes
import math
from typing import Any

import llama_cpp.llama_cpp as C
import numpy as np
from numpy.typing import NDArray

from lmd.worker.llama.context import Context, Floats
from lmd.worker.llama.log import LlamaError, log
from lmd.worker.llama.vocabulary import Vocabulary
from lmd.worker.sampling import (
    Draw,
    Dry,
    Greedy,
    LogitBias,
    MinP,
    Mirostat,
    MirostatV2,
    Penalties,
    Stage,
    Temperature,
    TopK,
    TopP,
    TypicalP,
)

DRY_BREAKERS = (b"\n", b":", b'"', b"*")
"""llama.cpp's own defaults."""
CANDIDATE = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])
Candidates = NDArray[Any]


class Grammar:
    """A GBNF grammar and how far a generation has come in it."""

    def __init__(self, vocabulary: Vocabulary, text: str) -> None:
        """Raises LlamaError when llama.cpp does not take the grammar."""
        self.handle = C.llama_sampler_init_grammar(vocabulary.handle, text.encode(), b"root")
        if not self.handle:
            raise LlamaError(log.take() or "llama.cpp does not take the grammar")

    def allows(self, token: int) -> bool:
        """Whether the grammar can go on with this token."""
        one = np.zeros(1, CANDIDATE)
        one["id"] = token
        self.mask(one)
        return bool(one["logit"][0] != -math.inf)

    def mask(self, candidates: Candidates) -> None:
        """Set the logit of what is not allowed to minus infinity."""
        C.llama_sampler_apply(self.handle, ctypes.byref(_candidate_array(candidates)))

    def accept(self, token: int) -> None:
        """Move on; ``token`` must be allowed, or llama.cpp aborts."""
        C.llama_sampler_accept(self.handle, token)

    def free(self) -> None:
        """Give the memory back."""
        C.llama_sampler_free(self.handle)


class Chain:
    """The samplers of one sequence, in order."""

    def __init__(self, vocabulary: Vocabulary, stages: tuple[Stage, ...]) -> None:
        self.handle = C.llama_sampler_chain_init(C.llama_sampler_chain_default_params())
        for stage in stages:
            C.llama_sampler_chain_add(self.handle, _make_sampler(stage, vocabulary))

    def sample(self, context: Context, row: int) -> int:
        """Choose from a row's logits and accept the choice."""
        return int(C.llama_sampler_sample(self.handle, context.handle, row))

    def choose(self, candidates: Candidates) -> int:
        """Choose from candidates without accepting; the array is left in disorder."""
        array = _candidate_array(candidates)
        C.llama_sampler_apply(self.handle, ctypes.byref(array))
        return int(array.data[array.selected].id)

    def accept(self, token: int) -> None:
        """Let penalties and DRY see a token."""
        C.llama_sampler_accept(self.handle, token)

    def free(self) -> None:
        """Give the memory back."""
        C.llama_sampler_free(self.handle)


def make_candidates(logits: Floats) -> Candidates:
    """A candidate for every token of the vocabulary, in order."""
    candidates = np.zeros(len(logits), CANDIDATE)
    candidates["id"] = np.arange(len(logits), dtype=np.int32)
    candidates["logit"] = logits
    return candidates


def _candidate_array(candidates: Candidates) -> Any:
    pointer = ctypes.cast(candidates.ctypes.data, C.llama_token_data_p)
    return C.llama_token_data_array(data=pointer, size=len(candidates), selected=-1, sorted=False)


def _make_sampler(stage: Stage, vocabulary: Vocabulary) -> Any:
    match stage:
        case LogitBias(biases):
            pairs = [C.llama_logit_bias(token, bias) for token, bias in biases]
            array = (C.llama_logit_bias * len(pairs))(*pairs)
            return C.llama_sampler_init_logit_bias(vocabulary.size, len(pairs), array)
        case Penalties(window, repeat, frequency, presence):
            return C.llama_sampler_init_penalties(
                vocabulary.size, window, repeat, frequency, presence
            )
        case Dry(multiplier, base, allowed_length, window):
            breakers = (ctypes.c_char_p * len(DRY_BREAKERS))(*DRY_BREAKERS)
            return C.llama_sampler_init_dry(
                vocabulary.handle,
                multiplier,
                base,
                allowed_length,
                window,
                breakers,
                len(DRY_BREAKERS),
            )
        case TopK(k):
            return C.llama_sampler_init_top_k(k)
        case TypicalP(p):
            return C.llama_sampler_init_typical(p, 1)
        case TopP(p):
            return C.llama_sampler_init_top_p(p, 1)
        case MinP(p):
            return C.llama_sampler_init_min_p(p, 1)
        case Temperature(value):
            return C.llama_sampler_init_temp(value)
        case Greedy():
            return C.llama_sampler_init_greedy()
        case Draw(seed):
            return C.llama_sampler_init_dist(seed)
        case Mirostat(seed, tau, eta):
            return C.llama_sampler_init_mirostat(vocabulary.size, seed, tau, eta, 100)
        case MirostatV2(seed, tau, eta):
            return C.llama_sampler_init_mirostat_v2(seed, tau, eta)
