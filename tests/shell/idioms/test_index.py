"""The search, over a few idioms and over those that ship."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmd.shell.idioms import Idiom, IdiomIndex
from lmd.shell.idioms.index import LEAST_SCORE
from lmd.shell.idioms.matching import read_phrasing
from lmd.shell.lexicon.store import Lexicon

SHIPPED = Path(__file__).parents[3] / "lmd" / "data" / "shell.db"
IDIOMS = [
    ("tar -xzf <arch.tar.gz>", "extract <arch.tar.gz>", "unpack the archive <arch.tar.gz>"),
    ("tar -xzf <arch.tar.gz> -C <dir>", "extract <arch.tar.gz> into <dir>"),
    ("free -h", "how much memory is free", "show the free ram"),
    ("git branch -m <branch> <branch2>", "rename branch <branch> to <branch2>"),
]


@pytest.fixture
def index() -> IdiomIndex:
    return IdiomIndex([Idiom(c, tuple(map(read_phrasing, asked))) for c, *asked in IDIOMS])


@pytest.fixture(scope="module")
def shipped() -> Iterator[Lexicon]:
    lexicon = Lexicon(SHIPPED)
    yield lexicon
    lexicon.close()


def test_the_best_comes_first_and_each_command_once(index: IdiomIndex):
    hits = index.search("unpack the archive x.tar.gz")
    assert hits[0].command == "tar -xzf x.tar.gz"
    assert hits[0].score == pytest.approx(1)
    assert index.search("extract x.tar.gz into /tmp")[0].command == "tar -xzf x.tar.gz -C /tmp"


def test_nothing_in_common_is_nothing_found(index: IdiomIndex):
    assert index.search("bake a cake") == []
    assert index.search("") == []


@given(st.text(st.characters() | st.sampled_from("<>.\"'` /~file10")))
def test_any_text_is_searched(text: str):
    read = IdiomIndex([Idiom(c, tuple(map(read_phrasing, asked))) for c, *asked in IDIOMS])
    hits = read.search(text)
    assert all(LEAST_SCORE <= hit.score <= 1 + 1e-9 for hit in hits)
    assert len({hit.command for hit in hits}) == len(hits) <= 5


@pytest.mark.parametrize(
    ("request_", "command"),
    [
        ("how much memory is free", "free -h"),
        ("extract site.tar.gz into /srv", "tar -xzf site.tar.gz -C /srv"),
        ("make run.sh executable", "chmod +x run.sh"),
        ("restart postgresql", "sudo systemctl restart postgresql"),
        ("replace cat with dog in pets.txt", "sed -i 's/cat/dog/g' pets.txt"),
        ("show the last 30 lines of app.log", "tail -n 30 app.log"),
        ("stash my changes", "git stash"),
    ],
)
def test_everyday_requests_find_their_command(shipped: Lexicon, request_: str, command: str):
    assert shipped.idioms(request_)[0].command == command
