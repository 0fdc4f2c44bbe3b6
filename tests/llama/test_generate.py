"""Text out of the real engine: against llama_cpp.Llama, in batches, and under every parameter."""

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from lmd.protocol.params import Message, Sampling
from lmd.protocol.worker import Delta, Done, Failed, Generate, LoadFailed, Step, Tokenize, Tokenized
from lmd.worker.prefix import common_prefix
from tests.reference import open_llama
from tests.worker.process import Final, WorkerProcess, chat, load_message, open_worker, prompt

pytestmark = [pytest.mark.process, pytest.mark.llama]

PROMPTS = [
    f"{verb} {what} {where}"
    for verb in ("find", "list", "delete", "count", "show")
    for what in ("all pdf files", "lines with TODO")
    for where in ("in src", "changed today", "larger than 1M", "in /etc", "by size")
]


def run_all(worker: WorkerProcess, jobs: list[Generate]) -> tuple[dict[int, str], dict[int, Final]]:
    worker.send(*jobs)
    texts = {job.job: "" for job in jobs}
    finals: dict[int, Final] = {}
    while len(finals) < len(jobs):
        message = worker.receive()
        if isinstance(message, Step):
            for delta in message.deltas:
                assert delta.job not in finals
                texts[delta.job] += delta.text
        elif isinstance(message, Final):
            finals[message.job] = message
    return texts, finals


class Reference(NamedTuple):
    """What llama_cpp.Llama answers to `PROMPTS`, greedily, without ever ending by itself."""

    texts: list[str]
    never: list[tuple[int, float]]
    """The bias that forbids the end."""


@pytest.fixture(scope="module")
def reference(model_path: str) -> Reference:
    llama = open_llama(model_path, n_ctx=256, n_threads=1, n_threads_batch=1)
    never = {llama.token_eos(): -1000.0}
    answers = [
        llama.create_completion(
            text, max_tokens=24, temperature=0, repeat_penalty=1.0, logit_bias=never
        )
        for text in PROMPTS
    ]
    llama.close()
    texts = [answer["choices"][0]["text"] for answer in answers]  # type: ignore[index]
    return Reference(texts, list(never.items()))


def greedy_jobs(reference: Reference) -> list[Generate]:
    return [
        prompt(at, text, max_tokens=24, temperature=0, logit_bias=reference.never)
        for at, text in enumerate(PROMPTS)
    ]


def test_greedy_text_equals_that_of_llama_cpp(worker: WorkerProcess, reference: Reference):
    texts = [worker.text(job)[0] for job in greedy_jobs(reference)]
    assert sum(mine == theirs for mine, theirs in zip(texts, reference.texts, strict=True)) >= 49
    assert sum(map(len, texts)) > 24 * len(PROMPTS)


def test_text_in_a_batch_is_the_text_alone(worker: WorkerProcess, reference: Reference):
    texts, _ = run_all(worker, greedy_jobs(reference))
    same = sum(
        common_prefix(texts[at].encode(), expected.encode())
        for at, expected in enumerate(reference.texts)
    )
    assert same >= 0.95 * sum(len(text.encode()) for text in reference.texts)


def test_usage_timings_and_order(worker: WorkerProcess):
    worker.send(prompt(1, "find all files", max_tokens=5, temperature=0))
    kinds: list[str] = []
    while not isinstance(message := worker.receive(), Done):
        kinds.append(type(message).__name__)
    assert kinds[0] == "Prefill"
    assert set(kinds[1:]) == {"Step"}
    usage, timings = message.usage, message.timings
    assert 0 <= usage.cached_tokens < usage.prompt_tokens
    assert usage.completion_tokens <= 5
    assert 0 < timings.prefill_ms <= timings.first_token_ms
    assert timings.decode_ms >= 0


def test_the_cache_that_a_request_held_is_told(worker: WorkerProcess):
    # 6 layers of 4 heads of 64 numbers of 2 bytes, keys and values; llama.cpp adds positions.
    cell = 6 * 4 * 64 * 2 * 2
    for words, tokens in (("find", 3), ("find all files here that are large", 40)):
        _, final = worker.text(
            Generate(
                job=1,
                prompt=words,
                grammar=f"root ::= [a-d]{{{3 * tokens}}}",
                sampling=Sampling(temperature=0, max_tokens=tokens),
            )
        )
        assert isinstance(final, Done)
        usage = final.usage
        held = usage.prompt_tokens + usage.completion_tokens - 1  # the last token is not decoded
        assert usage.completion_tokens == tokens
        assert cell * held <= usage.kv_bytes <= 1.03 * cell * held + 64


SOME_LETTERS = "root ::= [a-d]{24}"
HOT = {"temperature": 5.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0, "seed": 1}


def letters(worker: WorkerProcess, **values: object) -> str:
    """Text that any model can write, long enough to show a parameter at work."""
    sampling = Sampling(**({"temperature": 0, "max_tokens": 64} | values))  # type: ignore[arg-type]
    text, final = worker.text(
        Generate(job=1, prompt="abcd", grammar=SOME_LETTERS, sampling=sampling)
    )
    assert isinstance(final, Done)
    assert final.finish_reason == "stop"
    return text


def test_the_same_seed_gives_the_same_text_and_another_one_another(worker: WorkerProcess):
    texts = [letters(worker, **(HOT | {"seed": seed})) for seed in range(4)]
    assert [letters(worker, **(HOT | {"seed": seed})) for seed in range(4)] == texts
    assert len(set(texts)) == 4


def test_without_a_seed_the_texts_differ(worker: WorkerProcess):
    assert len({letters(worker, **(HOT | {"seed": None})) for _ in range(4)}) == 4


@pytest.mark.parametrize(
    "values",
    [
        {"repeat_penalty": 5.0},
        {"frequency_penalty": 2.0},
        {"dry_multiplier": 10.0, "dry_allowed_length": 1},
        HOT,
        {"temperature": 5.0, "mirostat": 1, "seed": 1},
        {"temperature": 5.0, "mirostat": 2, "mirostat_tau": 20.0, "seed": 1},
    ],
    ids=str,
)
def test_a_parameter_changes_the_text(worker: WorkerProcess, values: dict[str, object]):
    assert letters(worker, **values) != letters(worker)


def test_typical_p_changes_what_is_drawn(worker: WorkerProcess):
    assert letters(worker, **(HOT | {"typical_p": 0.2})) != letters(worker, **HOT)


@pytest.mark.parametrize(
    "values", [{"top_k": 1}, {"top_p": 0.0}, {"min_p": 1.0}, {"temperature": 0.0}]
)
def test_a_parameter_that_leaves_one_choice_is_greedy(
    worker: WorkerProcess, values: dict[str, object]
):
    greedy, _ = worker.text(prompt(1, "list all files", max_tokens=16, temperature=0))
    hot = {"max_tokens": 16, "temperature": 5.0, "min_p": 0.0, "top_p": 1.0, "top_k": 0}
    assert worker.text(prompt(1, "list all files", **(hot | values)))[0] == greedy


def test_logit_bias_forbids_and_forces(worker: WorkerProcess):
    (letter_a,) = tokenize(worker, "a")
    (letter_b,) = tokenize(worker, "b")
    assert letters(worker, logit_bias=[(letter_b, 1000.0)]) == "b" * 24
    assert letters(worker, logit_bias=[(letter_a, 1000.0)]) == "a" * 24
    both = [(letter_a, 1000.0), (letter_b, 1000.0)]
    chosen = letters(worker, logit_bias=both)
    assert set(chosen) <= {"a", "b"}


def tokenize(worker: WorkerProcess, text: str) -> list[int]:
    worker.send(Tokenize(job=1, text=text, add_special=False, with_pieces=False))
    final = worker.until_final(1)[1]
    assert isinstance(final, Tokenized)
    return final.tokens


EXTREMES = [
    {"temperature": 5.0, "top_p": 0.0, "typical_p": 0.0, "min_p": 1.0},
    {"temperature": 1e-30},
    {"repeat_penalty": 1e-30, "presence_penalty": -2.0, "frequency_penalty": -2.0},
    {"repeat_penalty": 5.0, "repeat_last_n": 1 << 20, "dry_penalty_last_n": 1 << 20},
    {"dry_multiplier": 10.0, "dry_base": 10.0, "dry_allowed_length": 1024},
    {"mirostat": 1, "mirostat_tau": 0.0, "mirostat_eta": 0.0},
    {"mirostat": 2, "mirostat_tau": 0.0, "mirostat_eta": 1.0},
    {"mirostat": 1, "mirostat_tau": 20.0, "mirostat_eta": 1.0, "temperature": 5.0},
    {"top_k": 1 << 20, "seed": 2**32 - 1},
    {"logit_bias": [(token, -1000.0) for token in range(512)]},
    {"max_tokens": 1 << 20},
    {"stop": ["\U0010ffff" * 256] * 16},
    {"logprobs": 20},
]


@pytest.mark.parametrize("values", EXTREMES, ids=str)
def test_extreme_values_generate(worker: WorkerProcess, values: dict[str, object]):
    _, final = worker.text(prompt(1, "a", **({"max_tokens": 12} | values)))
    assert isinstance(final, Done)


@pytest.mark.parametrize(
    "values",
    [
        {"temperature": float("nan")},
        {"temperature": float("inf")},
        {"temperature": 1e308},
        {"top_k": -1},
        {"max_tokens": 0},
        {"seed": 2**40},
        {"logit_bias": [(1 << 30, 1.0)]},
        {"logit_bias": [(1, float("nan"))]},
        {"mirostat": 3},
        {"repeat_penalty": 0.0},
        {"repeat_last_n": -(2**31)},
        {"stop": [""]},
        {"logprobs": 21},
    ],
    ids=str,
)
def test_hostile_numbers_are_refused(worker: WorkerProcess, values: dict[str, object]):
    _, final = worker.text(prompt(1, "a", **values))
    assert isinstance(final, Failed)
    assert final.code == "invalid_request"


def test_stop_strings_end_the_text_and_are_not_part_of_it(worker: WorkerProcess):
    text = letters(worker, **HOT, stop=["never", "d"])
    whole = letters(worker, **HOT)
    assert text == whole[: whole.index("d")]


def test_logprobs_are_probabilities_and_the_greedy_choice_is_on_top(worker: WorkerProcess):
    worker.send(chat(1, "list all files", max_tokens=6, temperature=0, logprobs=5))
    deltas: list[Delta] = []
    while not isinstance(message := worker.receive(), Done):
        if isinstance(message, Step):
            deltas += message.deltas
    entries = [entry for delta in deltas for entry in delta.logprobs or []]
    assert len(entries) == message.usage.completion_tokens > 0
    for entry in entries:
        probabilities = [2.718281828459045**top.logprob for top in entry.top]
        assert len(probabilities) == 5
        assert sum(probabilities) <= 1.0001
        assert probabilities == sorted(probabilities, reverse=True)
        assert (entry.id, entry.logprob) == (entry.top[0].id, entry.top[0].logprob)


def test_chat_and_raw_text_of_the_same_prompt_agree(worker: WorkerProcess, model_path: str):
    llama = open_llama(model_path, n_ctx=256, n_threads=1, n_threads_batch=1)
    answer = llama.create_chat_completion(
        [{"role": "user", "content": "list files by size"}],
        max_tokens=24,
        temperature=0,
        repeat_penalty=1.0,
    )
    llama.close()
    text, _ = worker.text(chat(1, "list files by size", max_tokens=24, temperature=0))
    assert text == answer["choices"][0]["message"]["content"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("job", "code"),
    [
        (Generate(job=1, sampling=Sampling()), "invalid_request"),
        (Generate(job=1, prompt="a", suffix="b", sampling=Sampling()), "backend_error"),
        (Generate(job=1, messages=[], sampling=Sampling(max_tokens=1)), None),
        (Generate(job=1, prompt="\ud800".encode("utf-8", "replace").decode(),
                  sampling=Sampling(max_tokens=1)), None),
        (Generate(job=1, prompt="\0" * 100, sampling=Sampling(max_tokens=1)), None),
        (Generate(job=1, messages=[Message("tool", "x" * 50)], sampling=Sampling(max_tokens=1)),
         None),
        (Generate(job=1, prompt="a", grammar="root ::= root", sampling=Sampling()),
         "invalid_request"),
        (Generate(job=1, prompt="a", schema="{", sampling=Sampling()), "invalid_request"),
        (Generate(job=1, prompt="a", schema="{}", grammar="x", sampling=Sampling()),
         "invalid_request"),
    ],
)  # fmt: skip
def test_odd_jobs_end_with_a_typed_answer(worker: WorkerProcess, job: Generate, code: str | None):
    _, final = worker.text(job)
    if code is not None:
        assert isinstance(final, Failed)
        assert final.code == code
    else:
        assert isinstance(final, Done) or final.code in ("invalid_request", "model_failed")


def test_a_model_that_is_no_model_fails_to_load(tmp_path: Path):
    garbage = tmp_path / "x.gguf"
    garbage.write_bytes(b"GGUF" + bytes(200))
    for path in (str(garbage), str(tmp_path), str(tmp_path / "missing.gguf")):
        with open_worker() as process:
            failed = process.load(load_message(path))
            assert isinstance(failed, LoadFailed)
            assert failed.message
            assert failed.hint


def test_schema_and_length_are_reported_together(worker: WorkerProcess):
    schema = json.dumps({"type": "array", "items": {"type": "string"}, "minItems": 50})
    job = Generate(job=1, prompt="a", schema=schema, sampling=Sampling(max_tokens=6, temperature=0))
    text, final = worker.text(job)
    assert isinstance(final, Done)
    assert final.finish_reason == "length"
    assert text.startswith("[")


def test_a_presence_penalty_changes_what_is_drawn(worker: WorkerProcess):
    penalised = HOT | {"presence_penalty": 2.0, "repeat_last_n": -1}
    assert letters(worker, **penalised) != letters(worker, **HOT)
