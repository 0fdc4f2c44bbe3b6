"""`lmctl __complete` says candidates or nothing, and where shared files are found."""

import socket
from pathlib import Path
from typing import Any

import pytest

from lmctl import completion, share
from lmctl.completion import complete, is_plain, names_of
from lmctl.failures import Failure
from lmctl.share import shared_file
from tests.lmctl.conftest import ROOT, Lmctl
from tests.lmctl.fake_daemon import FakeDaemon, Script


@pytest.mark.parametrize("name", ["shell", "qwen2.5:0.5b", "org/model@main", "a_b+c", "café"])
def test_names_that_need_no_quoting_are_plain(name: str):
    assert is_plain(name)


@pytest.mark.parametrize(
    "name",
    ["a b", "a\nb", "$x", "`x`", "a;b", "a*", "~", "a'b", 'a"b', "-m", "\x1b[2J", "\u202e", 7],
)
def test_other_names_are_not(name: object):
    assert not is_plain(name)


def test_names_and_aliases_are_candidates(daemon: FakeDaemon):
    daemon.script = Script(models=[{"name": "a", "aliases": ["b", "$c"]}, {"name": "d"}])
    assert names_of("models", daemon.path) == ["a", "b", "d"]
    assert daemon.requests == [("models.list", {})]


def test_requests_are_candidates(daemon: FakeDaemon):
    daemon.script = Script(status={"requests": [{"id": 17}, {"id": "a b"}, {}, 3]})
    assert names_of("requests", daemon.path) == ["17"]


def test_personas_are_candidates(daemon: FakeDaemon):
    daemon.script = Script(personas=[{"name": "terse"}, {"name": "a b"}, {"name": "coder"}])
    assert names_of("personas", daemon.path) == ["terse", "coder"]
    assert daemon.requests == [("personas.list", {})]


@pytest.mark.parametrize("models", [None, 7, ["x"], [{}], [{"name": None, "aliases": 3}]])
def test_a_strange_reply_has_no_candidates(daemon: FakeDaemon, models: Any):
    daemon.script = Script(models=models)
    assert names_of("models", daemon.path) == []


def test_a_daemon_that_does_not_answer_is_given_up(
    socket_path: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(completion, "PATIENCE_SECONDS", 0.01)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(socket_path)
        silent.listen()
        assert names_of("models", socket_path) == []


def test_a_daemon_that_does_not_accept_is_given_up(
    socket_path: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(completion, "PATIENCE_SECONDS", 0.01)
    with socket.socket(socket.AF_UNIX) as busy, socket.socket(socket.AF_UNIX) as first:
        busy.bind(socket_path)
        busy.listen(0)
        first.connect(socket_path)
        assert complete(["models", socket_path]) == 0


@pytest.mark.process
def test_the_candidates_are_lines(daemon: FakeDaemon, lmctl: Lmctl):
    done = lmctl("__complete", "models")
    assert (done.stdout, done.stderr, done.returncode) == (b"shell\ndefault\n", b"", 0)


@pytest.mark.process
@pytest.mark.parametrize("words", [["models"], ["models", ""], ["personas", "/nowhere"], ["x"], []])
def test_without_a_daemon_nothing_is_said_and_nothing_started(
    lmctl: Lmctl, socket_path: str, words: list[str]
):
    done = lmctl("__complete", *words)
    assert (done.stdout, done.stderr, done.returncode) == (b"", b"", 0)
    assert list(Path(socket_path).parent.iterdir()) == []


def test_a_source_tree_shares_its_own_files():
    assert shared_file("config.example.toml") == str(ROOT / "config.example.toml")


def test_a_wheel_shares_what_it_carries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    carried = tmp_path / "lmctl" / "_share" / "shell" / "x"
    carried.parent.mkdir(parents=True)
    carried.touch()
    monkeypatch.setattr(share, "_PACKAGE", str(tmp_path / "lmctl"))
    assert shared_file("shell/x") == str(carried)


def test_a_missing_file_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(share, "_PACKAGE", str(tmp_path))
    with pytest.raises(Failure, match="this installation has no shell/x: looked for ") as caught:
        shared_file("shell/x")
    assert (caught.value.status, caught.value.hint) == (1, "reinstall the package lmd")
