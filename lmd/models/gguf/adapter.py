"""Facts about a LoRA adapter in a GGUF file, read from its header under bounds.

The format is that of convert_lora_to_gguf.py in the llama.cpp repository: for a matrix of the model
called NAME the low-rank factors NAME.lora_a and NAME.lora_b. llama.cpp reads it without bounds
(llama-adapter.cpp); whether it goes with the tensors of a model is left to it, which says so.
"""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from lmd.models.gguf.errors import BadModel
from lmd.models.gguf.facts import text
from lmd.models.gguf.header import alignment_of, architecture_of, read_checked, read_version
from lmd.models.gguf.reader import Cursor, Metadata, ReadAt, read_metadata
from lmd.models.gguf.tensors import Tensor, aligned, each_tensor

ANOTHER = "name the GGUF file of a LoRA adapter"
ACTIVATED = "adapter.alora.invocation_tokens"
FACTORS = (".lora_a", ".lora_b")
PASSED_OVER = "_norm.weight"
"""Norms that some training tools add; llama.cpp leaves them out."""


class AdapterHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What the daemon knows of an adapter before a worker loads it."""

    architecture: str
    name: str | None
    matrices: int
    """Of the model, that it changes."""
    rank: int
    """The greatest of its factors."""
    widest: int
    """Rows of the largest matrix that it changes."""
    bytes: int


def read_adapter(path: Path) -> AdapterHeader:
    """Read the header of an adapter's file.  Blocks on the disk: call it in a thread.

    Raises:
        BadModel: the file cannot be opened, is no regular file, or is refused; nothing else.
    """
    return read_checked(path, parse_adapter)


def parse_adapter(read_at: ReadAt, file_size: int) -> AdapterHeader:
    """Parse and check a header; pure but for `read_at(offset, size) -> bytes`.

    Raises:
        BadModel: whatever the bytes are, and nothing else but what `read_at` itself raises.
    """
    cursor = Cursor(read_at, file_size)
    read_version(cursor)
    tensor_count, pair_count = cursor.u64("header"), cursor.u64("header")
    metadata, _ = read_metadata(cursor, pair_count)
    _check_kind(metadata)
    alignment = alignment_of(metadata)
    tensors = list(each_tensor(cursor, tensor_count, alignment, file_size))
    end = tensors[-1].offset + tensors[-1].size if tensors else 0
    if tensors and aligned(cursor.offset, alignment) + end > file_size:
        raise BadModel("the data of its tensors is not whole")
    pairs = _pairs(tensors)
    return AdapterHeader(
        architecture=architecture_of(metadata, 0),
        name=text(metadata, "general.name"),
        matrices=len(pairs),
        rank=max(_rank(a) for a, _ in pairs),
        widest=max(b.dimensions[1] for _, b in pairs),
        bytes=sum(a.size + b.size for a, b in pairs),
    )


def _check_kind(metadata: Metadata) -> None:
    for key, wanted in (("general.type", "adapter"), ("adapter.type", "lora")):
        found = text(metadata, key)
        if found != wanted:
            raise BadModel(f"it is {found or 'missing'} and not {wanted}", ANOTHER, where=key)
    if ACTIVATED in metadata:
        raise BadModel("adapters that act from a token on are not supported", where=ACTIVATED)


def _pairs(tensors: Iterable[Tensor]) -> list[tuple[Tensor, Tensor]]:
    """Both factors of each matrix."""
    factors: tuple[dict[str, Tensor], dict[str, Tensor]] = ({}, {})
    for tensor in tensors:
        name, ending = tensor.name[: -len(FACTORS[0])], tensor.name[-len(FACTORS[0]) :]
        if ending in FACTORS:
            factors[FACTORS.index(ending)][name] = tensor
        elif not tensor.name.endswith(PASSED_OVER):
            raise BadModel("the tensor is no factor of an adapter", ANOTHER, where=tensor.name)
    first, second = factors
    for name in first.keys() ^ second.keys():
        raise BadModel("one of its two factors is missing", where=name)
    if not first:
        raise BadModel("it changes no tensor", ANOTHER)
    pairs = [(first[name], second[name]) for name in first]
    for a, b in pairs:
        if not (2 <= len(a.dimensions) <= 3 and len(a.dimensions) == len(b.dimensions)):
            raise BadModel("the factor is no matrix", where=a.name)
        if _rank(a) != b.dimensions[0] or a.dimensions[2:] != b.dimensions[2:]:
            raise BadModel("its two factors do not go together", where=a.name)
    return pairs


def _rank(a: Tensor) -> int:
    """Of an embedding the first factor is a table whose rows are looked up (llm_build_inp_embd)."""
    return a.dimensions[0] if "token_embd" in a.name else a.dimensions[1]
