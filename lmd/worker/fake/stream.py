"""What the fake engine says: prompts and answers in words. Pure."""

import hashlib
import math
import re
import zlib

from lmd.protocol.errors import LmdError
from lmd.protocol.prefixes import PinnedPrefix, Prefix
from lmd.protocol.results import RequestWarning, Timings, Usage
from lmd.protocol.worker import Delta, Done, Embed, Embedded, Generate, Prefill, Tokenize, Tokenized
from lmd.worker.fake.knobs import Knobs
from lmd.worker.jobs import Job
from lmd.worker.text import StopFilter

DIMENSIONS = 8
READ_TOKENS = 512
"""How often it is told how much of a prompt is read."""
TOKEN_BYTES = 1024
"""Of a cache that is not there."""


def words(text: str) -> list[str]:
    """Cut a text into words that keep the white space before them; joined they are the text."""
    return re.findall(r"\s*\S+|\s+$", text)


class Stream:
    """A running generation."""

    def __init__(self, job: Job, message: Generate, knobs: Knobs, context: int, now: float) -> None:
        self.job = job
        self.prompt = _prompt_words(message)
        self.started = now
        self._reads_from = now + knobs.prefill_s
        self._rate = knobs.read_tokens_per_s
        self.first_at = self._reads_from + (len(self.prompt) / self._rate if self._rate else 0.0)
        self._told = -1
        self.emitted = 0
        self.warnings: list[RequestWarning] = []
        sampling = message.sampling
        if len(self.prompt) >= context:
            raise LmdError(
                "context_exceeded",
                f"the prompt has {len(self.prompt)} tokens, the context {context}",
                data={
                    "prompt_tokens": len(self.prompt),
                    "context": context,
                    "max_tokens": sampling.max_tokens,
                },
            )
        if message.schema is not None or message.grammar is not None:
            field = "schema" if message.schema is not None else "grammar"
            self.warnings.append(RequestWarning(field, "ignored", "the fake engine has no grammar"))
        reply = _reply_words(message, knobs)
        limit = min(sampling.max_tokens or context, context - len(self.prompt))
        self.finish_reason: str = "length" if len(reply) > limit else "stop"
        self.tokens = reply[:limit]
        self.text = StopFilter(sampling.stop or [])

    @property
    def wakes_at(self) -> float:
        """When it has something to say of its prompt, or its first token."""
        if not self._rate or self._told >= len(self.prompt):
            return self.first_at
        ahead = min(len(self.prompt), max(0, self._told) + READ_TOKENS)
        return self._reads_from + ahead / self._rate

    def progress(self, now: float) -> Prefill | None:
        """How much is read, where that is news."""
        total = len(self.prompt)
        read = int(max(0.0, now - self._reads_from) * self._rate)
        whole = not self._rate or now >= self.first_at
        done = total if whole else min(total, read // READ_TOKENS * READ_TOKENS)
        if done <= self._told:
            return None
        self._told = done
        return Prefill(self.job.id, done, total, (now - self.started) * 1000)

    @property
    def finished(self) -> bool:
        return self.emitted >= len(self.tokens) or self.text.stopped

    def next_delta(self) -> Delta:
        """Emit a token; the last one brings what was held back."""
        text = self.text.push(self.tokens[self.emitted])
        self.emitted += 1
        if self.finished:
            text += self.text.finish()
        return Delta(self.job.id, text, 1)

    def _kv_bytes(self) -> int:
        return (len(self.prompt) + self.emitted) * TOKEN_BYTES

    def done(self, now: float) -> Done:
        """The final message."""
        decode_ms = (now - self.first_at) * 1000
        return Done(
            job=self.job.id,
            finish_reason="stop" if self.text.stopped else self.finish_reason,  # type: ignore[arg-type]
            usage=Usage(len(self.prompt), 0, self.emitted, self._kv_bytes()),
            timings=Timings(
                prefill_ms=(self.first_at - self.started) * 1000,
                first_token_ms=(self.first_at - self.job.received) * 1000,
                decode_ms=decode_ms,
                tokens_per_second=self.emitted / decode_ms * 1000 if decode_ms > 0 else 0.0,
            ),
            warnings=self.warnings,
        )


def _prompt_words(message: Generate) -> list[str]:
    if message.messages is not None:
        return [word for entry in message.messages for word in words(entry.content)]
    return words((message.prompt or "") + (message.suffix or ""))


def _reply_words(message: Generate, knobs: Knobs) -> list[str]:
    if knobs.tokens:
        return ["tok0", *(f" tok{number}" for number in range(1, knobs.tokens))]
    if knobs.reply:
        return words(knobs.reply)
    if message.messages is not None:
        users = [entry.content for entry in message.messages if entry.role == "user"]
        return words(users[-1] if users else message.messages[-1].content)
    return words(message.prompt or "")


def embedded(message: Embed, pooling: str) -> Embedded:
    """Answer `Embed`; the same text always gives the same vector."""
    vectors = [_vector(text, message.normalize) for text in message.input]
    tokens = sum(len(words(text)) for text in message.input)
    return Embedded(job=message.job, vectors=vectors, pooling=pooling, usage=Usage(tokens, 0, 0))


def _vector(text: str, normalize: bool) -> list[float]:
    raw = [byte - 127.5 for byte in hashlib.sha256(text.encode()).digest()[:DIMENSIONS]]
    length = math.hypot(*raw) if normalize else 1.0
    return [value / length for value in raw]


def tokenized(message: Tokenize) -> Tokenized:
    """Answer `Tokenize` with a hash of each word."""
    pieces = words(message.text)
    tokens = [zlib.crc32(piece.encode()) & 0xFFFF for piece in pieces]
    return Tokenized(job=message.job, tokens=tokens, pieces=pieces if message.with_pieces else None)


def pinned(prefixes: list[Prefix]) -> list[PinnedPrefix]:
    """Every declared prefix, as if it was read at once."""
    return [
        PinnedPrefix(name=prefix.name, tokens=len(words(prefix.text)), bytes=0, state="ready")
        for prefix in prefixes
    ]
