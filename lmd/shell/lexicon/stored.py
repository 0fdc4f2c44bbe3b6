"""What the lexicon's file holds: the schema of the database and the bodies within it.

`training/write_lexicon.py` writes it, `lmd.shell.lexicon.store` reads it.
"""

from msgspec import Struct

FORMAT = 3
SCHEMA = """
create table meta (key text primary key, value blob not null) without rowid;
create table topics (
    id integer primary key, name text not null unique collate nocase, body blob not null
);
create table postings (term integer primary key, body blob not null);
create table guesses (term text primary key, body blob not null) without rowid;
"""


class StoredItem(Struct, array_like=True):
    """An item as the file holds it; terms are indexes into `Facts.terms`."""

    text: str
    uses: int
    documented: bool
    terms: list[int]
    aliases: list[str]
    place: float = 0.5
    """Where it usually stands among the items of a command: 0 first, 1 last."""


class StoredTopic(Struct, array_like=True):
    """A topic's body. ``commands`` counts its training commands, ``sudo`` those with ``sudo``."""

    commands: int
    items: list[StoredItem]
    sudo: int = 0


class Facts(Struct):
    """What the whole file shares, read when it is opened."""

    terms: list[str]
    rarity: list[float]
    unknown_rarity: float
    item_weights: list[float]
    temperature: float
    """Divides the scores of topics before they become probabilities."""
    names: list[str] = []
    """Flags that several topics have."""
    spread: list[int] = []
    """How many topics have each of `names`."""
    places: list[float] = []
    """Where each of `names` usually stands among the items of a command: 0 first, 1 last."""


class Posting(Struct, array_like=True):
    """One topic's score for a term."""

    topic: int
    weight: float


class Guess(Struct, array_like=True):
    """A flag that a term speaks for: an index into `Facts.names`, and how strongly."""

    name: int
    weight: float
