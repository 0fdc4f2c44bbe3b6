"""Looking at files and processes off the event loop."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import trio
import trio.testing

from lmd.models import probe
from lmd.models.probe import Measured, Probe


async def test_files_and_processes_are_measured(tmp_path: Path):
    file = tmp_path / "m.gguf"
    file.write_bytes(b"x" * 1234)
    found = await Probe().look({"a": (str(file), os.getpid()), "b": (str(tmp_path / "none"), None)})
    assert found["a"].file_bytes == 1234
    assert (found["a"].resident_bytes or 0) > 1 << 20
    assert found["b"] == Measured(0, None)


@pytest.fixture
def gone() -> int:
    """The number of a process that has ended."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


async def test_a_process_that_is_gone_has_nothing(gone: int):
    assert (await Probe().look({"a": ("/", gone)}))["a"].resident_bytes is None


async def test_a_disk_that_does_not_answer_keeps_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A FIFO stands for the disk: opening it to read waits until somebody writes."""
    fifo = tmp_path / "slow"
    os.mkfifo(fifo)
    look = Probe()
    file = tmp_path / "m.gguf"
    file.write_bytes(b"12345")
    assert (await look.look({"a": (str(file), None)}))["a"].file_bytes == 5
    monkeypatch.setattr(probe, "FRESH_SECONDS", 0.0)  # or nobody would read the FIFO
    monkeypatch.setattr(probe, "_file_bytes", lambda path: len(Path(fifo).read_bytes()))
    assert (await look.look({"a": (str(file), None)}))["a"].file_bytes == 5, "the last look"
    fifo.write_bytes(b"")  # lets the thread go


async def test_who_asks_right_after_another_shares_the_look(tmp_path: Path):
    file = tmp_path / "m.gguf"
    file.write_bytes(b"12345")
    look = Probe()
    await look.look({"a": (str(file), None)})
    file.write_bytes(b"1")
    assert (await look.look({"a": (str(file), None)}))["a"].file_bytes == 5
    fresh = await look.look({"a": (str(file), os.getpid())})
    assert fresh["a"].file_bytes == 1, "another worker is another look"


async def test_all_who_ask_during_a_look_share_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    looks: list[str] = []
    monkeypatch.setattr(probe, "_file_bytes", lambda path: looks.append(path) or 5)
    look = Probe()
    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(look.look, {"a": ("/a", None)})
        nursery.start_soon(look.look, {"b": ("/b", None)})
    assert sorted(looks) == ["/a", "/b"]


async def test_a_look_whose_asker_has_left_is_taken_over(monkeypatch: pytest.MonkeyPatch):
    gate = threading.Event()
    monkeypatch.setattr(probe, "_file_bytes", lambda path: gate.wait() and 5)
    look = Probe()
    found: list[int] = []

    async def ask() -> None:
        found.append((await look.look({"a": ("/a", None)}))["a"].file_bytes)

    async with trio.open_nursery() as nursery:
        with trio.CancelScope() as left:
            async with trio.open_nursery() as first:
                first.start_soon(look.look, {"a": ("/a", None)})
                await trio.testing.wait_all_tasks_blocked()
                nursery.start_soon(ask)
                await trio.testing.wait_all_tasks_blocked()
                left.cancel()
        gate.set()
    assert found == [5]


@pytest.mark.process
def test_private_memory_and_what_is_mapped_are_told_apart(tmp_path: Path):
    file = tmp_path / "weights"
    file.write_bytes(bytes(32 << 20))
    code = (
        "import mmap, sys\n"
        f"file = open({str(file)!r}, 'rb')\n"
        "mapped = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)\n"
        "sum(mapped[::4096])\n"
        "own = bytearray(16 << 20)\n"
        "print('there', flush=True)\n"
        "sys.stdin.read()\n"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code], **pipes) as child:  # type: ignore[call-overload]
        child.stdout.readline()
        private = probe.private_bytes(child.pid, 32 << 20) or 0
        if sys.platform == "linux":
            assert probe.mapped_bytes(child.pid, str(file)) == 32 << 20
            assert 16 << 20 < private < 30 << 20
        assert child.pid in probe.children_of(os.getpid())


def test_of_a_process_that_is_gone_nothing_is_private(gone: int):
    assert probe.private_bytes(gone, 0) is None
    assert probe.children_of(gone) == []
