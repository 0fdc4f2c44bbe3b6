"""A bounded reader of GGUF headers: it refuses what would make llama.cpp abort."""

from lmd.models.gguf.errors import BadModel
from lmd.models.gguf.facts import ModelShape, Tokenizer
from lmd.models.gguf.header import GGUFHeader, parse_header, read_header
from lmd.models.gguf.tensors import TensorTotals

__all__ = [
    "BadModel",
    "GGUFHeader",
    "ModelShape",
    "TensorTotals",
    "Tokenizer",
    "parse_header",
    "read_header",
]
