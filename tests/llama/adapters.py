"""LoRA adapters of random weights, for the tests of what they change."""

from pathlib import Path

import gguf
import numpy as np

from lmd.models.gguf import GGUFHeader, read_header

RANK = 4


def write_adapter(path: Path, model: str, *, seed: int = 1, strength: float = 0.5) -> str:
    """An adapter of the query and output matrices of a llama, in the format of
    convert_lora_to_gguf.py."""
    header = read_header(Path(model))
    writer = gguf.GGUFWriter(str(path), header.architecture)
    writer.add_string("general.type", "adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", float(RANK))
    random = np.random.default_rng(seed)
    for name, rows, columns in _matrices(header):
        first = random.standard_normal((RANK, columns), dtype=np.float32)
        second = random.standard_normal((rows, RANK), dtype=np.float32)
        writer.add_tensor(f"{name}.lora_a", first / np.float32(columns**0.5))
        writer.add_tensor(f"{name}.lora_b", second * np.float32(strength))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return str(path)


def _matrices(header: GGUFHeader) -> list[tuple[str, int, int]]:
    shape = header.shape
    assert shape.embedding_length
    assert shape.block_count
    assert isinstance(shape.head_count, int)
    wide = shape.head_count * (shape.key_length or 0)
    return [
        matrix
        for layer in range(shape.block_count)
        for matrix in (
            (f"blk.{layer}.attn_q.weight", wide, shape.embedding_length),
            (f"blk.{layer}.attn_output.weight", shape.embedding_length, wide),
        )
    ]
