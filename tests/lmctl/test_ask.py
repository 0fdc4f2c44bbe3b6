"""`lmctl ask` and `complete` as processes, against a daemon with knobs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import msgpack
import pytest

from lmd.protocol.errors import ERRORS
from lmd.protocol.limits import MAX_MESSAGE_BYTES
from tests.lmctl.conftest import SECONDS, Lmctl, Spawn
from tests.lmctl.fake_daemon import FakeDaemon, Script, generation_result

pytestmark = pytest.mark.process


def test_the_answer_alone_is_on_stdout(daemon: FakeDaemon, lmctl: Lmctl):
    done = lmctl("ask", "swap", "the words", input=b"a b\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"Hello world\n", b"")
    assert daemon.requests == [("ask", {"prompt": "swap the words\n\na b", "stream": True})]


def test_every_option_reaches_the_request(daemon: FakeDaemon, lmctl: Lmctl, tmp_path: Path):
    grammar = tmp_path / "g.gbnf"
    grammar.write_text('root ::= "x"')
    done = lmctl(
        "ask", "-m", "tiny", "-s", "be brief", "-n", "7", "-t0", "--top-p=0.9", "--top-k", "40",
        "--min-p", ".05", "--seed", "3", "--stop", "a", "--stop", "b", "--grammar", str(grammar),
        "--logprobs", "2", "--overflow", "shift", "--deadline", "30", "--priority", "batch",
        "--json", "hi",
    )  # fmt: skip
    assert done.returncode == 0
    assert daemon.params == {
        "prompt": "hi", "model": "tiny", "system": "be brief", "max_tokens": 7, "temperature": 0.0,
        "top_p": 0.9, "top_k": 40, "min_p": 0.05, "seed": 3, "stop": ["a", "b"],
        "grammar": 'root ::= "x"', "logprobs": 2, "overflow": "shift", "deadline": 30.0,
        "priority": "batch",
    }  # fmt: skip
    assert json.loads(done.stdout) == generation_result(daemon.script)


def test_a_persona_may_have_a_model_of_its_own(daemon: FakeDaemon, lmctl: Lmctl):
    environment = {"LMD_MODEL": "mine"}
    assert lmctl("ask", "hi", env=environment).returncode == 0
    assert daemon.params["model"] == "mine"
    assert lmctl("ask", "-p", "terse", "hi", env=environment).returncode == 0
    assert (daemon.params["persona"], daemon.params.get("model")) == ("terse", None)
    assert lmctl("ask", "-p", "terse", "-m", "big", "hi", env=environment).returncode == 0
    assert (daemon.params["persona"], daemon.params["model"]) == ("terse", "big")


def test_piped_text_is_byte_exact_but_for_one_final_newline(daemon: FakeDaemon, lmctl: Lmctl):
    daemon.script = Script(chunks=["\x1b[31m", "gr\N{LATIN SMALL LETTER U WITH DIAERESIS}\r\x00"])
    assert lmctl("ask", "x").stdout == "\x1b[31mgrü\r\x00\n".encode()
    daemon.script = Script(chunks=["ends\n"])
    assert lmctl("ask", "x").stdout == b"ends\n"
    assert lmctl("complete", "x").stdout == b"ends\n"
    daemon.script = Script(chunks=["no end"])
    assert lmctl("complete", "x").stdout == b"no end"


def test_no_stream_asks_for_none_and_prints_the_result(daemon: FakeDaemon, lmctl: Lmctl):
    assert lmctl("ask", "--no-stream", "x").stdout == b"Hello world\n"
    assert "stream" not in daemon.params


def test_complete_takes_stdin_byte_for_byte(daemon: FakeDaemon, lmctl: Lmctl):
    lmctl("complete", "--suffix", "}", input=b"def f():\n\n")
    assert daemon.requests == [
        ("complete", {"prompt": "def f():\n\n", "suffix": "}", "stream": True})
    ]


def test_files_and_stdin_are_labelled_when_there_are_several(
    daemon: FakeDaemon, lmctl: Lmctl, tmp_path: Path
):
    (tmp_path / "a").write_text("1\n")
    lmctl("ask", "sum", "-f", "a", input=b"2\n", cwd=tmp_path)
    assert daemon.params["prompt"] == "sum\n\n==> a <==\n1\n\n==> stdin <==\n2"


@pytest.mark.parametrize("words", [(), ("-",)])
def test_without_words_stdin_is_the_prompt(
    daemon: FakeDaemon, lmctl: Lmctl, words: tuple[str, ...]
):
    lmctl("ask", *words, input=b"hello\n")
    assert daemon.params["prompt"] == "hello"


def test_stdin_is_the_prompt_when_only_files_are_named(
    daemon: FakeDaemon, lmctl: Lmctl, tmp_path: Path
):
    (tmp_path / "a").write_text("text")
    lmctl("ask", "-f", "a", input=b"summarise\n", cwd=tmp_path)
    assert daemon.params["prompt"] == "summarise\n\ntext"


def test_a_pipe_is_waited_for(daemon: FakeDaemon, spawn: Spawn):
    client = spawn("ask", "--stdin-wait", "60", "q", stdin=subprocess.PIPE)
    out, _ = client.communicate(b"late\n", timeout=SECONDS)
    assert out == b"Hello world\n"
    assert daemon.params["prompt"] == "q\n\nlate"


def test_an_idle_pipe_is_left_alone_with_a_warning(
    daemon: FakeDaemon, lmctl: Lmctl, environment: dict[str, str]
):
    read_end, write_end = os.pipe()
    done = lmctl("ask", "--stdin-wait", "0.05", "q", stdin=read_end)
    os.close(read_end)
    os.close(write_end)
    assert (done.returncode, done.stdout) == (0, b"Hello world\n")
    assert b"warning: stdin is an open pipe, but nothing came in 0.05 s" in done.stderr
    assert daemon.params["prompt"] == "q"


def test_input_that_is_not_utf8_is_replaced_and_reported(daemon: FakeDaemon, lmctl: Lmctl):
    done = lmctl("ask", "q", input=b"caf\xe9")
    assert daemon.params["prompt"] == "q\n\ncaf\N{REPLACEMENT CHARACTER}"
    assert b"warning: stdin is not UTF-8 at byte 3" in done.stderr


@pytest.mark.parametrize("excess", [1, -20])
def test_input_over_the_limit_is_refused(daemon: FakeDaemon, lmctl: Lmctl, excess: int):
    done = lmctl("ask", input=b"x" * (MAX_MESSAGE_BYTES + excess))
    assert done.returncode == 65
    assert str(MAX_MESSAGE_BYTES).encode() in done.stderr
    assert daemon.requests == []


def test_an_empty_prompt_is_bad_data(daemon: FakeDaemon, lmctl: Lmctl):
    done = lmctl("ask")
    assert done.returncode == 65
    assert b"the prompt is empty" in done.stderr


@pytest.mark.parametrize("name", ["missing", "."])
def test_an_unreadable_file_is_bad_data(
    daemon: FakeDaemon, lmctl: Lmctl, tmp_path: Path, name: str
):
    done = lmctl("ask", "q", "-f", name, cwd=tmp_path)
    assert done.returncode == 65
    assert f"cannot read {name}".encode() in done.stderr


@pytest.mark.parametrize("code", ERRORS)
def test_every_code_has_its_exit_status(daemon: FakeDaemon, lmctl: Lmctl, code: str):
    daemon.script = Script(
        chunks=[],
        error={"code": code, "message": "no \x1b[2J luck", "hint": "type this", "data": {}},
    )
    done = lmctl("ask", "x")
    assert done.returncode == ERRORS[code].exit_status
    assert done.stderr == b"lmctl: no ^[[2J luck\n  type this\n"
    assert done.stdout == b""


def test_warnings_and_receipt_are_on_stderr(daemon: FakeDaemon, lmctl: Lmctl):
    daemon.script = Script(
        warnings=[{"path": "top_k", "action": "ignored", "detail": "no\nsuch knob"}],
        finish_reason="length",
    )
    done = lmctl("ask", "-v", "x")
    assert done.stdout == b"Hello world\n"
    assert done.stderr.decode().splitlines() == [
        "lmctl: warning: top_k: ignored: no such knob",
        "lmctl: warning: the answer was cut off after 2 tokens: raise --max-tokens",
        "lmctl: shell: 9 prompt tokens (4 cached), 2 new at 100.0/s, 1 of 3 guesses accepted, "
        "1.5 KiB of KV cache; queued 1 ms, load 0 ms, "
        "prefill 3 ms, first token 5 ms, decode 20 ms; length",
    ]
    assert lmctl("ask", "-q", "x").stderr == b""


def test_schema_is_sent_and_the_answer_checked(daemon: FakeDaemon, lmctl: Lmctl, tmp_path: Path):
    (tmp_path / "s.json").write_text('{"type": "object"}')
    daemon.script = Script(chunks=['{"a":', " 1}"])
    done = lmctl("ask", "--schema", "s.json", "x", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, b'{"a": 1}\n')
    assert daemon.params["schema"] == {"type": "object"}
    daemon.script = Script(chunks=['{"a":'], finish_reason="length")
    done = lmctl("ask", "--schema", "s.json", "x", cwd=tmp_path)
    assert done.returncode == 65
    assert b"not whole JSON: it was cut off" in done.stderr
    daemon.script = Script(chunks=["certainly!"])
    done = lmctl("ask", "--schema", "s.json", "x", cwd=tmp_path)
    assert done.returncode == 65
    assert b"the answer is not JSON: Expecting value" in done.stderr


@pytest.mark.parametrize("text", ["{", "[]", '{"a": NaN}', "\xff", "[" * 100_000])
def test_a_bad_schema_file_is_refused_before_anything_is_sent(
    daemon: FakeDaemon, lmctl: Lmctl, tmp_path: Path, text: str
):
    (tmp_path / "s.json").write_text(text, encoding="latin-1")
    done = lmctl("ask", "--schema", "s.json", "x", cwd=tmp_path)
    assert done.returncode == 65
    assert b"s.json" in done.stderr
    assert daemon.requests == []


def test_logprobs_need_json(daemon: FakeDaemon, lmctl: Lmctl):
    done = lmctl("ask", "--logprobs", "1", "x")
    assert done.returncode == 2
    assert b"--logprobs needs --json" in done.stderr


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (b"\xc1", 76),
        (b"\x91\xa1x", 76),
        (msgpack.packb([1, 1, None, "text"]), 76),
        (msgpack.packb([1, 1, None, {"model": "x"}]), 76),
        (msgpack.packb([1, 1, "plain", None]), 76),
        (msgpack.packb([1, 7, None, {}]), 69),
        (msgpack.packb([1, None, {"code": "overloaded", "message": "full"}, None]), 75),
        (msgpack.packb([1, 1, {"code": "novel", "message": "?"}, None]), 70),
    ],
)
def test_replies_that_are_none(daemon: FakeDaemon, lmctl: Lmctl, reply: bytes, status: int):
    daemon.script = Script(raw_reply=reply)
    done = lmctl("ask", "x")
    assert (done.returncode, done.stdout) == (status, b"")
    assert done.stderr.startswith(b"lmctl: ")


def test_a_daemon_that_dies_half_way_is_an_error(daemon: FakeDaemon, lmctl: Lmctl):
    daemon.script = Script(chunks=["half"], hang_up=True)
    done = lmctl("ask", "x")
    assert (done.returncode, done.stdout) == (69, b"half")
    assert b"closed the connection before the answer was complete" in done.stderr


def test_no_daemon_and_no_start(lmctl: Lmctl, socket_path: str):
    done = lmctl("ask", "--no-start", "x")
    assert done.returncode == 69
    assert f"no daemon listens on {socket_path}".encode() in done.stderr
    assert lmctl("ask", "x", env={"LMD_NO_START": "1"}).returncode == 69


def test_a_socket_path_that_does_not_fit(lmctl: Lmctl):
    done = lmctl("ask", "--socket", "/tmp/" + "x" * 100, "x")
    assert done.returncode == 78
    assert b"more than 103 bytes" in done.stderr


def test_a_defect_shows_its_traceback_and_exits_70(environment: dict[str, str]):
    code = "import lmctl.__main__ as m; m.run_hot = None; m.main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "ask", "x"],
        capture_output=True, timeout=SECONDS, env=environment, check=False,
    )  # fmt: skip
    assert done.returncode == 70
    assert b"TypeError" in done.stderr


def test_colour_is_for_those_who_ask(daemon: FakeDaemon, lmctl: Lmctl):
    daemon.script = Script(error={"code": "internal", "message": "no"})
    assert lmctl("ask", "x").stderr == b"lmctl: no\n"
    assert lmctl("ask", "--color", "always", "x").stderr == b"\x1b[31mlmctl:\x1b[0m no\n"
