"""`lmctl config show`, `get` and `path`."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.lmctl.config.conftest import refused
from tests.lmctl.conftest import SECONDS, Lmctl

pytestmark = pytest.mark.process


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


def test_a_folder_called_lmd_is_not_run(file: Path, environment: dict[str, str], tmp_path: Path):
    trap = tmp_path / "here" / "lmd"
    trap.mkdir(parents=True)
    (trap / "__init__.py").write_text("raise SystemExit('trapped')")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "lmctl", "config", "get", "daemon.drain"],
        cwd=trap.parent, env=environment, capture_output=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == (b"30s\n", b"")
