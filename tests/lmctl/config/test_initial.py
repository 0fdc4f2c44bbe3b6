"""`lmctl config init`."""

import os
import tomllib
from pathlib import Path

import pytest

from lmctl.commands.config import initial
from tests.lmctl.config.conftest import TEXT, refused
from tests.lmctl.conftest import Lmctl

pytestmark = pytest.mark.process


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
