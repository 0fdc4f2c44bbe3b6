"""Documentation that has been read, the least recently used given up first. Pure."""

from collections import OrderedDict
from dataclasses import dataclass

from lmd.shell.documentation.files import PageFile
from lmd.shell.documentation.programs import ProgramFile
from lmd.shell.documentation.records import Documentation

MOST_ENTRIES = 512
MOST_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """What a file said when it was read; ``documentation`` is None where that was nothing."""

    file: PageFile | ProgramFile
    documentation: Documentation | None

    @property
    def size(self) -> int:
        """About how many bytes of memory it takes."""
        return 500 + (self.documentation.size if self.documentation else 0)


class Shelf:
    """Entries by topic, bounded in number and bytes."""

    def __init__(self, most_entries: int = MOST_ENTRIES, most_bytes: int = MOST_BYTES) -> None:
        self._most_entries = most_entries
        self._most_bytes = most_bytes
        self._entries: OrderedDict[tuple[str, ...], Entry] = OrderedDict()
        self.size = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, topic: tuple[str, ...]) -> Entry | None:
        """The entry of a topic, used now."""
        entry = self._entries.get(topic)
        if entry is not None:
            self._entries.move_to_end(topic)
        return entry

    def put(self, topic: tuple[str, ...], entry: Entry) -> None:
        """Keep an entry, in the place of the one before it."""
        self.drop(topic)
        self._entries[topic] = entry
        self.size += entry.size
        while self._entries and (
            len(self._entries) > self._most_entries or self.size > self._most_bytes
        ):
            self.size -= self._entries.popitem(last=False)[1].size

    def drop(self, topic: tuple[str, ...]) -> None:
        """Forget a topic, if it is there."""
        before = self._entries.pop(topic, None)
        if before is not None:
            self.size -= before.size
