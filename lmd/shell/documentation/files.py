"""Manual pages from disk: bounded, and nothing but regular files. Blocks; belongs in a thread."""

import bz2
import lzma
import os
import stat
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lmd.shell.documentation.manpath import included_paths, page_paths

LARGEST_FILE = 2 << 20
LARGEST_PAGE = 4 << 20
"""Bytes once it is unpacked."""
DEEPEST_INCLUDE = 4


@dataclass(frozen=True, slots=True)
class PageFile:
    """A page as it lies on the disk; another one once the file has changed."""

    folder: str
    path: str
    mtime_ns: int
    size: int


def find_page(folders: Sequence[str], name: str) -> PageFile | None:
    """The first page of that name."""
    for folder in folders:
        found = _first_file(folder, page_paths(folder, name)) if os.path.isdir(folder) else None
        if found is not None:
            return found
    return None


def read_page(page: PageFile) -> str | None:
    """A page's source; None where it cannot be read, is too large or is packed wrongly."""
    data = _read(page.path)
    return None if data is None else _decoded(data)


def find_included(page: PageFile, name: str) -> PageFile | None:
    """The page that ``.so NAME`` in a page means, in the same folder of manuals."""
    return _first_file(page.folder, included_paths(page.folder, name))


def _first_file(folder: str, paths: Sequence[str]) -> PageFile | None:
    for path in paths:
        try:
            status = os.stat(path)
        except (OSError, ValueError):
            continue
        if stat.S_ISREG(status.st_mode):
            return PageFile(folder, path, status.st_mtime_ns, status.st_size)
    return None


def _read(path: str) -> bytes | None:
    try:
        # Non-blocking, or opening what has become a FIFO would wait for a writer.
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST_FILE:
            return None
        with open(fd, "rb", closefd=False) as file:
            data = file.read(LARGEST_FILE + 1)
        return _unpacked(path, data) if len(data) <= LARGEST_FILE else None
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError):
        return None
    finally:
        os.close(fd)


def _unpacked(path: str, data: bytes) -> bytes | None:
    """The bytes of a page, at most `LARGEST_PAGE`; None beyond. Raises what the formats raise."""
    found = bytearray()
    for piece in _pieces(path, data):
        found += piece
        if len(found) > LARGEST_PAGE:
            return None
    return bytes(found)


def _pieces(path: str, data: bytes) -> Iterator[bytes]:
    """What the members of a packed file hold, each bounded."""
    most = LARGEST_PAGE + 1
    while data:
        if data[:2] == b"\x1f\x8b":
            gzip = zlib.decompressobj(wbits=31)
            yield gzip.decompress(data, most)
            if gzip.unconsumed_tail or not gzip.eof:
                raise EOFError(path)
            data = gzip.unused_data.lstrip(b"\0")
        elif data[:3] == b"BZh" or data[:6] == b"\xfd7zXZ\0":
            other = (
                bz2.BZ2Decompressor()
                if data[:1] == b"B"
                else lzma.LZMADecompressor(memlimit=64 << 20)
            )
            yield other.decompress(data, most)
            if not other.eof:
                raise EOFError(path)
            data = other.unused_data
        else:
            yield data
            return


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")
