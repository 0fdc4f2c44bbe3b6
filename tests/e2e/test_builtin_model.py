"""The same daemon with the built-in model and the real llama.cpp."""

import os
import signal

import pytest

from tests.e2e.conftest import NewDaemon
from tests.e2e.daemon import eventually

pytestmark = [pytest.mark.process, pytest.mark.llama]


def test_both_dialects_give_the_same_answer(start: NewDaemon) -> None:
    daemon = start(fake=None)
    with daemon.msgpack() as packed, daemon.json() as spoken:
        answers = [
            client.wait(client.ask("list files by size", max_tokens=24))
            for client in (packed, spoken)
        ]
        texts = [answer.end().good()["text"] for answer in answers]
        assert texts[0] == texts[1] != ""
        for answer in answers:
            assert "".join(answer.pieces) == answer.end().good()["text"]
            usage = answer.end().good()["usage"]
            assert 0 < usage["completion_tokens"] <= 24
        # The second one finds the prompt of the first one in the cache.
        assert answers[1].end().good()["usage"]["cached_tokens"] > 0
        assert daemon.model()["memory"]["worker_rss_bytes"] > 0
        header = packed.call("models.show", model="shell").good()["header"]
        assert header["kind"] == "model"


@pytest.mark.parametrize("stream", [False, True])
def test_a_plain_request_is_answered_as_suggest_answers_it(start: NewDaemon, stream: bool) -> None:
    daemon = start(fake=None)
    with daemon.msgpack() as client:
        for request in ("count the lines in notes.txt", "find symlinks whose target is gone"):
            found = client.call("suggest", text=request).good()
            answer = client.wait(client.request("ask", prompt=request, stream=stream))
            result = answer.end().good()
            assert result["text"] == found["candidates"][0]["command"]
            assert result["model"] == "shell"
            assert "".join(answer.pieces) == (result["text"] if stream else "")
            doubted = [warning["action"] for warning in result["warnings"]]
            assert doubted == ([] if found["sure"] else ["not sure"])
        raw = client.call("ask", prompt="count the lines in notes.txt", max_tokens=3).good()
        assert raw["usage"]["completion_tokens"] <= 3


def test_eight_at_a_time_and_a_cancel(start: NewDaemon) -> None:
    daemon = start("[models.shell]\nslots = 8\n", None)
    with daemon.msgpack() as client:
        alone = client.call("ask", prompt="show disk usage 3", max_tokens=32).good()["text"]
        ids = [client.ask(f"show disk usage {number}", max_tokens=32) for number in range(8)]
        client.cancel(ids[5])
        ends = [answer.end() for answer in client.wait_all(ids)]
        assert ends[5].code in ("cancelled", "ok")
        assert [end.code for number, end in enumerate(ends) if number != 5] == ["ok"] * 7
        assert ends[3].good()["text"] == alone


def test_embeddings_and_tokens(start: NewDaemon) -> None:
    daemon = start(fake=None)
    with daemon.msgpack() as client:
        vectors = client.call("embed", input=["copy a file", "copy a file", "kill it"]).good()
        same, again, other = vectors["embeddings"]
        assert same == pytest.approx(again, abs=1e-4)
        assert sum(a * b for a, b in zip(same, other, strict=True)) < 0.9999
        assert sum(a * a for a in same) == pytest.approx(1, abs=1e-3)
        tokens = client.call("tokenize", text="ls -la", with_pieces=True, add_special=False).good()
        assert "".join(tokens["pieces"]).strip() == "ls -la"


def test_a_killed_worker_and_a_killed_daemon(start: NewDaemon) -> None:
    daemon = start(fake=None)
    with daemon.msgpack() as client:
        before = client.call("ask", prompt="list files", max_tokens=8).good()["text"]
        (worker,) = daemon.workers()
        os.kill(worker, signal.SIGKILL)
        assert eventually(lambda: worker not in daemon.workers())
        codes = [client.call("ask", prompt="list files", max_tokens=8).code for _ in range(2)]
        assert codes[1] == "ok"
        assert client.call("ask", prompt="list files", max_tokens=8).good()["text"] == before
        daemon.process.kill()
        daemon.wait()
    assert eventually(lambda: not daemon.workers(), 1)


def test_a_prompt_that_does_not_fit(start: NewDaemon) -> None:
    daemon = start("[models.shell]\ncontext = 64\n", None)
    with daemon.msgpack() as client:
        assert client.call("ask", prompt="word " * 500).code == "context_exceeded"
        assert client.call("ask", prompt="x" * 1_000_000).code in ("context_exceeded",)
        assert client.call("ask", prompt="list files", max_tokens=4).code == "ok"
