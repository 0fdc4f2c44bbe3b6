"""From drafts and facts to candidates in order."""

from dataclasses import replace
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import given

from lmd.paths import lexicon_path
from lmd.protocol.results import Candidate
from lmd.shell.lexicon.store import Lexicon
from lmd.shell.suggest.candidates import Draft
from lmd.shell.suggest.hinting import Hinted
from lmd.shell.suggest.knowledge import Knowledge, NoLexicon
from lmd.shell.suggest.ranking import choose_differing, evidence_of, is_outdone, is_sure, rank
from lmd.shell.suggest.weights import THRESHOLD

KNOWLEDGE = Knowledge(NoLexicon(), lambda topic: frozenset())
PLAIN = Hinted("list", "", (), {"ls": 0.9})
LS = Draft("ls -la", -1.0, 2, 6, True)
RM = Draft("rm -rf /etc", -9.0, 4, 1)


def ranked(
    *drafts: Draft,
    parses: dict[str, bool] | None = None,
    commands: frozenset[str] | None = None,
    trusted: bool = True,
):
    evidence = evidence_of(drafts, PLAIN, ())
    return rank(drafts, parses or {}, evidence, commands, KNOWLEDGE, trusted=trusted)


def test_risks_are_those_of_the_shell_that_the_command_is_for():
    draft = Draft('echo "done!"', -1.0, 2, 6, True)
    evidence = evidence_of([draft], PLAIN, ())
    for shell, marked in (("zsh", True), ("bash", False)):
        found = rank([draft], {}, evidence, None, KNOWLEDGE, trusted=True, shell=shell)
        assert bool(found[0].risk) == marked


def test_the_likeliest_comes_first_and_risk_is_named():
    first, second = ranked(RM, LS)
    assert (first.command, second.command) == ("ls -la", "rm -rf /etc")
    assert first.confidence > second.confidence
    assert first.risk == []
    assert second.risk
    assert first.insertable
    assert second.insertable


def test_what_does_not_parse_is_left_out_and_what_is_unknown_stays():
    assert [found.command for found in ranked(RM, LS, parses={"ls -la": False})] == ["rm -rf /etc"]
    assert len(ranked(RM, LS, parses={"ls -la": True})) == 2


def test_nothing_untrusted_is_insertable_or_sure():
    found = ranked(LS, RM, trusted=False)
    assert not any(candidate.insertable for candidate in found)
    assert not is_sure(found)
    assert is_sure(ranked(LS))
    assert not is_sure([])


def test_a_task_that_the_shell_cannot_say_outdoes_what_fits_worse():
    loop, listed = Draft("for f in *; do ls; done", idiom=0.9), Draft("ls", idiom=0.8)
    lost = {loop.command: False}
    assert is_outdone("ls -la", [loop, LS], lost)
    assert is_outdone("ls", [loop, listed], lost)
    assert not is_outdone("ls", [loop, listed], {})
    assert not is_outdone("ls", [replace(listed, idiom=0.9), loop], lost)
    assert not is_outdone("ls -la", [replace(loop, idiom=0.5), LS], lost)


def test_what_is_missing_is_named_and_counts_against_it():
    here, gone = ranked(LS, commands=frozenset({"ls"})), ranked(LS, commands=frozenset({"cat"}))
    assert here[0].missing == []
    assert gone[0].missing == ["ls"]
    assert gone[0].confidence < here[0].confidence


def test_a_repair_has_the_confidence_of_its_rule():
    (found,) = ranked(Draft("git push -u origin x", why="no upstream", rule_confidence=0.9))
    assert (found.confidence, found.why) == (0.9, "no upstream")
    assert is_sure([found]) == (THRESHOLD <= 0.9)


def test_what_differs_in_literals_alone_gives_way_to_what_differs_in_flags():
    lines = ("ls -l a", "ls -l b", "ls a", "ls -l c")
    listed = [Candidate(line, 0.9 - at / 10, True) for at, line in enumerate(lines)]
    chosen = [one.command for one in choose_differing(listed, 2)]
    assert chosen == ["ls -l a", "ls a"]
    assert [one.command for one in choose_differing(listed, 3)] == ["ls -l a", "ls -l b", "ls a"]
    assert choose_differing(listed, 9) == listed


def test_placeholders_are_spans_of_the_command():
    (found,) = ranked(Draft("tar -xf path/to/archive.tar", -1.0, 5, 1))
    ((start, end),) = found.placeholders
    assert found.command[start:end] == "path/to/archive.tar"


@given(st.lists(st.builds(Draft, st.text(min_size=1, max_size=40), votes=st.just(1)), max_size=8))
def test_any_text_can_be_ranked(drafts: list[Draft]):
    unique = list({draft.command: draft for draft in drafts}.values())
    found = ranked(*unique)
    assert sorted(candidate.command for candidate in found) == sorted(
        draft.command for draft in unique
    )
    for candidate in found:
        if candidate.insertable:
            assert candidate.command.isprintable()
            assert "\n" not in candidate.command


def invented(*commands: str, named: str = "", installed: set[str] | None = None) -> list[str]:
    """What is left of drafts where the lexicon that ships knows the programs."""
    lexicon = Lexicon(Path(lexicon_path()))
    knowledge = Knowledge(lexicon, lambda topic: frozenset())
    drafts = [Draft(command, -1.0, 3, 1) for command in commands]
    evidence = evidence_of(drafts, Hinted("x", named, (), {}), ())
    found = rank(drafts, {}, evidence, installed, knowledge, trusted=True)
    lexicon.close()
    return [candidate.command for candidate in found]


def test_a_program_that_nobody_knows_is_no_candidate():
    assert invented("frobngicate -x", "tar -x", installed={"ls"}) == ["tar -x"]
    assert invented("cat x | frobngicate", "$EDITOR x") == ["$EDITOR x"]


def test_a_program_that_the_request_or_the_caller_names_stays():
    assert invented("frobngicate -x", named="frobngicate") == ["frobngicate -x"]
    assert invented("frobngicate -x", installed={"frobngicate"}) == ["frobngicate -x"]


def test_a_rule_may_name_a_program_that_nobody_knows():
    drafts = [Draft("frobngicate x", why="as before", rule_confidence=0.9)]
    evidence = evidence_of(drafts, Hinted("x", "", (), {}), ())
    assert rank(drafts, {}, evidence, set(), KNOWLEDGE, trusted=True)
