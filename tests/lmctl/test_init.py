"""`lmctl init`: the script of the package, its settings, and the file that is kept."""

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lmctl.init import as_one_word
from lmd import __version__
from tests.lmctl.conftest import ROOT, SECONDS, Lmctl, Terminal, lmctl_command
from tests.shell.conftest import SHELLS

pytestmark = pytest.mark.process
CHORDS = ["^X a", 'it\'s \\ "$HOME" `id`', ""]


def script(shell: str) -> bytes:
    text = (ROOT / "shell" / f"lmctl.{shell}").read_bytes()
    return as_one_word(text) if shell == "zsh" else text


def settings(text: bytes, shell: str) -> list[str]:
    """The lines in front of the script; without where lmctl is, which depends on the machine."""
    assert text.endswith(script(shell))
    lines = text.removesuffix(script(shell)).decode().splitlines()
    return [line for line in lines if "LMD_LMCTL" not in line]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_printed_behind_its_stamp(lmctl: Lmctl, shell: str):
    done = lmctl("init", shell)
    assert (done.returncode, done.stderr) == (0, b"")
    assert settings(done.stdout, shell) == [f"# lmctl {__version__}: hooks for {shell}"]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("chord", CHORDS)
def test_a_setting_is_what_was_given(lmctl: Lmctl, shell: str, chord: str):
    lines = settings(lmctl("init", shell, "--no-bind", "--key", chord).stdout, shell)
    shown = "printf '<%s>' \"$LMD_KEY\" $LMD_NOBIND"
    done = subprocess.run(
        [shell, "-c", "\n".join([*lines, shown])],
        capture_output=True, timeout=SECONDS, check=True,
    )  # fmt: skip
    assert done.stdout.decode() == f"<{chord}><1>"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_write_keeps_the_text_and_prints_the_line_that_sources_it(
    lmctl: Lmctl, shell: str, tmp_path: Path
):
    for data, variables in (
        (tmp_path / ".local" / "share", {}),
        (tmp_path / "it's", {"XDG_DATA_HOME": str(tmp_path / "it's")}),
        (tmp_path / ".local" / "share", {"XDG_DATA_HOME": "relative"}),
    ):
        done = lmctl("init", shell, "--write", env=variables)
        kept = data / "lmd" / f"lmctl.{shell}"
        assert done.stdout.count(b"\n") == 1
        assert done.stdout.startswith(b"source '")
        printed = lmctl("init", shell).stdout
        source = (ROOT / "shell" / f"lmctl.{shell}").read_bytes()
        assert kept.read_bytes() == printed.removesuffix(script(shell)) + source
        assert kept.stat().st_mode & 0o777 == 0o600
        assert os.listdir(kept.parent) == [kept.name]


@pytest.mark.parametrize("home", ["", "relative", "."])
def test_no_line_sources_whatever_stands_in_the_working_directory(
    lmctl: Lmctl, tmp_path: Path, home: str
):
    before = sorted(tmp_path.iterdir())
    done = lmctl("init", "bash", "--write", env={"HOME": home}, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (74, b"")
    assert f"lmctl: HOME is {home!r}, which is no absolute path".encode() in done.stderr
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("shell", SHELLS)
def test_the_line_sources_the_file(lmctl: Lmctl, shell: str, tmp_path: Path):
    folder = tmp_path / "a 'b' \\c"
    line = lmctl("init", shell, "--write", env={"XDG_DATA_HOME": str(folder)}).stdout.decode()
    (folder / "lmd" / f"lmctl.{shell}").write_text("echo sourced\n")
    done = subprocess.run([shell, "-c", line], capture_output=True, timeout=SECONDS, check=True)
    assert done.stdout == b"sourced\n"


def test_where_the_line_belongs_is_said_to_who_has_yet_to_put_it_there(
    terminal: Callable[..., Terminal], environment: dict[str, str], tmp_path: Path
):
    shown = terminal("init", "zsh", "--write")
    assert shown.finish() == 0
    assert b"put that line into ~/.zshrc" in shown.shown
    command = shlex.join(lmctl_command("init", "zsh", "--write"))
    appended = Terminal(["sh", "-c", f"{command} >>{tmp_path}/.zshrc"], environment)
    assert (appended.finish(), appended.shown) == (0, b"")
    assert (tmp_path / ".zshrc").read_text().count("source '") == 1


def test_a_folder_that_others_can_write_is_refused(lmctl: Lmctl, tmp_path: Path):
    (tmp_path / "lmd").mkdir()
    (tmp_path / "lmd").chmod(0o777)
    done = lmctl("init", "fish", "--write", env={"XDG_DATA_HOME": str(tmp_path)})
    assert (done.returncode, done.stdout) == (77, b"")
    assert os.listdir(tmp_path / "lmd") == []


def test_a_folder_that_cannot_be_made_is_said(lmctl: Lmctl, tmp_path: Path):
    (tmp_path / "file").touch()
    done = lmctl("init", "fish", "--write", env={"XDG_DATA_HOME": str(tmp_path / "file")})
    assert (done.returncode, done.stdout) == (74, b"")
    assert b"cannot write " in done.stderr


@pytest.mark.parametrize("words", [[], ["tcsh"], ["bash", "zsh"], ["bash", "--key", "a\nb"]])
def test_what_is_no_shell_or_no_chord_is_refused(lmctl: Lmctl, words: list[str]):
    done = lmctl("init", *words)
    assert (done.returncode, done.stdout) == (2, b"")


def test_the_executable_is_named_where_path_leads_elsewhere(lmctl: Lmctl, tmp_path: Path):
    here = Path(sys.executable).with_name("lmctl")
    if not here.exists():
        pytest.skip("lmctl is not installed beside this Python")
    unlisted = lmctl("init", "fish", env={"PATH": "/nowhere"}).stdout.decode()
    assert f"set -q LMD_LMCTL; or set -g LMD_LMCTL '{here}'" in unlisted
    listed = lmctl("init", "fish", env={"PATH": str(here.parent)}).stdout.decode()
    assert str(here) not in listed


@pytest.mark.parametrize("shell", SHELLS[:2])
def test_no_alias_changes_the_settings(lmctl: Lmctl, shell: str):
    here = Path(sys.executable).with_name("lmctl")
    if not here.exists():
        pytest.skip("lmctl is not installed beside this Python")
    text = lmctl("init", shell, env={"PATH": "/nowhere"}).stdout
    lines = text.removesuffix(script(shell)).decode()
    early = "shopt -s expand_aliases" if shell == "bash" else ":"
    early += "\nalias '['='echo HOST' builtin='echo HOST' test='echo HOST'\n"
    for value, expected in ("", str(here)), ("LMD_LMCTL=mine\n", "mine"):
        text = f'{early}{value}{lines}\nprintf %s "$LMD_LMCTL"\n'
        done = subprocess.run(
            [shell], input=text.encode(), capture_output=True, timeout=SECONDS, check=True
        )
        assert (done.stdout.decode(), done.stderr) == (expected, b"")
