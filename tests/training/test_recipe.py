"""The recipe's own arithmetic: what is kept apart, what a row gives away, what comes back."""

import random
import subprocess
from pathlib import Path

import msgspec
import pytest

from lmd.shell.hints import Hint
from lmd.shell.idioms import Idiom
from lmd.shell.idioms.matching import read_phrasing
from lmd.shell.idioms.slots import SLOT
from lmd.shell.lexicon.choosing import StoredNetwork
from lmd.shell.lexicon.evidence import FEATURES
from lmd.shell.lexicon.scoring import Scorer
from lmd.shell.lexicon.store import Lexicon
from lmd.shell.lexicon.terms import terms
from lmd.shell.slots import take_literals_out
from tests.training.rows import write_rows
from training.augment import Settled, settle
from training.choices import Cases
from training.everyday import block_settled, read_blocks
from training.guesses import Guesses
from training.lexicon import FLAG_LISTS, Collection, frozen_items
from training.metrics import mark
from training.rows import Pair, program_of, read_pairs
from training.split import PAGE_SHARE, bare, split_pairs
from training.tasks import EVERYDAY, OTHER, PAGED, explain, fix, misspell, suggest
from training.write_lexicon import usual_places, write_lexicon

WEIGHTS = (-1.5, 2.5, 0.0, 3.3, 0.7, 0.0, 0.0)


@pytest.fixture
def pairs(tmp_path: Path) -> list[Pair]:
    return read_pairs(write_rows(tmp_path))


@pytest.fixture
def collection(tmp_path: Path, pairs: list[Pair]) -> Collection:
    return Collection(tmp_path, pairs)


def paged(number: int, page: str) -> Pair:
    return Pair(f"do {number}", f"{page} --x{number}", "common", page, "tldr", 1.0, page)


def test_nothing_that_is_kept_apart_is_trained_on():
    made = [paged(number, f"prog{number % 300}") for number in range(3000)]
    made += [
        Pair(f"ask {n}", f"find . -name f{n}", "common", "find", "nl2bash", 1.0) for n in range(900)
    ]
    made += [
        Pair(f"again {n}", f"prog{n} --x{n}", "common", "p", "extra/eg", 1.0) for n in range(300)
    ]
    training, parts = split_pairs(made)
    held = [pair for rows in parts.values() for pair in rows]
    assert all(parts.values())
    assert not {bare(pair.command) for pair in training} & {bare(pair.command) for pair in held}
    assert not {pair.page for pair in parts["pages"]} & {
        pair.page for pair in training if pair.page
    }
    assert len(parts["pages"]) < 3000 * PAGE_SHARE * 4
    assert split_pairs(made)[1] == parts


def test_a_row_takes_what_only_it_knows_out_of_its_own_hint(
    collection: Collection, pairs: list[Pair]
):
    topic = collection.topics["frob"]
    everything = {item.text for _, item in frozen_items(topic)}
    assert {"--list", "--delete", "--force", "--quiet"} <= everything
    row = next(pair for pair in pairs if "--force" in pair.command)
    used = collection.items_of("frob", row.plain)
    left = dict(frozen_items(topic, terms(row.request), used))
    assert {item.text for item in left.values()} == everything - {"--force"}
    delete = next(item for item in left.values() if item.text == "--delete")
    assert delete.uses == 1
    assert terms("asking")[0] not in delete.terms


def test_the_lexicon_holds_what_was_collected(tmp_path: Path, collection: Collection):
    path = tmp_path / "small.db"
    tasks = [Idiom("frob --list", (read_phrasing("what can be frobbed"),))]
    write_lexicon(collection, WEIGHTS, 1.0, tasks, path)
    lexicon = Lexicon(path)
    assert lexicon.flags("frob") >= {"-l", "--list", "-d", "--delete", "-q", "--quiet"}
    assert lexicon.subcommands("frob") == {"sync"}
    assert lexicon.hint("frob", "say nothing").items[0] == "--quiet"
    assert lexicon.topics("sharpen a nib")[0][0] == "nib"
    assert [hit.command for hit in lexicon.idioms("What can be frobbed?")] == ["frob --list"]
    lexicon.close()


def test_a_network_in_the_lexicon_weighs_what_other_programs_have(tmp_path: Path):
    pairs = [
        *(Pair(f"do {n} quietly", f"p{n} --quiet", "common", f"p{n}", "tldr", 1.0, f"p{n}")
          for n in range(3)),
        *(Pair(f"show {n}", f"q{n} --x{n}", "common", f"q{n}", "tldr", 1.0, f"q{n}")
          for n in range(12)),
        Pair("show everything", "bare --all", "common", "bare", "tldr", 1.0, "bare"),
    ]  # fmt: skip
    (tmp_path / "extra").mkdir()
    for name in FLAG_LISTS:
        (tmp_path / f"extra/{name}.flags.jsonl").touch()
    path, linear = tmp_path / "small.db", [0.0] * (len(FEATURES) + 4)
    linear[FEATURES.index("spelt")] = 3.0
    network = StoredNetwork(1, [], [], [b"\0"] * 4, [1.0] * 4, [0.0], linear, -1.0, [], [], [])
    collection = Collection(tmp_path, pairs)
    write_lexicon(collection, WEIGHTS, 1.0, [], path, msgspec.msgpack.encode(network))
    lexicon = Lexicon(path)
    assert lexicon.hint("bare", "work quietly").items == ("--quiet", "--all")
    assert lexicon.hint("unheard-of", "work quietly").items == ("--quiet",)
    assert "--quiet" not in lexicon.flags("bare")
    lexicon.close()


def test_a_row_does_not_help_itself_to_its_flags(collection: Collection, pairs: list[Pair]):
    scorer = Scorer(WEIGHTS, {}, 1.0)
    cases = Cases(collection, collection, Guesses(collection), scorer)
    forced = cases.case(next(pair for pair in pairs if "--force" in pair.command), own=True)
    wanted = {c.text for c, mark in zip(forced.choices, forced.wanted, strict=True) if mark}
    assert wanted == {"--delete"}
    assert "--force" not in {choice.text for choice in forced.choices}
    assert forced.lost == 1
    delete = next(choice for choice in forced.choices if choice.text == "--delete")
    assert (delete.uses, terms("asking")[0] in delete.terms) == (1, False)
    assert forced.habits.commands == collection.topics["frob"].commands - 1


def test_flags_stand_where_they_usually_do(collection: Collection):
    places = usual_places(collection)
    assert places["--delete"] == 0.0
    assert places["--force"] == 1.0


def test_every_suggestion_leads_back_to_its_command(pairs: list[Pair]):
    rng = random.Random(3)
    for pair in pairs * 40:
        settled = settle(pair, rng)
        hint = Hint(pair.page or program_of(pair.command), ("--list", "--delete", "-name"))
        example = suggest(settled, hint, PAGED if pair.page else OTHER, lambda: None, rng)
        answer = hint.restore(example.answer) if example.hint else example.answer
        values = take_literals_out(settled.naming(hint.topic, random.Random(0))).values
        for slot, literal in (take_literals_out(settled.request).values or values).items():
            answer = answer.replace(slot, literal)
        assert answer == settled.command
        assert "{{" not in answer


def test_everyday_blocks_are_whole_and_fill_their_slots():
    rng = random.Random(1)
    blocks = read_blocks()
    assert len(blocks) > 1000
    for block in blocks:
        settled = block_settled(block, rng)
        assert block.asked
        assert settled.command
        assert "<" not in settled.request.replace("<<", "")
        suggest(settled, None, EVERYDAY, lambda: None, rng)


def test_everyday_requests_name_what_their_command_needs():
    for block in read_blocks():
        needed = {slot[1] + slot[2] for slot in SLOT.finditer(block.command)}
        for request in (*block.asked, *block.held_out):
            assert needed <= {slot[1] + slot[2] for slot in SLOT.finditer(request)}, request


def test_an_everyday_request_stands_for_one_command():
    commands: dict[str, str] = {}
    for block in read_blocks():
        for request in (*block.asked, *block.held_out):
            assert commands.setdefault(request.lower(), block.command) == block.command


def test_everyday_commands_parse():
    lines = [SLOT.sub("x", block.command) for block in read_blocks()]
    script = "\n".join(
        f"f{number}() {{ {line.rstrip('& ')}\n}}" for number, line in enumerate(lines)
    )
    done = subprocess.run(["bash", "-n"], input=script.encode(), capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_broken_command_is_repaired_into_the_one_it_was():
    rng = random.Random(2)
    settled = Settled("linux", "push", "sudo git push --tags origin", "push")
    examples = [example for _ in range(200) if (example := fix(settled, rng))]
    assert {example.answer for example in examples} == {settled.command}
    assert all(not example.request.startswith(settled.command + "\n") for example in examples)
    assert {example.request.split("\nstatus ")[1][:3].strip() for example in examples} >= {
        "127",
        "1",
    }


def test_an_explanation_is_the_request_without_politeness():
    settled = Settled("linux", "please list files", "ls", "list files")
    example = explain(settled)
    assert (example.task, example.request, example.answer) == ("explain", "ls", "list files")


def test_misspelling_changes_a_word_by_one_slip():
    rng = random.Random(4)
    for word in ["status", "--recursive", "commit", "ab"] * 50:
        assert abs(len(misspell(word, rng)) - len(word)) <= 1
    assert misspell("x", rng) == "x"


@pytest.mark.parametrize(
    ("answer", "head", "skeleton", "exact"),
    [
        ("tar --extract -f path/to/x.tar", 1, 1, 1),
        ("tar -x -f path/to/x.tar", 1, 1, 1),
        ("tar -x -f other.tar", 1, 1, 0),
        ("tar -f path/to/x.tar -x", 1, 0, 0),
        ("sudo tar -x -f path/to/x.tar", 1, 0, 0),
        ("unzip x", 0, 0, 0),
        ("", 0, 0, 0),
    ],
)
def test_marks_accept_either_form_of_an_option(answer: str, head: int, skeleton: int, exact: int):
    marks = mark(answer, ["tar {{[-x|--extract]}} -f {{path/to/x.tar}}"])
    assert (marks.head, marks.skeleton, marks.exact) == (head, skeleton, exact)
    assert 0.0 <= marks.f1 <= 1.0
    assert marks.f1 == 1.0 or not exact
