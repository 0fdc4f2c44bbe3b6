"""One running generation: choose a token, turn it into text, decide whether that was the last."""

import math
import time
from typing import Literal

from lmd.protocol.errors import LmdError
from lmd.protocol.results import RequestWarning, Timings, TokenLogprob, Usage
from lmd.protocol.worker import Delta, Done
from lmd.worker.batching import Claim
from lmd.worker.llama.context import Context, Floats
from lmd.worker.llama.samplers import Candidates, Chain, make_candidates
from lmd.worker.llama.vocabulary import Vocabulary
from lmd.worker.logprobs import token_logprob
from lmd.worker.prepared import PreparedText
from lmd.worker.sampling import Greedy
from lmd.worker.sequences import Sequence
from lmd.worker.text import Characters, StopFilter

GRAMMAR_STALL_S = 5.0
"""A grammar that takes longer for one token would hold up every other stream."""


class Generation:
    """From admission to the last token. Owned by the engine's thread."""

    def __init__(self, prepared: PreparedText, sequence: Sequence, vocabulary: Vocabulary) -> None:
        self.job = prepared.job
        self.prepared = prepared
        self.sequence = sequence
        self.cached = len(sequence.tokens)
        self.pending = prepared.tokens[self.cached :]
        """Tokens to decode next: the rest of the prompt, or the token chosen last."""
        self.produced = 0
        self.hurried = False
        """Somebody who reads along waits for it."""
        self.kept: list[int] = []
        """While it is paused: the tokens that its sequence held."""
        self.served = 0
        """The step in which it last had a part."""
        self.most_cells = 0
        """Of the KV cache, that it held at a time."""
        self.finish_reason: Literal["stop", "length"] | None = None
        self.warnings = [*prepared.warnings, *prepared.plan.warnings]
        self._vocabulary = vocabulary
        self._grammar = prepared.grammar
        self._chain = _open_chain(prepared, vocabulary)
        self._characters = Characters()
        self._stops = StopFilter(prepared.stops)
        self._started = time.monotonic()
        self._first_token = self._started

    @property
    def is_reading(self) -> bool:
        """Whether more of its prompt than the last token is to be read."""
        return len(self.pending) > 1

    @property
    def elapsed_ms(self) -> float:
        """Milliseconds since it was given its slot."""
        return (time.monotonic() - self._started) * 1000

    @property
    def claim(self) -> Claim:
        """What it wants of the next step."""
        tokens = len(self.pending)
        hurried = self.hurried and self.is_reading
        return Claim(
            tokens,
            tokens == 1,
            self.prepared.interactive or hurried,
            self.served,
            len(self.sequence.tokens),
        )

    def close(self) -> None:
        """Free the samplers. Call once."""
        if self._chain is not None:
            self._chain.free()
        if self._grammar is not None:
            self._grammar.free()

    def advance(self, context: Context, row: int) -> Delta:
        """Choose the next token from a row of the last batch, and make it text.

        Sets `finish_reason` when it was the last. Raises LmdError when there is no next token.
        """
        token = self._choose(context, row)
        if not self.produced:
            self._first_token = time.monotonic()
        if token is None or self._vocabulary.is_end(token):
            self.finish_reason = "stop"
            return Delta(self.job.id, self._flush(), 0)
        self.produced += 1
        self.pending = [token]
        text = self._stops.push(self._characters.push(self._vocabulary.piece(token)))
        if self._stops.stopped:
            self.finish_reason = "stop"
        elif self.produced >= self.prepared.max_tokens:
            self.finish_reason = "length"
            text += self._flush()
        return Delta(self.job.id, text, 1, self._logprobs(context, row, token))

    def warn_once(self, warning: RequestWarning) -> None:
        """Report something that may happen again and again."""
        if warning not in self.warnings:
            self.warnings.append(warning)

    def end_for_length(self, warning: RequestWarning) -> Delta:
        """End because there is no room for another token."""
        self.finish_reason = "length"
        self.warnings.append(warning)
        return Delta(self.job.id, self._flush(), 0)

    def done(self, kv_bytes: int) -> Done:
        """The final message of a finished generation, which held so much of the cache."""
        assert self.finish_reason is not None
        now = time.monotonic()
        decode_s = now - self._first_token
        rate = (self.produced - 1) / decode_s if self.produced > 1 and decode_s > 0 else 0.0
        return Done(
            job=self.job.id,
            finish_reason=self.finish_reason,
            usage=Usage(len(self.prepared.tokens), self.cached, self.produced, kv_bytes),
            timings=Timings(
                prefill_ms=(self._first_token - self._started) * 1000,
                first_token_ms=(self._first_token - self.job.received) * 1000,
                decode_ms=decode_s * 1000,
                tokens_per_second=rate,
            ),
            warnings=self.warnings,
        )

    def _flush(self) -> str:
        return self._stops.push(self._characters.finish()) + self._stops.finish()

    def _logprobs(self, context: Context, row: int, token: int) -> list[TokenLogprob] | None:
        wanted = self.prepared.logprobs
        if wanted is None:
            return None
        spelling = self._vocabulary.spelling
        return [token_logprob(context.logits(row), token, wanted, spelling)]

    def _choose(self, context: Context, row: int) -> int | None:
        """The next token; None where the grammar is complete and no token says so."""
        if not self.produced:
            _check_finite(context.logits(row))
        if self._grammar is not None:
            return self._choose_within_grammar(context.logits(row))
        if self._chain is None:
            return int(context.logits(row).argmax())
        return self._chain.sample(context, row)

    def _choose_within_grammar(self, logits: Floats) -> int | None:
        """Choose freely first: masking a whole vocabulary costs far more than one check."""
        assert self._grammar is not None
        begun = time.monotonic()
        token: int | None = self._choose_from(make_candidates(logits))
        if token is None or not self._fits(token) or not self._grammar.allows(token):
            token = self._choose_allowed(logits)
        if token is None:
            return None
        if not self._vocabulary.is_end(token):
            self._grammar.accept(token)
        if self._chain is not None:
            self._chain.accept(token)
        if time.monotonic() - begun > GRAMMAR_STALL_S:
            raise LmdError("invalid_request", "the grammar takes too long for a token")
        return token

    def _choose_allowed(self, logits: Floats) -> int | None:
        assert self._grammar is not None
        candidates = make_candidates(logits)
        self._grammar.mask(candidates)
        allowed = candidates[candidates["logit"] > -math.inf]
        while len(allowed):
            # A copy, because the chain reorders and rescales what it is given.
            token = self._choose_from(allowed.copy())
            if self._fits(token):
                return token
            allowed = allowed[allowed["id"] != token]
        if self._vocabulary.has_end:
            raise LmdError(
                "invalid_request",
                "the grammar cannot go on with the tokens of this model",
                hint="check that every rule can be completed",
            )
        return None

    def _fits(self, token: int) -> bool:
        """Whether the text stays UTF-8: a grammar counts characters that broken bytes are not."""
        return self._characters.continues(self._vocabulary.piece(token))

    def _choose_from(self, candidates: Candidates) -> int:
        if self._chain is None:
            return int(candidates["id"][candidates["logit"].argmax()])
        return self._chain.choose(candidates)


def _open_chain(prepared: PreparedText, vocabulary: Vocabulary) -> Chain | None:
    """None for plain greedy decoding, which needs no sampler."""
    if prepared.plan.stages == (Greedy(),):
        return None
    chain = Chain(vocabulary, prepared.plan.stages)
    history = prepared.plan.history
    for token in prepared.tokens[-history:] if history else ():
        chain.accept(token)
    return chain


def _check_finite(logits: Floats) -> None:
    """Broken weights give NaN; llama.cpp's sorting samplers must not see them."""
    if math.isnan(float(logits.sum())):
        raise LmdError(
            "model_failed",
            "the model computes no numbers (NaN)",
            hint="the file is damaged or of a kind that this llama.cpp does not compute right",
        )
