"""Text to tokens and back."""

import ctypes
from typing import Any, NamedTuple

import llama_cpp.llama_cpp as C

from lmd.worker.llama.log import LlamaError


class FimTokens(NamedTuple):
    """Tokens that frame a gap: prefix, suffix, middle."""

    prefix: int
    suffix: int
    middle: int


class Vocabulary:
    """Text to tokens and back. Thread-safe, as llama.cpp's is."""

    def __init__(self, handle: Any) -> None:
        self.handle = handle
        self.size: int = C.llama_vocab_n_tokens(handle)
        self.bos: int = C.llama_vocab_bos(handle)
        self.eos: int = C.llama_vocab_eos(handle)
        self.adds_bos: bool = C.llama_vocab_get_add_bos(handle)
        self._pieces: dict[int, bytes] = {}
        self.has_end = self.eos >= 0 or C.llama_vocab_eot(handle) >= 0
        self._ends: dict[int, bool] = {}
        attributes = [int(C.llama_vocab_get_attr(handle, t)) for t in range(self.size)]
        marked = C.LLAMA_TOKEN_ATTR_CONTROL | C.LLAMA_TOKEN_ATTR_UNKNOWN
        self.specials: frozenset[str] = frozenset(
            text for t, bits in enumerate(attributes) if bits & marked and (text := self.text(t))
        )
        """Spellings that become a token only where special tokens are parsed."""

    def text(self, token: int) -> str:
        """How the file spells a token; empty for none."""
        if token < 0:
            return ""
        raw: bytes | None = C.llama_vocab_get_text(self.handle, token)
        return (raw or b"").decode("utf-8", "replace")

    def is_end(self, token: int) -> bool:
        """Whether a token ends a generation."""
        known = self._ends.get(token)
        if known is None:
            known = self._ends[token] = bool(C.llama_vocab_is_eog(self.handle, token))
        return known

    def spelling(self, token: int) -> str:
        """A token as a person reads it, special ones too; incomplete characters are U+FFFD."""
        return self._render(token, special=True).decode("utf-8", "replace")

    def piece(self, token: int) -> bytes:
        """The bytes that a generated token stands for; special tokens have none."""
        known = self._pieces.get(token)
        if known is None:
            known = self._pieces[token] = self._render(token, special=False)
        return known

    def _render(self, token: int, *, special: bool) -> bytes:
        size = 64
        while True:
            buffer = ctypes.create_string_buffer(size)
            length: int = C.llama_token_to_piece(self.handle, token, buffer, size, 0, special)
            if length >= 0:
                return buffer.raw[:length]
            size = -length

    def tokenize(self, text: str, *, add_special: bool, parse_special: bool) -> list[int]:
        """Raises LlamaError for a text that has too many tokens to count."""
        raw = text.encode("utf-8", "replace")
        size = len(raw) + 8
        for _ in range(2):
            tokens = (ctypes.c_int32 * size)()
            count: int = C.llama_tokenize(
                self.handle, raw, len(raw), tokens, size, add_special, parse_special
            )
            if count >= 0:
                return tokens[:count]
            size = -count
        raise LlamaError("the text cannot be tokenized")

    def fim(self) -> FimTokens | None:
        """The fill-in-the-middle tokens, if the file names all three."""
        found = FimTokens(
            C.llama_vocab_fim_pre(self.handle),
            C.llama_vocab_fim_suf(self.handle),
            C.llama_vocab_fim_mid(self.handle),
        )
        return found if min(found) >= 0 else None
