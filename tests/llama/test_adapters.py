"""LoRA adapters with the real llama.cpp: each request by its own, many at once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lmd.protocol.adapters import AdapterFile, AdapterSet, ScaledAdapter
from lmd.protocol.prefixes import Prefix, SavedState
from lmd.protocol.worker import Done, Failed, Generate, LoadFailed, Ready, Save, Saved, Step
from tests.llama.adapters import write_adapter
from tests.llama.tiny import write_llama, write_mamba
from tests.reference import open_llama
from tests.worker.process import WorkerProcess, chat, load_message, open_worker, prompt

pytestmark = [pytest.mark.process, pytest.mark.llama]

GREEDY = {"max_tokens": 24, "temperature": 0, "logit_bias": [(257, -1000.0)]}
A, B = ScaledAdapter("a", 1.0), ScaledAdapter("b", 1.0)
SETS: list[AdapterSet] = [(), (A,), (B,), (A, B), (ScaledAdapter("a", 0.3),)]
HEAD = "a common head of some length: "


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[AdapterFile]]:
    """A tiny model, whose every answer an adapter changes, and two adapters of it."""
    folder = tmp_path_factory.mktemp("adapters")
    model = write_llama(folder / "m.gguf")
    paths = [write_adapter(folder / f"{name}.gguf", model, seed=at) for at, name in enumerate("ab")]
    return model, [AdapterFile(name, path) for name, path in zip("ab", paths, strict=True)]


@pytest.fixture
def worker(files: tuple[str, list[AdapterFile]]) -> Iterator[WorkerProcess]:
    with open_worker() as process:
        load = load_message(files[0], slots=6, context=128, batch=32, adapters=files[1])
        ready = process.load(load)
        assert isinstance(ready, Ready), ready
        assert "lora" in ready.capabilities
        yield process


def ask(job: int, text: str, adapters: AdapterSet = ()) -> Generate:
    message = prompt(job, text, **GREEDY)
    message.adapters = adapters
    return message


def answers(worker: WorkerProcess, *messages: Generate) -> list[str]:
    """What is said to messages that run at the same time."""
    worker.send(*messages)
    texts = dict.fromkeys((message.job for message in messages), "")
    left = len(messages)
    while left:
        message = worker.receive()
        if isinstance(message, Step):
            for delta in message.deltas:
                texts[delta.job] += delta.text
        assert not isinstance(message, Failed), message
        left -= isinstance(message, Done)
    return list(texts.values())


def test_each_set_of_adapters_answers_otherwise_and_none_as_ever(
    worker: WorkerProcess, files: tuple[str, list[AdapterFile]]
):
    said = [answers(worker, ask(1, HEAD, one))[0] for one in SETS]
    assert len(set(said)) == len(SETS)
    with open_worker() as other:
        other.load(load_message(files[0], slots=6, context=128, batch=32))
        assert answers(other, ask(1, HEAD)) == said[:1]
    assert [answers(worker, ask(1, HEAD, one))[0] for one in SETS] == said, "in any order"


def test_an_adapter_does_what_it_does_in_llama_cpp(
    worker: WorkerProcess, files: tuple[str, list[AdapterFile]]
):
    llama = open_llama(
        files[0], lora_path=files[1][0].path, n_ctx=128, n_threads=1, n_threads_batch=1
    )
    bias = {257: -1000.0}
    found = llama.create_completion(HEAD, max_tokens=24, temperature=0, logit_bias=bias)
    llama.close()
    said = answers(worker, ask(1, HEAD, (A,)))[0]
    # Of bytes that are no UTF-8 it leaves others out.
    assert said.replace("\ufffd", "") == found["choices"][0]["text"].replace("\ufffd", "")


def test_streams_with_different_adapters_at_once_all_get_their_own(worker: WorkerProcess):
    texts = [HEAD + tail for tail in ("one", "two", "three and some more")]
    expected = [answers(worker, ask(1, text, one))[0] for one in SETS for text in texts]
    messages = [
        ask(at, text, one)
        for at, (one, text) in enumerate((one, text) for one in SETS for text in texts)
    ]
    assert answers(worker, *messages) == expected
    assert answers(worker, *reversed(messages)) == expected[::-1]


def test_what_was_read_with_other_adapters_is_read_again(worker: WorkerProcess):
    def cached(adapters: AdapterSet) -> int:
        _, final = worker.text(ask(1, HEAD, adapters))
        assert isinstance(final, Done)
        return final.usage.cached_tokens

    for one in SETS:
        assert cached(one) == 0
    for one in SETS[:2]:
        assert cached(one) == len(HEAD) - 1


def test_declared_prefixes_are_read_without_adapters(files: tuple[str, list[AdapterFile]]):
    load = load_message(
        files[0], slots=2, context=128, batch=32, adapters=files[1],
        prefixes=[Prefix(name="p", text="a prefix of some length")],
    )  # fmt: skip
    with open_worker() as worker:
        ready = worker.load(load)
        assert isinstance(ready, Ready)
        assert ready.prefixes[0].state == "ready"
        first = answers(worker, ask(1, HEAD, (A,)))
        again = answers(worker, ask(1, HEAD + "x", (A,)), ask(2, HEAD), ask(3, HEAD, (A,)))
        assert again[2] == first[0]


def test_a_saved_state_belongs_to_its_adapters(
    files: tuple[str, list[AdapterFile]], tmp_path: Path
):
    saved = SavedState(root=str(tmp_path / "kv"), folder="m", key=b"k" * 32)
    text = HEAD * 2

    def run(path: str, *sets: AdapterSet) -> list[int]:
        """How much is cached with each, and all of it is saved."""
        adapters = [AdapterFile("a", path), files[1][1]]
        with open_worker() as worker:
            worker.load(load_message(files[0], context=128, saved=saved, adapters=adapters))
            cached = []
            for one in sets:
                _, final = worker.text(ask(1, text, one))
                assert isinstance(final, Done)
                cached.append(final.usage.cached_tokens)
            worker.send(Save(1 << 30))
            while not isinstance(message := worker.receive(), Saved):
                pass
            assert message.problem == ""
            return cached

    own = files[1][0].path
    assert run(own, (A,), ()) == [0, 0]
    assert run(own, (A,), (), (B,), (ScaledAdapter("a", 0.5),)) == [len(text) - 1] * 2 + [0, 0]
    other = write_adapter(tmp_path / "other.gguf", files[0], seed=9)
    assert run(other, (A,), ()) == [0, len(text) - 1]


def test_an_adapter_that_is_not_loaded_fails_its_request_alone(worker: WorkerProcess):
    worker.send(ask(1, HEAD, (ScaledAdapter("c", 1.0),)), ask(2, HEAD))
    finals = worker.until_final(1, 2)
    assert isinstance(finals[1], Failed)
    assert finals[1].code == "invalid_request"
    assert finals[1].hint == "loaded are: a, b"
    assert isinstance(finals[2], Done)


def test_an_adapter_of_another_model_fails_the_load(
    files: tuple[str, list[AdapterFile]], model_path: str, tmp_path: Path
):
    for path in (model_path, write_mamba(tmp_path / "mamba.gguf")):
        with open_worker() as worker:
            failed = worker.load(load_message(path, context=64, adapters=files[1]))
            assert isinstance(failed, LoadFailed)
            assert failed.message.startswith("the LoRA adapter a (")


def test_the_built_in_model_with_and_without(model_path: str, tmp_path: Path):
    adapter = AdapterFile("a", write_adapter(tmp_path / "a.gguf", model_path))
    with open_worker() as worker:
        worker.load(load_message(model_path, slots=2, context=128, adapters=[adapter]))

        def suggest(job: int, *adapters: ScaledAdapter) -> Generate:
            message = chat(job, "list all files here", temperature=0, max_tokens=16)
            message.adapters = adapters
            return message

        plain, changed = answers(worker, suggest(1)), answers(worker, suggest(1, A))
        assert plain != changed
        assert answers(worker, suggest(1), suggest(2, A)) == plain + changed
