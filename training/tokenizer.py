"""Byte-level BPE that llama.cpp reproduces token for token (its `qwen2` pre-tokenizer).

That pre-tokenizer splits numbers into single digits, so a number is copied and not recalled.
"""

from collections.abc import Iterable
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel, Sequence, Split
from tokenizers.trainers import BpeTrainer

from lmd.shell.slots import ITEMS, NUMBER_SLOTS, STRING_SLOTS, TOPIC

PRE_TOKENIZER = "qwen2"  # llama.cpp's name of the expression below
PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
END, SUGGEST, EXPLAIN, FIX = "<|end|>", "<|suggest|>", "<|explain|>", "<|fix|>"
LINUX, MACOS, HINT, ANSWER = "<|linux|>", "<|macos|>", "<|hint|>", "<|answer|>"
CONTROL = [END, SUGGEST, EXPLAIN, FIX, LINUX, MACOS, HINT, ANSWER]  # their ids are their places
SLOTS = [TOPIC, *ITEMS, *STRING_SLOTS, *NUMBER_SLOTS]  # text, but never split or merged
END_ID, HINT_ID, ANSWER_ID = 0, 6, 7
TASKS = {"suggest": 1, "explain": 2, "fix": 3}
PLATFORMS = {"linux": 4, "macos": 5}
VOCABULARY = 4096


def train_tokenizer(texts: Iterable[str], size: int = VOCABULARY) -> Tokenizer:
    """Learn the merges from these texts; the same texts give the same tokenizer."""
    tokenizer = Tokenizer(BPE())
    split = Split(Regex(PATTERN), behavior="isolated")
    tokenizer.pre_tokenizer = Sequence([split, ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = ByteLevelDecoder()
    trainer = BpeTrainer(
        vocab_size=size,
        min_frequency=2,
        special_tokens=[AddedToken(text, special=True) for text in CONTROL]
        + [AddedToken(text, special=False, normalized=False) for text in SLOTS],
        initial_alphabet=ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    if tokenizer.get_vocab_size() != size:
        raise ValueError(f"{tokenizer.get_vocab_size()} tokens learnt, {size} wanted: add rows")
    return tokenizer


def load_tokenizer(path: Path) -> Tokenizer:
    """Read a tokenizer that `train_tokenizer` made."""
    return Tokenizer.from_file(str(path))


def encode_text(tokenizer: Tokenizer, texts: list[str]) -> list[list[int]]:
    """Encode what people wrote: a control token's text inside it stays text."""
    plain = [text.replace("<|", "< |") for text in texts]
    return [encoding.ids for encoding in tokenizer.encode_batch(plain, add_special_tokens=False)]
