"""What is known of models, kept on disk: a dry run is made once for each way to run a file, and
what was measured of its memory and its speed counts the next time."""

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

import lmd
from lmd.models.footprint import Footprint
from lmd.models.speed import Speed
from lmd.protocol.worker import Load

MOST_RECORDS = 512
FILE_BYTES = 1 << 20

Known = TypeVar("Known", bound=msgspec.Struct)


class Records(Generic[Known]):
    """Structs of one kind by key, the least recently used first. Without a path it only remembers.

    A file that cannot be read or written is no error: everything in it can be found again.
    """

    def __init__(self, path: Path | None, kind: type[Known]) -> None:
        """Reads the file. Blocks."""
        self._path = path
        self._known: dict[str, Known] = _read(path, kind) if path else {}
        self._changed = False

    def get(self, key: str) -> Known | None:
        """What is known, if anything."""
        found = self._known.pop(key, None)
        if found is not None:
            self._known[key] = found
        return found

    def put(self, key: str, known: Known) -> None:
        """Remember; the oldest are forgotten. `write` keeps it."""
        self._known.pop(key, None)
        self._known[key] = known
        self._changed = True
        while len(self._known) > MOST_RECORDS:
            del self._known[next(iter(self._known))]

    @property
    def unwritten(self) -> bool:
        """Whether the file lacks something."""
        return self._changed and self._path is not None

    def write(self) -> None:
        """Replace the file, which only its owner may read. Blocks; raises OSError."""
        if self._path is None or not self._changed:
            return
        self._changed = False
        text = msgspec.json.encode(dict(self._known))
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.stem}-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text)
            os.replace(temporary, self._path)
        except BaseException:
            os.unlink(temporary)
            raise


class Kept:
    """All that is kept of models."""

    def __init__(self, folder: Path | None) -> None:
        """Reads the files in a folder, if any. Blocks."""
        self.footprints = Records(folder and folder / "memory.json", Footprint)
        self.speeds = Records(folder and folder / "speed.json", Speed)

    @property
    def unwritten(self) -> bool:
        """Whether a file lacks something."""
        return self.footprints.unwritten or self.speeds.unwritten

    def write(self) -> None:
        """Replace the files that lack something. Blocks; raises OSError."""
        self.footprints.write()
        self.speeds.write()


def key_of(load: Load, build: str) -> str:
    """Names a file as it is now, how it is run, and by which llama.cpp. Blocks; raises OSError."""
    facts = os.stat(load.path)
    way = msgspec.structs.replace(
        load,
        model="",
        threads=0,
        wait_policy="adaptive",
        prefill_chunk=0,
        interactive_gap=0,
        parked_bytes=None,
        saved=None,
        data_limit=None,
    )
    identity = [os.path.realpath(load.path), facts.st_size, facts.st_mtime_ns, lmd.__version__]
    for adapter in load.adapters:
        facts = os.stat(adapter.path)
        identity += [facts.st_size, facts.st_mtime_ns]
    return hashlib.sha256(msgspec.json.encode([*identity, build, way])).hexdigest()


def _read(path: Path, kind: type[Known]) -> dict[str, Known]:
    try:
        with path.open("rb") as file:
            text = file.read(FILE_BYTES + 1)
        return msgspec.json.decode(text, type=dict[str, kind])  # type: ignore[valid-type]
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
