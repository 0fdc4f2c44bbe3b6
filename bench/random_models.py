"""Model files of random weights, one for each kind of memory that llama.cpp keeps: their text is
noise, their sizes are real."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np
from gguf.quants import quantize

VOCABULARY = 32_000
CONTEXT = 1 << 15
WINDOW = 512
LATENT, ROTARY, HEAD = 128, 32, 64
"""Of latent attention: the compressed width of a token, and the parts of a head."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a model; ``kv_heads`` of its ``heads`` have keys and values of their own."""

    layers: int = 8
    width: int = 512
    feed_forward: int = 1536
    heads: int = 8
    kv_heads: int = 8
    quant: str = "F16"


class _File:
    """A GGUF file that is being written."""

    def __init__(self, path: Path, architecture: str, shape: Shape) -> None:
        self.shape = shape
        self.gguf = gguf.GGUFWriter(str(path), architecture)
        self._quant = gguf.GGMLQuantizationType[shape.quant]
        self._random = np.random.default_rng(7)
        self.gguf.add_context_length(CONTEXT)
        self.gguf.add_embedding_length(shape.width)
        self.gguf.add_block_count(shape.layers)
        self._add_vocabulary()

    def matrix(self, name: str, rows: int, columns: int) -> None:
        weights = self._random.standard_normal((rows, columns), dtype=np.float32) * 0.02
        self.gguf.add_tensor(name, quantize(weights, self._quant), raw_dtype=self._quant)

    def vector(self, name: str, size: int, value: float = 1.0) -> None:
        self.gguf.add_tensor(name, np.full(size, value, np.float32))

    def plain(self, name: str, *shape: int) -> None:
        self.gguf.add_tensor(name, self._random.standard_normal(shape, dtype=np.float32) * 0.02)

    def close(self) -> None:
        self.gguf.write_header_to_file()
        self.gguf.write_kv_data_to_file()
        self.gguf.write_tensors_to_file()
        self.gguf.close()

    def _add_vocabulary(self) -> None:
        """Bytes as themselves, and words that no text has."""
        printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
        others = (chr(256 + at) for at in range(256))
        tokens = [chr(byte) if byte in printable else next(others) for byte in range(256)]
        tokens += [f"<word{at}>" for at in range(VOCABULARY - len(tokens) - 1)] + ["</s>"]
        kinds = [gguf.TokenType.NORMAL] * (VOCABULARY - 1) + [gguf.TokenType.CONTROL]
        self.gguf.add_tokenizer_model("gpt2")
        self.gguf.add_tokenizer_pre("gpt-2")
        self.gguf.add_token_list(tokens)
        self.gguf.add_token_types(kinds)
        self.gguf.add_token_merges(["a b"])
        self.gguf.add_add_bos_token(False)
        self.gguf.add_eos_token_id(VOCABULARY - 1)
        self.gguf.add_vocab_size(VOCABULARY)


def _add_decoder(file: _File, kv_heads: int | list[int]) -> None:
    shape = file.shape
    file.gguf.add_feed_forward_length(shape.feed_forward)
    file.gguf.add_head_count(shape.heads)
    file.gguf.add_head_count_kv(kv_heads)
    file.gguf.add_layer_norm_rms_eps(1e-6)
    file.matrix("token_embd.weight", VOCABULARY, shape.width)
    file.vector("output_norm.weight", shape.width)


def _add_attention(file: _File, block: str) -> None:
    shape = file.shape
    narrow = shape.width // shape.heads * shape.kv_heads
    for part, rows in (("q", shape.width), ("k", narrow), ("v", narrow)):
        file.matrix(f"{block}attn_{part}.weight", rows, shape.width)
    file.matrix(f"{block}attn_output.weight", shape.width, shape.width)


def _add_feed_forward(file: _File, block: str) -> None:
    shape = file.shape
    for part in ("gate", "up"):
        file.matrix(f"{block}ffn_{part}.weight", shape.feed_forward, shape.width)
    file.matrix(f"{block}ffn_down.weight", shape.width, shape.feed_forward)


def _blocks(file: _File, *norms: str) -> list[str]:
    """The names of the blocks, each with its norms."""
    blocks = [f"blk.{layer}." for layer in range(file.shape.layers)]
    for block in blocks:
        for norm in norms:
            file.vector(f"{block}{norm}.weight", file.shape.width)
    return blocks


def write_llama(path: Path, shape: Shape) -> None:
    """Every head has keys and values of its own."""
    file = _File(path, "llama", shape)
    _add_decoder(file, shape.kv_heads)
    file.gguf.add_rope_dimension_count(shape.width // shape.heads)
    file.matrix("output.weight", VOCABULARY, shape.width)
    for block in _blocks(file, "attn_norm", "ffn_norm"):
        _add_attention(file, block)
        _add_feed_forward(file, block)
    file.close()


def write_qwen2(path: Path, shape: Shape) -> None:
    """Heads share keys and values, and the embedding is the output matrix too."""
    file = _File(path, "qwen2", shape)
    _add_decoder(file, shape.kv_heads)
    narrow = shape.width // shape.heads * shape.kv_heads
    for block in _blocks(file, "attn_norm", "ffn_norm"):
        _add_attention(file, block)
        _add_feed_forward(file, block)
        for part, rows in (("q", shape.width), ("k", narrow), ("v", narrow)):
            file.vector(f"{block}attn_{part}.bias", rows, 0.0)
    file.close()


def write_large(path: Path, shape: Shape) -> None:
    """The same, of a size from which on the worker uses flash attention."""
    write_qwen2(path, shape)


def write_gemma(path: Path, shape: Shape) -> None:
    """Five layers of six see a sliding window only."""
    file = _File(path, "gemma3", shape)
    _add_decoder(file, shape.kv_heads)
    head = shape.width // shape.heads
    file.gguf.add_key_length(head)
    file.gguf.add_value_length(head)
    file.gguf.add_sliding_window(WINDOW)
    norms = ("attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm")
    for block in _blocks(file, *norms):
        file.vector(block + "attn_q_norm.weight", head)
        file.vector(block + "attn_k_norm.weight", head)
        _add_attention(file, block)
        _add_feed_forward(file, block)
    file.close()


def write_deepseek(path: Path, shape: Shape) -> None:
    """Latent attention: one compressed vector for all heads of a token."""
    file = _File(path, "deepseek2", shape)
    _add_decoder(file, 1)
    file.gguf.add_leading_dense_block_count(shape.layers)
    file.gguf.add_expert_count(2)
    file.gguf.add_expert_used_count(1)
    file.gguf.add_expert_feed_forward_length(64)
    file.gguf.add_expert_shared_count(1)
    file.gguf.add_expert_weights_scale(1.0)
    file.gguf.add_q_lora_rank(LATENT)
    file.gguf.add_kv_lora_rank(LATENT)
    file.gguf.add_key_length(LATENT + ROTARY)
    file.gguf.add_value_length(LATENT)
    file.gguf.add_key_length_mla(HEAD + ROTARY)
    file.gguf.add_value_length_mla(HEAD)
    file.gguf.add_rope_dimension_count(ROTARY)
    file.matrix("output.weight", VOCABULARY, shape.width)
    for block in _blocks(file, "attn_norm", "ffn_norm"):
        file.matrix(block + "attn_q_a.weight", LATENT, shape.width)
        file.vector(block + "attn_q_a_norm.weight", LATENT)
        file.matrix(block + "attn_q_b.weight", shape.heads * (HEAD + ROTARY), LATENT)
        file.matrix(block + "attn_kv_a_mqa.weight", LATENT + ROTARY, shape.width)
        file.vector(block + "attn_kv_a_norm.weight", LATENT)
        file.plain(block + "attn_k_b.weight", shape.heads, LATENT, HEAD)
        file.plain(block + "attn_v_b.weight", shape.heads, HEAD, LATENT)
        file.matrix(block + "attn_output.weight", shape.width, shape.heads * HEAD)
        _add_feed_forward(file, block)
    file.close()


@dataclass(frozen=True, slots=True)
class _States:
    """The sizes of Mamba's layers."""

    inner: int
    rank: int
    state: int = 16
    kernel: int = 4


def _add_states(file: _File) -> _States:
    states = _States(2 * file.shape.width, file.shape.width // 16)
    file.gguf.add_ssm_conv_kernel(states.kernel)
    file.gguf.add_ssm_inner_size(states.inner)
    file.gguf.add_ssm_state_size(states.state)
    file.gguf.add_ssm_time_step_rank(states.rank)
    return states


def _add_mamba(file: _File, block: str, states: _States) -> None:
    inner, width = states.inner, file.shape.width
    file.matrix(block + "ssm_in.weight", 2 * inner, width)
    file.plain(block + "ssm_conv1d.weight", inner, states.kernel)
    file.vector(block + "ssm_conv1d.bias", inner, 0.0)
    file.matrix(block + "ssm_x.weight", states.rank + 2 * states.state, inner)
    file.matrix(block + "ssm_dt.weight", inner, states.rank)
    file.vector(block + "ssm_dt.bias", inner, 0.0)
    file.gguf.add_tensor(block + "ssm_a", -np.ones((inner, states.state), np.float32))
    file.vector(block + "ssm_d", inner)
    file.matrix(block + "ssm_out.weight", width, inner)


def write_mamba(path: Path, shape: Shape) -> None:
    """Recurrent: a state for each sequence, whatever its length."""
    file = _File(path, "mamba", shape)
    file.gguf.add_feed_forward_length(0)
    file.gguf.add_head_count(0)
    states = _add_states(file)
    file.gguf.add_layer_norm_rms_eps(1e-6)
    file.matrix("token_embd.weight", VOCABULARY, shape.width)
    file.vector("output_norm.weight", shape.width)
    for block in _blocks(file, "attn_norm"):
        _add_mamba(file, block, states)
    file.close()


def write_jamba(path: Path, shape: Shape) -> None:
    """Hybrid: states in all layers but every fourth, which keeps keys and values."""
    file = _File(path, "jamba", shape)
    heads = [shape.kv_heads if layer % 4 == 3 else 0 for layer in range(shape.layers)]
    _add_decoder(file, heads)
    states = _add_states(file)
    for block, narrow in zip(_blocks(file, "attn_norm", "ffn_norm"), heads, strict=True):
        if narrow:
            _add_attention(file, block)
        else:
            _add_mamba(file, block, states)
            file.vector(block + "ssm_dt_norm.weight", states.rank)
            file.vector(block + "ssm_b_norm.weight", states.state)
            file.vector(block + "ssm_c_norm.weight", states.state)
        _add_feed_forward(file, block)
    file.close()


WRITERS: dict[str, Callable[[Path, Shape], None]] = {
    "llama": write_llama,
    "qwen2": write_qwen2,
    "large": write_large,
    "gemma3": write_gemma,
    "deepseek2": write_deepseek,
    "mamba": write_mamba,
    "jamba": write_jamba,
}
