"""The tensor table of a GGUF header: sizes to the byte, and nothing outside the file.

Block sizes are ggml's (ggml-common.h); the file format is docs/gguf.md in the ggml repository.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from lmd.models.gguf.errors import CONVERT_AGAIN, BadModel, printable
from lmd.models.gguf.reader import Cursor

TENSORS_MAX = 32_768
NAME_BYTES_MAX = 63  # GGML_MAX_NAME less its NUL
NAME_READ_MAX = 1024  # so that a name too long can be shown
DIMENSIONS_MAX = 4
ELEMENTS_MAX = (1 << 63) - 1


class TensorType(NamedTuple):
    """One ggml type: its name, and `size` bytes for each block of `block` elements."""

    name: str
    block: int
    size: int


TYPES = {
    0: TensorType("F32", 1, 4),
    1: TensorType("F16", 1, 2),
    2: TensorType("Q4_0", 32, 18),
    3: TensorType("Q4_1", 32, 20),
    6: TensorType("Q5_0", 32, 22),
    7: TensorType("Q5_1", 32, 24),
    8: TensorType("Q8_0", 32, 34),
    10: TensorType("Q2_K", 256, 84),
    11: TensorType("Q3_K", 256, 110),
    12: TensorType("Q4_K", 256, 144),
    13: TensorType("Q5_K", 256, 176),
    14: TensorType("Q6_K", 256, 210),
    16: TensorType("IQ2_XXS", 256, 66),
    17: TensorType("IQ2_XS", 256, 74),
    18: TensorType("IQ3_XXS", 256, 98),
    19: TensorType("IQ1_S", 256, 50),
    20: TensorType("IQ4_NL", 32, 18),
    21: TensorType("IQ3_S", 256, 110),
    22: TensorType("IQ2_S", 256, 82),
    23: TensorType("IQ4_XS", 256, 136),
    26: TensorType("I32", 1, 4),
    27: TensorType("I64", 1, 8),
    29: TensorType("IQ1_M", 256, 56),
    30: TensorType("BF16", 1, 2),
    34: TensorType("TQ1_0", 256, 54),
    35: TensorType("TQ2_0", 256, 66),
    39: TensorType("MXFP4", 32, 17),
    40: TensorType("NVFP4", 64, 36),
    41: TensorType("Q1_0", 128, 18),
    42: TensorType("Q2_0", 64, 18),
}
"""The types llama.cpp can compute with.  Q8_1, Q8_K, I8, I16 and F64 exist in ggml but have no dot
product: a weight of such a type is a call through a null pointer."""

F32, INDICES = 0, (26, 27)
INDEX_TENSORS = ("d2t", "tid2eid")  # lookup tables, the only integer tensors of any model


class Tensor(NamedTuple):
    """One entry of the table; `offset` counts from the start of the tensor data."""

    name: str
    dimensions: tuple[int, ...]
    type: TensorType
    offset: int
    size: int


class TensorTotals(msgspec.Struct, frozen=True):
    """Sums over the table, in bytes without padding.

    `end` counts from the start of the tensor data; without `has_output` (an output.weight) the
    token embedding serves as the output matrix too.
    """

    count: int
    bytes_by_type: dict[str, int]
    largest: int
    end: int
    has_output: bool

    @property
    def size(self) -> int:
        """Bytes of all tensors."""
        return sum(self.bytes_by_type.values())


def read_tensors(cursor: Cursor, count: int, alignment: int, file_size: int) -> TensorTotals:
    """Read the tensor table and add it up.

    Raises:
        BadModel: a tensor is malformed, stands twice, overlaps another or leaves the file.
    """
    by_type: dict[str, int] = {}
    end = largest = 0
    has_output = False
    for tensor in each_tensor(cursor, count, alignment, file_size):
        end = tensor.offset + tensor.size
        by_type[tensor.type.name] = by_type.get(tensor.type.name, 0) + tensor.size
        largest = max(largest, tensor.size)
        has_output = has_output or tensor.name == "output.weight"
    return TensorTotals(count, by_type, largest, end, has_output)


def each_tensor(cursor: Cursor, count: int, alignment: int, file_size: int) -> Iterator[Tensor]:
    """The entries of the tensor table, checked as `read_tensors` says."""
    if count > TENSORS_MAX:
        raise BadModel(f"the file claims more than {TENSORS_MAX} tensors")
    names: set[str] = set()
    start = 0
    for index in range(count):
        tensor = _read_tensor(cursor, index)
        if tensor.name in names:
            raise BadModel("the tensor stands in the file twice", CONVERT_AGAIN, where=tensor.name)
        if tensor.offset != start:  # in order, each padded to the alignment: no gap, no overlap
            raise BadModel("the tensor is not where the one before it ends", where=tensor.name)
        end = tensor.offset + tensor.size
        if end > file_size:
            raise BadModel("the tensor reaches past the end of the file", where=tensor.name)
        names.add(tensor.name)
        start = aligned(end, alignment)
        yield tensor


def aligned(offset: int, alignment: int) -> int:
    """`offset` rounded up to a multiple of `alignment`, a power of two."""
    return (offset + alignment - 1) & -alignment


def _read_tensor(cursor: Cursor, index: int) -> Tensor:
    raw = cursor.string(NAME_READ_MAX, f"tensor {index}")
    name = printable(raw)
    if not raw.isascii() or name.encode() != raw or not 0 < len(raw) <= NAME_BYTES_MAX:
        raise BadModel(f"a tensor's name is not 1 to {NAME_BYTES_MAX} ASCII letters", where=name)
    count = cursor.u32(name)
    if count > DIMENSIONS_MAX:
        raise BadModel(f"the tensor has more than {DIMENSIONS_MAX} dimensions", where=name)
    dimensions = tuple(cursor.u64(name) for _ in range(count))
    kind = cursor.u32(name)
    size = _tensor_size(name, dimensions, kind)
    _check_use(name, dimensions, kind)
    return Tensor(name, dimensions, TYPES[kind], cursor.u64(name), size)


def _tensor_size(name: str, dimensions: tuple[int, ...], kind: int) -> int:
    if kind not in TYPES:
        raise BadModel("llama.cpp cannot compute with the tensor's type", CONVERT_AGAIN, where=name)
    elements = 1
    for dimension in dimensions:
        elements *= dimension
    if not 0 < elements <= ELEMENTS_MAX:  # four factors below 2^64: Python's integers do not wrap
        raise BadModel("the tensor's dimensions are zero or overflow", where=name)
    block = TYPES[kind].block
    if (dimensions or (1,))[0] % block:
        raise BadModel(f"the tensor's rows are not whole blocks of {block}", where=name)
    return elements // block * TYPES[kind].size


def _check_use(name: str, dimensions: tuple[int, ...], kind: int) -> None:
    """Refuse types that ggml has, but not for the operation this tensor serves."""
    if kind in INDICES:
        fits = any(part in name for part in INDEX_TENSORS)
    elif len(dimensions) <= 1 or "norm" in name:
        fits = kind == F32  # added to or multiplied with activations, which are F32
    else:
        fits = True
    if not fits:
        raise BadModel(
            f"llama.cpp aborts on this tensor as {TYPES[kind].name}", CONVERT_AGAIN, where=name
        )
