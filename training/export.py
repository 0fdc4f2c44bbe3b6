"""Write the checkpoint as a GGUF file that llama.cpp runs as it is."""

import argparse
import json
import subprocess
from pathlib import Path

import gguf
import numpy as np
import torch
from gguf.quants import quantize
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from training.attribution import DESCRIPTION, LICENCE, LICENCE_NAME, SOURCES
from training.model import Shape
from training.tokenizer import CONTROL, END_ID, PRE_TOKENIZER, SLOTS, load_tokenizer

CONTEXT = 1024
Q8_0 = gguf.GGMLQuantizationType.Q8_0
TEMPLATE = (Path(__file__).parent / "chat_template.jinja").read_text(encoding="utf-8").strip()


def interleave(weight: Tensor, heads: int) -> Tensor:
    """Reorder the rows of q or k: llama.cpp's llama rotates neighbours, the model halves."""
    rows, columns = weight.shape
    halves = weight.view(heads, 2, rows // heads // 2, columns)
    return halves.transpose(1, 2).reshape(rows, columns)


def tensors(shape: Shape, weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights under llama.cpp's names; the output layer is the tied embedding."""
    named = {
        "token_embd.weight": weights["embedding.weight"],
        "output_norm.weight": weights["norm.weight"],
    }
    for index in range(shape.layers):
        ours, theirs = f"blocks.{index}.", f"blk.{index}."
        query, key, value = weights[ours + "attention.qkv.weight"].chunk(3)
        gate, up = weights[ours + "gate_up.weight"].chunk(2)
        named |= {
            theirs + "attn_norm.weight": weights[ours + "attention_norm.weight"],
            theirs + "attn_q.weight": interleave(query, shape.heads),
            theirs + "attn_k.weight": interleave(key, shape.heads),
            theirs + "attn_v.weight": value,
            theirs + "attn_output.weight": weights[ours + "attention.out.weight"],
            theirs + "ffn_norm.weight": weights[ours + "inner_norm.weight"],
            theirs + "ffn_gate.weight": gate,
            theirs + "ffn_up.weight": up,
            theirs + "ffn_down.weight": weights[ours + "down.weight"],
        }
    return named


def add_shape(out: gguf.GGUFWriter, shape: Shape) -> None:
    """Write what llama.cpp needs to build the graph."""
    out.add_context_length(CONTEXT)
    out.add_embedding_length(shape.width)
    out.add_block_count(shape.layers)
    out.add_feed_forward_length(shape.inner)
    out.add_head_count(shape.heads)
    out.add_head_count_kv(shape.heads)
    out.add_rope_dimension_count(shape.width // shape.heads)
    out.add_rope_freq_base(shape.rope_base)
    out.add_layer_norm_rms_eps(shape.epsilon)
    out.add_vocab_size(shape.vocabulary)
    out.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)


def add_tokenizer(out: gguf.GGUFWriter, tokenizer: Tokenizer) -> None:
    """Write tokens, merges, control ids and the chat template."""
    tokens = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    kinds = dict.fromkeys(CONTROL, gguf.TokenType.CONTROL)
    kinds |= dict.fromkeys(SLOTS, gguf.TokenType.USER_DEFINED)
    merges: list[list[str]] = json.loads(tokenizer.to_str())["model"]["merges"]
    out.add_tokenizer_model("gpt2")
    out.add_tokenizer_pre(PRE_TOKENIZER)
    out.add_token_list([text for text, _ in tokens])
    out.add_token_types([kinds.get(text, gguf.TokenType.NORMAL) for text, _ in tokens])
    out.add_token_merges([" ".join(pair) for pair in merges])
    out.add_bos_token_id(END_ID)
    out.add_eos_token_id(END_ID)
    out.add_eot_token_id(END_ID)
    out.add_pad_token_id(END_ID)
    out.add_add_bos_token(False)
    out.add_add_eos_token(False)
    out.add_chat_template(TEMPLATE)


def add_task_format(out: gguf.GGUFWriter, commit: str, figures: str) -> None:
    """Write that the file takes lmd's tasks, and how it came about."""
    out.add_uint32("lmd.shell.format", 2)
    out.add_string("lmd.shell.recipe_commit", commit)
    out.add_string("lmd.shell.figures", figures)


def add_provenance(out: gguf.GGUFWriter) -> None:
    """Write licence and attribution; the list names only what was trained on."""
    out.add_name("lmd shell")
    out.add_description(DESCRIPTION)
    out.add_license(LICENCE)
    out.add_license_name(LICENCE_NAME)
    out.add_languages(["en"])
    out.add_tags(["shell", "bash", "command-line"])
    out.add_dataset_count(len(SOURCES))
    for index, source in enumerate(SOURCES):
        out.add_dataset_name(index, source.name)
        out.add_dataset_author(index, source.author)
        out.add_dataset_description(index, f"licence: {source.licence}")
        out.add_dataset_repo_url(index, source.url)


def write_gguf(
    shape: Shape,
    weights: dict[str, Tensor],
    tokenizer: Tokenizer,
    path: Path,
    *,
    commit: str = "",
    figures: str = "",
    whole: bool = False,
) -> None:
    """Write the file beside its place, then move it there in one step.

    ``whole`` keeps the matrices in F32, as `training.quantise` needs them.
    """
    temporary = path.with_suffix(".gguf.tmp")
    out = gguf.GGUFWriter(str(temporary), "llama")
    add_provenance(out)
    add_task_format(out, commit, figures)
    add_shape(out, shape)
    add_tokenizer(out, tokenizer)
    for name, tensor in tensors(shape, weights).items():
        values: NDArray[np.float32] = tensor.detach().float().contiguous().numpy()
        if whole or values.ndim == 1:
            out.add_tensor(name, values)
        else:
            out.add_tensor(name, quantize(values, Q8_0), raw_dtype=Q8_0)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()
    temporary.replace(path)


def recipe_commit() -> str:
    """The commit of the recipe; "-dirty" where it was changed since."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    """Export the latest checkpoint of a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="folder of the checkpoints")
    parser.add_argument("gguf", type=Path, help="file to write")
    parser.add_argument("--float", action="store_true", help="F32, for training.quantise")
    parser.add_argument("--figures", type=Path, help="what evaluation printed, for the metadata")
    options = parser.parse_args()
    checkpoint = torch.load(options.run / "model.pt", map_location="cpu", weights_only=True)
    tokenizer = load_tokenizer(options.run / "tokenizer.json")
    write_gguf(
        Shape(**checkpoint["shape"]),
        checkpoint["weights"],
        tokenizer,
        options.gguf,
        commit=recipe_commit(),
        figures=options.figures.read_text(encoding="utf-8") if options.figures else "",
        whole=options.float,
    )
    print(f"{options.gguf}: {options.gguf.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
