"""The lexicon's file: what it answers, and what becomes of a file that is none."""

import sqlite3
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from lmd.shell.lexicon.store import HINT_ITEMS, Lexicon, LexiconError
from lmd.shell.lexicon.stored import FORMAT, SCHEMA, Facts, Posting, StoredItem, StoredTopic
from lmd.shell.suggest.knowledge import Knowledge

SHIPPED = Path(__file__).parents[3] / "lmd" / "data" / "shell.db"
TERMS = ["push", "tag", "branch", "list"]
PUSH = StoredTopic(
    9, [StoredItem("-u", 5, True, [2], ["--set-upstream"]), StoredItem("--tags", 4, True, [1], [])]
)
GIT = StoredTopic(20, [StoredItem("push", 9, True, [0], [])])


def packed(value: object) -> bytes:
    return zlib.compress(msgspec.msgpack.encode(value))


def write(path: Path, *, version: int = FORMAT) -> Path:
    """A lexicon of two topics: `git` and `git push`."""
    facts = Facts(TERMS, [2.0, 3.0, 2.5, 1.0], 6.0, [-1.5, 2.5, 0.0, 3.3, 0.7, 0.0, 0.0], 1.0)
    database = sqlite3.connect(path)
    database.executescript(SCHEMA)
    rows = [("format", str(version).encode()), ("facts", packed(facts))]
    database.executemany("insert into meta values (?, ?)", rows)
    topics = [(0, "git", packed(GIT)), (1, "git push", packed(PUSH))]
    database.executemany("insert into topics values (?, ?, ?)", topics)
    postings = [(0, packed([Posting(1, 4.0), Posting(0, 1.0)])), (1, packed([Posting(1, 2.0)]))]
    database.executemany("insert into postings values (?, ?)", postings)
    database.commit()
    database.close()
    return path


def damaged(path: Path, statement: str) -> Lexicon:
    database = sqlite3.connect(write(path))
    database.execute(statement)
    database.commit()
    database.close()
    return Lexicon(path)


@pytest.fixture
def lexicon(tmp_path: Path) -> Iterator[Lexicon]:
    opened = Lexicon(write(tmp_path / "small.db"))
    yield opened
    opened.close()


def test_topics_are_found_in_any_case(lexicon: Lexicon):
    assert lexicon.known("Git Push") == "git push"
    assert lexicon.known("git pull") is None


def test_a_mention_takes_the_spelling_of_the_file(lexicon: Lexicon):
    assert lexicon.mention("send all tags using GIT PUSH") == ("git push", "send all tags")


def test_the_topic_that_shares_most_words_is_likeliest(lexicon: Lexicon):
    topics = lexicon.topics("push all tags")
    assert [name for name, _ in topics] == ["git push", "git"]
    assert sum(share for _, share in topics) == pytest.approx(1.0)
    assert topics[0][1] > 0.9


def test_a_request_of_unknown_words_has_no_topic(lexicon: Lexicon):
    assert lexicon.topics("frobnicate") == []
    assert lexicon.topics("") == []


def test_the_items_that_a_request_names_come_first(lexicon: Lexicon):
    assert lexicon.hint("git push", "push all tags").items == ("--tags", "-u")
    assert lexicon.hint("git push", "push a branch").items == ("-u", "--tags")


def test_an_unknown_topic_has_a_hint_without_items(lexicon: Lexicon):
    hint = lexicon.hint("frob", "do it")
    assert (hint.topic, hint.items) == ("frob", ())


def test_flags_have_every_spelling_and_subcommands_are_none(lexicon: Lexicon):
    assert lexicon.flags("git push") == {"-u", "--set-upstream", "--tags"}
    assert lexicon.subcommands("git") == {"push"}
    assert lexicon.flags("git") == lexicon.subcommands("git push") == frozenset()


@pytest.mark.parametrize("content", [b"", b"x" * 4096, b"SQLite format 3\x00" + b"\x00" * 200])
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes):
    path = tmp_path / "bad.db"
    path.write_bytes(content)
    with pytest.raises(LexiconError):
        Lexicon(path)


def test_a_missing_file_and_another_format_are_refused(tmp_path: Path):
    with pytest.raises(LexiconError):
        Lexicon(tmp_path / "none.db")
    with pytest.raises(LexiconError, match="format"):
        Lexicon(write(tmp_path / "new.db", version=FORMAT + 1))


def test_the_shipped_file_knows_everyday_programs():
    lexicon = Lexicon(SHIPPED)
    assert {"push", "commit", "clone"} <= lexicon.subcommands("git")
    assert {"-x", "--extract"} & lexicon.flags("tar")
    assert lexicon.known("DOCKER RUN") == "docker run"
    assert len(lexicon.hint("git push", "push all tags").items) == HINT_ITEMS
    assert "git push" in [name for name, _ in lexicon.topics("push a branch to the remote")]
    lexicon.close()


@pytest.mark.parametrize(
    ("statement", "ask"),
    [
        ("update topics set body = x'00ff'", lambda lexicon: lexicon.hint("git", "push")),
        ("update topics set body = 'text'", lambda lexicon: lexicon.flags("git push")),
        ("drop table topics", lambda lexicon: lexicon.known("git")),
        ("drop table postings", lambda lexicon: lexicon.topics("push the tags")),
        ("insert into meta values ('idioms', x'00')", lambda lexicon: lexicon.idioms("push")),
    ],
)
def test_damage_that_shows_later(tmp_path: Path, statement: str, ask: Callable[[Lexicon], object]):
    lexicon = damaged(tmp_path / "bad.db", statement)
    with pytest.raises(LexiconError):
        ask(lexicon)
    knowledge = Knowledge(lexicon, lambda topic: frozenset())
    assert knowledge.hint("git push", "push the tags").topic == "git push"
    assert knowledge.topics("push the tags") is not None
    assert knowledge.idioms("push the tags") == []
    lexicon.close()
