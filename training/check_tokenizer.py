"""Prove that llama.cpp splits text exactly as the training did, token for token."""

import argparse
import json
import random
import sys
from pathlib import Path

from llama_cpp import Llama

from lmd.shell.slots import ITEMS, NUMBER_SLOTS, STRING_SLOTS, TOPIC
from training.tokenizer import encode_text, load_tokenizer

# Letters, digits and spaces of several scripts, where pre-tokenizers tend to differ.
ODD = "äöüßñ漢字мир😀١٢½Ⅷ\u00a0\u2028\t\n\r'"
SNIPPETS = [
    "", " ", "a  b", "'S it'LL can't", "<|end|>", "x\r\n\r\n y \n", "1234567890",
    f"a {STRING_SLOTS[0]}.gz{ITEMS[0]}--b", f"{TOPIC}{ITEMS[1]} {NUMBER_SLOTS[0]}",
]  # fmt: skip


def sample_texts(held_out: Path, rng: random.Random) -> list[str]:
    """Return requests and commands of the held-out rows, and as many random strings."""
    rows = [json.loads(line) for line in held_out.open(encoding="utf-8")]
    texts = [row[key] for row in rows for key in ("request", "command")]
    alphabet = [chr(code) for code in range(32, 127)] + list(ODD)
    noise = ["".join(rng.choices(alphabet, k=rng.randint(1, 60))) for _ in texts]
    return texts + noise + SNIPPETS


def main() -> None:
    """Compare; exit with 1 where a text is split differently or does not come back."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="folder of the checkpoints")
    parser.add_argument("gguf", type=Path)
    options = parser.parse_args()
    tokenizer = load_tokenizer(options.run / "tokenizer.json")
    llama = Llama(str(options.gguf), vocab_only=True, verbose=False)
    texts = sample_texts(options.run / "held_out.jsonl", random.Random(5))
    different = 0
    for text, ours in zip(texts, encode_text(tokenizer, texts), strict=True):
        plain = text.replace("<|", "< |").encode()
        theirs = llama.tokenize(plain, add_bos=True, special=True)
        if ours != theirs or llama.detokenize(theirs) != plain:
            different += 1
            print(f"differs: {text!r}")
    print(f"{len(texts)} texts, {different} differ")
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
