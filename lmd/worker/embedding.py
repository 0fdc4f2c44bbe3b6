"""Embeddings: a context of its own, whole inputs packed into batches, pooled here."""

import math

import numpy as np
from numpy.typing import NDArray

from lmd.protocol.errors import LmdError
from lmd.protocol.results import Usage
from lmd.protocol.worker import Embedded
from lmd.worker.batching import pack_inputs
from lmd.worker.jobs import Job
from lmd.worker.llama.context import Context
from lmd.worker.prepared import PreparedEmbedding

Rows = NDArray[np.float32]


class Embedding:
    """One job; `advance` until `finished`."""

    def __init__(self, prepared: PreparedEmbedding) -> None:
        self.job: Job = prepared.job
        self.inputs = prepared.inputs
        self.normalize = prepared.normalize
        self.vectors: list[Rows] = []
        self.rows: list[Rows] = []
        """Hidden states of the input that is being read in pieces."""

    @property
    def finished(self) -> bool:
        return len(self.vectors) == len(self.inputs)


class Embedder:
    """Turns token lists into vectors. Owned by the engine's thread."""

    def __init__(self, context: Context, pooling: str) -> None:
        self._context = context
        self._pooling = pooling

    def advance(self, embedding: Embedding, budget: int) -> int:
        """Decode at most ``budget`` tokens, except that a model that reads in both directions
        must read an input at once; how many it was. Raises LmdError."""
        rest = embedding.inputs[len(embedding.vectors) :]
        read = sum(len(rows) for rows in embedding.rows)
        budget = min(budget, self._context.batch.capacity)
        if not self._context.causal:
            budget = self._context.batch.capacity
        if read or len(rest[0]) > budget:
            self._read_piece(embedding, rest[0], read, budget)
        else:
            packed = rest[: pack_inputs([len(tokens) for tokens in rest], budget)]
            embedding.vectors += self._read_whole(packed, embedding.normalize)
        return self._context.batch.size

    def abandon(self) -> None:
        """Forget an input that was read in part."""
        self._context.clear()

    def _read_piece(self, embedding: Embedding, tokens: list[int], read: int, budget: int) -> None:
        piece = tokens[read : read + budget]
        self._context.batch.clear()
        last = self._context.batch.add(0, piece, read, len(piece))
        self._decode()
        rows = self._rows(last - len(piece) + 1, len(piece))
        embedding.rows.append(rows)
        if read + len(piece) == len(tokens):
            whole = np.concatenate(embedding.rows)
            embedding.vectors.append(self._pool(whole, embedding.normalize))
            embedding.rows = []
            self._context.clear()

    def _read_whole(self, inputs: list[list[int]], normalize: bool) -> list[Rows]:
        self._context.clear()
        self._context.batch.clear()
        ends = [
            self._context.batch.add(sequence, tokens, 0, len(tokens))
            for sequence, tokens in enumerate(inputs)
        ]
        self._decode()
        vectors = [
            self._pool(self._rows(end - len(tokens) + 1, len(tokens)), normalize)
            for end, tokens in zip(ends, inputs, strict=True)
        ]
        self._context.clear()
        return vectors

    def _decode(self) -> None:
        code = self._context.decode()
        if code != 0:
            self._context.clear()
            raise LmdError("model_failed", f"llama.cpp could not embed the input ({code})")

    def _rows(self, first: int, count: int) -> Rows:
        return np.stack([self._context.embedding(row) for row in range(first, first + count)])

    def _pool(self, rows: Rows, normalize: bool) -> Rows:
        if self._pooling == "cls":
            vector = rows[0]
        elif self._pooling == "last":
            vector = rows[-1]
        else:
            vector = rows.mean(axis=0, dtype=np.float32)
        length = float(np.linalg.norm(vector))
        if not math.isfinite(length):
            raise LmdError("model_failed", "the model computes no numbers (NaN)")
        scale = np.float32(1 / length if normalize and length > 0 else 1)
        pooled: Rows = vector * scale
        return pooled


def embedded(embedding: Embedding, pooling: str) -> Embedded:
    """The final message of a finished job."""
    tokens = sum(len(ids) for ids in embedding.inputs)
    return Embedded(
        job=embedding.job.id,
        vectors=[vector.tolist() for vector in embedding.vectors],
        pooling=pooling,
        usage=Usage(tokens, 0, 0),
    )
