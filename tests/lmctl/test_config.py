"""`lmctl config` as processes on real files."""

import json
import os
import resource
import stat
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from lmctl.commands.config import initial
from tests.lmctl.conftest import SECONDS, Lmctl, Spawn, Terminal

pytestmark = pytest.mark.process

TEXT = """\
# mine
[daemon]
drain = "30s"  # grace

# models
[models.shell]
slots = 3
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The configuration where lmctl and lmd look for it, with a part beside it."""
    folder = tmp_path / ".config" / "lmd"
    (folder / "conf.d").mkdir(parents=True)
    (folder / "conf.d" / "log.toml").write_text('[log]\nlevel = "debug"\n')
    path = folder / "lmd.toml"
    path.write_text(TEXT)
    return path


def refused(lmctl: Lmctl, *words: str, status: int) -> str:
    """What a command that fails says; it prints nothing."""
    done = lmctl("config", *words)
    assert (done.returncode, done.stdout) == (status, b"")
    return done.stderr.decode()


def test_show_names_the_place_of_every_key(file: Path, lmctl: Lmctl):
    shown = lmctl("config", "show").stdout.decode()
    tables = tomllib.loads(shown)
    assert (tables["daemon"]["drain"], tables["daemon"]["keep_alive"]) == ("30s", "30m")
    lines = {line.split(" = ")[0]: line for line in shown.splitlines() if " = " in line}
    assert lines["drain"].endswith("# ~/.config/lmd/lmd.toml:3")
    assert lines["level"].endswith("# ~/.config/lmd/conf.d/log.toml:2")
    assert lines["keep_alive"].endswith("# default")
    assert shown.startswith("# ~/.config/lmd/lmd.toml, ~/.config/lmd/conf.d/log.toml\n")


def test_what_show_prints_is_a_configuration_that_says_the_same(file: Path, lmctl: Lmctl):
    shown = lmctl("config", "show").stdout
    copy = file.parent / "copy" / "lmd.toml"
    copy.parent.mkdir()
    copy.write_bytes(shown)

    def without_places(done: "subprocess.CompletedProcess[bytes]") -> list[object]:
        return [[one["key"], one["value"]] for one in json.loads(done.stdout)["settings"]]

    again = lmctl("config", "show", "--file", str(copy), "--json")
    assert without_places(again) == without_places(lmctl("config", "show", "--json"))


def test_show_and_get_of_a_part(file: Path, lmctl: Lmctl):
    shown = lmctl("config", "show", "log").stdout.decode()
    assert list(tomllib.loads(shown)) == ["log"]
    assert lmctl("config", "get", "models.shell.slots").stdout == b"3\n"
    assert lmctl("config", "get", "daemon.keep_alive").stdout == b"30m\n"
    assert lmctl("config", "get", "daemon.keep_alive", "--json").stdout == b"1800.0\n"
    assert tomllib.loads(lmctl("config", "get", "models.shell").stdout.decode())["slots"] == 3
    nested = json.loads(lmctl("config", "get", "models", "--json").stdout)
    assert nested["shell"]["sampling"]["max_tokens"] == 192


def test_get_of_what_is_not_there(file: Path, lmctl: Lmctl):
    assert refused(lmctl, "get", "daemon.drian", status=1) == (
        "lmctl: there is no key daemon.drian\n  did you mean daemon.drain?\n"
    )
    assert "is not set, and has no default" in refused(
        lmctl, "get", "models.shell.context", status=1
    )
    assert "'a b' is no key" in refused(lmctl, "get", "a b", status=2)


def test_a_wrong_file_is_refused_with_every_problem(file: Path, lmctl: Lmctl):
    file.write_text("[daemon]\ndrain = 0\nkeepalive = 1\n")
    assert refused(lmctl, "show", status=78) == (
        f"lmctl: {file}:2: daemon.drain is 0\n"
        '  it takes a duration above 0, at most 1d, such as "30s"\n'
        f"lmctl: {file}:3: unknown key `keepalive` in [daemon]\n"
        "  did you mean `keep_alive`?\n"
    )


def test_a_missing_model_does_not_hide_the_rest(file: Path, lmctl: Lmctl):
    file.write_text('[models.a]\npath = "/no/such.gguf"\n')
    done = lmctl("config", "get", "log.level")
    assert (done.returncode, done.stdout) == (0, b"debug\n")
    assert b"there is no file /no/such.gguf" in done.stderr
    assert lmctl("config", "set", "log.level", "info").returncode == 0


def test_path(file: Path, lmctl: Lmctl):
    assert lmctl("config", "path").stdout.decode() == f"{file}\n"
    part = file.parent / "conf.d" / "log.toml"
    assert lmctl("config", "path", "--all").stdout.decode() == f"{file}\n{part}\n"
    file.unlink()
    done = lmctl("config", "path")
    assert (done.returncode, done.stdout.decode()) == (0, f"{file}\n")
    assert b"lmctl config init" in done.stderr


def test_set_changes_one_line_and_says_what_holds(file: Path, lmctl: Lmctl):
    done = lmctl("config", "set", "daemon.drain", "45s")
    assert (done.returncode, done.stdout) == (0, b"")
    assert done.stderr.decode() == 'lmctl: daemon.drain = "45s" (~/.config/lmd/lmd.toml:3)\n'
    assert file.read_text() == TEXT.replace('"30s"', '"45s"')


def test_set_goes_to_the_file_where_the_key_or_its_table_stands(file: Path, lmctl: Lmctl):
    part = file.parent / "conf.d" / "log.toml"
    assert lmctl("config", "set", "log.level", "error").returncode == 0
    assert lmctl("config", "set", "log.format", "json").returncode == 0
    assert part.read_text() == '[log]\nlevel = "error"\nformat = "json"\n'
    assert file.read_text() == TEXT


def test_a_word_is_a_text_where_no_other_value_fits(file: Path, lmctl: Lmctl):
    done = lmctl("config", "set", "personas.a.system", "42")
    assert done.returncode == 0
    assert tomllib.loads(file.read_text())["personas"]["a"]["system"] == "42"
    assert lmctl("config", "set", "models.shell.slots", "4").returncode == 0
    assert tomllib.loads(file.read_text())["models"]["shell"]["slots"] == 4


def test_a_long_text_comes_from_stdin(file: Path, lmctl: Lmctl):
    done = lmctl("config", "set", "personas.a.system", "-", input="two\nlinés\n".encode())
    assert done.returncode == 0
    assert tomllib.loads(file.read_text())["personas"]["a"]["system"] == "two\nlinés"


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["set", "daemon.drain", "soon"], 78, 'daemon.drain is "soon"'),
        (["set", "daemon.drian", "3"], 78, "did you mean `drain`?"),
        (["set", "daemon.default_model", "x"], 78, "which no model is called"),
        (["set", "models.qwen2.5.path", "/a"], 78, "a name with a dot in it needs quotes"),
        (["set", "daemon.drain.x", "1"], 65, "lmctl config edit"),
        (["unset", "daemon.drian"], 1, "did you mean daemon.drain?"),
        (["unset", "daemon.keep_alive"], 1, "no file sets daemon.keep_alive"),
    ],
)
def test_what_would_be_wrong_is_not_written(
    file: Path, lmctl: Lmctl, words: list[str], status: int, said: str
):
    assert said in refused(lmctl, *words, status=status)
    assert file.read_text() == TEXT
    assert sorted(path.name for path in file.parent.iterdir()) == ["conf.d", "lmd.toml"]


def test_unset(file: Path, lmctl: Lmctl):
    done = lmctl("config", "unset", "daemon.drain")
    assert done.stderr.decode() == 'lmctl: daemon.drain = "30s" (default)\n'
    assert file.read_text() == TEXT.replace('drain = "30s"  # grace\n', "")
    assert lmctl("config", "unset", "models.shell").returncode == 0
    assert tomllib.loads(file.read_text()) == {"daemon": {}}


def test_a_table_in_two_files_is_not_unset(file: Path, lmctl: Lmctl):
    file.write_text('[log]\nformat = "json"\n')
    assert "is spread over ~/.config/lmd/lmd.toml and ~/" in refused(
        lmctl, "unset", "log", status=65
    )


def test_the_first_key_makes_the_file(tmp_path: Path, lmctl: Lmctl):
    assert lmctl("config", "set", "log.level", "info").returncode == 0
    path = tmp_path / ".config" / "lmd" / "lmd.toml"
    assert path.read_text() == '[log]\nlevel = "info"\n'
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_links_are_followed_and_modes_kept(file: Path, lmctl: Lmctl):
    real = file.parent.parent / "dotfiles.toml"
    file.rename(real)
    real.chmod(0o640)
    file.symlink_to(real)
    assert lmctl("config", "set", "daemon.drain", "45s").returncode == 0
    assert file.is_symlink()
    assert real.read_text() == TEXT.replace('"30s"', '"45s"')
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


def test_a_full_disk_loses_nothing(file: Path, lmctl: Lmctl):
    def no_more_than_a_few_bytes() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))

    done = lmctl("config", "set", "log.format", "json", preexec_fn=no_more_than_a_few_bytes)
    assert done.returncode == 74
    assert b"which is as it was: File too large" in done.stderr
    assert (file.parent / "conf.d" / "log.toml").read_text() == '[log]\nlevel = "debug"\n'
    assert [path.name for path in (file.parent / "conf.d").iterdir()] == ["log.toml"]


def test_changes_at_the_same_time_are_all_kept(file: Path, spawn: Spawn):
    names = ["connections", "queue_per_model", "queue_total", "loaded_models", "restarts"]
    changes = {f"limits.{name}": 10 + number for number, name in enumerate(names)}
    clients = [spawn("config", "set", key, str(value)) for key, value in changes.items()]
    assert [client.wait(SECONDS) for client in clients] == [0] * len(clients)
    limits = tomllib.loads(file.read_text())["limits"]
    assert {f"limits.{name}": value for name, value in limits.items()} == changes


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


def test_init_writes_the_defaults_commented_out(tmp_path: Path, lmctl: Lmctl):
    cache = tmp_path / ".cache" / "huggingface" / "hub" / "models--x"
    (cache / "blobs").mkdir(parents=True)
    (cache / "blobs" / "abc").write_bytes(b"GGUF" * 1024)
    (cache / "Some Model-Q4.gguf").symlink_to(cache / "blobs" / "abc")
    for name in ("big-00001-of-00002.gguf", "big-00002-of-00002.gguf", "mmproj.gguf", "x.bin"):
        (cache / name).touch()
    done = lmctl("config", "init")
    assert done.returncode == 0
    path = tmp_path / ".config" / "lmd" / "lmd.toml"
    text = path.read_text()
    assert set(tomllib.loads(text)) <= {"daemon", "limits", "log", "metrics", "tracing"}
    assert not any(tomllib.loads(text).values())
    assert f"{os.cpu_count()} processor" in text
    models = text[text.index("# GGUF files on this machine:") :]
    assert models.count("# [models.") == 2
    assert "# [models.some-model-q4]\n" in models
    assert 'path = "~/.cache/huggingface/hub/models--x/Some Model-Q4.gguf"  # 4.0 KiB' in models
    uncommented = "".join(
        line.removeprefix("# ") for line in models.splitlines(keepends=True)[1:] if line != "#\n"
    )
    assert len(tomllib.loads(uncommented)["models"]) == 2
    assert lmctl("config", "show").returncode == 0


def test_init_never_overwrites_unless_told_to(file: Path, lmctl: Lmctl):
    assert "exists: nothing was written" in refused(lmctl, "init", status=65)
    assert file.read_text() == TEXT
    shown = lmctl("config", "init", "--stdout")
    assert (shown.returncode, file.read_text()) == (0, TEXT)
    assert lmctl("config", "init", "--force").returncode == 0
    assert file.read_bytes() == shown.stdout


def test_a_key_that_init_commented_out_comes_into_force_in_its_place(tmp_path: Path, lmctl: Lmctl):
    assert lmctl("config", "init").returncode == 0
    path = tmp_path / ".config" / "lmd" / "lmd.toml"
    before = path.read_text()
    assert lmctl("config", "set", "daemon.drain", "45s").returncode == 0
    assert path.read_text() == before.replace('# drain = "30s"', 'drain = "45s"')


def test_looking_for_models_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    deep = tmp_path / "models"
    for number in range(initial.MAX_DEPTH + 3):
        deep.mkdir()
        (deep / f"{number}.gguf").touch()
        deep /= "in"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert len(initial.find_models()) == initial.MAX_DEPTH + 1
    for number in range(50):
        (tmp_path / "models" / f"m{number}.gguf").touch()
    assert len(initial.find_models()) == initial.MAX_MODELS


def test_a_folder_called_lmd_is_not_run(file: Path, environment: dict[str, str], tmp_path: Path):
    trap = tmp_path / "here" / "lmd"
    trap.mkdir(parents=True)
    (trap / "__init__.py").write_text("raise SystemExit('trapped')")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "lmctl", "config", "get", "daemon.drain"],
        cwd=trap.parent, env=environment, capture_output=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == (b"30s\n", b"")
