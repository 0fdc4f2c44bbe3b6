"""Requests to lmd or to llama-server, behind the same seam.

Both sides get the same request: raw text, the same sampling chain, and a logit bias towards a few
plain words, so that no model ends its answer early and every token has text to show for it.
"""

import contextlib
import http.client
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from lmctl.client import connect

REQUEST_SECONDS = 600.0
WORDS = " the time of day and a year in people"
"""The vocabulary that is left to a model."""
BIAS = 100.0
SAMPLING = {"temperature": 0.8, "top_k": 40, "top_p": 0.95, "min_p": 0.05, "seed": 1}
_READ_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request; times in seconds from the call, connecting included."""

    tokens: int
    first: float
    """Until the first text arrived."""
    seconds: float
    """Until the answer was complete."""


class Complete(Protocol):
    """Continue a prompt by exactly so many tokens, streaming, over a connection of its own.

    Blocks. Raises RuntimeError when the answer has another length.
    """

    def __call__(self, prompt: str, tokens: int) -> Answer: ...


def lmd_client(path: str, model: str, words: list[int]) -> Complete:
    """Through lmd's socket, with the connection that `lmctl` uses."""
    common = {"model": model, "stream": True, "logit_bias": bias(words), **SAMPLING}

    def complete(prompt: str, tokens: int) -> Answer:
        started = time.perf_counter()
        first = 0.0
        made: object = 0
        with contextlib.closing(connect(path)) as connection:
            params = {**common, "prompt": prompt, "max_tokens": tokens}
            request = connection.request("complete", params)
            for kind, payload in connection.updates(request, deadline=REQUEST_SECONDS):
                if not first and payload.get("text"):
                    first = time.perf_counter() - started
                if kind == "result":
                    usage = payload["usage"]
                    made = usage["completion_tokens"] if isinstance(usage, dict) else 0
            return _answer(made, tokens, first, time.perf_counter() - started)

    return complete


def llama_server_client(port: int, words: list[int]) -> Complete:
    """Through llama-server's HTTP. It closes a connection after a streamed answer."""
    common = {
        "stream": True,
        "ignore_eos": True,
        "cache_prompt": True,
        "logit_bias": bias(words),
        "samplers": ["top_k", "top_p", "min_p", "temperature"],
        **SAMPLING,
    }

    def complete(prompt: str, tokens: int) -> Answer:
        started = time.perf_counter()
        first = 0.0
        made: object = 0
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=REQUEST_SECONDS)
        with contextlib.closing(connection):
            body = json.dumps({**common, "prompt": prompt, "n_predict": tokens})
            connection.request("POST", "/completion", body, {"Content-Type": "application/json"})
            for event in events(connection.getresponse()):
                if not first and event.get("content"):
                    first = time.perf_counter() - started
                if event.get("stop"):
                    made = event["tokens_predicted"]
            return _answer(made, tokens, first, time.perf_counter() - started)

    return complete


def events(response: http.client.HTTPResponse) -> Iterator[dict[str, Any]]:
    """Server-sent events, each as soon as its bytes are there."""
    if response.status != http.HTTPStatus.OK:
        raise RuntimeError(f"llama-server answered {response.status}: {response.read()[:500]!r}")
    pending = b""
    while data := response.read1(_READ_BYTES):
        *events, pending = (pending + data).split(b"\n\n")
        for event in events:
            if event.startswith(b"data: {"):
                yield json.loads(event.removeprefix(b"data: "))


def _answer(made: object, wanted: int, first: float, seconds: float) -> Answer:
    if made != wanted or not first:
        raise RuntimeError(f"{made} tokens came where {wanted} were asked for: not comparable")
    return Answer(wanted, first, seconds)


def bias(words: list[int]) -> list[list[float]]:
    """The logit bias that leaves a model only these tokens."""
    return [[token, BIAS] for token in words]
