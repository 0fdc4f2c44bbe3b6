"""The lexicon's file: topics with their items, which topics a request is likely about, idioms.

One read-only SQLite file, so that nothing of its 22,000 topics is in memory until it is asked for.
`training/lexicon.py` writes it.
"""

import math
import sqlite3
import zlib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from lmd.shell.hints import Hint
from lmd.shell.idioms import Hit, Idiom, IdiomIndex
from lmd.shell.lexicon.choosing import Network, StoredNetwork
from lmd.shell.lexicon.evidence import Choice, Rarities, habits_of, take_apart
from lmd.shell.lexicon.guessing import best_guesses
from lmd.shell.lexicon.mention import find_mention
from lmd.shell.lexicon.scoring import Item, Scorer
from lmd.shell.lexicon.stored import FORMAT, Facts, Guess, Posting, StoredTopic
from lmd.shell.lexicon.terms import terms

HINT_ITEMS = 6
CONSIDERED = 24
"""Items of a topic that the network weighs: the best by the scorer, which costs less."""

Body = TypeVar("Body")


class LexiconError(Exception):
    """The file is missing, damaged or of another format; every method may raise it."""


_topic_decoder = msgspec.msgpack.Decoder(StoredTopic)
_facts_decoder = msgspec.msgpack.Decoder(Facts)
_idioms_decoder = msgspec.msgpack.Decoder(Sequence[Idiom])
_guesses_decoder = msgspec.msgpack.Decoder(list[Guess])
_network_decoder = msgspec.msgpack.Decoder(StoredNetwork)
_postings_decoder = msgspec.msgpack.Decoder(list[Posting])


class Lexicon:
    """Open the file read-only. Raises `LexiconError`. Use it from one thread at a time."""

    def __init__(self, path: Path) -> None:
        try:
            self._database = sqlite3.connect(
                f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise LexiconError(f"{path} cannot be opened: {error}") from error
        self._facts = self._read_facts(path)
        names = self._facts.terms
        self._index = {term: index for index, term in enumerate(names)}
        rarity = dict(zip(names, self._facts.rarity, strict=True))
        self._idioms: IdiomIndex | None = None
        self._scorer = Scorer(tuple(self._facts.item_weights), rarity, self._facts.unknown_rarity)
        self._rare = Rarities(rarity, self._facts.unknown_rarity)
        self._spread = dict(zip(self._facts.names, self._facts.spread, strict=True))
        self._places = dict(zip(self._facts.names, self._facts.places, strict=True))
        stored = self._body("select value from meta where key = 'chooser'", _network_decoder)
        self._network = Network(stored) if stored else None

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def known(self, name: str) -> str | None:
        """The spelling of a topic such as ``git push``, whatever case it is asked in."""
        spelling: str | None = self._value("select name from topics where name = ?", name)
        return spelling

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

    def idioms(self, request: str) -> list[Hit]:
        """Commands of everyday tasks that are asked for much like this, best first.

        The first call reads all tasks.
        """
        if self._idioms is None:
            query = "select value from meta where key = 'idioms'"
            self._idioms = IdiomIndex(self._body(query, _idioms_decoder) or [])
        return self._idioms.search(request)

    def hint(self, topic: str, request: str) -> Hint:
        """The topic with the items that the request likely wants."""
        stored = self._topic(topic) or StoredTopic(0, [])
        items = self._items(stored)
        asked = terms(request)
        ranked = self._scorer.rank(asked, items, stored.commands)
        if self._network is not None:
            best = [item for _, item in ranked[:CONSIDERED]]
            ranked = self._choose(request, asked, items, best, stored.commands)
        chosen = ranked[:HINT_ITEMS]
        aliases = {alias: item.text for _, item in chosen for alias in item.aliases}
        return Hint(
            topic,
            tuple(item.text for _, item in chosen),
            aliases,
            tuple(chance for chance, _ in chosen),
            tuple(item.place for _, item in chosen),
            stored.sudo / max(1, stored.commands),
        )

    def _choose(
        self,
        request: str,
        asked: tuple[str, ...],
        items: Sequence[Item],
        best: Sequence[Item],
        commands: int,
    ) -> list[tuple[float, Item]]:
        """The best items and what other programs have, by the network, likeliest first."""
        assert self._network is not None
        named = [self._guesses(term) for term in asked]
        known = {name for item in items for name in (item.text, *item.aliases)}
        guessed = [
            Item(name, 0, False, frozenset(), (), self._places.get(name, 0.5))
            for name, _ in best_guesses(named, known)
        ]
        weighed = [*best, *guessed]
        choices = [
            Choice(
                item.text, item.uses, item.documented, item.terms, at >= len(best),
                self._spread.get(item.text, 0), sum(found.get(item.text, 0.0) for found in named),
            )
            for at, item in enumerate(weighed)
        ]  # fmt: skip
        chances = self._network.chances(
            take_apart(request, asked), choices, habits_of(items, commands), self._rare
        )
        pairs = zip(chances, weighed, strict=True)
        return sorted(pairs, key=lambda pair: -pair[0])

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
            Item(
                item.text,
                item.uses,
                item.documented,
                frozenset(names[t] for t in item.terms),
                tuple(item.aliases),
                item.place,
            )
            for item in stored.items
        ]

    def _read_facts(self, path: Path) -> Facts:
        found = self._value("select value from meta where key = 'format'")
        if found != str(FORMAT).encode():
            raise LexiconError(f"{path} is no lexicon of format {FORMAT}")
        facts = self._body("select value from meta where key = 'facts'", _facts_decoder)
        if facts is None:
            raise LexiconError(f"{path} is no lexicon: it has no facts")
        return facts

    def _topic(self, name: str) -> StoredTopic | None:
        return self._body("select body from topics where name = ?", _topic_decoder, name)

    def _name(self, topic: int) -> str:
        return str(self._value("select name from topics where id = ?", topic))

    def _guesses(self, term: str) -> dict[str, float]:
        """Flags that a word speaks for, over all programs."""
        found = self._body("select body from guesses where term = ?", _guesses_decoder, term) or []
        names = self._facts.names
        return {names[guess.name]: guess.weight for guess in found}

    def _postings(self, term: int) -> list[Posting]:
        return self._body("select body from postings where term = ?", _postings_decoder, term) or []

    def _body(
        self, query: str, decoder: "msgspec.msgpack.Decoder[Body]", *key: object
    ) -> "Body | None":
        """The body that a query finds, taken out of its wrapping; None where it finds none."""
        packed = self._value(query, *key)
        try:
            return None if packed is None else decoder.decode(zlib.decompress(packed))
        except (msgspec.MsgspecError, zlib.error, TypeError) as error:
            raise LexiconError(f"the lexicon is damaged: {error}") from error

    def _value(self, query: str, *key: object) -> Any:
        try:
            row = self._database.execute(query, key).fetchone()
        except sqlite3.Error as error:
            raise LexiconError(f"the lexicon cannot be read: {error}") from error
        return row[0] if row else None
