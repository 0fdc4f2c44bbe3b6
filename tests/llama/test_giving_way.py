"""Batch requests give way, prompts are read once for several, and no token is another for it.

Which tokens stand in a step beside a sequence's own, and which cells lie between its own, changes
how its numbers are rounded: llama.cpp multiplies one row by other code than several, and adds up
in the order of cells. So there is no promise of equal logits. What is tested: the likeliest token
is the same for these prompts and this model, and what is parked and goes on with nobody in between
is the same for every kind of sampling.
"""

from collections.abc import Iterable, Iterator

import pytest

from lmd.protocol.worker import (
    Abort,
    Delta,
    Done,
    Failed,
    Generate,
    Park,
    Ping,
    Pong,
    Prefill,
    Resume,
    Step,
)
from tests.e2e.daemon import rounds
from tests.llama.test_parking import prompts
from tests.worker.process import Final, WorkerProcess, load_message, open_worker, prompt

pytestmark = [pytest.mark.process, pytest.mark.llama]

TOKENS = 24
BOOK = "list files by size and print every line of them in reverse order " * 6


ENDLESS = [(0, -1000.0)]
"""Against the token that ends a text: an answer that is short is over before it can be parked."""


def greedy(
    job: int, text: str, *, batch: bool = False, tokens: int = TOKENS, endless: bool = False
) -> Generate:
    bias = ENDLESS if endless else []
    generate = prompt(job, text, temperature=0, max_tokens=tokens, logit_bias=bias)
    generate.priority = "batch" if batch else "interactive"
    return generate


class Hearing:
    """What a worker says of several jobs."""

    def __init__(self, worker: WorkerProcess) -> None:
        self.texts: dict[int, str] = {}
        self.tokens: dict[int, int] = {}
        self.finals: dict[int, Final] = {}
        self._worker = worker

    def until_tokens(self, job: int, count: int) -> None:
        """Until a job has made so many, or is over."""
        while self.tokens.get(job, 0) < count and job not in self.finals:
            self._hear()

    def until_over(self, *jobs: int) -> None:
        while not self.finals.keys() >= set(jobs):
            self._hear()

    def until_reading(self, job: int) -> None:
        while not (isinstance(message := self._hear(), Prefill) and message.job == job):
            pass

    def until_pong(self, nonce: int) -> None:
        while not (isinstance(message := self._hear(), Pong) and message.nonce == nonce):
            pass

    def _hear(self) -> object:
        message = self._worker.receive()
        if isinstance(message, Step):
            for delta in message.deltas:
                self._take(delta)
        elif isinstance(message, Final):
            assert message.job not in self.finals, "a second final message"
            self.finals[message.job] = message
        return message

    def _take(self, delta: Delta) -> None:
        assert delta.job not in self.finals, "text after the final message"
        self.texts[delta.job] = self.texts.get(delta.job, "") + delta.text
        self.tokens[delta.job] = self.tokens.get(delta.job, 0) + delta.tokens


def alone(model_path: str, jobs: Iterable[Generate], **load: object) -> dict[int, str]:
    """What each says when nobody else is there, and nothing is kept of those before."""
    texts = {}
    with open_worker() as worker:
        worker.load(load_message(model_path, parked=0, slots=1, **load))
        for job in jobs:
            texts[job.job], final = worker.text(job)
            assert isinstance(final, Done)
    return texts


def cached(final: Final) -> int:
    assert isinstance(final, Done)
    return final.usage.cached_tokens


@pytest.fixture
def one_slot(model_path: str) -> Iterator[WorkerProcess]:
    with open_worker() as worker:
        worker.load(load_message(model_path, slots=1, context=256, parked=4))
        yield worker


def test_parked_and_resumed_answers_are_those_of_an_undisturbed_one(
    model_path: str, one_slot: WorkerProcess
):
    texts = prompts(rounds(12, 50))
    asked = [greedy(at, text, tokens=60, endless=True) for at, text in enumerate(texts)]
    expected = alone(model_path, asked, context=256)
    hearing, other, midway = Hearing(one_slot), 1000, 0
    for job, text in enumerate(texts):
        one_slot.send(greedy(job, text, batch=True, tokens=60, endless=True))
        for at in (1 + job % 5, 8):
            if job in hearing.finals:
                break
            hearing.until_tokens(job, at)
            other += 1
            one_slot.send(Park(job), greedy(other, f"{job} count lines", tokens=4))
            hearing.until_over(other)
            midway += job not in hearing.finals
            one_slot.send(Resume(job))
        hearing.until_over(job)
    assert midway, "none was parked before its end"
    parted = [job for job, text in expected.items() if hearing.texts[job] != text]
    # Behind where a text would end its next tokens are about as likely as others.
    assert len(parted) <= len(texts) // 12, parted


def test_what_had_to_leave_the_cache_is_read_again(model_path: str):
    batch = greedy(1, "list files by size", batch=True, tokens=60)
    expected = alone(model_path, [batch], context=128)
    with open_worker() as worker:
        worker.load(load_message(model_path, slots=1, context=128, parked=2))
        hearing = Hearing(worker)
        worker.send(batch)
        hearing.until_tokens(1, 20)
        worker.send(Park(1), greedy(2, BOOK[:300], tokens=200))
        hearing.until_over(2)
        worker.send(Resume(1))
        hearing.until_over(1)
    assert hearing.texts[1] == expected[1]


@pytest.mark.parametrize(
    "wanted",
    [
        {"sampling": {"temperature": 1.5, "seed": 7, "repeat_penalty": 1.3, "max_tokens": 40}},
        {"grammar": 'root ::= ("ab" | "ba")+ ".."', "sampling": {"seed": 3, "max_tokens": 40}},
        {"sampling": {"temperature": 0.0, "stop": ["-name", " -type f"], "max_tokens": 40}},
    ],
)
def test_samplers_grammars_and_stops_go_on_where_they_were(
    model_path: str, one_slot: WorkerProcess, wanted: dict[str, object]
):
    sampling = wanted["sampling"]
    assert isinstance(sampling, dict)

    def job(number: int) -> Generate:
        made = prompt(number, "find all logs older than a week", **sampling)
        made.grammar = wanted.get("grammar")  # type: ignore[assignment]
        return made

    expected = alone(model_path, [job(1)], context=256)[1]
    hearing = Hearing(one_slot)
    one_slot.send(job(1))
    for at in (1, 2, 3):
        if 1 in hearing.finals:
            break
        hearing.until_tokens(1, at)
        one_slot.send(Park(1), Ping(at))
        hearing.until_pong(at)
        one_slot.send(Resume(1))
    hearing.until_over(1)
    assert hearing.texts[1] == expected


def test_a_parked_job_is_answered_when_it_is_aborted(one_slot: WorkerProcess):
    hearing = Hearing(one_slot)
    endless = greedy(1, "list files", batch=True, tokens=200)
    endless.grammar = "root ::= [a-z]{190}"
    one_slot.send(endless)
    hearing.until_tokens(1, 2)
    one_slot.send(Park(1), greedy(2, "count", tokens=2))
    hearing.until_over(2)
    one_slot.send(Abort(1), Resume(1), Park(77), greedy(3, "count", tokens=2))
    hearing.until_over(1, 3)
    final = hearing.finals[1]
    assert isinstance(final, Failed)
    assert final.code == "cancelled"


def test_a_job_that_is_parked_before_it_begins_does_not_begin(one_slot: WorkerProcess):
    hearing = Hearing(one_slot)
    one_slot.send(greedy(1, "list files", batch=True), Park(1), greedy(2, "count", tokens=3))
    hearing.until_over(2)
    before = hearing.tokens.get(1, 0)
    one_slot.send(greedy(3, "count the lines", tokens=8))
    hearing.until_over(3)
    assert hearing.tokens.get(1, 0) == before
    one_slot.send(Resume(1))
    hearing.until_over(1)


def test_a_prompt_that_several_have_is_read_once(model_path: str):
    jobs = [greedy(number, BOOK * 4) for number in range(6)]
    expected = alone(model_path, jobs, context=512)
    with open_worker() as worker:
        worker.load(load_message(model_path, slots=6, context=512, batch=32, parked=4))
        hearing = Hearing(worker)
        worker.send(*jobs)
        hearing.until_over(*range(6))
    assert hearing.texts == expected
    final = hearing.finals[0]
    assert isinstance(final, Done)
    total = final.usage.prompt_tokens
    read = sum(total - cached(final) for final in hearing.finals.values())
    assert read == total + 5, "all but the first decode the last token, and no other"


def test_who_waits_for_a_prompt_goes_on_when_its_reader_is_gone(model_path: str):
    with open_worker() as worker:
        worker.load(load_message(model_path, slots=4, context=1024, batch=32, parked=4))
        hearing = Hearing(worker)
        worker.send(*(greedy(number, BOOK * 2, batch=number == 0) for number in range(4)))
        hearing.until_reading(0)
        worker.send(Abort(0), Park(1))
        hearing.until_over(0, 2, 3)
        worker.send(Resume(1))
        hearing.until_over(1)
    assert isinstance(hearing.finals[0], Failed)
    assert hearing.texts[1] == hearing.texts[2] == hearing.texts[3]
    assert cached(hearing.finals[3]) > 0


def test_chunks_and_company_change_no_token(model_path: str):
    """Streams that are read along, batch streams and prompts, all at once."""
    texts = prompts(rounds(12, 50))
    jobs = [greedy(at, text, batch=at % 3 > 0) for at, text in enumerate(texts)]
    expected = alone(model_path, jobs, context=256)
    with open_worker() as worker:
        worker.load(load_message(model_path, slots=6, context=256, parked=4, prefill_chunk=16))
        hearing = Hearing(worker)
        worker.send(*jobs)
        hearing.until_over(*expected)
    assert hearing.texts == expected
