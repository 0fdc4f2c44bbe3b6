"""``--widget``: nothing but lines of the agreed form reaches a shell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmctl.failures import ProtocolError
from lmctl.insertable import is_insertable, shown
from lmctl.widget import candidate_lines, explanation_lines
from tests.lmctl.conftest import Lmctl
from tests.lmctl.fake_daemon import EXPLANATION, SUGGESTION, FakeDaemon, Script

ANY_TEXT = st.text(st.characters() | st.sampled_from("\t\n\r\x1b\x9b\u202e\u200d '!"))


@given(ANY_TEXT)
def test_whatever_comes_the_lines_have_their_form(text: str):
    state, *candidates = candidate_lines(f"unsure\t{text}")
    assert state.split("\t")[0] in ("unsure", "none")
    assert state.count("\t") == 1
    for line in candidates:
        point, mark, command = line.split("\t")
        assert 0 <= int(point) <= len(command)
        assert (mark + command).isprintable()
        assert 0 < len(command.encode()) <= 4096


@given(st.lists(ANY_TEXT).map("\n".join))
def test_an_explanation_is_twelve_safe_lines(text: str):
    lines = explanation_lines(text).splitlines()
    assert len(lines) <= 12
    assert all(line.isprintable() and 0 < len(line) <= 400 for line in lines)


@given(ANY_TEXT, st.integers(1, 50))
def test_what_is_shown_is_one_line_of_bounded_length(text: str, limit: int):
    assert len(shown(text, limit)) <= limit
    assert shown(text, limit).isprintable()


@pytest.mark.parametrize(
    "command",
    ["ls", "echo 'añb 漢字'", "find . -name '*.c' | wc -l", "echo $((1 + 2)) !", "x" * 4096, "- x"],
)
def test_commands_that_may_be_inserted(command: str):
    assert is_insertable(command)


@pytest.mark.parametrize("command", ["é" * 2049, "a\tb", "a\u00ad", "a\u0303\ufe0f", "\ud800"])
def test_commands_that_may_not(command: str):
    assert not is_insertable(command)


def test_what_does_not_fit_is_left_out_and_the_rest_stays():
    bad = "0\t\t rm\nx\t\tls\n0\tls\n-1\t\tls\n\n"
    text = f"sure\tall \x1b[1mwell\n9\tnot\x07 checked\tls\n{bad}2\t\tdu\n"
    assert candidate_lines(text) == [
        "sure\tall ^[[1mwell", "2\tnot^G checked\tls", "2\t\tdu",
    ]  # fmt: skip


def test_a_state_without_candidates_is_none():
    assert candidate_lines("sure\tm\n0\t\t\x1b") == ["none\tm"]


def test_nothing_is_sure_once_the_first_candidate_is_left_out():
    assert candidate_lines("sure\tm\n0\t\trm\x1b\n2\t\tls\n") == ["unsure\tm", "2\t\tls"]


def test_there_are_at_most_ten():
    assert len(candidate_lines("unsure\t\n" + "0\t\tls\n" * 1000)) == 11


@pytest.mark.parametrize("text", ["", "maybe\tx", "sure", "SURE\tx", "\tx"])
def test_another_first_line_is_refused(text: str):
    with pytest.raises(ProtocolError):
        candidate_lines(text)


@pytest.mark.process
@pytest.mark.parametrize("command", ["suggest", "fix"])
def test_the_lines_and_the_statuses(daemon: FakeDaemon, lmctl: Lmctl, command: str):
    done = lmctl(command, "--widget", "--supersede", "k", input=b"line\n")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode() == SUGGESTION["widget"]
    assert (daemon.params["text"], daemon.params["widget"]) == ("line", True)
    assert daemon.params["supersede"] == "k"
    assert "untrusted" not in daemon.params
    for state in ("unsure", "none"):
        daemon.script = Script(suggestion=SUGGESTION | {"widget": f"{state}\twhy\n2\t\tls\n"})
        done = lmctl(command, "--widget", input=b"x")
        assert (done.returncode, done.stdout.decode()) == (3, f"{state}\twhy\n2\t\tls\n")


@pytest.mark.process
def test_the_deadline_goes_along(daemon: FakeDaemon, lmctl: Lmctl):
    lmctl("suggest", "--widget", "--deadline", "9", input=b"x")
    assert daemon.params["deadline"] == 9


@pytest.mark.process
def test_a_buffer_of_several_lines_goes_out_as_it_is(daemon: FakeDaemon, lmctl: Lmctl):
    lmctl("suggest", "--widget", input="für a in *\ndo\n  👩‍👩‍👧".encode())
    assert daemon.params["text"] == "für a in *\ndo\n  👩‍👩‍👧"


@pytest.mark.process
def test_an_explanation(daemon: FakeDaemon, lmctl: Lmctl):
    done = lmctl("explain", "--widget", input=b"ls")
    assert (done.returncode, done.stdout.decode()) == (0, EXPLANATION["widget"])
    assert "commands" not in daemon.params
    assert "stream" not in daemon.params


@pytest.mark.process
@pytest.mark.parametrize(
    ("words", "script", "status"),
    [
        (["suggest", "--widget"], Script(error={"code": "overloaded", "message": "a\nb"}), 75),
        (["suggest", "--widget"], Script(hang_up=True), 69),
        (["suggest", "--widget"], Script(suggestion={}), 76),
        (["suggest", "--widget", "words"], Script(), 2),
        (["suggest", "--widget", "--nope"], Script(), 2),
        (["fix", "--widget", "--error", "/nowhere"], Script(), 65),
        (["explain", "--widget", "--no-start", "--socket", "/nowhere"], Script(), 69),
    ],
)
def test_a_failure_is_one_line_on_stderr(
    daemon: FakeDaemon, lmctl: Lmctl, words: list[str], script: Script, status: int
):
    daemon.script = script
    done = lmctl(*words, input=b"x")
    assert (done.returncode, done.stdout) == (status, b"")
    assert done.stderr.count(b"\n") == 1
    assert done.stderr.startswith(b"lmctl: ")
