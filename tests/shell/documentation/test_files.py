"""Finding pages and reading them from disk."""

import bz2
import gzip
import lzma
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lmd.shell.documentation.files import (
    LARGEST_FILE,
    LARGEST_PAGE,
    PageFile,
    find_included,
    find_page,
    read_page,
)
from lmd.shell.documentation.manpath import (
    MOST_FOLDERS,
    SYSTEM_FOLDERS,
    included_paths,
    manual_folders,
    page_name,
)


def put(path: Path, data: bytes) -> PageFile:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return PageFile(str(path.parent.parent), str(path), 0, 0)


def plain(data: bytes) -> bytes:
    return data


@pytest.mark.parametrize(
    ("ending", "pack"),
    [("", plain), (".gz", gzip.compress), (".xz", lzma.compress), (".bz2", bz2.compress)],
)
def test_packed_pages_are_found_and_read(
    tmp_path: Path, ending: str, pack: Callable[[bytes], bytes]
):
    put(tmp_path / "man1" / f"x.1{ending}", pack("ä\n".encode()))
    page = find_page([str(tmp_path / "absent"), str(tmp_path)], "x")
    assert page is not None
    assert read_page(page) == "ä\n"


def test_members_of_a_packed_file_are_joined(tmp_path: Path):
    page = put(tmp_path / "man1" / "x.1.gz", gzip.compress(b"a") + gzip.compress(b"b"))
    assert read_page(page) == "ab"


def test_another_encoding_is_read(tmp_path: Path):
    assert read_page(put(tmp_path / "man1" / "x.1", b"\xe4\n")) == "ä\n"


@pytest.mark.parametrize("pack", [plain, gzip.compress, lzma.compress, bz2.compress])
def test_what_is_too_large_is_not_read(tmp_path: Path, pack: Callable[[bytes], bytes]):
    assert read_page(put(tmp_path / "man1" / "x.1", pack(bytes(LARGEST_PAGE + 1)))) is None


def test_a_bomb_of_many_members_is_not_read(tmp_path: Path):
    data = gzip.compress(bytes(LARGEST_PAGE // 4)) * 8
    assert len(data) < LARGEST_FILE
    assert read_page(put(tmp_path / "man1" / "x.1.gz", data)) is None


@pytest.mark.parametrize("data", [b"\x1f\x8bnot", b"BZhno", b"\xfd7zXZ\0no"])
def test_what_is_packed_wrongly_is_not_read(tmp_path: Path, data: bytes):
    assert read_page(put(tmp_path / "man1" / "x.1.gz", data)) is None


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, bz2.compress])
def test_what_is_cut_off_is_not_read(tmp_path: Path, pack: Callable[[bytes], bytes]):
    data = pack(os.urandom(5000))
    assert read_page(put(tmp_path / "man1" / "x.1.gz", data[:-20])) is None


def test_what_is_no_regular_file_is_no_page(tmp_path: Path):
    (tmp_path / "man1").mkdir()
    os.mkfifo(tmp_path / "man1" / "x.1")
    (tmp_path / "man1" / "y.1").mkdir()
    assert find_page([str(tmp_path)], "x") is None
    assert find_page([str(tmp_path)], "y") is None
    for name in ("x.1", "y.1", "absent.1"):
        assert read_page(PageFile("", str(tmp_path / "man1" / name), 0, 0)) is None


def test_sections_and_folders_have_an_order(tmp_path: Path):
    for folder, name in (("b", "man8/x.8"), ("b", "man1/x.1"), ("a", "man8/x.8")):
        put(tmp_path / folder / name, b"")
    first = find_page([str(tmp_path / "a"), str(tmp_path / "b")], "x")
    assert first is not None
    assert first.path == str(tmp_path / "a" / "man8" / "x.8")
    second = find_page([str(tmp_path / "b")], "x")
    assert second is not None
    assert second.path == str(tmp_path / "b" / "man1" / "x.1")


def test_included_pages_stay_in_their_folder(tmp_path: Path):
    page = put(tmp_path / "man" / "man1" / "x.1", b".so man1/y.1\n")
    put(tmp_path / "man" / "man1" / "y.1.gz", gzip.compress(b"y"))
    put(tmp_path / "man2" / "z.1", b"z")
    found = find_included(page, "man1/y.1")
    assert found is not None
    assert read_page(found) == "y"
    for name in ("../man2/z.1", "man1/../../man2/z.1", "/etc/passwd", "y.1", "man1/\0"):
        assert included_paths(str(tmp_path / "man"), name) == []


def test_manpath_counts_and_an_empty_element_means_the_system():
    assert manual_folders({"MANPATH": "/a:/b/"}) == ("/a", "/b")
    assert manual_folders({"MANPATH": "relative:/a"}) == ("/a",)
    assert manual_folders({"MANPATH": "/a:", "PATH": ""}) == ("/a", *SYSTEM_FOLDERS)
    found = manual_folders({"PATH": "/opt/x/bin:/usr/bin:relative/bin:/home/me/scripts"})
    assert found[:2] == ("/opt/x/share/man", "/opt/x/man")
    assert set(SYSTEM_FOLDERS) <= set(found)
    assert not any("relative" in folder or "scripts" in folder for folder in found)
    assert len(manual_folders({"MANPATH": ":".join(f"/{n}" for n in range(99))})) == MOST_FOLDERS


@pytest.mark.parametrize("topic", [(), ("",), ("a/b",), ("..",), ("a b",), ("-x",), ("x" * 99,),
                                   ("a", "../b"), ("a\n",), ("\0",)])  # fmt: skip
def test_names_that_no_page_has(topic: tuple[str, ...]):
    assert page_name(topic) is None


def test_names_of_pages():
    assert page_name(("git", "push")) == "git-push"
    assert page_name(("[",)) == "["
    assert page_name(("g++-12",)) == "g++-12"
