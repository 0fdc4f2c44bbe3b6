"""A small decoder of the llama architecture, as llama.cpp computes it."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True, slots=True)
class Shape:
    """The dimensions; every one is a multiple of 32, the block of Q8_0."""

    vocabulary: int = 6144
    width: int = 256
    layers: int = 6
    heads: int = 4
    inner: int = 704
    rope_base: float = 10000.0
    epsilon: float = 1e-5


class FeatureDropout(nn.Module):
    """Dropout of the same features at every position of a row (Gal and Ghahramani 2016).

    On a processor it costs nothing, where a random number for every value costs a third of a step.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: Tensor) -> Tensor:
        """Return x, while training without some features and with the rest made up for it."""
        if not self.training or not self.share:
            return x
        kept = torch.rand(x.shape[0], 1, x.shape[2], device=x.device) >= self.share
        return x * (kept.to(x.dtype) / (1 - self.share))


class Attention(nn.Module):
    """Causal self-attention with rotary positions; halves are paired, as in the HF layout.

    Rows are short, so the scores are written out: on processors torch's flash attention takes
    twice as long as the rest of the backward pass together.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.qkv = nn.Linear(shape.width, 3 * shape.width, bias=False)
        self.out = nn.Linear(shape.width, shape.width, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """Attend within each row of the batch; padding at the end needs no mask."""
        batch, length, width = x.shape
        packed = self.qkv(x).view(batch, length, 3, self.heads, width // self.heads)
        q, k, v = packed.permute(2, 0, 3, 1, 4).unbind(0)
        scores = (rotate(q, cos, sin) @ rotate(k, cos, sin).mT) * q.shape[-1] ** -0.5
        later = torch.ones(length, length, dtype=torch.bool, device=x.device).triu(1)
        shares = scores.float().masked_fill(later, -torch.inf).softmax(-1).to(v.dtype)
        joined: Tensor = self.out((shares @ v).transpose(1, 2).reshape(batch, length, width))
        return joined


class Block(nn.Module):
    """Pre-norm attention and SwiGLU, each with dropout before it joins the residual."""

    def __init__(self, shape: Shape, dropout: float) -> None:
        super().__init__()
        self.attention_norm = nn.RMSNorm(shape.width, eps=shape.epsilon)
        self.attention = Attention(shape)
        self.inner_norm = nn.RMSNorm(shape.width, eps=shape.epsilon)
        self.gate_up = nn.Linear(shape.width, 2 * shape.inner, bias=False)
        self.down = nn.Linear(shape.inner, shape.width, bias=False)
        self.dropout = FeatureDropout(dropout)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """Return the residual stream after this block."""
        x = x + self.dropout(self.attention(self.attention_norm(x), cos, sin))
        gate, up = self.gate_up(self.inner_norm(x)).chunk(2, dim=-1)
        out: Tensor = x + self.dropout(self.down(F.silu(gate) * up))
        return out


class Decoder(nn.Module):
    """Token ids in, hidden states out; `logits` uses the tied embedding."""

    def __init__(self, shape: Shape, dropout: float = 0.0, longest: int = 512) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.vocabulary, shape.width)
        self.blocks = nn.ModuleList(Block(shape, dropout) for _ in range(shape.layers))
        self.norm = nn.RMSNorm(shape.width, eps=shape.epsilon)
        self.dropout = FeatureDropout(dropout)
        cos, sin = rotary_tables(longest, shape.width // shape.heads, shape.rope_base)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        self._initialise()

    def _initialise(self) -> None:
        residual = 0.02 / (2 * self.shape.layers) ** 0.5
        for name, weight in self.named_parameters():
            if weight.dim() == 2:
                into_residual = name.endswith(("out.weight", "down.weight"))
                nn.init.normal_(weight, std=residual if into_residual else 0.02)

    def forward(self, ids: Tensor) -> Tensor:
        """Return the normalised hidden state of every position."""
        length = ids.shape[1]
        x = self.dropout(self.embedding(ids))
        cos, sin = self.get_buffer("cos")[:length], self.get_buffer("sin")[:length]
        for block in self.blocks:
            x = block(x, cos, sin)
        hidden: Tensor = self.norm(x)
        return hidden

    def logits(self, hidden: Tensor) -> Tensor:
        """Return scores over the vocabulary for the hidden states given."""
        return F.linear(hidden, self.embedding.weight)


def rotary_tables(length: int, size: int, base: float) -> tuple[Tensor, Tensor]:
    """Return cosines and sines, length x size, each half of the columns alike."""
    rates = base ** (-torch.arange(0, size, 2, dtype=torch.float32) / size)
    angles = torch.outer(torch.arange(length, dtype=torch.float32), rates).repeat(1, 2)
    return angles.cos(), angles.sin()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn each head vector by its position (rotary embedding, Su et al. 2021)."""
    left, right = x.chunk(2, dim=-1)
    return x * cos.to(x.dtype) + torch.cat((-right, left), dim=-1) * sin.to(x.dtype)
