"""Collect what the rows and the flag lists say of each program, and write lmd/data/shell.db.

A topic is a program or a program with subcommands (``git push``). It has items (flags and
subcommands), each with the words that went with it. What ships are names and bags of stems, not
the rows.
"""

import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lmd.shell.lexicon.scoring import Item
from lmd.shell.lexicon.terms import terms
from training.rows import OPTION_FORMS, Pair, program_of

FLAG_LISTS = ("core", "fig", "carapace", "curl", "openssh", "podman", "toybox", "uutils")
SUBCOMMAND_SOURCES = {"extra/fig_subcmd", "extra/carapace_subcmd"}
NAME = re.compile(r"--?[A-Za-z0-9][\w.+-]*")
USED = re.compile(r"(?<![\w/.-])(--?[A-Za-z][\w-]*|-\d)(?![\w-])")
WORD = re.compile(r"[a-z][\w.:+-]*$")
LONGEST_TOPIC = 4  # words


@dataclass(slots=True)
class ItemDraft:
    """An item while it is collected; counts let a row take its own share out again.

    ``places``: where it stood in commands with other items, 0 first, 1 last.
    """

    text: str
    uses: int = 0
    documented: bool = False
    terms: Counter[str] = field(default_factory=Counter)
    aliases: set[str] = field(default_factory=set)
    places: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Topic:
    """A topic while it is collected. ``spelling`` maps every alias to its item's key;
    ``sudo`` counts commands that begin with it."""

    name: str
    commands: int = 0
    sudo: int = 0
    words: Counter[str] = field(default_factory=Counter)
    items: dict[str, ItemDraft] = field(default_factory=dict)
    spelling: dict[str, str] = field(default_factory=dict)

    def item(self, names: Iterable[str]) -> ItemDraft:
        """The item that has one of these names, made where there is none."""
        wanted = [name for name in names if name]
        key = next((self.spelling[name] for name in wanted if name in self.spelling), None)
        if key is None:
            key = max(wanted, key=len)
            self.items[key] = ItemDraft(key)
        draft = self.items[key]
        for name in wanted:
            self.spelling.setdefault(name, key)
            draft.aliases.add(name)
        return draft


class Collection:
    """All topics. Build it from the pairs to train on; nothing held out may go in."""

    def __init__(self, data: Path, pairs: list[Pair]) -> None:
        self.topics: dict[str, Topic] = {}
        self.forms: dict[str, Counter[str]] = defaultdict(Counter)
        for pair in pairs:
            if pair.page:
                self.topic(pair.page)
        self._read_flag_lists(data)
        for pair in pairs:
            self._register_names(pair)
        for pair in pairs:
            self._count(pair)
        self._choose_forms()

    def topic(self, name: str) -> Topic:
        """The topic of this name, made where there is none."""
        if name not in self.topics:
            self.topics[name] = Topic(name)
        return self.topics[name]

    def topic_of(self, pair: Pair) -> str:
        """The topic of a pair: its page, else the longest topic that its command begins with."""
        if pair.page:
            return pair.page
        words = command_words(pair.command)
        for length in range(min(LONGEST_TOPIC, len(words)), 1, -1):
            name = " ".join(words[:length])
            if name in self.topics:
                return name
        return words[0] if words else ""

    def items_of(self, topic: str, command: str) -> list[str]:
        """Keys of the items of a topic that a settled command uses, in order, each once."""
        found = self.topics.get(topic)
        if found is None:
            return []
        rest = command.partition(topic)[2] or command
        used = [match[1] for match in USED.finditer(rest)]
        words = rest.split()
        if words and WORD.match(words[0]):
            used.insert(0, words[0])
        keys = (found.spelling.get(name) for name in used)
        return list(dict.fromkeys(key for key in keys if key))

    def _read_flag_lists(self, data: Path) -> None:
        for name in FLAG_LISTS:
            for row in read_rows(data / f"extra/{name}.flags.jsonl"):
                topic, meaning = self.topic(row["cmd"]), row.get("description", "")
                names = NAME.findall(row["flag"])
                parent, _, last = row["cmd"].rpartition(" ")
                if names:
                    draft = topic.item(names)
                elif parent:
                    draft = self.topic(parent).item([last])
                else:
                    topic.words.update(terms(meaning))
                    continue
                draft.documented = True
                draft.terms.update(terms(meaning))

    def _register_names(self, pair: Pair) -> None:
        name = self.topic_of(pair)
        if not name:
            return
        topic = self.topic(name)
        for short, long in OPTION_FORMS.findall(pair.command):
            if short.startswith("-") and long.startswith("-"):
                topic.item([long, short])
        for flag in USED.findall(pair.plain):
            topic.item([flag])
        words = command_words(pair.command)
        for depth in range(1, min(LONGEST_TOPIC, len(words))):
            child = " ".join(words[: depth + 1])
            known = child in self.topics or pair.source in SUBCOMMAND_SOURCES
            if known and WORD.match(words[depth]):
                self.topic(" ".join(words[:depth])).item([words[depth]])

    def _count(self, pair: Pair) -> None:
        name = self.topic_of(pair)
        if not name:
            return
        topic, found = self.topics[name], terms(pair.request)
        topic.commands += 1
        topic.sudo += pair.command.startswith("sudo ")
        topic.words.update(found)
        keys = self.items_of(name, pair.plain)
        for at, key in enumerate(keys):
            draft = topic.items[key]
            if len(keys) > 1:
                draft.places.append(at / (len(keys) - 1))
            draft.uses += 1
            draft.terms.update(found)
        for flag in USED.findall(pair.plain):
            if flag in topic.spelling:
                self.forms[name + "\t" + topic.spelling[flag]][flag] += 1

    def _choose_forms(self) -> None:
        """An item is spelt as the rows mostly spell it, else by its longest name."""
        for name, topic in self.topics.items():
            for key, draft in topic.items.items():
                seen = self.forms.get(name + "\t" + key)
                if seen:
                    draft.text = seen.most_common(1)[0][0]


def frozen_items(
    topic: Topic, without: tuple[str, ...] = (), used: Iterable[str] = ()
) -> Iterator[tuple[str, Item]]:
    """The items of a topic by key, less the share of a row with these terms that used these items.

    What nothing but that row knows is left out: nobody who asks for an unseen row would know it.
    """
    own = set(used)
    for key, draft in topic.items.items():
        kept, uses = frozenset(draft.terms), draft.uses
        if key in own:
            uses -= 1
            if not uses and not draft.documented:
                continue
            kept = frozenset(term for term, n in draft.terms.items() if n > (term in without))
        yield key, Item(draft.text, uses, draft.documented, kept, tuple(draft.aliases))


def rarities(topics: Iterable[Topic]) -> tuple[dict[str, float], float]:
    """Return the inverse frequency of each term over topics, and that of a term never seen."""
    counts: Counter[str] = Counter()
    total = 0
    for topic in topics:
        total += 1
        counts.update(topic.words.keys())
        counts.update({term for draft in topic.items.values() for term in draft.terms})
    rarity = {term: math.log((total + 1) / (count + 0.5)) for term, count in counts.items()}
    return rarity, math.log((total + 1) / 0.5)


def command_words(command: str) -> list[str]:
    """The words from the program on, up to the first that is no plain word."""
    program = program_of(command)
    words = command.split()
    if program not in words:
        return []
    chosen = [program]
    for word in words[words.index(program) + 1 :]:
        if not WORD.match(word):
            break
        chosen.append(word)
    return chosen


def read_rows(path: Path) -> Iterator[dict[str, str]]:
    """Yield the objects of a file of JSON lines."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
