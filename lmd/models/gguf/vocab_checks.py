"""Checks of the tokenizer's metadata: what makes llama-vocab.cpp abort, or read past an array."""

from __future__ import annotations

from lmd.models.gguf.errors import CONVERT_AGAIN, BadModel
from lmd.models.gguf.reader import STRING, Array, ByteTokens, Metadata, Value
from lmd.models.gguf.vocab import TOKEN_TYPES, TOKENS, Vocabulary

BYTES = 256
NO_TOKEN = (1 << 32) - 1  # LLAMA_TOKEN_NULL written as unsigned: "there is none"
SPECIAL_TOKENS = ("bos", "eos", "eot", "eom")
TOKENIZER = "tokenizer.ggml.model"
# Those that turn a token of type "byte" into text by its spelling; bert aborts on any.
BYTE_TOKENIZERS = (b"llama", b"t5", b"gpt2", b"hybriddna", b"whitespace", b"gemma4")
PER_TOKEN = ("scores",)
ARRAY_KINDS: dict[str, tuple[int, ...]] = {
    "scores": (5, 6),
    "merges": (STRING,),
    "precompiled_charsmap": (0, 1),
}


def check_vocabulary(metadata: Metadata, vocabulary: Vocabulary | None) -> None:
    """The arrays beside the token list have its length and the types that are read blindly."""
    size = vocabulary.size if vocabulary else 0
    for name, kinds in ARRAY_KINDS.items():
        where = f"tokenizer.ggml.{name}"
        value = metadata.get(where)
        if value is None:
            continue
        if not isinstance(value, Array) or value.kind not in kinds:
            raise BadModel("the array has the wrong type", CONVERT_AGAIN, where=where)
        if name in PER_TOKEN and value.count < size:
            raise BadModel(f"{value.count} entries for {size} tokens", where=where)
    types = metadata.get(TOKEN_TYPES, ByteTokens(size, ()))
    if not isinstance(types, ByteTokens) or types.size < size:
        raise BadModel("the array does not fit the tokens", CONVERT_AGAIN, where=TOKEN_TYPES)
    if vocabulary:
        _check_bytes(metadata.get(TOKENIZER), vocabulary, types.ids)


def _check_bytes(model: Value | None, vocabulary: Vocabulary, byte_tokens: tuple[int, ...]) -> None:
    if model == b"llama" and vocabulary.bytes_covered < BYTES:
        raise BadModel(
            "some bytes have no token; llama.cpp aborts on text with them",
            CONVERT_AGAIN,
            where=TOKENS,
        )
    spelt = model not in BYTE_TOKENIZERS or vocabulary.byte_ids.issuperset(byte_tokens)
    if byte_tokens and (model == b"bert" or not spelt):
        raise BadModel(
            "a token is marked as a byte and is none; llama.cpp aborts on it",
            CONVERT_AGAIN,
            where=TOKEN_TYPES,
        )


def check_tokenizer(metadata: Metadata, vocabulary: Vocabulary | None) -> None:
    """A model that is to read and write text has the means to."""
    if metadata.get(TOKENIZER) in (None, b"none", b"no_vocab"):
        raise BadModel("the model has no tokenizer", CONVERT_AGAIN, where=TOKENIZER)
    if vocabulary is None or vocabulary.size == 0:
        raise BadModel("the vocabulary is missing", CONVERT_AGAIN, where=TOKENS)


def special_token(metadata: Metadata, name: str, vocabulary: Vocabulary | None) -> int | None:
    """The id under tokenizer.ggml.`name`_token_id, or None.

    Raises:
        BadModel: the id ends or starts a text, but the vocabulary has no such token.
    """
    key = f"tokenizer.ggml.{name}_token_id"
    value = metadata.get(key)
    if value is None or value == NO_TOKEN:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadModel("the token id is not an integer", CONVERT_AGAIN, where=key)
    if vocabulary is None or 0 <= value < vocabulary.size:
        return value
    if name in SPECIAL_TOKENS:
        raise BadModel(f"token {value} is outside the vocabulary", CONVERT_AGAIN, where=key)
    return None  # llama.cpp ignores these and warns; real files have them
