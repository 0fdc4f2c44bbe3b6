"""Declared prefixes with the real llama.cpp: read at load, shared, not evicted, changed live."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lmd.protocol.params import Message, Sampling
from lmd.protocol.prefixes import PinnedPrefix, Prefix, SavedState
from lmd.protocol.worker import Done, Generate, Load, Pinned, Prefixes, Ready, Save, Saved
from tests.llama.tiny import write_gemma, write_llama, write_mamba
from tests.worker.process import WorkerProcess, load_message, open_worker

pytestmark = [pytest.mark.process, pytest.mark.llama]

STYLE = "Answer in one short sentence, without any list, and name the command first. " * 3
OTHER = "You are a patient teacher who explains every word of a command. " * 3
TEMPLATE = "{% for m in messages %}<{{ m.role }}>{{ m.content }}\n{% endfor %}<assistant>"


def chat(job: int, system: str, text: str) -> Generate:
    return Generate(
        job=job,
        messages=[Message("system", system), Message("user", text)],
        sampling=Sampling(temperature=0, max_tokens=8),
    )


def ask(worker: WorkerProcess, system: str, text: str) -> tuple[str, int]:
    """The answer, and how many tokens were cached."""
    said, final = worker.text(chat(1, system, text))
    assert isinstance(final, Done), final
    return said, final.usage.cached_tokens


def ready(worker: WorkerProcess, load: Load) -> list[PinnedPrefix]:
    message = worker.load(load)
    assert isinstance(message, Ready), message
    return message.prefixes


def declaring(path: str, *prefixes: Prefix, **fields: object) -> Load:
    values: dict[str, object] = {"context": 512, "prefixes": list(prefixes)}
    return load_message(path, chat_template=TEMPLATE, **(values | fields))


def declare(worker: WorkerProcess, *prefixes: Prefix) -> list[PinnedPrefix]:
    """Declare others and wait until none is being read."""
    worker.send(Prefixes(list(prefixes)))
    while True:
        message = worker.receive()
        if isinstance(message, Pinned) and not any(
            one.state == "reading" for one in message.prefixes
        ):
            return message.prefixes


def test_the_first_request_finds_its_prefix_read(model_path: str):
    with open_worker() as worker:
        ready(worker, declaring(model_path))
        expected = [ask(worker, STYLE, text)[0] for text in ("list files", "show the time")]
    with open_worker() as worker:
        (pin,) = ready(worker, declaring(model_path, Prefix("personas.style", STYLE)))
        assert (pin.name, pin.state, pin.problem) == ("personas.style", "ready", "")
        assert pin.bytes == pytest.approx(pin.tokens * 6144, rel=0.01)
        for text, answer in zip(("list files", "show the time"), expected, strict=True):
            assert ask(worker, STYLE, text) == (answer, pin.tokens)


def test_no_amount_of_other_requests_evicts_it(model_path: str):
    load = declaring(model_path, Prefix("a", STYLE), context=256, slots=2, parked=3)
    with open_worker() as worker:
        (pin,) = ready(worker, load)
        for number in range(20):
            ask(worker, "none", f"{number} " * 60)
        worker.send(*(chat(job, f"{job}", f"{job} " * 60) for job in range(2)))
        assert all(isinstance(end, Done) for end in worker.until_final(0, 1).values())
        assert ask(worker, STYLE, "list files")[1] == pin.tokens


def test_prefixes_with_a_common_beginning_share_their_cells(model_path: str):
    prefixes = [Prefix(f"p{number}", STYLE + f"Number {number}.") for number in range(3)]
    with open_worker() as worker:
        pins = ready(worker, declaring(model_path, *prefixes))
        assert [pin.state for pin in pins] == ["ready"] * 3
        for prefix, pin in zip(prefixes, pins, strict=True):
            assert ask(worker, prefix.text, "list files")[1] == pin.tokens


def test_prefixes_change_while_the_model_stays(model_path: str):
    style, other = Prefix("style", STYLE), Prefix("other", OTHER)
    with open_worker() as worker:
        ready(worker, declaring(model_path, style))
        (changed,) = declare(worker, other)
        assert changed.state == "ready"
        assert ask(worker, OTHER, "list files")[1] == changed.tokens
        both = declare(worker, other, style)
        assert [pin.state for pin in both] == ["ready", "ready"]
        assert declare(worker) == []


def test_what_finds_no_room_says_so_and_is_read_with_each_prompt(model_path: str):
    with open_worker() as worker:
        assert ready(worker, declaring(model_path)) == []
        (pin,) = declare(worker, Prefix("style", STYLE))
        assert (pin.state, pin.bytes) == ("failed", 0)
        assert "load the model again" in pin.problem
        assert ask(worker, STYLE, "list files")[1] == 0
        assert ask(worker, STYLE, "show the time")[1] > 0, "parked as any other"


def test_a_prefix_that_the_context_cannot_hold_does_not_stop_the_load(model_path: str):
    long, style = Prefix("long", STYLE * 20), Prefix("style", STYLE)
    with open_worker() as worker:
        pins = ready(worker, declaring(model_path, long, style, context=256))
        assert [pin.state for pin in pins] == ["failed", "ready"]
        assert "no room in a context of 256" in pins[0].problem


def test_a_template_that_refuses_system_prompts_does_not_stop_the_load(model_path: str):
    template = "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}x"
    load = declaring(model_path, Prefix("style", STYLE))
    load.chat_template = template
    with open_worker() as worker:
        (pin,) = ready(worker, load)
        assert pin.state == "failed"
        assert "no system" in pin.problem


def test_others_are_answered_while_a_prefix_is_read(model_path: str):
    load = declaring(model_path, Prefix("style", STYLE), slots=2, batch=32, prefill_chunk=16)
    with open_worker() as worker:
        ready(worker, load)
        alone, _ = ask(worker, "none", "list files")
        worker.send(Prefixes([Prefix("other", OTHER)]), chat(2, "none", "list files"))
        assert isinstance(worker.until_final(2)[2], Done)
        assert ask(worker, "none", "list files")[0] == alone


@pytest.mark.parametrize("write", [write_llama, write_gemma, write_mamba])
def test_any_kind_of_memory_keeps_a_prefix(write: Callable[[Path], str], tmp_path: Path):
    path = write(tmp_path / "tiny.gguf")
    system = "a system prompt that is longer than any window: "
    with open_worker() as worker:
        ready(worker, declaring(path, context=128))
        expected, _ = ask(worker, system, "hello")
    with open_worker() as worker:
        (pin,) = ready(worker, declaring(path, Prefix("p", system), context=128))
        assert pin.state == "ready"
        assert ask(worker, system, "hello") == (expected, pin.tokens)
        for number in range(3):
            assert ask(worker, system, f"{number}")[1] >= pin.tokens
        assert ask(worker, system, "hello")[0] == expected


def test_a_saved_prefix_is_restored_at_load(model_path: str, tmp_path: Path):
    place = SavedState(root=str(tmp_path), folder="m", key=b"k" * 32)
    load = declaring(model_path, Prefix("style", STYLE), saved=place)
    with open_worker() as worker:
        ready(worker, load)
        expected, tokens = ask(worker, STYLE, "list files")
        worker.send(Save(1 << 30))
        while not isinstance(message := worker.receive(), Saved):
            pass
        assert message.files >= 1
    with open_worker() as worker:
        (pin,) = ready(worker, load)
        assert pin.state == "ready"
        assert ask(worker, STYLE, "list files") == (expected, tokens)
