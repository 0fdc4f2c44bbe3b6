"""What a defect leaves behind: where it was, and nothing of what it was about."""

import subprocess
import sys

from lmd.defects import trace_of

SECRET = "xyzzy-plugh"


def broken(text: str) -> None:
    raise KeyError(text)


def caught(text: str) -> BaseException:
    try:
        try:
            broken(text)
        except KeyError as error:
            raise ExceptionGroup(text, [ValueError(text), OSError(text)]) from error
    except ExceptionGroup as error:
        error.add_note(text)
        return error


def test_frames_causes_and_members_without_their_messages():
    trace = trace_of(caught(SECRET))
    assert SECRET not in trace
    assert "in broken" in trace
    assert "direct cause" in trace
    for kind in ("KeyError", "ExceptionGroup", "ValueError", "OSError"):
        assert f"builtins.{kind}" in trace


def test_what_was_being_handled_is_told_unless_suppressed():
    error, handled = KeyError("again"), KeyError(SECRET)
    error.__context__ = handled
    assert "During handling" in trace_of(error)
    error.__suppress_context__ = True
    assert "During handling" not in trace_of(error)


def test_a_cycle_and_a_deep_chain_end():
    one, other = ValueError("a"), ValueError("b")
    one.__cause__, other.__cause__ = other, one
    assert trace_of(one).count("builtins.ValueError") == 8


def test_the_last_words_of_a_process_and_of_its_threads_have_no_message():
    code = (
        "import threading\nfrom lmd.defects import hide_messages\nhide_messages()\n"
        "def fail(): raise ValueError('xyzzy' + '-plugh')\n"
        "thread = threading.Thread(target=fail)\nthread.start()\nthread.join()\nfail()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 1
    assert done.stderr.count(b"builtins.ValueError") == 2
    assert SECRET.encode() not in done.stderr
