"""The fake engine in a real process: the guarantees that the daemon builds on."""

import signal

import pytest

from lmd.protocol.worker import (
    Abort,
    Delta,
    Done,
    Embed,
    Embedded,
    Failed,
    LoadFailed,
    Loading,
    Ping,
    Pong,
    Prefill,
    Ready,
    Step,
    Tokenize,
    Tokenized,
)
from tests.worker.process import chat, load_message, open_worker, prompt

pytestmark = pytest.mark.process


def test_echoes_the_last_user_message_in_order():
    with open_worker("--fake", "") as worker:
        worker.send(load_message())
        loading = [worker.receive() for _ in range(4)]
        assert loading == [Loading(0.25), Loading(0.5), Loading(0.75), Loading(1.0)]
        assert isinstance(worker.receive(), Ready)
        worker.send(chat(7, "one  two"))
        read = worker.receive()
        assert isinstance(read, Prefill)
        assert (read.job, read.done, read.total) == (7, 2, 2)
        assert worker.receive() == Step([Delta(7, "one", 1)])
        assert worker.receive() == Step([Delta(7, "  two", 1)])
        done = worker.receive()
        assert isinstance(done, Done)
        assert (done.job, done.finish_reason, done.usage.completion_tokens) == (7, "stop", 2)


@pytest.mark.parametrize(
    ("knobs", "sampling", "text", "reason"),
    [
        ("tokens=3", {}, "tok0 tok1 tok2", "stop"),
        ("tokens=3", {"max_tokens": 2}, "tok0 tok1", "length"),
        ("reply=a%2C b c", {}, "a, b c", "stop"),
        ("reply=a b c d", {"stop": ["b c"]}, "a ", "stop"),
    ],
)
def test_replies_as_told(knobs: str, sampling: dict[str, object], text: str, reason: str):
    with open_worker("--fake", knobs) as worker:
        worker.load(load_message())
        got, final = worker.text(prompt(1, "x", **sampling))
        assert isinstance(final, Done)
        assert (got, final.finish_reason) == (text, reason)


def test_jobs_beyond_the_slots_wait_and_all_end_once():
    with open_worker("--fake", "tokens=5") as worker:
        worker.load(load_message(slots=2))
        worker.send(*(prompt(job, "x") for job in range(9)))
        assert all(isinstance(final, Done) for final in worker.until_final(*range(9)).values())


def test_abort_ends_running_and_waiting_jobs_and_only_them():
    with open_worker("--fake", "tokens=100000,tokens_per_s=1000") as worker:
        worker.load(load_message(slots=1, context=200_000))
        worker.send(prompt(1, "x"), prompt(2, "y"))
        while not isinstance(worker.receive(), Step):
            pass
        worker.send(Ping(3))
        while not isinstance(message := worker.receive(), Pong):
            pass
        assert message == Pong(3, 1, 1, 0)
        worker.send(Abort(2), Abort(1), Abort(1), Abort(99), prompt(4, "z", max_tokens=1))
        finals = worker.until_final(1, 2, 4)
        assert [getattr(finals[job], "code", "") for job in (1, 2, 4)] == [
            "cancelled",
            "cancelled",
            "",
        ]


def test_embeds_and_tokenizes():
    with open_worker("--fake", "") as worker:
        worker.load(load_message())
        worker.send(
            Embed(job=1, input=["a", "b", "a"], normalize=True),
            Tokenize(job=2, text="a b a", add_special=True, with_pieces=True),
        )
        finals = worker.until_final(1, 2)
        embedded, tokenized = finals[1], finals[2]
        assert isinstance(embedded, Embedded)
        assert embedded.vectors[0] == embedded.vectors[2] != embedded.vectors[1]
        assert isinstance(tokenized, Tokenized)
        assert tokenized.pieces == ["a", " b", " a"]


def test_a_prompt_over_the_context_says_by_how_much():
    with open_worker("--fake", "") as worker:
        worker.load(load_message(context=4))
        worker.send(prompt(1, "a b c d e", max_tokens=9))
        failed = worker.until_final(1)[1]
        assert isinstance(failed, Failed)
        assert failed.code == "context_exceeded"
        assert failed.data == {"prompt_tokens": 5, "context": 4, "max_tokens": 9}


def test_a_job_that_does_not_fit_its_type_is_refused_and_the_worker_lives():
    with open_worker("--fake", "") as worker:
        worker.load(load_message())
        worker.send(prompt(1, "x", temperature=1e308), prompt(2, "x"))
        finals = worker.until_final(1, 2)
        assert isinstance(finals[1], Failed)
        assert finals[1].code == "invalid_request"
        assert isinstance(finals[2], Done)


def test_a_failed_load_is_said_and_ends_the_process():
    with open_worker("--fake", "fail_load=no such file") as worker:
        assert worker.load(load_message()) == LoadFailed(
            "no such file", "the fake engine was told to fail"
        )
        with pytest.raises(EOFError):
            worker.receive()


@pytest.mark.parametrize("moment", ["load", "prefill", "token:2"])
def test_crashes_as_llama_cpp_does(moment: str):
    with open_worker("--fake", f"crash_at={moment},tokens=3") as worker:
        worker.send(load_message(), prompt(1, "x"))
        with pytest.raises(EOFError) as ended:
            worker.until_final(1)
        assert ended.value.args == (-signal.SIGABRT,)
        assert b"GGML_ASSERT" in worker.stderr()


@pytest.mark.parametrize("moment", ["load", "token:2"])
def test_hangs_until_the_daemon_is_gone(moment: str):
    with open_worker("--fake", f"hang_at={moment},tokens=3") as worker:
        worker.send(load_message(), prompt(1, "x"), Ping(1))
        worker.socket.settimeout(0.3)
        with pytest.raises(TimeoutError):
            worker.until_final(1)
        worker.socket.close()
        assert worker.process.wait(10) == 0


def test_a_prompt_is_read_as_fast_as_it_was_told():
    with open_worker("--fake", "read_tokens_per_s=10000,reply=done") as worker:
        worker.send(load_message(context=4096))
        while not isinstance(worker.receive(), Ready):
            pass
        worker.send(chat(7, " word" * 1200))
        told = []
        while not isinstance(frame := worker.receive(), Done):
            if isinstance(frame, Prefill):
                told.append((frame.done, frame.ms))
        assert [done for done, _ in told] == [0, 512, 1024, 1200]
        assert all(ms >= done / 10 for done, ms in told), "sooner than it can be"
