"""Ghost text: lmd's strategy in the real zsh-autosuggestions."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.shell.conftest import needs
from tests.shell.hooks.terminal import Line
from tests.shell.hooks.zsh import CHORD, NO_SOCKETS, Zsh

PLUGIN = Path("/usr/share/zsh-autosuggestions/zsh-autosuggestions.zsh")
pytestmark = [
    pytest.mark.process,
    needs("zsh"),
    needs("tmux"),
    pytest.mark.skipif(not PLUGIN.exists(), reason="zsh-autosuggestions is not installed"),
]

NewZsh = Callable[..., Zsh]
EARLY = f"source {PLUGIN}; ZSH_AUTOSUGGEST_STRATEGY=(history lmd)"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[NewZsh]:
    with ExitStack() as stack:

        def begin(rc: str = "", early: str = EARLY, **settings: str) -> Zsh:
            zsh = stack.enter_context(Zsh(tmp_path, rc, early=early, **settings))
            zsh.answer("10\t\techo hello")
            return zsh

        yield begin


def texts(zsh: Zsh) -> list[str]:
    """What the daemon was asked, in order."""
    return [params["text"] for _, params in zsh.daemon.requests]


def test_a_command_that_goes_on_is_shown_and_not_inserted(start: NewZsh):
    zsh = start()
    zsh.type("echo he")
    zsh.wait_for("ready> echo hello")
    assert zsh.buffer() == Line("echo he", 7)
    assert texts(zsh) == ["echo he"]
    params = zsh.daemon.params
    assert (params["n"], params["priority"], params["widget"]) == (1, "batch", True)
    assert params["supersede"].startswith("zsh-ghost-")
    zsh.keys("Right")
    assert zsh.buffer() == Line("echo hello", 10)


def test_without_sockets_lmctl_is_asked(start: NewZsh):
    zsh = start(early=f"{NO_SOCKETS}\n{EARLY}")
    zsh.type("echo he")
    zsh.wait_for("ready> echo hello")
    assert zsh.buffer() == Line("echo he", 7)
    params = zsh.daemon.params
    assert (params["text"], params["n"], params["priority"]) == ("echo he", 1, "batch")
    assert params["supersede"].startswith("zsh-ghost-")


def test_it_is_off_unless_asked_for(start: NewZsh):
    zsh = start(early=f"source {PLUGIN}")
    zsh.type("echo he")
    zsh.keys(*CHORD)
    zsh.wait_for_line("echo hello")
    assert [params["supersede"].count("ghost") for _, params in zsh.daemon.requests] == [0]


def test_what_is_known_is_not_asked_again(start: NewZsh):
    zsh = start()
    zsh.type("echo he")
    zsh.wait_for("ready> echo hello")
    zsh.type("l")
    zsh.wait_for("ready> echo hello")
    zsh.keys("BSpace", "BSpace")
    assert zsh.buffer().text == "echo h"
    zsh.wait_for("ready> echo hello")
    zsh.answer("10\t\techo hurry")
    zsh.type("u")
    zsh.wait_for("ready> echo hurry")
    zsh.keys("BSpace")
    assert zsh.buffer().text == "echo h"
    zsh.type("x")
    zsh.wait_until(lambda: "echo hx" in texts(zsh))
    assert texts(zsh) == ["echo he", "echo hu", "echo hx"]


def test_no_answer_is_known_too(start: NewZsh):
    zsh = start()
    zsh.answer(state="none", message="nothing")
    zsh.type("xyzzy")
    zsh.wait_until(lambda: texts(zsh) == ["xyzzy"])
    zsh.wait_until(zsh.daemon.disconnected.is_set)
    zsh.type("y")
    zsh.wait_until(lambda: texts(zsh) == ["xyzzy", "xyzzyy"])
    zsh.keys("BSpace")
    zsh.type("z")
    zsh.wait_until(lambda: "xyzzyz" in texts(zsh))
    assert texts(zsh) == ["xyzzy", "xyzzyy", "xyzzyz"]


def test_another_folder_is_another_question(start: NewZsh):
    zsh = start()
    zsh.type("echo he")
    zsh.wait_for("ready> echo hello")
    zsh.keys("C-u")
    zsh.enter(" cd run")
    zsh.type("echo he")
    zsh.wait_until(lambda: texts(zsh) == ["echo he", "echo he"])


def test_the_next_key_cancels_a_request(start: NewZsh):
    zsh = start()
    zsh.daemon.script.hold = True
    zsh.type("echo")
    zsh.wait_until(zsh.daemon.holding.is_set)
    assert not zsh.daemon.disconnected.is_set()
    zsh.type(" ")
    zsh.wait_until(zsh.daemon.disconnected.is_set)
    assert zsh.buffer().text == "echo "


@pytest.mark.parametrize(
    ("rc", "line"),
    [
        ("setopt hist_ignore_space", " echo he"),
        ("HISTORY_IGNORE='(echo he*|ls)'", "echo he"),
        ("", "ec"),
    ],
)
def test_what_is_private_or_short_is_not_sent(start: NewZsh, rc: str, line: str):
    zsh = start(rc)
    zsh.answer("5\t\tfalse ls")
    zsh.type(line)
    zsh.buffer()
    zsh.keys("C-u")
    zsh.type("false")
    zsh.wait_for("ready> false ls")
    assert texts(zsh) == ["false"]


@pytest.mark.parametrize(
    "candidate",
    [
        "9\tnot checked: x\techo hello",
        "4\t\tls -l",
        "4\t\techo h\x1b[31m",
        "4\t\techo h\u202e",
        "9",
    ],
)
def test_what_may_not_be_inserted_or_has_a_mark_is_not_shown(start: NewZsh, candidate: str):
    zsh = start()
    zsh.answer(candidate)
    zsh.type("echo h")
    zsh.wait_until(lambda: texts(zsh) == ["echo h"])
    zsh.wait_until(zsh.daemon.disconnected.is_set)
    assert zsh.buffer().text == "echo h"
    zsh.answer("10\t\techo home")
    zsh.type("o")
    zsh.wait_for("ready> echo home")
    assert zsh.everything().count("ready>") == 1


def test_typing_goes_on_without_a_daemon(start: NewZsh):
    zsh = start(LMD_SOCKET="/nowhere/s")
    zsh.type("echo hello")
    assert zsh.buffer().text == "echo hello"
    zsh.keys("Enter")
    zsh.wait_for("\nhello\n")


def test_the_chord_works_beside_it(start: NewZsh):
    zsh = start()
    before = zsh.put("echo he", "Left")
    zsh.answer("10\t\techo other")
    zsh.keys(*CHORD)
    zsh.wait_for_line("echo other")
    zsh.keys("C-_")
    assert zsh.buffer() == before


def test_no_file_and_no_descriptor_is_left(start: NewZsh):
    zsh = start("TMPPREFIX=~/run/z", early=f"TMPPREFIX=~/run/z; {EARLY}")
    assert zsh.run("ls run").split() == ["s"]
    assert zsh.run("ls -l /proc/self/fd | grep -c deleted").strip() == "0"


def test_what_is_edited_in_vared_or_belongs_to_a_document_is_not_sent(start: NewZsh):
    zsh = start()
    zsh.type("x='echo m'; vared x")
    zsh.wait_until(lambda: texts(zsh) == ["x='echo m'; vared x"])
    zsh.keys("Enter")
    zsh.wait_for(lambda screen: screen.endswith("\necho m"))
    zsh.type("ore")
    assert not is_sent(zsh, "echo more")
    zsh.keys("Enter")
    zsh.ready()
    zsh.type("cat <<END")
    zsh.wait_until(lambda: texts(zsh)[-1] == "cat <<END")
    zsh.keys("Enter")
    zsh.wait_for("more>")
    zsh.type("secret")
    assert not is_sent(zsh, "secret")
    zsh.keys("Enter")
    zsh.type("END")
    zsh.keys("Enter")
    zsh.wait_for("\nsecret\nready>")
    zsh.type("echo he")
    zsh.wait_for("ready> echo hello")


def is_sent(zsh: Zsh, text: str) -> bool:
    """Whether a pause of several times the strategy's own leads to a request."""
    with suppress(AssertionError):
        zsh.wait_until(lambda: text in texts(zsh), 2)
    return text in texts(zsh)


def test_a_folder_with_a_newline_has_answers_too(start: NewZsh):
    zsh = start("mkdir -p $'a\\nb'; cd $'a\\nb'")
    zsh.type("echo he")
    zsh.wait_for("ready> echo hello")
    zsh.answer("9\t\techo help")
    zsh.keys("C-u")
    zsh.ready()
    zsh.type("echo he")
    zsh.wait_for("ready> echo hello")
    assert texts(zsh) == ["echo he"]
