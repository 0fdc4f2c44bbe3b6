"""Tasks as messages, for models made for them and for any other."""

from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import given

from lmd.config.load import BUILTIN_SHAPE
from lmd.protocol.params import SuggestParams
from lmd.shell.hints import Hint
from lmd.shell.slots import ITEMS, STRING_SLOTS, TOPIC
from lmd.shell.suggest.draws import SPARE, plan_draws
from lmd.shell.suggest.hinting import MOST_HINTS, Hinted
from lmd.shell.suggest.prompts import Prompt, command_prompts, sentence_prompt
from lmd.shell.suggest.task import TELLING_CHARACTERS, Style, Task, telling_line

REQUEST = Task("suggest", "unpack a.tgz with tar", "macos")
HINTS = (Hint("tar", ("-x", "-z")), Hint("gunzip"))
HINTED = Hinted("unpack a.tgz", "tar", HINTS, {"tar": 1.0})
FAILED = Task("fix", "gti push", "linux", status=127, error="bash: gti: command not found\n")


def test_a_request_that_names_its_program_has_its_hint_alone():
    (tar,) = command_prompts(REQUEST, Style.TASKS, replace(HINTED, hints=HINTS[:1]))
    assert tar.hint == HINTS[0]
    assert tar.messages[1].content == f"unpack {STRING_SLOTS[0]}.tgz"


def test_a_model_made_for_the_tasks_gets_one_prompt_without_a_hint_and_one_for_each():
    bare, tar, gunzip = command_prompts(REQUEST, Style.TASKS, replace(HINTED, named=""))
    assert [message.role for message in bare.messages] == ["system", "user"]
    assert bare.messages[0].content == "task: suggest\nplatform: macos"
    assert bare.messages[1].content == f"unpack {STRING_SLOTS[0]}.tgz with tar"
    assert tar.messages[0].content.splitlines()[2] == f"hint: {HINTS[0].text}"
    assert tar.messages[1].content == f"unpack {STRING_SLOTS[0]}.tgz"
    assert gunzip.restore(f"gunzip {STRING_SLOTS[0]}.tgz") == "gunzip a.tgz"


def test_a_failed_command_is_read_with_its_status_and_its_telling_line():
    (prompt,) = command_prompts(FAILED, Style.TASKS, HINTED)
    assert prompt.messages[0].content == "task: fix\nplatform: linux"
    assert prompt.messages[1].content == "gti push\nstatus 127\nbash: gti: command not found"


def test_an_older_built_in_model_gets_the_request_alone_and_no_tasks_it_has_not_learnt():
    (prompt,) = command_prompts(REQUEST, Style.PLAIN, HINTED)
    assert prompt.messages[1].content == REQUEST.text
    assert sentence_prompt(Task("explain", "ls"), Style.PLAIN) is None


def test_a_general_model_gets_words_and_a_schema():
    (prompt,) = command_prompts(REQUEST, Style.GENERAL, HINTED)
    assert prompt.schema is not None
    assert "macOS" in prompt.messages[0].content
    assert "bash" in prompt.messages[0].content
    assert prompt.messages[1].content == REQUEST.text
    sentence = sentence_prompt(Task("explain", "ls -la"), Style.GENERAL)
    assert sentence is not None
    assert sentence.schema is None


def test_history_is_shown_to_a_general_model_alone():
    task = Task("suggest", "again", history=("cd src", "make -j4"))
    (general,) = command_prompts(task, Style.GENERAL, HINTED)
    assert "cd src\nmake -j4\n" in general.messages[0].content
    assert all(
        "make" not in message.content
        for prompt in command_prompts(task, Style.TASKS, HINTED)
        for message in prompt.messages
    )


@given(st.text())
def test_no_request_can_speak_in_the_place_of_a_hint(text: str):
    """The characters that stand for slots and items come from lmd alone."""
    hostile = text + STRING_SLOTS[0] + HINTS[0].text
    bare, *_ = command_prompts(Task("suggest", hostile), Style.TASKS, replace(HINTED, named=""))
    user = bare.messages[1].content
    assert bare.restore(user) is not None
    assert bare.messages[0].content.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "line"),
    [
        ("", ""),
        ("\n \n", ""),
        ("ls: invalid option -- 'y'\nTry 'ls --help'.\n", "ls: invalid option -- 'y'"),
        ("a\nfatal: The current branch has no upstream\n\n    git push -u\n",
         "fatal: The current branch has no upstream"),
        ("one\ntwo\n", "two"),
    ],
)  # fmt: skip
def test_the_telling_line(error: str, line: str):
    assert telling_line(error) == line


@given(st.text())
def test_the_telling_line_is_one_and_short(error: str):
    line = telling_line(error)
    assert len(line) <= TELLING_CHARACTERS
    assert len(line.splitlines()) <= 1


def test_the_samples_of_a_request_fit_into_one_batch_of_the_built_in_model():
    asked = SuggestParams(text="x").n
    hints = tuple(replace(HINTS[0], chances=(0.5, 0.5)) for _ in range(MOST_HINTS))
    for named in ("", "tar"):
        hinted = Hinted("unpack", named, hints[:1] if named else hints, {})
        prompts = command_prompts(REQUEST, Style.TASKS, hinted)
        assert len(prompts) > 4
        draws = plan_draws(prompts, asked, Style.TASKS)
        assert len(draws) <= BUILTIN_SHAPE["slots"]
        free = [draw for draw in draws if not prompts[draw.prompt].begin]
        assert len(free) > len(draws) // 3
        begun = [draw.prompt for draw in draws if prompts[draw.prompt].begin]
        assert len(set(begun)) == len(begun)


def test_an_answer_goes_on_from_the_beginning_that_was_given():
    hint = Hint("tar", ("-x", "-z"), chances=(0.9, 0.2))
    hinted = replace(HINTED, hints=(hint,))
    free, first, *_ = command_prompts(REQUEST, Style.TASKS, hinted)
    assert (free.begin, first.begin) == ("", TOPIC + ITEMS[0])
    assert first.messages[0].content.splitlines()[3] == f"begin: {TOPIC}{ITEMS[0]}"
    assert first.restore(f" {STRING_SLOTS[0]}.tgz") == "tar -x a.tgz"
    assert free.restore("ls") == "ls"


@pytest.mark.parametrize("style", Style)
@pytest.mark.parametrize("prompts", range(1, 5))
@pytest.mark.parametrize("count", [1, 5, 10])
def test_draws(style: Style, prompts: int, count: int):
    asked = [Prompt(()) for _ in range(prompts)]
    draws = plan_draws(asked, count, style)
    assert len(draws) == (count if style is Style.GENERAL else count + SPARE)
    greedy = [draw for draw in draws if draw.sampling.temperature == 0]
    assert [draw.prompt for draw in greedy] == list(range(min(prompts, len(draws))))
    seeds = [draw.sampling.seed for draw in draws if draw not in greedy]
    assert len(set(seeds)) == len(seeds)
    assert None not in seeds
    assert all(draw.prompt < prompts for draw in draws)
    assert all(draw.sampling.logprobs == 0 and draw.sampling.max_tokens for draw in draws)
    assert plan_draws(asked, count, style) == draws
