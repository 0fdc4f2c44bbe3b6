"""What is known of the memory of models, kept on disk: a dry run is made once for each way to run
a file, and what a worker had at its most counts the next time."""

import hashlib
import os
import tempfile
from pathlib import Path

import msgspec

import lmd
from lmd.models.footprint import Footprint
from lmd.protocol.worker import Load

MOST_RECORDS = 512
FILE_BYTES = 1 << 20


class Records:
    """Footprints by key, the least recently used first. Without a path it only remembers.

    A file that cannot be read or written is no error: everything in it can be found again.
    """

    def __init__(self, path: Path | None) -> None:
        """Reads the file. Blocks."""
        self._path = path
        self._known = _read(path) if path else {}
        self._changed = False

    def get(self, key: str) -> Footprint | None:
        """What is known, if anything."""
        found = self._known.pop(key, None)
        if found is not None:
            self._known[key] = found
        return found

    def put(self, key: str, footprint: Footprint) -> None:
        """Remember; the oldest are forgotten. `write` keeps it."""
        self._known.pop(key, None)
        self._known[key] = footprint
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
        handle, temporary = tempfile.mkstemp(dir=self._path.parent, prefix=".footprints-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text)
            os.replace(temporary, self._path)
        except BaseException:
            os.unlink(temporary)
            raise


def key_of(load: Load, build: str) -> str:
    """Names a file as it is now, how it is run, and by which llama.cpp. Blocks; raises OSError."""
    facts = os.stat(load.path)
    way = msgspec.structs.replace(
        load,
        model="",
        threads=0,
        prefill_chunk=0,
        interactive_gap=0,
        parked_bytes=None,
        saved=None,
        data_limit=None,
    )
    identity = [os.path.realpath(load.path), facts.st_size, facts.st_mtime_ns, lmd.__version__]
    if load.draft_path:
        draft = os.stat(load.draft_path)
        identity += [os.path.realpath(load.draft_path), draft.st_size, draft.st_mtime_ns]
    return hashlib.sha256(msgspec.json.encode([*identity, build, way])).hexdigest()


def _read(path: Path) -> dict[str, Footprint]:
    try:
        with path.open("rb") as file:
            text = file.read(FILE_BYTES + 1)
        return msgspec.json.decode(text, type=dict[str, Footprint])
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
