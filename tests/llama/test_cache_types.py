"""A KV cache of other types than f16, and flash attention: the same engine, other numbers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lmd.backend.dry_run import dry_run
from lmd.protocol.prefixes import SavedState
from lmd.protocol.worker import Done, LoadFailed, Ready, Save, Saved
from tests.e2e.daemon import rounds
from tests.llama.test_parking import answers, prompts
from tests.llama.tiny import write_gemma, write_llama, write_mamba
from tests.worker.process import chat, load_message, open_worker, prompt

pytestmark = [pytest.mark.process, pytest.mark.llama]

GREEDY = {"max_tokens": 12, "temperature": 0, "logit_bias": [(257, -1000.0)]}
HEAD = "a common head of some length, longer than a window: "
TYPES = [("q8_0", "f16"), ("q8_0", "q8_0"), ("q4_0", "q4_0"), ("f16", "q4_0")]


def one_head(write: Callable[..., str]) -> Callable[[Path], str]:
    """Heads of 32 numbers, a block of every type."""
    return lambda path: write(path, heads=1)


@pytest.mark.parametrize("types", TYPES)
@pytest.mark.parametrize("write", [one_head(write_llama), one_head(write_gemma), write_mamba])
def test_parking_sharing_and_batches_change_nothing(
    write: Callable[[Path], str], types: tuple[str, str], tmp_path: Path
):
    path = write(tmp_path / "tiny.gguf")
    way = {"cache_type_k": types[0], "cache_type_v": types[1], "context": 128, "batch": 32}
    prompts = [HEAD + tail for tail in ("one", "two", "one more")] + ["short", HEAD]
    with open_worker() as worker:
        ready = worker.load(load_message(path, parked=0, **way))
        assert isinstance(ready, Ready), ready
        assert ready.flash_attention is (types[1] != "f16")
        cold = [worker.text(prompt(1, text, **GREEDY))[0] for text in prompts]
    with open_worker() as worker:
        worker.load(load_message(path, slots=3, parked=4, **way))
        assert [worker.text(prompt(1, text, **GREEDY))[0] for text in prompts * 2] == cold * 2


@pytest.mark.parametrize("knob", ["on", "off"])
def test_flash_attention_is_as_it_is_asked_for(knob: str, model_path: str):
    with open_worker() as worker:
        ready = worker.load(load_message(model_path, context=256, flash_attention=knob))
        assert isinstance(ready, Ready)
        assert ready.flash_attention is (knob == "on")
        assert worker.text(chat(1, "list files", temperature=0, max_tokens=8))[0]


async def test_the_ledger_knows_what_the_types_take(model_path: str):
    def load(**types: str) -> Any:
        return load_message(model_path, slots=2, context=1024, **types)

    sizes = {
        name: (await dry_run(load(cache_type_k=name, cache_type_v=name), 60))[0].cache
        for name in ("f16", "q8_0", "q4_0")
    }
    # 34 and 18 bytes for 32 numbers, and 64 for f16; each line of the log is rounded up.
    assert sizes["q8_0"] / sizes["f16"] == pytest.approx(34 / 64, rel=0.01)
    assert sizes["q4_0"] / sizes["f16"] == pytest.approx(18 / 64, rel=0.01)
    fused = (await dry_run(load(flash_attention="on"), 60))[0].compute
    assert fused < (await dry_run(load(flash_attention="off"), 60))[0].compute


def test_a_saved_state_of_another_type_is_a_miss(model_path: str, tmp_path: Path):
    saved = SavedState(root=str(tmp_path), folder="m", key=b"k" * 32)
    text = "count the lines of every file here " * 8

    def cached(**way: str) -> int:
        with open_worker() as worker:
            ready = worker.load(load_message(model_path, context=512, saved=saved, **way))
            assert isinstance(ready, Ready), ready
            _, final = worker.text(prompt(1, text, temperature=0, max_tokens=4))
            assert isinstance(final, Done)
            worker.send(Save(1 << 30))
            while not isinstance(message := worker.receive(), Saved):
                pass
            assert message.problem == ""
            return final.usage.cached_tokens

    flash = {"flash_attention": "on"}
    ways = [flash, {"cache_type_k": "q8_0"} | flash, {"cache_type_v": "q8_0"}, {}]
    for way in ways:
        assert cached(**way) == 0, "nothing of the way before"
        assert cached(**way) > 32


def test_types_that_a_model_cannot_have_fail_its_load(tmp_path: Path):
    narrow = write_llama(tmp_path / "narrow.gguf")
    with open_worker() as worker:
        failed = worker.load(load_message(narrow, context=64, cache_type_v="q8_0"))
        assert isinstance(failed, LoadFailed)
        assert "does not divide" in failed.message
    with open_worker() as worker:
        failed = worker.load(load_message(narrow, cache_type_v="q8_0", flash_attention="off"))
        assert isinstance(failed, LoadFailed)
        assert "needs flash attention" in failed.message


def test_answers_in_a_smaller_cache_are_mostly_the_same(model_path: str):
    """Of f16 it differs by rounding: greedy answers of the built-in model are mostly the same."""
    texts = prompts(rounds(2, 10))
    said = {}
    for kind in ("f16", "q8_0"):
        with open_worker() as worker:
            worker.load(load_message(model_path, context=256, cache_type_k=kind, cache_type_v=kind))
            said[kind], _ = answers(worker, texts)
    assert any(said["f16"])
    assert sum(one == other for one, other in zip(*said.values(), strict=True)) >= len(texts) / 2
