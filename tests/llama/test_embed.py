"""Embeddings and tokens out of the real engine."""

import math

import pytest

from lmd.protocol.worker import Abort, Done, Embed, Embedded, Failed, Tokenize, Tokenized
from tests.worker.process import WorkerProcess, load_message, open_worker, prompt

pytestmark = [pytest.mark.process, pytest.mark.llama]


def embed(worker: WorkerProcess, *texts: str, normalize: bool = True) -> Embedded:
    worker.send(Embed(job=1, input=list(texts), normalize=normalize))
    final = worker.until_final(1)[1]
    assert isinstance(final, Embedded), final
    return final


def cosine(one: list[float], other: list[float]) -> float:
    dot = sum(a * b for a, b in zip(one, other, strict=True))
    return dot / (math.hypot(*one) * math.hypot(*other))


def test_vectors_have_unit_length_and_like_texts_are_closer(worker: WorkerProcess):
    result = embed(worker, "find files by name", "find files by size", "kill the process 7")
    assert [math.hypot(*vector) for vector in result.vectors] == pytest.approx([1.0] * 3)
    one, like, other = result.vectors
    assert cosine(one, like) > cosine(one, other)
    assert result.pooling == "mean"
    assert result.usage.prompt_tokens > 3


def test_without_normalisation_only_the_length_differs(worker: WorkerProcess):
    raw = embed(worker, "list all files", normalize=False).vectors[0]
    unit = embed(worker, "list all files").vectors[0]
    assert math.hypot(*raw) != pytest.approx(1.0)
    assert cosine(raw, unit) == pytest.approx(1.0)


def test_a_text_has_one_vector_alone_in_a_batch_and_in_pieces(worker: WorkerProcess):
    long = "move every old log to the archive and compress it " * 12
    alone = embed(worker, long).vectors[0]
    together = embed(worker, "short", long, "other", long).vectors
    assert cosine(alone, together[1]) == pytest.approx(1.0, abs=1e-4)
    assert cosine(together[1], together[3]) == pytest.approx(1.0, abs=1e-4)


def test_as_many_inputs_as_a_request_may_have(worker: WorkerProcess):
    texts = [f"text number {number}" for number in range(64)]
    assert len(embed(worker, *texts).vectors) == 64


def test_pooling_by_the_last_token_differs_from_the_mean(model_path: str, worker: WorkerProcess):
    with open_worker() as other:
        other.load(load_message(model_path, pooling="last"))
        last = embed(other, "list all files")
        assert last.pooling == "last"
        assert cosine(last.vectors[0], embed(worker, "list all files").vectors[0]) < 0.999


def test_an_overlong_input_fails_with_the_counts(worker: WorkerProcess):
    worker.send(Embed(job=1, input=["fine", "word " * 2000], normalize=True))
    final = worker.until_final(1)[1]
    assert isinstance(final, Failed)
    assert final.code == "context_exceeded"
    assert (final.data["context"], final.data["input"]) == (256, 1)


def test_embeddings_and_streams_share_the_worker(worker: WorkerProcess):
    worker.send(
        prompt(1, "go on", max_tokens=30),
        Embed(job=2, input=["one", "two " * 100], normalize=True),
        Embed(job=3, input=["three"] * 20, normalize=True),
        Abort(3),
    )
    finals = worker.until_final(1, 2, 3)
    assert isinstance(finals[1], Done)
    assert isinstance(finals[2], Embedded)
    assert isinstance(finals[3], Embedded | Failed)


def test_an_abort_leaves_the_vectors_of_others_alone(model_path: str):
    texts = [f"{number} " + "long text " * 20 for number in range(12)]
    with open_worker() as worker:
        worker.load(load_message(model_path, slots=1, batch=32, context=256))
        expected = embed(worker, *texts).vectors
        worker.send(
            Embed(job=2, input=texts, normalize=True),
            Embed(job=3, input=["other"], normalize=True),
            Abort(3),
        )
        final = worker.until_final(2, 3)[2]
        assert isinstance(final, Embedded)
        alike = [cosine(*pair) for pair in zip(final.vectors, expected, strict=True)]
        assert min(alike) > 0.9999


@pytest.mark.parametrize(
    "text", ["hello world", "", "  spaces\n\ttabs  ", "é\N{GRINNING FACE}", "a\0b", "{" * 300]
)
def test_tokens_joined_are_the_text(worker: WorkerProcess, text: str):
    worker.send(Tokenize(job=1, text=text, add_special=False, with_pieces=True))
    final = worker.until_final(1)[1]
    assert isinstance(final, Tokenized)
    assert final.pieces is not None
    assert len(final.pieces) == len(final.tokens)
    if text.isascii():
        assert "".join(final.pieces) == text
