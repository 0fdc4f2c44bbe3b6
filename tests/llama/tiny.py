"""Model files of a few kilobytes with random weights, one for each kind of memory."""

from collections.abc import Iterable
from pathlib import Path

import gguf
import numpy as np

WIDTH, LAYERS, CONTEXT = 32, 2, 128
SPECIALS = ("<s>", "</s>", "<|pre|>", "<|suf|>", "<|mid|>")


def _byte_tokens() -> list[str]:
    """The printable stand-ins that byte-level BPE has for the 256 bytes."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = (chr(256 + at) for at in range(256))
    return [chr(byte) if byte in printable else next(others) for byte in range(256)]


class _Writer:
    def __init__(self, path: Path, architecture: str) -> None:
        self.gguf = gguf.GGUFWriter(str(path), architecture)
        self._random = np.random.default_rng(7)
        self.gguf.add_context_length(CONTEXT)
        self.gguf.add_embedding_length(WIDTH)
        self.gguf.add_block_count(LAYERS)

    def random(self, name: str, *shape: int, scale: float = 0.3) -> None:
        values = self._random.standard_normal(shape, dtype=np.float32) * np.float32(scale)
        self.gguf.add_tensor(name, values)

    def ones(self, names: Iterable[str], size: int = WIDTH) -> None:
        for name in names:
            self.gguf.add_tensor(name, np.ones(size, np.float32))

    def zeros(self, name: str, size: int) -> None:
        self.gguf.add_tensor(name, np.zeros(size, np.float32))

    def byte_vocabulary(self, *, fim: bool = False, eos: bool = True) -> int:
        tokens = [*_byte_tokens(), *SPECIALS]
        kinds = [gguf.TokenType.NORMAL] * 256 + [gguf.TokenType.CONTROL] * len(SPECIALS)
        self.gguf.add_tokenizer_model("gpt2")
        self.gguf.add_tokenizer_pre("gpt-2")
        self.gguf.add_token_list(tokens)
        self.gguf.add_token_types(kinds)
        self.gguf.add_token_merges(["a b"])
        self.gguf.add_add_bos_token(False)
        if eos:
            self.gguf.add_eos_token_id(257)
        if fim:
            self.gguf.add_uint32("tokenizer.ggml.fim_pre_token_id", 258)
            self.gguf.add_uint32("tokenizer.ggml.fim_suf_token_id", 259)
            self.gguf.add_uint32("tokenizer.ggml.fim_mid_token_id", 260)
        return len(tokens)

    def close(self) -> None:
        self.gguf.write_header_to_file()
        self.gguf.write_kv_data_to_file()
        self.gguf.write_tensors_to_file()
        self.gguf.close()


def _attention(writer: _Writer, block: str, width: int = WIDTH) -> None:
    for part in ("q", "k", "v"):
        writer.random(f"{block}attn_{part}.weight", width, WIDTH)
    writer.random(f"{block}attn_output.weight", WIDTH, width)


def _gated(writer: _Writer, block: str) -> None:
    writer.random(f"{block}ffn_gate.weight", 2 * WIDTH, WIDTH)
    writer.random(f"{block}ffn_up.weight", 2 * WIDTH, WIDTH)
    writer.random(f"{block}ffn_down.weight", WIDTH, 2 * WIDTH)


def write_llama(
    path: Path,
    *,
    fim: bool = False,
    template: str | None = None,
    broken: bool = False,
    heads: int = 2,
) -> str:
    """An ordinary decoder without a chat template; ``broken`` ones compute NaN."""
    writer = _Writer(path, "llama")
    size = writer.byte_vocabulary(fim=fim)
    if template:
        writer.gguf.add_chat_template(template)
    writer.gguf.add_vocab_size(size)
    writer.gguf.add_feed_forward_length(2 * WIDTH)
    writer.gguf.add_head_count(heads)
    writer.gguf.add_head_count_kv(heads)
    writer.gguf.add_layer_norm_rms_eps(1e-6)
    writer.gguf.add_rope_dimension_count(WIDTH // heads)
    writer.random("token_embd.weight", size, WIDTH, scale=np.nan if broken else 1.0)
    writer.random("output.weight", size, WIDTH)
    writer.ones(["output_norm.weight"])
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        writer.ones([block + "attn_norm.weight", block + "ffn_norm.weight"])
        _attention(writer, block)
        _gated(writer, block)
    writer.close()
    return str(path)


def write_gemma(path: Path, window: int = 16, heads: int = 2) -> str:
    """A decoder whose layers see a sliding window."""
    writer = _Writer(path, "gemma3")
    size = writer.byte_vocabulary()
    writer.gguf.add_vocab_size(size)
    writer.gguf.add_feed_forward_length(2 * WIDTH)
    writer.gguf.add_head_count(heads)
    writer.gguf.add_head_count_kv(heads)
    writer.gguf.add_key_length(WIDTH // heads)
    writer.gguf.add_value_length(WIDTH // heads)
    writer.gguf.add_layer_norm_rms_eps(1e-6)
    writer.gguf.add_sliding_window(window)
    writer.random("token_embd.weight", size, WIDTH, scale=1.0)
    writer.ones(["output_norm.weight"])
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        names = ("attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm")
        writer.ones(f"{block}{name}.weight" for name in names)
        writer.ones([block + "attn_q_norm.weight", block + "attn_k_norm.weight"], WIDTH // heads)
        _attention(writer, block)
        _gated(writer, block)
    writer.close()
    return str(path)


def write_mamba(path: Path) -> str:
    """A recurrent model: a state in place of a cache."""
    inner, state, rank, kernel = 2 * WIDTH, 8, 4, 4
    writer = _Writer(path, "mamba")
    size = writer.byte_vocabulary()
    writer.gguf.add_vocab_size(size)
    writer.gguf.add_feed_forward_length(0)
    writer.gguf.add_head_count(0)
    writer.gguf.add_ssm_conv_kernel(kernel)
    writer.gguf.add_ssm_inner_size(inner)
    writer.gguf.add_ssm_state_size(state)
    writer.gguf.add_ssm_time_step_rank(rank)
    writer.gguf.add_layer_norm_rms_eps(1e-6)
    writer.random("token_embd.weight", size, WIDTH, scale=1.0)
    writer.random("output.weight", size, WIDTH)
    writer.ones(["output_norm.weight"])
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        writer.ones([block + "attn_norm.weight"])
        writer.random(block + "ssm_in.weight", 2 * inner, WIDTH)
        writer.random(block + "ssm_conv1d.weight", inner, kernel)
        writer.zeros(block + "ssm_conv1d.bias", inner)
        writer.random(block + "ssm_x.weight", rank + 2 * state, inner)
        writer.random(block + "ssm_dt.weight", inner, rank)
        writer.zeros(block + "ssm_dt.bias", inner)
        writer.gguf.add_tensor(block + "ssm_a", -np.ones((inner, state), np.float32))
        writer.ones([block + "ssm_d"], inner)
        writer.random(block + "ssm_out.weight", WIDTH, inner)
    writer.close()
    return str(path)


def write_bert(path: Path, pooling: gguf.PoolingType = gguf.PoolingType.CLS) -> str:
    """An encoder: it embeds and cannot generate."""
    writer = _Writer(path, "bert")
    letters = [chr(code) for code in range(97, 123)]
    words = [f"\u2581{letter}" for letter in letters]
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words, *letters]
    writer.gguf.add_tokenizer_model("bert")
    writer.gguf.add_token_list(tokens)
    writer.gguf.add_token_types(
        [gguf.TokenType.CONTROL] * 5 + [gguf.TokenType.NORMAL] * (len(tokens) - 5)
    )
    writer.gguf.add_token_type_count(2)
    writer.gguf.add_unk_token_id(1)
    writer.gguf.add_bos_token_id(2)
    writer.gguf.add_eos_token_id(3)
    writer.gguf.add_sep_token_id(3)
    writer.gguf.add_pad_token_id(0)
    writer.gguf.add_mask_token_id(4)
    writer.gguf.add_vocab_size(len(tokens))
    writer.gguf.add_feed_forward_length(2 * WIDTH)
    writer.gguf.add_head_count(2)
    writer.gguf.add_layer_norm_eps(1e-6)
    writer.gguf.add_causal_attention(False)
    writer.gguf.add_pooling_type(pooling)
    writer.random("token_embd.weight", len(tokens), WIDTH, scale=1.0)
    writer.random("token_types.weight", 2, WIDTH)
    writer.random("position_embd.weight", CONTEXT, WIDTH)
    writer.ones(["token_embd_norm.weight"])
    writer.zeros("token_embd_norm.bias", WIDTH)
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        _attention(writer, block)
        for part in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_down"):
            writer.zeros(f"{block}{part}.bias", WIDTH)
        for norm in ("attn_output_norm", "layer_output_norm"):
            writer.ones([f"{block}{norm}.weight"])
            writer.zeros(f"{block}{norm}.bias", WIDTH)
        writer.random(f"{block}ffn_up.weight", 2 * WIDTH, WIDTH)
        writer.zeros(f"{block}ffn_up.bias", 2 * WIDTH)
        writer.random(f"{block}ffn_down.weight", WIDTH, 2 * WIDTH)
    writer.close()
    return str(path)
