"""Write lmd/data/shell.db from the collected topics."""

import argparse
import json
import math
import sqlite3
import statistics
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import msgspec

from lmd.shell.idioms import Idiom
from lmd.shell.idioms.matching import read_phrasing
from lmd.shell.lexicon.stored import FORMAT, SCHEMA, Facts, Guess, Posting, StoredItem, StoredTopic
from training.everyday import block_pair, read_blocks
from training.guesses import Guesses
from training.lexicon import Collection, Topic, rarities
from training.rows import read_pairs
from training.split import split_pairs

SATURATION = 1.2  # k1 of BM25 (Robertson and Zaragoza 2009)
LENGTH_SHARE = 0.6  # b of BM25
POPULARITY = 0.35  # of the logarithm of a topic's commands, spread over the terms of a request
TEMPERATURE = 0.8  # of the softmax over topics; set on the calibration half of the held-out rows
MOST_POSTINGS = 400  # topics per term, the best ones
MIDDLE = 0.5  # the place of a flag that was never seen with others
STEADY = 1.0  # commands that a flag's usual place counts for beside those of the topic
MOST_TERMS = 24  # of an item, the rarest


def write_lexicon(
    collection: Collection,
    weights: tuple[float, ...],
    temperature: float,
    idioms: list[Idiom],
    path: Path,
    chooser: bytes = b"",
) -> None:
    """Write the file beside its place, then move it there in one step.

    ``chooser`` is what `training.chooser` wrote; without it the scorer alone orders items.
    """
    topics = [topic for topic in collection.topics.values() if topic.items or topic.commands]
    rarity, unknown = rarities(topics)
    names = sorted(rarity)
    index = {term: number for number, term in enumerate(names)}
    guesses = Guesses(collection)
    flags = sorted({name for found in guesses.names_of.values() for name in found})
    spread = [guesses.topics[flag] for flag in flags]
    rounded = [round(rarity[t], 3) for t in names]
    places = usual_places(collection)
    facts = Facts(
        names, rounded, unknown, list(weights), temperature, flags, spread,
        [round(places.get(flag, MIDDLE), 2) for flag in flags],
    )  # fmt: skip
    temporary = path.with_suffix(".tmp")
    temporary.unlink(missing_ok=True)
    database = sqlite3.connect(temporary)
    database.executescript(SCHEMA)
    database.execute("insert into meta values ('format', ?)", (str(FORMAT).encode(),))
    database.execute("insert into meta values ('facts', ?)", (packed(facts),))
    database.execute("insert into meta values ('idioms', ?)", (packed(idioms),))
    if chooser:
        database.execute("insert into meta values ('chooser', ?)", (zlib.compress(chooser, 9),))
    database.executemany("insert into guesses values (?, ?)", stored_guesses(guesses, flags))
    taken: dict[str, int] = {}
    for topic in topics:
        if topic.name.lower() not in taken:
            taken[topic.name.lower()] = len(taken)
            body = packed(stored(topic, rarity, index, places))
            row = (taken[topic.name.lower()], topic.name, body)
            database.execute("insert into topics values (?, ?, ?)", row)
    for term, postings in all_postings(topics, taken, rarity).items():
        database.execute("insert into postings values (?, ?)", (index[term], packed(postings)))
    database.commit()
    database.execute("vacuum")
    database.close()
    temporary.replace(path)


def packed(value: object) -> bytes:
    """MessagePack, compressed."""
    return zlib.compress(msgspec.msgpack.encode(value), 9)


def stored_guesses(guesses: Guesses, flags: list[str]) -> Iterator[tuple[str, bytes]]:
    """For each term the flags that it speaks for, by their places in ``flags``."""
    place = {flag: number for number, flag in enumerate(flags)}
    for term, found in guesses.names_of.items():
        if found:
            rounded = [Guess(place[name], round(weight, 2)) for name, weight in found.items()]
            yield term, packed(rounded)


def usual_places(collection: Collection) -> dict[str, float]:
    """Where each flag stands among others, over all topics."""
    found: dict[str, list[float]] = defaultdict(list)
    for topic in collection.topics.values():
        for draft in topic.items.values():
            found[draft.text] += draft.places
    return {name: statistics.fmean(places) for name, places in found.items() if places}


def stored(
    topic: Topic, rarity: dict[str, float], index: dict[str, int], places: dict[str, float]
) -> StoredTopic:
    """A topic as the file holds it; of long items only the rarest terms."""
    items = []
    for draft in sorted(topic.items.values(), key=lambda draft: -draft.uses):
        kept = sorted(draft.terms, key=lambda term: (-rarity[term], term))[:MOST_TERMS]
        others = sorted(draft.aliases - {draft.text})
        usual = places.get(draft.text, MIDDLE)
        place = (sum(draft.places) + STEADY * usual) / (len(draft.places) + STEADY)
        items.append(
            StoredItem(
                draft.text,
                draft.uses,
                draft.documented,
                [index[t] for t in kept],
                others,
                round(place, 2),
            )
        )
    return StoredTopic(topic.commands, items, topic.sudo)


def all_postings(
    topics: list[Topic], ids: dict[str, int], rarity: dict[str, float]
) -> dict[str, list[Posting]]:
    """For each term the topics it speaks for, by BM25 with a share for popular topics."""
    used = [topic for topic in topics if topic.commands]
    average = sum(topic.words.total() for topic in used) / len(used)
    postings: dict[str, list[Posting]] = defaultdict(list)
    for topic in used:
        counts = Counter(topic.words)
        length = 1 - LENGTH_SHARE + LENGTH_SHARE * topic.words.total() / average
        for term, count in counts.items():
            weight = rarity[term] * count / (count + SATURATION * length)
            weight *= 1 + POPULARITY * math.log(1 + topic.commands) / 4
            postings[term].append(Posting(ids[topic.name.lower()], round(weight, 3)))
    for term in postings:
        postings[term].sort(key=lambda posting: -posting.weight)
        del postings[term][MOST_POSTINGS:]
    return postings


def read_weights(path: Path) -> tuple[float, ...]:
    """Read what `epochs.write_scorer` wrote."""
    return tuple(json.loads(path.read_text(encoding="utf-8")))


def main() -> None:
    """Collect from the training rows and the everyday tasks; write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="folder of the checkpoints")
    parser.add_argument("out", type=Path, help="file to write")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    options = parser.parse_args()
    training, _ = split_pairs(read_pairs(options.data))
    blocks = read_blocks()
    collection = Collection(options.data, training + [block_pair(block) for block in blocks])
    weights = read_weights(options.run / "scorer.json")
    idioms = [Idiom(block.command, tuple(map(read_phrasing, block.asked))) for block in blocks]
    chooser = (options.run / "chooser.msgpack").read_bytes()
    write_lexicon(collection, weights, TEMPERATURE, idioms, options.out, chooser)
    print(f"{options.out}: {options.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
