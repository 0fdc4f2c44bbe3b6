"""Speculation changes how a text is made, and not what it says."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from lmd.protocol.params import Sampling
from lmd.protocol.results import TokenLogprob
from lmd.protocol.worker import Abort, Done, Failed, Generate, LoadFailed, Ready, Step
from tests.e2e.conftest import NewDaemon, new_daemon, start
from tests.e2e.daemon import eventually
from tests.llama.test_generate import PROMPTS
from tests.llama.tiny import write_gemma, write_llama, write_mamba
from tests.worker.process import (
    Final,
    WorkerProcess,
    load_message,
    open_worker,
    prompt,
)

__all__ = ["new_daemon", "start"]

pytestmark = [pytest.mark.process, pytest.mark.llama]

EXACT, COARSE = 0.02, 0.3
"""Logits of a token that is computed alone and together with others differ by less: with weights
of 32 bits and a cache of 16, and where activations are rounded to 8 bits."""
FEW_LETTERS = [(257, -1000.0), *((ord(letter), 8.0) for letter in "abc")]
"""A text of them repeats itself."""
LOOP = "a b c d a b c d a b c d "


class Told(NamedTuple):
    """All that a job said."""

    text: str
    tokens: list[TokenLogprob]
    final: Final


@contextmanager
def serving(path: str, speculation: str, **load: object) -> Iterator[WorkerProcess]:
    values = {"slots": 4, "context": 256, "batch": 64} | load
    with open_worker() as worker:
        ready = worker.load(load_message(path, speculation=speculation, **values))
        assert isinstance(ready, Ready), ready
        yield worker


def ask(worker: WorkerProcess, job: Generate) -> Told:
    return ask_all(worker, [job])[0]


def ask_all(worker: WorkerProcess, jobs: list[Generate]) -> list[Told]:
    worker.send(*jobs)
    texts = {job.job: "" for job in jobs}
    tokens: dict[int, list[TokenLogprob]] = {job.job: [] for job in jobs}
    finals: dict[int, Final] = {}
    while len(finals) < len(jobs):
        message = worker.receive()
        if isinstance(message, Step):
            for delta in message.deltas:
                assert delta.job not in finals
                texts[delta.job] += delta.text
                tokens[delta.job] += delta.logprobs or []
        elif isinstance(message, Final):
            assert message.job not in finals
            finals[message.job] = message
    return [Told(texts[job.job], tokens[job.job], finals[job.job]) for job in jobs]


def differences(plain: list[Told], guessed: list[Told], rounding: float) -> int:
    """How many texts differ. Up to where they do the model computed the same but for rounding, and
    there the choice was one that rounding can turn."""
    count = 0
    for one, other in zip(plain, guessed, strict=True):
        for here, there in zip(one.tokens, other.tokens, strict=False):
            known = {top.id: top.logprob for top in here.top}
            shared = [top for top in there.top if top.id in known]
            assert len(shared) >= len(known) - 1
            assert all(abs(top.logprob - known[top.id]) < rounding for top in shared)
            if here.id != there.id:
                count += 1
                break
        else:
            assert one.text == other.text
            assert len(one.tokens) == len(other.tokens)
    return count


def done(told: Told) -> Done:
    assert isinstance(told.final, Done), told.final
    return told.final


@pytest.mark.parametrize("write", [write_llama, write_gemma])
def test_greedy_texts_of_exact_weights_are_the_same(write: object, tmp_path: Path) -> None:
    path = write(tmp_path / "tiny.gguf")  # type: ignore[operator]
    biases = [(257, -1000.0)], FEW_LETTERS
    jobs = [
        prompt(at, text, max_tokens=60, temperature=0, logit_bias=biases[at % 2], logprobs=4)
        for at, text in enumerate(PROMPTS)
    ]
    with serving(path, "off", context=128) as worker:
        plain = [ask(worker, job) for job in jobs]
    with serving(path, "always", context=128) as worker:
        guessed = [ask(worker, job) for job in jobs]
        together = ask_all(worker, jobs)
    assert differences(plain, guessed, EXACT) <= 1
    assert differences(plain, together, EXACT) <= 1
    usages = [done(told).usage for told in guessed]
    assert sum(usage.drafted_tokens for usage in usages) > 1000
    assert sum(usage.accepted_tokens for usage in usages) > 500


def test_greedy_texts_of_the_built_in_model_are_the_same_but_for_rounding(model_path: str) -> None:
    endless = [(token, -1000.0) for token in range(3)]
    jobs = [
        prompt(at, text, max_tokens=48, temperature=0, logit_bias=endless, logprobs=4)
        for at, text in enumerate(PROMPTS)
    ]
    with serving(model_path, "off") as worker:
        plain = [ask(worker, job) for job in jobs]
    with serving(model_path, "always") as worker:
        guessed = [ask(worker, job) for job in jobs]
    assert differences(plain, guessed, COARSE) <= 3
    usages = [done(told).usage for told in guessed]
    assert sum(usage.accepted_tokens for usage in usages) > 100


@pytest.fixture(scope="module")
def exact(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_llama(tmp_path_factory.mktemp("exact") / "tiny.gguf")


@pytest.fixture(scope="module")
def plain(exact: str) -> Iterator[WorkerProcess]:
    with serving(exact, "off", context=128) as worker:
        yield worker


@pytest.fixture(scope="module")
def guessing(exact: str) -> Iterator[WorkerProcess]:
    with serving(exact, "always", context=128) as worker:
        yield worker


REPEATING = {
    "temperature": 0.4,
    "seed": 5,
    "logit_bias": FEW_LETTERS,
    "max_tokens": 90,
    "logprobs": 4,
}


@pytest.mark.parametrize(
    "values",
    [
        {"temperature": 0.8, "seed": 3},
        {"temperature": 0.3, "top_k": 5, "seed": 11},
        {"temperature": 0, "repeat_penalty": 1.3},
        {"temperature": 0.5, "frequency_penalty": 0.5, "presence_penalty": 0.2, "seed": 2},
        {"temperature": 0, "dry_multiplier": 1.0, "dry_allowed_length": 4},
        {"temperature": 0.7, "mirostat": 2, "seed": 4},
        {"temperature": 0.7, "mirostat": 1, "seed": 4},
        {"temperature": 0.6, "typical_p": 0.7, "seed": 9},
    ],
    ids=str,
)
def test_every_sampler_chooses_as_it_does_without(
    plain: WorkerProcess, guessing: WorkerProcess, values: dict[str, object]
) -> None:
    job = prompt(1, LOOP, **(REPEATING | values))
    one, other = ask(plain, job), ask(guessing, job)
    assert differences([one], [other], EXACT) == 0
    assert done(other).usage.drafted_tokens > 0
    assert done(other).usage.completion_tokens == len(other.tokens) == 90


def test_a_schema_holds(plain: WorkerProcess, guessing: WorkerProcess) -> None:
    schema = json.dumps(
        {"type": "array", "items": {"enum": ["aaaa", "bbbb"]}, "minItems": 6, "maxItems": 6}
    )
    sampling = Sampling(temperature=0.5, seed=1, max_tokens=100)
    job = Generate(job=1, prompt="list: ", schema=schema, sampling=sampling)
    one, other = ask(plain, job), ask(guessing, job)
    assert len(json.loads(other.text)) == 6
    assert other.text == one.text
    assert done(other).usage.accepted_tokens > 0


def test_a_stop_string_inside_an_accepted_draft_ends_the_text(
    plain: WorkerProcess, guessing: WorkerProcess
) -> None:
    whole = Generate(
        job=1,
        prompt="x",
        grammar='root ::= "abcdefgh" "abcdefgh" "abcdefgh" "abcdefgh" "abcdefgh!"',
        sampling=Sampling(temperature=0, max_tokens=60),
    )
    assert done(ask(guessing, whole)).usage.accepted_tokens > 10
    for stop in ("hab", "ghabc", "cdefgh!", "h!", "e"):
        sampling = Sampling(temperature=0, max_tokens=60, stop=["never", stop])
        job = Generate(job=1, prompt="x", grammar=whole.grammar, sampling=sampling)
        one, other = ask(plain, job), ask(guessing, job)
        assert other.text == one.text
        assert done(other).finish_reason == "stop"
        assert done(other).usage.completion_tokens == done(one).usage.completion_tokens
        held = pytest.approx(done(one).usage.kv_bytes, rel=0.05)
        assert done(other).usage.kv_bytes == held, "no cell of a guess behind the end is kept"


@pytest.mark.parametrize("most", [1, 2, 3, 7, 16, 17, 18, 40])
def test_no_token_more_than_asked_for(
    plain: WorkerProcess, guessing: WorkerProcess, most: int
) -> None:
    job = prompt(1, LOOP, **(REPEATING | {"temperature": 0, "max_tokens": most}))
    one, other = ask(plain, job), ask(guessing, job)
    assert done(other).usage.completion_tokens == most
    assert done(other).finish_reason == "length"
    assert other.text == one.text


def test_the_context_fills_to_its_last_cell(plain: WorkerProcess, guessing: WorkerProcess) -> None:
    for overflow in ("error", "shift"):
        sampling = Sampling(temperature=0, max_tokens=300, logit_bias=[(257, -1000.0)])
        if overflow == "error":
            sampling.max_tokens = None
        job = Generate(job=1, prompt=LOOP, sampling=sampling, overflow=overflow)  # type: ignore[arg-type]
        one, other = ask(plain, job), ask(guessing, job)
        assert done(other).finish_reason == "length"
        assert done(other).usage.completion_tokens == done(one).usage.completion_tokens
        assert done(other).warnings == done(one).warnings
        assert other.text == one.text


def test_characters_of_several_tokens_come_whole(
    plain: WorkerProcess, guessing: WorkerProcess
) -> None:
    job = Generate(
        job=1,
        prompt="x",
        grammar='root ::= "äöü→äöü→äöü→äöü→äöü→"',
        sampling=Sampling(temperature=0, max_tokens=200),
    )
    told = ask(guessing, job)
    assert told.text == "äöü→" * 5
    assert done(told).usage.accepted_tokens > 10


def test_a_cancel_leaves_the_others_and_the_cache_as_they_were(
    plain: WorkerProcess, guessing: WorkerProcess
) -> None:
    kept = [prompt(at, f"{LOOP}{at}", **REPEATING) for at in range(3)]
    expected = [ask(plain, job).text for job in kept]
    endless = prompt(9, LOOP, **(REPEATING | {"max_tokens": None}))
    endless.overflow = "shift"
    for _ in range(5):
        guessing.send(endless)
        while not isinstance(message := guessing.receive(), Step):
            pass
        guessing.send(*kept)
        guessing.send(Abort(9))
        texts, finals = dict.fromkeys(range(3), ""), {}
        while len(finals) < 4:
            message = guessing.receive()
            if isinstance(message, Step):
                for delta in message.deltas:
                    if delta.job != 9:
                        texts[delta.job] += delta.text
            elif isinstance(message, Final):
                finals[message.job] = message
        assert isinstance(finals[9], Failed)
        assert list(texts.values()) == expected


def test_what_was_guessed_wrong_is_not_in_the_cache_of_the_next(
    plain: WorkerProcess, guessing: WorkerProcess
) -> None:
    own = f"its own: {LOOP}"
    first = prompt(1, own, **(REPEATING | {"max_tokens": 60}))
    for worker in (plain, guessing):
        said = ask(worker, first).text
    assert said.isascii()
    follow = prompt(2, own + said + "?", **(REPEATING | {"max_tokens": 8}))
    one, other = ask(plain, follow), ask(guessing, follow)
    assert other.text == one.text
    assert done(other).usage.cached_tokens == done(one).usage.cached_tokens


def test_a_memory_that_cannot_go_back_never_speculates(tmp_path: Path) -> None:
    path = write_mamba(tmp_path / "mamba.gguf")
    with open_worker() as worker:
        ready = worker.load(load_message(path, context=128, batch=32, speculation="always"))
        assert isinstance(ready, Ready)
        assert [warning.path for warning in ready.warnings] == ["speculation"]
        told = ask(worker, prompt(1, LOOP, **REPEATING))
        assert done(told).usage.drafted_tokens == 0


def test_a_model_that_drafts_for_itself_is_always_right(exact: str, plain: WorkerProcess) -> None:
    greedy = REPEATING | {"temperature": 0, "logit_bias": []}
    jobs = [prompt(at, f"{text}: ", **greedy) for at, text in enumerate(PROMPTS[:12])]
    expected = [ask(plain, job) for job in jobs]
    with serving(exact, "always", context=128, draft_path=exact) as worker:
        told = [ask(worker, job) for job in jobs]
        assert differences(expected, told, EXACT) <= 1
        assert differences(expected, ask_all(worker, jobs), EXACT) <= 1
    drafted = sum(done(one).usage.drafted_tokens for one in told)
    accepted = sum(done(one).usage.accepted_tokens for one in told)
    assert accepted >= 0.98 * drafted
    assert accepted > 0.8 * sum(done(one).usage.completion_tokens for one in told)


def test_a_draft_model_that_is_often_wrong_changes_nothing(
    exact: str, plain: WorkerProcess, tmp_path: Path
) -> None:
    other = write_gemma(tmp_path / "gemma.gguf")
    drawn = REPEATING | {"logit_bias": [(257, -1000.0)]}
    jobs = [prompt(at, f"{text}: ", **drawn) for at, text in enumerate(PROMPTS[:12])]
    expected = [ask(plain, job) for job in jobs]
    with serving(exact, "always", context=128, draft_path=other) as worker:
        assert differences(expected, [ask(worker, job) for job in jobs], EXACT) <= 1
        worker.send(prompt(99, LOOP, **(drawn | {"max_tokens": None})), Abort(99))
        assert isinstance(worker.until_final(99)[99], Failed | Done)
        told = ask_all(worker, jobs)
    assert differences(expected, told, EXACT) <= 1
    drafted = sum(done(one).usage.drafted_tokens for one in told)
    assert 0 < sum(done(one).usage.accepted_tokens for one in told) < 0.5 * drafted


def test_a_draft_model_of_another_vocabulary_or_none_is_refused(
    exact: str, model_path: str, tmp_path: Path
) -> None:
    mamba = write_mamba(tmp_path / "mamba.gguf")
    garbage = tmp_path / "garbage.gguf"
    garbage.write_bytes(b"GGUF" + bytes(100))
    for path, words in (
        (model_path, "another vocabulary"),
        (mamba, "cannot take back"),
        (str(garbage), "cannot load the draft model"),
        (str(tmp_path / "missing.gguf"), "cannot read"),
    ):
        with open_worker() as worker:
            failed = worker.load(load_message(exact, speculation="auto", draft_path=path))
            assert isinstance(failed, LoadFailed)
            assert words in failed.message
            assert path in failed.message
            assert failed.hint


def test_where_it_is_automatic_the_texts_are_the_same_too(exact: str, plain: WorkerProcess) -> None:
    """Whether it pays is measured, so how much is guessed is not known here."""
    jobs = [prompt(at, f"{LOOP}{text}", **REPEATING) for at, text in enumerate(PROMPTS[:20])]
    expected = [ask(plain, job) for job in jobs]
    with serving(exact, "auto", context=128, draft_path=exact) as worker:
        assert differences(expected, [ask(worker, job) for job in jobs], EXACT) <= 1
        assert differences(expected, ask_all(worker, jobs), EXACT) <= 1


def test_the_daemon_says_why_a_draft_model_does_not_fit_and_serves_without(
    start: NewDaemon, exact: str, model_path: str
) -> None:
    model = f'[models.m]\npath = "{exact}"\ncontext = 128\nslots = 2\n'
    daemon = start(f'{model}speculation = "always"\ndraft_model = "{model_path}"\n', None)
    asked = {"model": "m", "prompt": LOOP, "max_tokens": 30, "logit_bias": FEW_LETTERS}
    with daemon.msgpack() as client:
        refused = client.call("complete", **asked)
        assert refused.code == "load_failed"
        assert refused.error is not None
        assert "another vocabulary" in refused.error["message"]
        daemon.config.write_text(f'{model}speculation = "always"\n')
        assert eventually(lambda: daemon.status()["config_generation"] == 2)
        usage = client.call("complete", **asked).good()["usage"]
        assert 0 < usage["accepted_tokens"] <= usage["drafted_tokens"]
        text = client.call("metrics").good()["text"]
        assert f'lmd_drafted_tokens_total{{model="m"}} {usage["drafted_tokens"]}.0' in text
        assert f'lmd_accepted_tokens_total{{model="m"}} {usage["accepted_tokens"]}.0' in text
