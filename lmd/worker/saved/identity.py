"""What a saved state fits: one model file, one way to run it, one build of llama.cpp."""

import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

FORMAT = 1
HEAD_BYTES = 4 << 20
SAMPLES, SAMPLE_BYTES = 64, 64 << 10
_PART = re.compile(r"^(.*-)\d{5}(-of-\d{5}\.gguf)$")


def identity(path: str, flags: Sequence[object], build: str) -> bytes:
    """32 bytes that differ wherever a state may not be used. Raises OSError.

    ``flags`` are what the numbers in the cache and their layout depend on.
    """
    files = [fingerprint(part) for part in _parts(path)]
    return hashlib.sha256(msgspec.msgpack.encode([FORMAT, files, list(flags), build])).digest()


def _parts(path: str) -> list[str]:
    """The files of a model; large ones come in several."""
    found = _PART.match(os.path.basename(path))
    if found is None:
        return [path]
    pattern = re.compile(re.escape(found[1]) + r"\d{5}" + re.escape(found[2]))
    folder = os.path.dirname(path)
    names = sorted(name for name in os.listdir(folder) if pattern.fullmatch(name))
    return [os.path.join(folder, name) for name in names]


def fingerprint(path: str) -> tuple[int, int, bytes]:
    """Size, time of change, and a hash over the head and pieces of the weights: reading all of
    a large file would take longer than most prompts."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        facts = os.fstat(file.fileno())
        digest.update(file.read(HEAD_BYTES))
        for at in range(SAMPLES):
            file.seek(facts.st_size * at // SAMPLES)
            digest.update(file.read(SAMPLE_BYTES))
    return facts.st_size, facts.st_mtime_ns, digest.digest()
