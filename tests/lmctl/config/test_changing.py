"""`lmctl config set` and `unset`."""

import resource
import stat
import tomllib
from pathlib import Path

import pytest

from tests.lmctl.config.conftest import TEXT, refused
from tests.lmctl.conftest import SECONDS, Lmctl, Spawn

pytestmark = pytest.mark.process


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


@pytest.mark.parametrize(
    ("key", "value"), [("token", '{ file = "/t" }'), ("token.file", "/t"), ("token.file", '"/t"')]
)
def test_a_reference_to_a_secret_is_set_as_messages_spell_it(
    file: Path, lmctl: Lmctl, key: str, value: str
):
    done = lmctl("config", "set", f"metrics.{key}", value)
    assert (done.returncode, done.stdout) == (0, b"")
    assert 'lmctl: metrics.token = { file = "/t" } (~/.config/lmd/lmd.toml:' in done.stderr.decode()
    assert "gone" not in done.stderr.decode()
    assert tomllib.loads(file.read_text())["metrics"] == {"token": {"file": "/t"}}


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
