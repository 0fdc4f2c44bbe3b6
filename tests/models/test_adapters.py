"""LoRA adapters: what their files say, which are refused, and which of them a request means."""

from pathlib import Path
from typing import Any

import pytest

from lmd.config.schema import LoraConfig
from lmd.models.adapters import choose_adapters
from lmd.models.footprint import Footprint, with_adapters
from lmd.models.gguf import BadModel
from lmd.models.gguf.adapter import AdapterHeader, parse_adapter, read_adapter
from lmd.protocol.adapters import ScaledAdapter
from lmd.protocol.errors import LmdError
from lmd.protocol.params import Adapter
from lmd.protocol.worker import Load
from tests.models.gguf_files import gguf

GOOD = {
    "general.architecture": ("str", "llama"),
    "general.type": ("str", "adapter"),
    "adapter.type": ("str", "lora"),
    "adapter.lora.alpha": ("f32", 8.0),
}
F32, F16, F64 = 0, 1, 28
PAIR = [("blk.0.attn_q.weight.lora_a", (64, 8), F16), ("blk.0.attn_q.weight.lora_b", (8, 96), F32)]


def parse(metadata: dict[str, Any] = GOOD, tensors: list[Any] = PAIR, cut: int = 0):
    data = gguf(metadata, tensors)
    return parse_adapter(lambda at, size: data[at : at + size], len(data) - cut)


def test_what_an_adapter_is_and_takes():
    embedding = [
        ("token_embd.weight.lora_a", (16, 100), F32),
        ("token_embd.weight.lora_b", (16, 64), F32),
    ]
    norm = [("blk.0.attn_norm.weight", (64,), F32)]
    assert parse(tensors=[*PAIR, *embedding, *norm]) == AdapterHeader(
        architecture="llama", name=None, matrices=2, rank=16, widest=96,
        bytes=64 * 8 * 2 + 8 * 96 * 4 + 16 * 100 * 4 + 16 * 64 * 4,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("metadata", "tensors", "says"),
    [
        (GOOD | {"general.type": ("str", "model")}, PAIR, "it is model and not adapter"),
        ({"general.architecture": ("str", "llama")}, PAIR, "it is missing and not adapter"),
        (GOOD | {"adapter.type": ("str", "cvec")}, PAIR, "it is cvec and not lora"),
        (GOOD | {"adapter.alora.invocation_tokens": ("array", ("u32", [1]))}, PAIR, "from a token"),
        (GOOD, [], "changes no tensor"),
        (GOOD, PAIR[:1], "one of its two factors is missing"),
        (GOOD, [*PAIR, ("blk.0.attn_q.weight", (64, 96), F32)], "no factor"),
        (GOOD, [PAIR[0], (PAIR[1][0], (4, 96), F32)], "do not go together"),
        (GOOD, [PAIR[0], (PAIR[1][0], (8, 96, 2), F32)], "no matrix"),
        (GOOD, [("x.lora_a", (64,), F32), ("x.lora_b", (64,), F32)], "no matrix"),
        (GOOD, [("token_embd.weight.lora_a", (4, 9), F32),
                ("token_embd.weight.lora_b", (8, 9), F32)], "do not go together"),
    ],
)  # fmt: skip
def test_what_llama_cpp_would_abort_on_or_not_use_is_refused(
    metadata: dict[str, Any], tensors: list[Any], says: str
):
    with pytest.raises(BadModel, match=says):
        parse(metadata, tensors)


def test_a_type_without_a_dot_product_is_refused():
    """llama.cpp loads such a file, and then calls a null pointer."""
    data = bytearray(gguf(GOOD, PAIR))
    name = PAIR[0][0].encode()
    at = data.index(name) + len(name) + 4 + 2 * 8
    assert data[at] == F16
    data[at] = F64
    with pytest.raises(BadModel, match="cannot compute"):
        parse_adapter(lambda at, size: bytes(data[at : at + size]), len(data))


def test_a_file_that_is_cut_at_any_byte_is_refused():
    data = gguf(GOOD, PAIR)
    for size in range(0, len(data) - 32, 7):
        with pytest.raises(BadModel):
            parse_adapter(lambda at, count, size=size: data[:size][at : at + count], size)


def test_a_missing_file_says_so(tmp_path: Path):
    with pytest.raises(BadModel, match=r"no\.gguf.*cannot be read"):
        read_adapter(tmp_path / "no.gguf")


KNOWN = {"style": LoraConfig(path="/s"), "tone": LoraConfig(path="/t", scale=0.5)}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (None, ()),
        ([], ()),
        ("style", (ScaledAdapter("style", 1.0),)),
        (["tone", "style"], (ScaledAdapter("style", 1.0), ScaledAdapter("tone", 0.5))),
        ([Adapter("tone", 2.0)], (ScaledAdapter("tone", 2.0),)),
        ([Adapter("tone", 0.0)], ()),
    ],
)  # fmt: skip
def test_adapters_are_named_in_any_order_with_a_scale_or_without(asked: Any, found: Any):
    assert choose_adapters("m", KNOWN, asked) == found


@pytest.mark.parametrize(
    ("known", "asked", "says", "hint"),
    [
        (KNOWN, "stile", "m has no LoRA adapter called 'stile'", "did you mean 'style'?"),
        (KNOWN, "x", "m has no LoRA adapter called 'x'", "it has: style, tone"),
        ({}, "x", "m has no LoRA adapters", "declare one: [models.m.lora.x] with its path"),
        (KNOWN, ["tone", Adapter("tone", 1.0)], "`lora` names 'tone' twice", ""),
    ],
)  # fmt: skip
def test_a_name_that_means_none_says_which_there_are(known: Any, asked: Any, says: str, hint: str):
    with pytest.raises(LmdError) as refused:
        choose_adapters("m", known, asked)
    assert (refused.value.code, refused.value.message) == ("invalid_request", says)
    assert refused.value.hint == hint


def test_adapters_count_in_the_ledger():
    load = Load(model="m", path="/m", context=64, slots=1, threads=1, gpu_layers=0, batch=32)
    found = with_adapters(Footprint(base=1000, compute=10), [parse(), parse()], load)
    assert found.adapters == 2 * (64 * 8 * 2 + 8 * 96 * 4)
    assert found.compute == 10 + 32 * (96 + 8) * 4
    assert found.predicted == 1000 + found.compute + found.adapters
    assert with_adapters(found, [], load) is found
