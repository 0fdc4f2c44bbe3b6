"""What the daemon must know of a vocabulary without keeping it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from lmd.models.gguf.errors import CONVERT_AGAIN, BadModel

TOKENS = "tokenizer.ggml.tokens"
TOKEN_TYPES = "tokenizer.ggml.token_type"

# Older files carry no fill-in-the-middle ids; llama.cpp then finds the tokens by these spellings.
# fmt: off
FIM_SPELLINGS = {
    "prefix": ("<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>", "<PRE>", "\u2581<PRE>",
               "<\uff5cfim\u2581begin\uff5c>", "<|code_prefix|>"),
    "suffix": ("<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>", "<SUF>", "\u2581<SUF>",
               "<\uff5cfim\u2581hole\uff5c>", "<|code_suffix|>"),
    "middle": ("<|fim_middle|>", "<fim-middle>", "<fim_middle>", "<MID>", "\u2581<MID>",
               "<\uff5cfim\u2581end\uff5c>", "<|code_middle|>"),
}
# fmt: on
FIM_ROLES = {
    spelling.encode(): role for role, spellings in FIM_SPELLINGS.items() for spelling in spellings
}
BYTE_SPELLINGS = {b"<0x%02X>" % byte: byte for byte in range(256)}
LETTERS = {bytes([byte]): byte for byte in range(1, 128)}  # what SPM falls back to
BYTE_TYPE = (6).to_bytes(4, "little")  # LLAMA_TOKEN_TYPE_BYTE in the token_type array
BYTE_TOKENS_MAX = 1024  # real vocabularies have 256 or none


class Vocabulary(NamedTuple):
    """Facts about the token list: its size, how many of the 256 bytes can be spelt, the ids of
    tokens spelt `<0x41>`, and the fill-in-the-middle tokens."""

    size: int
    bytes_covered: int
    byte_ids: frozenset[int]
    fim: dict[str, int]


def scan_tokens(words: Iterator[bytes], where: str) -> Vocabulary:
    """Walk the token list once.

    Raises:
        BadModel: two tokens are equal, which llama.cpp answers with an assertion.
    """
    # Hashes, not words: the size of the set is then bounded by the count alone.
    seen: set[int] = set()
    letters: set[int] = set()
    byte_ids: dict[int, int] = {}
    fim: dict[str, int] = {}
    index = -1
    for index, word in enumerate(words):
        if 0 in word or not word:
            word = _as_c_string(word, index)
        seen.add(hash(word))
        if word in BYTE_SPELLINGS:
            byte_ids[index] = BYTE_SPELLINGS[word]
        elif word in LETTERS:
            letters.add(LETTERS[word])
        elif word in FIM_ROLES:
            fim.setdefault(FIM_ROLES[word], index)
    if len(seen) != index + 1:
        raise BadModel("two tokens are the same; llama.cpp aborts", CONVERT_AGAIN, where=where)
    covered = letters.union(byte_ids.values())
    return Vocabulary(index + 1, len(covered), frozenset(byte_ids), fim)


def find_byte_tokens(chunk: bytes, first: int) -> list[int]:
    """Ids of the tokens of type "byte" in a piece of the token_type array that starts at `first`.

    At most BYTE_TOKENS_MAX + 1 of them: a list that long is refused.
    """
    found: list[int] = []
    at = chunk.find(BYTE_TYPE)
    while at >= 0 and len(found) <= BYTE_TOKENS_MAX:
        if at % 4 == 0:
            found.append(first + at // 4)
        at = chunk.find(BYTE_TYPE, at + 1 if at % 4 else at + 4)
    return found


def _as_c_string(word: bytes, index: int) -> bytes:
    """What llama.cpp makes of it: text up to the first NUL, and a name for the empty token."""
    return word.partition(b"\0")[0] or b"[EMPTY_%d]" % index
