"""The lexicon's file: topics with their items, and which topics a request is likely about.

One read-only SQLite file, so that nothing of its 22,000 topics is in memory until it is asked for.
`training/lexicon.py` writes it.
"""

import math
import sqlite3
import zlib
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from lmd.shell.hints import Hint
from lmd.shell.lexicon.mention import find_mention
from lmd.shell.lexicon.scoring import Item, Scorer
from lmd.shell.lexicon.terms import terms

FORMAT = 1
HINT_ITEMS = 6
SCHEMA = """
create table meta (key text primary key, value blob not null) without rowid;
create table topics (
    id integer primary key, name text not null unique collate nocase, body blob not null
);
create table postings (term integer primary key, body blob not null);
"""


class LexiconError(Exception):
    """The file is missing, damaged or of another format."""


class StoredItem(Struct, array_like=True):
    """An item as the file holds it; terms are indexes into `Facts.terms`."""

    text: str
    uses: int
    documented: bool
    terms: list[int]
    aliases: list[str]


class StoredTopic(Struct, array_like=True):
    """A topic's body. ``commands`` counts its training commands."""

    commands: int
    items: list[StoredItem]


class Facts(Struct):
    """What the whole file shares, read when it is opened."""

    terms: list[str]
    rarity: list[float]
    unknown_rarity: float
    item_weights: list[float]
    temperature: float
    """Divides the scores of topics before they become probabilities."""


class Posting(Struct, array_like=True):
    """One topic's score for a term."""

    topic: int
    weight: float


_topic_decoder = msgspec.msgpack.Decoder(StoredTopic)
_facts_decoder = msgspec.msgpack.Decoder(Facts)
_postings_decoder = msgspec.msgpack.Decoder(list[Posting])


class Lexicon:
    """Open the file read-only. Raises `LexiconError`. Use it from one thread at a time."""

    def __init__(self, path: Path) -> None:
        try:
            self._database = sqlite3.connect(
                f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
            )
            self._facts = self._read_facts()
        except (sqlite3.Error, msgspec.MsgspecError, zlib.error) as error:
            raise LexiconError(f"{path} is no lexicon: {error}") from error
        names = self._facts.terms
        self._index = {term: index for index, term in enumerate(names)}
        rarity = dict(zip(names, self._facts.rarity, strict=True))
        self._scorer = Scorer(tuple(self._facts.item_weights), rarity, self._facts.unknown_rarity)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def known(self, name: str) -> str | None:
        """The spelling of a topic such as ``git push``, whatever case it is asked in."""
        row = self._database.execute("select name from topics where name = ?", (name,)).fetchone()
        return str(row[0]) if row else None

    def mention(self, request: str) -> tuple[str, str] | None:
        """The topic that a request names, and the request without that mention."""
        return find_mention(request, self.known)

    def topics(self, request: str, most: int = 4) -> list[tuple[str, float]]:
        """The likeliest topics of a request that names none, with probabilities."""
        scores: dict[int, float] = defaultdict(float)
        for term in terms(request):
            index = self._index.get(term)
            if index is not None:
                for posting in self._postings(index):
                    scores[posting.topic] += posting.weight
        best = sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))[:32]
        if not best:
            return []
        shares = [math.exp((score - best[0][1]) / self._facts.temperature) for _, score in best]
        whole = sum(shares)
        return [
            (self._name(topic), share / whole)
            for (topic, _), share in zip(best[:most], shares, strict=False)
        ]

    def hint(self, topic: str, request: str) -> Hint:
        """The topic with the items that the request likely wants."""
        stored = self._topic(topic)
        if stored is None:
            return Hint(topic)
        ranked = self._scorer.rank(terms(request), self._items(stored), stored.commands)
        return Hint(topic, tuple(item.text for _, item in ranked[:HINT_ITEMS]))

    def subcommands(self, program: str) -> frozenset[str]:
        """Known subcommands of a program or topic; empty where there are none."""
        stored = self._topic(program)
        items = stored.items if stored else []
        return frozenset(item.text for item in items if not item.text.startswith("-"))

    def flags(self, topic: str) -> frozenset[str]:
        """Known flags of a topic, every spelling."""
        stored = self._topic(topic)
        items = stored.items if stored else []
        return frozenset(
            name for item in items for name in (item.text, *item.aliases) if name.startswith("-")
        )

    def _items(self, stored: StoredTopic) -> list[Item]:
        names = self._facts.terms
        return [
            Item(item.text, item.uses, item.documented, frozenset(names[t] for t in item.terms))
            for item in stored.items
        ]

    def _read_facts(self) -> Facts:
        rows: Mapping[str, bytes] = dict(self._database.execute("select key, value from meta"))
        if rows.get("format") != str(FORMAT).encode():
            raise sqlite3.DatabaseError(f"its format is not {FORMAT}")
        return _facts_decoder.decode(zlib.decompress(rows["facts"]))

    def _topic(self, name: str) -> StoredTopic | None:
        row = self._database.execute("select body from topics where name = ?", (name,)).fetchone()
        return _topic_decoder.decode(zlib.decompress(row[0])) if row else None

    def _name(self, topic: int) -> str:
        row = self._database.execute("select name from topics where id = ?", (topic,)).fetchone()
        return str(row[0])

    def _postings(self, term: int) -> list[Posting]:
        row = self._database.execute("select body from postings where term = ?", (term,)).fetchone()
        return _postings_decoder.decode(zlib.decompress(row[0])) if row else []
