"""The library: pages first, then programs; remembered until files change."""

import gzip
import os
from pathlib import Path

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from lmd.shell.documentation import Documentation, Flag, Library
from lmd.shell.documentation.files import PageFile
from lmd.shell.documentation.programs import ProgramFile
from lmd.shell.documentation.shelf import Entry, Shelf
from tests.shell.documentation import pages


def nothing(name: str) -> ProgramFile | None:
    """No program may be asked."""
    return None


def put(tmp_path: Path, name: str, source: str) -> Path:
    path = tmp_path / "man" / "man1" / f"{name}.1.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(source.encode()))
    return path


def library(tmp_path: Path) -> Library:
    return Library({"MANPATH": str(tmp_path / "man")}, nothing)


class Programs:
    """Programs of a folder, as if they were the system's; counts how often they run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = folder / "count"

    def put(self, name: str, body: str) -> Path:
        path = self._folder / name
        path.write_text(f'#!/bin/sh\necho "$*" >>{self._count}\n{body}\n')
        path.chmod(0o755)
        return path

    def find(self, name: str) -> ProgramFile | None:
        path = self._folder / name
        try:
            status = path.stat()
        except OSError:
            return None
        return ProgramFile(str(path), status.st_mtime_ns, status.st_size)

    @property
    def runs(self) -> list[str]:
        return self._count.read_text().splitlines() if self._count.exists() else []


async def test_a_page_is_found_and_remembered(tmp_path: Path):
    put(tmp_path, "fetch", pages.MAN)
    shelves = library(tmp_path)
    assert shelves.cached(("fetch",)) is None
    found = await shelves.look_up(("fetch",))
    assert found is not None
    assert found.summary == "get things from afar"
    assert shelves.cached(("fetch",)) is found
    assert await shelves.look_up(("fetch",)) is found


async def test_a_subcommand_has_a_page_of_its_own(tmp_path: Path):
    put(tmp_path, "ship-run", pages.MD2MAN)
    put(tmp_path, "ship_deep_run", pages.MAN)
    shelves = library(tmp_path)
    found = await shelves.look_up(("ship", "run"))
    assert found is not None
    assert found.program == "ship-run"
    assert await shelves.look_up(("ship", "deep", "run")) is not None
    assert await shelves.look_up(("ship",)) is None
    assert await shelves.look_up(("ship", "sink")) is None


async def test_a_changed_page_is_read_again_and_a_removed_one_forgotten(tmp_path: Path):
    path = put(tmp_path, "fetch", pages.MAN)
    shelves = library(tmp_path)
    await shelves.look_up(("fetch",))
    put(tmp_path, "fetch", pages.MAN.replace("afar", "near by"))
    os.utime(path, ns=(1, 1))
    found = await shelves.look_up(("fetch",))
    assert found is not None
    assert found.summary == "get things from near by"
    path.unlink()
    assert await shelves.look_up(("fetch",)) is None
    assert shelves.cached(("fetch",)) is None


async def test_a_page_that_stands_for_another_one(tmp_path: Path):
    put(tmp_path, "get", ".so man1/fetch.1\n")
    put(tmp_path, "fetch", pages.MAN)
    put(tmp_path, "loop", ".so man1/loop.1\n")
    put(tmp_path, "dangling", ".so man1/absent.1\n")
    shelves = library(tmp_path)
    found = await shelves.look_up(("get",))
    assert found is not None
    assert found.flags
    assert await shelves.look_up(("loop",)) is None
    assert await shelves.look_up(("dangling",)) is None


async def test_pages_that_name_their_options_elsewhere(tmp_path: Path):
    put(tmp_path, "apt", ".TH APT 1\n.SH NAME\napt \\- packages\n")
    put(tmp_path, "apt-get", ".TH A 1\n.SH NAME\na \\- b\n.SH OPTIONS\n.TP\n-y\nyes to all\n")
    found = await library(tmp_path).look_up(("apt",))
    assert found is not None
    assert (found.summary, found.flags) == ("packages", (Flag(("-y",), "", "yes to all"),))


async def test_hostile_topics_and_pages_are_none(tmp_path: Path):
    put(tmp_path, "nul", pages.MAN + "\0")
    put(tmp_path, "large", pages.MAN + ".\n" * (4 << 20))
    shelves = library(tmp_path)
    for topic in ((), ("",), ("../man1/nul",), ("a b",), ("x",) * 9, ("nul",), ("large",)):
        assert await shelves.look_up(topic) is None


@pytest.mark.process
async def test_a_program_without_a_page_is_asked_once(tmp_path: Path):
    programs = Programs(tmp_path)
    path = programs.put("tool", 'echo "usage: tool [-v]"; echo "  -v, --verbose  say more"')
    shelves = Library({"MANPATH": str(tmp_path / "man")}, programs.find)
    for _ in range(3):
        found = await shelves.look_up(("tool",))
        assert found is not None
        assert found.source == "help"
        assert found.flags == (Flag(("-v", "--verbose"), "", "say more"),)
    assert programs.runs == ["--help"]
    os.utime(path, ns=(1, 1))
    await shelves.look_up(("tool",))
    assert programs.runs == ["--help", "--help"]


@pytest.mark.process
async def test_a_program_that_says_nothing_of_use_is_asked_once(tmp_path: Path):
    programs = Programs(tmp_path)
    programs.put("tool", "echo no >&2; exit 1")
    shelves = Library({"MANPATH": str(tmp_path / "man")}, programs.find)
    assert await shelves.look_up(("tool",)) is None
    assert await shelves.look_up(("tool",)) is None
    assert programs.runs == ["--help"]


@pytest.mark.process
async def test_only_subcommands_that_a_program_names_are_asked_for(tmp_path: Path):
    programs = Programs(tmp_path)
    programs.put(
        "tool",
        'case $1 in run) echo "  -d, --detach  in the background";; *) echo "Commands:";'
        ' echo "  run     Run it"; echo "  same    Same as above"; echo "  -q      quiet";; esac',
    )
    shelves = Library({"MANPATH": str(tmp_path / "man")}, programs.find)
    found = await shelves.look_up(("tool", "run"))
    assert found is not None
    assert found.flags == (Flag(("-d", "--detach"), "", "in the background"),)
    assert await shelves.look_up(("tool", "destroy")) is None
    assert await shelves.look_up(("tool", "same")) is None
    assert programs.runs == ["--help", "run --help", "same --help"]


@pytest.mark.process
async def test_a_documented_program_is_not_run_for_its_subcommands(tmp_path: Path):
    programs = Programs(tmp_path)
    programs.put("units-ctl", "echo '  -x  y'")
    put(tmp_path, "units-ctl", pages.DOCBOOK)
    shelves = Library({"MANPATH": str(tmp_path / "man")}, programs.find)
    assert await shelves.look_up(("units-ctl", "start")) is None
    assert programs.runs == []


@pytest.mark.process
async def test_a_search_goes_on_when_nobody_waits(tmp_path: Path):
    programs = Programs(tmp_path)
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    programs.put("tool", f'read -r line <{gate}; echo "  -v, --verbose  say more"')
    shelves = Library({"MANPATH": str(tmp_path / "man")}, programs.find)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(shelves.look_up, ("tool",))
        with trio.fail_after(30):
            while not programs.runs:  # noqa: ASYNC110 - another process tells
                await trio.sleep(0.01)
        nursery.cancel_scope.cancel()
    gate_end = await trio.to_thread.run_sync(gate.open, "w")
    with gate_end:
        gate_end.write("go\n")
    assert await shelves.look_up(("tool",)) is not None
    assert programs.runs == ["--help"]


@pytest.mark.process
async def test_many_who_ask_share_one_search(tmp_path: Path):
    programs = Programs(tmp_path)
    programs.put("tool", 'echo "  -v, --verbose  say more"')
    shelves = Library({"MANPATH": str(tmp_path / "man")}, programs.find)
    found: list[Documentation | None] = []

    async def ask() -> None:
        found.append(await shelves.look_up(("tool",)))

    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(ask)
    assert len(found) == 20
    assert all(each is found[0] for each in found)
    assert programs.runs == ["--help"]


def entry(number: int, size: int = 0) -> Entry:
    page = Documentation("x", "s" * size, "", (), (), "manual")
    return Entry(PageFile("", str(number), 0, 0), page)


def test_the_least_recently_used_entry_goes_first():
    shelf = Shelf(most_entries=2)
    shelf.put(("a",), entry(1))
    shelf.put(("b",), entry(2))
    assert shelf.get(("a",)) is not None
    shelf.put(("c",), entry(3))
    assert shelf.get(("b",)) is None
    assert shelf.get(("a",)) is not None


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5000)), max_size=60))
def test_a_shelf_is_bounded_and_counts_what_it_holds(puts: list[tuple[int, int]]):
    shelf = Shelf(most_entries=4, most_bytes=9000)
    for number, size in puts:
        shelf.put((str(number),), entry(number, size))
        held = [shelf.get((str(n),)) for n in range(10)]
        assert len(shelf) <= 4
        assert shelf.size == sum(each.size for each in held if each) <= 9000
