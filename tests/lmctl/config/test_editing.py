"""`lmctl config edit`."""

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lmctl.config.conftest import TEXT, refused
from tests.lmctl.conftest import Lmctl, Terminal

pytestmark = pytest.mark.process


@pytest.fixture
def editor(tmp_path: Path) -> Callable[[str], dict[str, str]]:
    """Variables with an editor that is a line of sed; with ``!`` it fails."""

    def make(script: str) -> dict[str, str]:
        path = tmp_path / "my editor"
        path.write_text(f"#!/bin/sh\necho edited >>'{tmp_path}/edits'\n{script}\n")
        path.chmod(0o755)
        return {"EDITOR": "no-such-editor", "VISUAL": f"'{path}' --wait", "TMPDIR": str(tmp_path)}

    return make


Editor = Callable[[str], dict[str, str]]


def copies(tmp_path: Path) -> list[Path]:
    return list(tmp_path.glob("lmctl-edit-*/*.toml"))


def test_edit(file: Path, lmctl: Lmctl, editor: Editor, tmp_path: Path):
    done = lmctl("config", "edit", env=editor('sed -i s/30s/31s/ "$2"'))
    assert (done.returncode, done.stderr) == (0, b"lmctl: ~/.config/lmd/lmd.toml is changed\n")
    assert file.read_text() == TEXT.replace("30s", "31s")
    assert copies(tmp_path) == []


def test_an_edit_that_changes_nothing(file: Path, lmctl: Lmctl, editor: Editor, tmp_path: Path):
    done = lmctl("config", "edit", env=editor("true"))
    assert (done.returncode, done.stderr) == (0, b"lmctl: ~/.config/lmd/lmd.toml is unchanged\n")
    assert copies(tmp_path) == []


def test_an_edit_of_a_new_file_begins_with_what_init_writes(
    tmp_path: Path, lmctl: Lmctl, editor: Editor
):
    path = tmp_path / ".config" / "lmd" / "lmd.toml"
    done = lmctl("config", "edit", env=editor("true"))
    assert b"was not made: nothing was changed" in done.stderr
    assert not path.exists()
    assert lmctl("config", "edit", env=editor("echo '# mine' >>\"$2\"")).returncode == 0
    assert path.read_text() == lmctl("config", "init", "--stdout").stdout.decode() + "# mine\n"


def test_a_wrong_edit_is_kept_beside(file: Path, lmctl: Lmctl, editor: Editor, tmp_path: Path):
    done = lmctl("config", "edit", env=editor("echo 'slits = 1' >>\"$2\""))
    assert done.returncode == 78
    (copy,) = copies(tmp_path)
    said = done.stderr.decode()
    assert f"{file}:8: unknown key `slits` in [models.shell]\n  did you mean `slots`?" in said
    assert f"your edit is kept in {copy}" in said
    assert "slits" in copy.read_text()
    assert stat.S_IMODE(copy.parent.stat().st_mode) == 0o700
    assert file.read_text() == TEXT


def test_at_a_terminal_a_wrong_edit_may_be_mended(
    file: Path, editor: Editor, tmp_path: Path, terminal: Callable[..., Terminal]
):
    env = editor('grep -q slits "$2" && sed -i s/slits/threads/ "$2" || echo \'slits=1\' >>"$2"')
    client = terminal("config", "edit", env=env)
    client.read_until(b"Edit again? [Y/n] ")
    client.type(b"\n")
    assert client.finish() == 0
    assert file.read_text() == TEXT + "threads=1\n"
    assert (tmp_path / "edits").read_text() == "edited\n" * 2


def test_an_edit_may_be_given_up(
    file: Path, editor: Editor, tmp_path: Path, terminal: Callable[..., Terminal]
):
    client = terminal("config", "edit", env=editor("echo 'slits = 1' >>\"$2\""))
    client.read_until(b"Edit again? [Y/n] ")
    client.type(b"n\n")
    assert client.finish() == 78
    assert len(copies(tmp_path)) == 1
    assert file.read_text() == TEXT


def test_an_edit_does_not_undo_that_of_somebody_else(
    file: Path, lmctl: Lmctl, editor: Editor, tmp_path: Path
):
    script = f"sed -i s/30s/31s/ \"$2\"; echo '# other' >>'{file}'"
    done = lmctl("config", "edit", env=editor(script))
    assert done.returncode == 65
    assert b"was changed by somebody else in the meantime" in done.stderr
    assert file.read_text() == TEXT + "# other\n"
    assert "31s" in copies(tmp_path)[0].read_text()


@pytest.mark.parametrize(
    ("visual", "said"),
    [
        ("no-such-editor", "the editor 'no-such-editor' cannot be run"),
        ("false", "the editor 'false' ended with status 1"),
        ("'", "VISUAL cannot be understood"),
    ],
)
def test_editors_that_fail(file: Path, lmctl: Lmctl, tmp_path: Path, visual: str, said: str):
    done = lmctl("config", "edit", env={"VISUAL": visual, "TMPDIR": str(tmp_path)})
    assert done.returncode in (1, 2)
    assert said in done.stderr.decode()
    assert (file.read_text(), copies(tmp_path)) == (TEXT, [])


def test_a_part_may_be_edited_and_made(file: Path, lmctl: Lmctl, editor: Editor):
    env = editor('echo \'[personas.p]\nsystem = "x"\' >>"$2"')
    assert lmctl("config", "edit", "personas", env=env).returncode == 0
    part = file.parent / "conf.d" / "personas.toml"
    assert part.read_text() == '[personas.p]\nsystem = "x"\n'
    assert lmctl("config", "get", "personas.p.system").stdout == b"x\n"
    assert "is no name of a part" in refused(lmctl, "edit", "../x", status=2)
