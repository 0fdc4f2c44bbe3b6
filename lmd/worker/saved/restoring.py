"""Reads saved sequences on a thread of its own: the decoding loop never waits for a disk."""

import queue
import threading
from collections.abc import Callable, Iterator
from typing import NoReturn, Protocol

from lmd.protocol.adapters import AdapterSet
from lmd.worker.prepared import PreparedText
from lmd.worker.saved.store import Entry, SavedStates


class Restored:
    """An entry that was read; ``state`` is None where it was not sound."""

    def __init__(self, entry: Entry, state: bytes | None) -> None:
        self.entry = entry
        self.state = state


class Cache(Protocol):
    """What is asked of the KV cache; see `lmd.worker.saved.keeping.Keeping`."""

    def held(self, tokens: list[int], adapters: AdapterSet = ()) -> int: ...
    def restore(self, tokens: list[int], state: bytes, adapters: AdapterSet = ()) -> bool: ...
    def identity(self, adapters: AdapterSet) -> bytes: ...


class Restorer:
    """Holds jobs back until what is saved of their prompts is read.

    Each waits at most once, and jobs with the same beginning share one reading. All but the
    reading is done on the engine's thread.
    """

    def __init__(
        self, saved: SavedStates, cache: Cache, deliver: Callable[[Restored], None]
    ) -> None:
        self._saved = saved
        self._cache = cache
        self._deliver = deliver
        self._wanted: queue.SimpleQueue[Entry] = queue.SimpleQueue()
        """Bounded by the jobs that a worker holds: each waits for one entry."""
        self._waiting: dict[Entry, list[PreparedText]] = {}
        self._room = threading.Semaphore(1)
        """One state in memory at a time: each may be as large as a whole context is."""
        threading.Thread(target=self._run_reader, name="restore", daemon=True).start()

    def fetch(self, prepared: PreparedText) -> bool:
        """Whether the job waits for something to be read, and will come back by `take`."""
        if prepared.sought or not len(self._saved):
            return False
        prepared.sought = True
        tokens, adapters = prepared.tokens, prepared.adapters
        held = self._cache.held(tokens, adapters)
        entry = self._saved.find(tokens, held, self._cache.identity(adapters))
        if entry is None:
            return False
        if entry not in self._waiting:
            self._waiting[entry] = []
            self._wanted.put(entry)
        self._waiting[entry].append(prepared)
        return True

    def take(self, restored: Restored) -> Iterator[PreparedText]:
        """Put what was read into the cache, and give back the jobs that wait for it."""
        entry = restored.entry
        if restored.state is None:
            self._saved.drop(entry)
        elif entry in self._saved:
            # Without room for it the prompt is read; the file may serve another time.
            adapters = self._waiting[entry][0].adapters
            self._cache.restore(entry.tokens.tolist(), restored.state, adapters)
        restored.state = None
        self._room.release()
        yield from self._waiting.pop(entry)

    def _run_reader(self) -> NoReturn:
        while True:
            entry = self._wanted.get()
            self._room.acquire()
            self._deliver(Restored(entry, self._saved.read(entry)))
