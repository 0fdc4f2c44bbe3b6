"""The saved sequences of one model: which there are, reading one, writing some."""

import contextlib
import hmac
import os
import sys
import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import msgspec

from lmd.protocol.prefixes import SavedState
from lmd.protocol.worker import Saved
from lmd.worker.llama.log import LlamaError
from lmd.worker.prefix import Held, choose_reuse
from lmd.worker.saved import folder
from lmd.worker.saved.file import BadFile, Head, encode, read_head, read_state

LEAST_TOKENS = 32
"""What is shorter is read again as fast."""
MOST_ENTRIES = 1024


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A saved sequence whose head was found sound."""

    path: Path
    head: Head
    tokens: "array[int]"


class Source(NamedTuple):
    """A sequence to save; ``state`` copies it out of llama.cpp, which may be large."""

    tokens: Sequence[int]
    first_position: int
    state: Callable[[], memoryview]
    adapters: bytes = b""


class SavedStates:
    """Owned by the engine's thread, but for `read`, which touches nothing but the file."""

    def __init__(
        self, place: SavedState, identity: bytes, *, window: int = 0, recurrent: bool = False
    ) -> None:
        self._root = Path(place.root)
        self._folder = self._root / place.folder
        self._key = place.key
        self._identity = identity
        self._window = window
        self._recurrent = recurrent
        self._entries: dict[Path, Entry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, entry: object) -> bool:
        return isinstance(entry, Entry) and self._entries.get(entry.path) is entry

    def scan(self) -> None:
        """Learn which sequences are saved; what is not sound or not for this model is removed."""
        try:
            paths = sorted(self._folder.iterdir(), key=lambda path: path.name)
        except OSError:
            return
        for path in paths[:MOST_ENTRIES]:
            if path.suffix != folder.SUFFIX:
                continue
            try:
                head = self._read_head(path)
            except (BadFile, OSError, msgspec.MsgspecError) as error:
                self._remove(path, error)
            else:
                self._entries[path] = Entry(path, head, head.ids)

    def _read_head(self, path: Path) -> Head:
        file, size = folder.open_own(path)
        with file:
            head = read_head(file, size, self._key)
        if head.identity != self._identity or len(head.tokens) % 4:
            raise BadFile("it is of another model, build or way to run it")
        return head

    def find(self, prompt: Sequence[int], held: int, adapters: bytes = b"") -> Entry | None:
        """The entry of these adapters that spares most of a prompt of which the cache holds
        ``held`` tokens."""
        entries = [one for one in self._entries.values() if one.head.adapters == adapters]
        candidates = [
            Held(at, entry.tokens, True, self._recurrent, entry.head.first_position)
            for at, entry in enumerate(entries)
        ]
        reuse = choose_reuse(array("i", prompt), candidates, self._window)
        if reuse is None or reuse.length < held + LEAST_TOKENS:
            return None
        return entries[reuse.source]

    def read(self, entry: Entry) -> bytes | None:
        """The state of an entry, checked; None if it is not sound, and then it is removed."""
        try:
            file, size = folder.open_own(entry.path)
            with file:
                state = read_state(file, size, self._key, entry.head)
        except (BadFile, OSError, msgspec.MsgspecError) as error:
            self._remove(entry.path, error)
            return None
        except MemoryError:
            sys.stderr.write("lmd worker: not memory enough to read a saved state\n")
            return None
        with contextlib.suppress(OSError):
            os.utime(entry.path)
        return state

    def drop(self, entry: Entry) -> None:
        """It could not be read."""
        self._entries.pop(entry.path, None)

    def save(self, states: Sequence[Source], limit: int) -> Saved:
        """Write sequences, the most useful one first, into ``limit`` bytes for all models."""
        written = size = 0
        now = time.time_ns()
        try:
            with folder.lock(self._root):
                self._folder.mkdir(mode=0o700, exist_ok=True)
                self._tidy()
                for rank, state in enumerate(states):
                    added = self._save_one(state, limit, now - rank * 1000)
                    written += added > 0
                    size += added
                self._make_room(limit, 0, 0)
        except OSError as error:
            return Saved(files=written, bytes=size, problem=f"{self._root}: {error.strerror}")
        except (LlamaError, MemoryError) as error:
            text = str(error) or "there is not memory enough to copy a sequence"
            return Saved(files=written, bytes=size, problem=text)
        return Saved(files=written, bytes=size)

    def forget(self) -> None:
        """Forget every file of this model; whoever asked for it removes them."""
        self._entries.clear()

    def _save_one(self, source: Source, limit: int, used_ns: int) -> int:
        """The bytes that were written; 0 where the file is there already or does not fit."""
        tokens = array("i", source.tokens).tobytes()
        # The name tells nobody what the prompt was, not even who guesses it.
        named = self._identity + source.adapters + tokens
        digest = hmac.new(self._key, named, "sha256").hexdigest()[:32]
        path = self._folder / f"{digest}{folder.SUFFIX}"
        if path in self._entries and path.exists():
            os.utime(path, ns=(used_ns, used_ns))
            return 0
        state = source.state()
        first = source.first_position
        head = Head(self._identity, tokens, first, len(state), source.adapters)
        size = len(state) + len(tokens) + 256
        if size > limit or not self._make_room(limit, size, used_ns, only_ask=True):
            return 0
        part = folder.write(path, encode(head, state, self._key))
        # Only now: where there is no room on the disk, nothing that was there is lost.
        self._make_room(limit, part.stat().st_size, used_ns)
        os.utime(part, ns=(used_ns, used_ns))
        part.rename(path)
        self._entries[path] = Entry(path, head, head.ids)
        return size

    def _make_room(self, limit: int, size: int, used_ns: int, *, only_ask: bool = False) -> bool:
        going = folder.to_remove(folder.kept(self._root), limit, size, used_ns)
        for file in going or () if not only_ask else ():
            file.path.unlink(missing_ok=True)
            self._entries.pop(file.path, None)
        return going is not None

    def _tidy(self) -> None:
        """Who held the lock before has left nothing that is still being written."""
        for path in self._root.glob(f"*/*{folder.TEMPORARY}"):
            path.unlink(missing_ok=True)

    def _remove(self, path: Path, error: Exception) -> None:
        sys.stderr.write(f"lmd worker: saved state {path.name} is not used: {error}\n")
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
