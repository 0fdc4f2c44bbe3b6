"""shell/lmctl.zsh: which chords there are, and where the hooks may be sourced from."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.shell.conftest import needs
from tests.shell.hooks.test_zsh_source import run
from tests.shell.hooks.zsh import CHORD, SCRIPT, Zsh

pytestmark = [pytest.mark.process, needs("zsh")]

NewZsh = Callable[..., Zsh]
REFUSED = "lmd: LMD_KEY is no chord, nothing is bound: write it like ^X a, or M-s\n"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[NewZsh]:
    with ExitStack() as stack:

        def begin(rc: str = "", **settings: str) -> Zsh:
            return stack.enter_context(Zsh(tmp_path, rc, **settings))

        yield begin


def bound(key: str, extra: str = "") -> str:
    """What is bound to the widget of the chord, or what was said instead."""
    done = run(f"{extra} LMD_KEY={key!r}; source {SCRIPT}; bindkey -M emacs | grep lmd-chord; :")
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("key", "sequence"),
    [
        ("^X -", "^X-"), ("^X ~", "^X~"), ("^X !", "^X!"), ("M--", "^[-"), ("M-~", "^[~"),
        ("M-^", "^[\\^"), ("^X M-a", "^X^[a"), ("^X ^A", "^X^A"), ("^[ a", "^[a"), ("^X n", "^Xn"),
        ("^X M-^", "^X^[\\^"), ("^G", "^G"), ("  ^X   a ", "^Xa"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("ifs", ["", "IFS=$'\\n';", "IFS=;", "IFS=' X';"])
def test_a_chord_is_bound_as_it_is_written(key: str, sequence: str, ifs: str):
    assert bound(key, ifs) == f'"{sequence}" lmd-chord\n'


@pytest.mark.parametrize(
    "key",
    ["^[", "^X é", "M-é", "^X ^C", "^X ^M", "^X ^J", "^X ^c", "^X M-^M", "^X  ^[A", "M-", "^", "-"],
)
def test_a_chord_that_cannot_be_is_refused(key: str):
    assert bound(key) == REFUSED


def test_binding_leaves_no_variables():
    done = run(f"LMD_KEY='^X ^'; source {SCRIPT}; typeset + | grep -E 'MATCH|MBEGIN|MEND'; :")
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize("name", ["d\u00e9", "a\nb", "a\tb", "%x %d", "a'b\\c"])
@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_the_folder_may_have_any_name(tmp_path: Path, name: str, locale: str):
    folder = tmp_path / name
    folder.mkdir()
    shutil.copy(SCRIPT, folder / "lmctl.zsh")
    text = 'cd -- "$1"; source ./lmctl.zsh; source "$1/lmctl.zsh"; whence -w _lmd_bind'
    done = run(f"LC_ALL={locale}; f() {{ {text} }}; f {_quoted(str(folder))}")
    assert (done.stdout, done.stderr) == ("_lmd_bind: function\n", "")


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "'\\''") + "'"


@needs("tmux")
@pytest.mark.parametrize("ifs", ["IFS=$'\\n'", "IFS=", "IFS=0123456789"])
def test_fix_whatever_separates_words(start: NewZsh, ifs: str):
    zsh = start(ifs)
    zsh.enter("gti status")
    zsh.keys(*CHORD)
    zsh.wait_for_line("echo hello")
    assert zsh.daemon.params["text"] == "gti status"
    assert zsh.daemon.params["status"] == 127
    assert "s" in os.listdir(zsh.home / "run")
