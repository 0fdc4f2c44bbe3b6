"""The GGUF reader: what it reports of a file."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import gguf as gguf_package
import numpy as np
import pytest

from lmd.models.gguf import BadModel, read_header
from lmd.models.gguf.tensors import TYPES
from tests.models import gguf_files as files
from tests.models.gguf_files import parse, tiny_metadata, tiny_model, tiny_tensors

BUILT_IN = Path(__file__).parents[2] / "lmd" / "data" / "shell.gguf"


def test_a_tiny_model_is_described() -> None:
    header = parse(tiny_model())
    assert (header.version, header.architecture, header.name) == (3, "qwen2", "tiny")
    assert (header.kind, header.licence, header.quantisation) == ("model", "mit", "F32")
    assert (header.shape.context_length, header.shape.block_count) == (512, 2)
    assert (header.shape.head_count, header.shape.head_count_kv) == (4, 2)
    assert (header.shape.key_length, header.shape.value_length) == (16, 16)
    assert header.shape.rope_freq_base == 10000.0
    assert (header.tokenizer.vocab_size, header.tokenizer.eos) == (264, 260)
    assert header.tokenizer.can_infill  # by spelling: the file has no fill-in-the-middle ids
    assert not header.vocab_only


@pytest.mark.parametrize("matrix", [0, 1, 8])
def test_tensor_bytes_are_exact(matrix: int) -> None:
    data = tiny_model(matrix=matrix)
    header = parse(data)
    rows = tiny_tensors(matrix=matrix)
    sizes = [files.row_size(dimensions, kind) for _, dimensions, kind in rows]
    assert header.tensors.size == sum(sizes)
    assert header.tensors.largest == max(sizes)
    assert header.tensors.count == len(rows)
    assert header.data_offset + sum(map(files.padded, sizes)) == len(data)
    assert not header.tensors.has_output


def test_block_sizes_are_those_of_ggml() -> None:
    for kind, (block, size) in gguf_package.GGML_QUANT_SIZES.items():
        if kind.value in TYPES:
            assert TYPES[kind.value][1:] == (block, size), kind.name
            assert TYPES[kind.value].name == kind.name


def test_a_file_of_the_reference_writer(tmp_path: Path) -> None:
    path = tmp_path / "reference.gguf"
    writer = gguf_package.GGUFWriter(path, "llama")
    writer.add_context_length(1024)
    writer.add_embedding_length(64)
    writer.add_block_count(1)
    writer.add_head_count(4)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(["a", "b"])
    writer.add_tensor("token_embd.weight", np.zeros((2, 64), np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    header = read_header(path)
    assert (header.shape.context_length, header.tensors.size) == (1024, 2 * 64 * 2)
    assert header.data_offset + header.tensors.size == path.stat().st_size


def test_the_built_in_model_is_accepted() -> None:
    header = read_header(BUILT_IN)
    assert not header.vocab_only
    assert header.data_offset + header.tensors.end <= BUILT_IN.stat().st_size


def test_the_chat_template_is_fingerprinted() -> None:
    template = "{{ messages }}\u00e9"
    tokenizer = parse(tiny_model(changes={"tokenizer.chat_template": ("str", template)})).tokenizer
    assert tokenizer.chat_template == template
    assert tokenizer.chat_template_sha256 == hashlib.sha256(template.encode()).hexdigest()


def test_without_a_file_type_the_tensors_name_the_quantisation() -> None:
    assert parse(tiny_model(matrix=8, changes={"general.file_type": None})).quantisation == "Q8_0"


def test_per_layer_counts_are_tuples() -> None:
    kv = ("array", ("u32", [2, 1]))
    assert parse(tiny_model(changes={"qwen2.attention.head_count_kv": kv})).shape.head_count_kv == (
        2,
        1,
    )


def test_a_vocabulary_without_weights_is_flagged() -> None:
    header = parse(files.gguf(tiny_metadata()))
    assert header.vocab_only
    assert header.tokenizer.vocab_size == 264


def test_a_vocabulary_may_lack_the_head_count() -> None:
    metadata = tiny_metadata()
    del metadata["qwen2.attention.head_count"]
    assert parse(files.gguf(metadata)).shape.head_count is None


def test_version_2_is_read() -> None:
    assert parse(files.gguf(tiny_metadata(), tiny_tensors(), version=2)).version == 2


def test_shards_are_reported() -> None:
    first = tiny_model(changes={"split.no": ("u16", 0), "split.count": ("u16", 3)})
    assert (parse(first).split_no, parse(first).split_count) == (0, 3)
    later = files.gguf(
        {"split.no": ("u16", 2), "split.count": ("u16", 3)}, [("blk.9.ffn_up.weight", (64, 2), 0)]
    )
    assert (parse(later).split_no, parse(later).architecture) == (2, "")
    assert parse(later).tensors.size == 64 * 2 * 4


def test_names_are_made_printable() -> None:
    assert (
        parse(tiny_model(changes={"general.name": ("str", "\x1b[31mred\x07")})).name == "?[31mred?"
    )


def test_token_ids_that_mean_none_are_none() -> None:
    header = parse(tiny_model(changes={"tokenizer.ggml.bos_token_id": ("u32", 0xFFFFFFFF)}))
    assert header.tokenizer.bos is None


def test_the_refusal_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "bad.gguf"
    path.write_bytes(b"nonsense")
    with pytest.raises(BadModel, match=r"bad\.gguf: this is not a GGUF file; name a") as caught:
        read_header(path)
    assert caught.value.path == path


def test_a_symlink_is_followed(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(tiny_model())
    (tmp_path / "link").symlink_to("model.gguf")
    assert read_header(tmp_path / "link").architecture == "qwen2"


def test_a_fifo_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(BadModel, match="regular file"):
        read_header(tmp_path / "fifo")


@pytest.mark.parametrize("name", ["", "missing.gguf", "nul\0"])
def test_what_cannot_be_opened_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadModel):
        read_header(tmp_path / name)
