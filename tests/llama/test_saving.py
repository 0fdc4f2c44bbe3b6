"""Sequences on disk with the real llama.cpp: any kind of memory, no other token than without."""

from pathlib import Path

import pytest

from lmd.protocol.prefixes import SavedState
from lmd.protocol.worker import Done, Save, Saved
from tests.e2e.daemon import rounds
from tests.llama.test_parking import answers, prompts
from tests.llama.tiny import write_gemma, write_llama, write_mamba
from tests.worker.process import WorkerProcess, load_message, open_worker, prompt

pytestmark = [pytest.mark.process, pytest.mark.llama]

GREEDY = {"max_tokens": 12, "temperature": 0, "logit_bias": [(257, -1000.0)]}


def place(root: Path) -> SavedState:
    return SavedState(root=str(root), folder="m", key=b"k" * 32)


def save(worker: WorkerProcess) -> Saved:
    worker.send(Save(1 << 30))
    while not isinstance(message := worker.receive(), Saved):
        pass
    assert message.problem == ""
    return message


@pytest.mark.parametrize("write", [write_llama, write_gemma, write_mamba])
def test_a_conversation_goes_on_after_a_restart_whatever_the_memory(write: object, tmp_path: Path):
    path = write(tmp_path / "tiny.gguf")  # type: ignore[operator]
    load = load_message(path, context=128, batch=32, saved=place(tmp_path / "kv"))
    head = "a head that is longer than the window of any of these: "
    with open_worker() as worker:
        worker.load(load_message(path, context=128, batch=32, parked=0))
        expected = [worker.text(prompt(1, head + tail, **GREEDY))[0] for tail in ("", "one")]
        first = worker.text(prompt(1, head, **GREEDY))[0]
        on = head + first + "?"
        expected.append(worker.text(prompt(1, on, **GREEDY))[0])
    with open_worker() as worker:
        worker.load(load)
        # One token: what is kept is the head, which a recurrent state is good for as a whole.
        said = worker.text(prompt(1, head, **(GREEDY | {"max_tokens": 1})))[0]
        assert expected[0].startswith(said)
        assert save(worker).files == 1
    with open_worker() as worker:
        worker.load(load)
        said, final = worker.text(prompt(1, on, **GREEDY))
        assert said == expected[2]
        assert isinstance(final, Done)
        assert final.usage.cached_tokens > 32
        assert worker.text(prompt(2, head + "one", **GREEDY))[0] == expected[1]


def test_greedy_output_is_that_of_a_fresh_context(model_path: str, tmp_path: Path):
    texts = [f"{number} {text} " * 4 for number, text in enumerate(prompts(rounds(8, 50)))]
    load = load_message(model_path, context=512, parked=64, slots=8, saved=place(tmp_path))
    with open_worker() as fresh:
        fresh.load(load_message(model_path, context=512, parked=0))
        expected, _ = answers(fresh, texts)
    with open_worker() as worker:
        worker.load(load)
        assert answers(worker, texts)[0] == expected
        assert save(worker).files > len(texts) / 2
    with open_worker() as worker:
        worker.load(load)
        said, cached = answers(worker, texts)
        assert said == expected
        assert cached > 20 * len(texts)


def test_jobs_with_the_same_beginning_wait_for_one_reading(model_path: str, tmp_path: Path):
    load = load_message(model_path, slots=4, context=512, saved=place(tmp_path))
    text = "count the lines of every file here " * 8
    with open_worker() as worker:
        worker.load(load)
        worker.text(prompt(1, text, temperature=0, max_tokens=4))
        save(worker)
    with open_worker() as worker:
        worker.load(load)
        worker.send(*(prompt(job, f"{text}{job}", temperature=0, max_tokens=4) for job in range(4)))
        for final in worker.until_final(*range(4)).values():
            assert isinstance(final, Done)
            assert final.usage.cached_tokens > 32


def test_jobs_that_want_different_files_at_once_all_get_theirs(model_path: str, tmp_path: Path):
    load = load_message(model_path, slots=4, context=512, saved=place(tmp_path))
    texts = [f"{number} print every word of this file " * 6 for number in range(4)]
    with open_worker() as worker:
        worker.load(load)
        answers(worker, texts)
        save(worker)
    with open_worker() as worker:
        worker.load(load)
        worker.send(*(prompt(job, text, temperature=0) for job, text in enumerate(texts)))
        for final in worker.until_final(*range(4)).values():
            assert isinstance(final, Done)
            assert final.usage.cached_tokens == final.usage.prompt_tokens - 1


def test_a_bit_flipped_under_a_running_worker_is_a_miss(model_path: str, tmp_path: Path):
    load = load_message(model_path, context=512, saved=place(tmp_path))
    texts = [f"{number} print every word of this file " * 6 for number in range(rounds(4, 20))]
    with open_worker() as worker:
        worker.load(load)
        expected, _ = answers(worker, texts)
        save(worker)
    for path in tmp_path.rglob("*.kv"):
        data = bytearray(path.read_bytes())
        data[-1000] ^= 64
        path.write_bytes(data)
    with open_worker() as worker:
        worker.load(load)
        assert answers(worker, texts)[0] == expected
    assert list(tmp_path.rglob("*.kv")) == []
