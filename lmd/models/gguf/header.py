"""Facts about a GGUF model file, read from its header under bounds.

The daemon reads every model with this before it spends memory on a worker: it takes no byte on
trust, reads no tensor data, and refuses what is known to make llama.cpp abort.  The format is the
GGUF specification, docs/gguf.md in the ggml repository; versions 2 and 3, little-endian.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from lmd.models.gguf import checks, vocab_checks
from lmd.models.gguf.errors import CONVERT_AGAIN, BadModel, printable
from lmd.models.gguf.facts import (
    ModelShape,
    Tokenizer,
    model_shape,
    quantisation,
    text,
    tokenizer,
)
from lmd.models.gguf.reader import Cursor, Metadata, ReadAt, Value, read_metadata
from lmd.models.gguf.tensors import TensorTotals, aligned, read_tensors
from lmd.models.gguf.vocab import Vocabulary

MAGIC = b"GGUF"
VERSIONS = (2, 3)
DEFAULT_ALIGNMENT = 32
ALIGNMENT_MAX = 1 << 20
SHARDS_MAX = 1 << 16
ARCHITECTURE = re.compile(rb"[a-z0-9][a-z0-9_-]{0,63}")
Header = TypeVar("Header")
NOT_LANGUAGE_MODELS = ("adapter", "mmproj", "imatrix")


class GGUFHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What the daemon knows of a model before it loads it.

    `tensors` counts this file alone: a model in shards (`split_count` > 1) is the sum of its
    files, and only the first (`split_no` 0) can be loaded.  `kind` is general.type: "model", or
    "adapter", "mmproj", "imatrix", which are no models by themselves.
    """

    version: int
    architecture: str  # empty in every shard but the first
    kind: str
    name: str | None
    licence: str | None
    file_type: int | None
    quantisation: str | None  # label such as Q4_K_M
    shape: ModelShape
    tokenizer: Tokenizer
    tensors: TensorTotals
    alignment: int
    data_offset: int  # bytes from the start of the file
    split_no: int = 0
    split_count: int = 1
    shell_format: int | None = None
    """How the model takes the tasks of the shell (lmd.shell.format); None: it was not made for
    them."""

    @property
    def vocab_only(self) -> bool:
        """True for a file that holds a tokenizer and no weights."""
        return self.tensors.count == 0


class _Parsed(NamedTuple):
    """A header whose syntax is right and whose meaning is unchecked."""

    version: int
    metadata: Metadata
    vocabulary: Vocabulary | None
    tensors: TensorTotals
    alignment: int
    data_offset: int


def read_header(path: Path) -> GGUFHeader:
    """Read the header of a model file.  Blocks on the disk: call it in a thread.

    Raises:
        BadModel: the file cannot be opened, is no regular file, or is refused; nothing else.
    """
    return read_checked(path, parse_header)


def read_checked(path: Path, parse: Callable[[ReadAt, int], Header]) -> Header:
    """What ``parse`` makes of a file, given how to read it and its size; raises as above."""
    try:
        # Non-blocking, or opening a FIFO would wait for a writer.
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        raise _unreadable(error).at(path) from None
    try:
        facts = os.fstat(fd)
        if not stat.S_ISREG(facts.st_mode):
            raise BadModel("this is not a regular file", "name a .gguf file")
        return parse(lambda offset, size: os.pread(fd, size, offset), facts.st_size)
    except OSError as error:
        raise _unreadable(error).at(path) from None
    except BadModel as refusal:
        raise refusal.at(path) from None
    finally:
        os.close(fd)


def _unreadable(error: Exception) -> BadModel:
    reason = error.strerror if isinstance(error, OSError) else None
    return BadModel(f"cannot be read: {reason or 'not a valid path'}", "check the path")


def parse_header(read_at: ReadAt, file_size: int) -> GGUFHeader:
    """Parse and check a header; pure but for `read_at(offset, size) -> bytes`.

    Raises:
        BadModel: whatever the bytes are, and nothing else but what `read_at` itself raises.
    """
    parsed = _parse(Cursor(read_at, file_size), file_size)
    metadata = parsed.metadata
    split_no, split_count = _split(metadata)
    architecture = architecture_of(metadata, split_no)
    kind = text(metadata, "general.type") or "model"
    values = checks.architecture_values(metadata, architecture)
    _check(parsed, values, architecture, whole=split_no == 0 and kind not in NOT_LANGUAGE_MODELS)
    file_type = checks.integer(metadata, "general.file_type")
    return GGUFHeader(
        version=parsed.version,
        architecture=architecture,
        kind=kind,
        name=text(metadata, "general.name"),
        licence=text(metadata, "general.license"),
        file_type=file_type,
        quantisation=quantisation(file_type, parsed.tensors.bytes_by_type),
        shape=model_shape(values),
        tokenizer=tokenizer(metadata, values, parsed.vocabulary),
        tensors=parsed.tensors,
        alignment=parsed.alignment,
        data_offset=parsed.data_offset,
        split_no=split_no,
        split_count=split_count,
        shell_format=checks.integer(metadata, "lmd.shell.format"),
    )


def _parse(cursor: Cursor, file_size: int) -> _Parsed:
    version = read_version(cursor)
    tensor_count, pair_count = cursor.u64("header"), cursor.u64("header")
    metadata, vocabulary = read_metadata(cursor, pair_count)
    alignment = alignment_of(metadata)
    tensors = read_tensors(cursor, tensor_count, alignment, file_size)
    data_offset = aligned(cursor.offset, alignment) if tensors.count else cursor.offset
    if data_offset + tensors.end > file_size:
        raise BadModel(f"{data_offset + tensors.end - file_size} bytes are missing at its end")
    return _Parsed(version, metadata, vocabulary, tensors, alignment, data_offset)


def read_version(cursor: Cursor) -> int:
    if cursor.take(len(MAGIC), "magic") != MAGIC:
        raise BadModel("this is not a GGUF file", "name a .gguf file, or " + CONVERT_AGAIN)
    version = cursor.u32("version")
    if version & 0xFFFF == 0:
        raise BadModel("the file is big-endian; lmd reads little-endian", CONVERT_AGAIN)
    if version not in VERSIONS:
        raise BadModel(f"GGUF version {version} is not supported, 2 and 3 are", CONVERT_AGAIN)
    return version


def alignment_of(metadata: Metadata) -> int:
    value = metadata.get("general.alignment", DEFAULT_ALIGNMENT)
    if not isinstance(value, int) or not 0 < value <= ALIGNMENT_MAX or value & (value - 1):
        raise BadModel("the alignment is not a power of two", where="general.alignment")
    return value


def _split(metadata: Metadata) -> tuple[int, int]:
    number, count = metadata.get("split.no", 0), metadata.get("split.count", 1)
    if not isinstance(number, int) or not isinstance(count, int):
        raise BadModel("the shard's number is not an integer", where="split.no")
    count = max(count, 1)  # gguf-split --merge leaves 0 behind
    if not 0 <= number < count <= SHARDS_MAX:
        raise BadModel(f"shard {number} of {count} cannot be", where="split.no")
    return number, count


def architecture_of(metadata: Metadata, split_no: int) -> str:
    value = metadata.get("general.architecture")
    if value is None and split_no:
        return ""
    if not isinstance(value, bytes) or not ARCHITECTURE.fullmatch(value):
        shown = printable(value) if isinstance(value, bytes) else "missing"
        raise BadModel(f"the architecture is {shown}", CONVERT_AGAIN, where="general.architecture")
    return value.decode("ascii")


def _check(parsed: _Parsed, values: dict[str, Value], architecture: str, *, whole: bool) -> None:
    if whole and parsed.tensors.count:
        checks.check_required(values, architecture)
        vocab_checks.check_tokenizer(parsed.metadata, parsed.vocabulary)
    vocab_checks.check_vocabulary(parsed.metadata, parsed.vocabulary)
    checks.check_ranges(values, architecture)
    checks.check_layers(values, architecture)
    checks.check_heads(values, architecture)
    checks.check_rope(values, architecture)
    checks.check_experts(values, architecture)
