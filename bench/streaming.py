"""Answers as they come, piece by piece, from lmd or from llama-server, behind the same seam."""

import contextlib
import http.client
import json
from collections.abc import Iterator
from typing import Literal, NamedTuple, Protocol

from bench.clients import REQUEST_SECONDS, SAMPLING, bias, events
from lmctl.client import connect


class Piece(NamedTuple):
    """News of a request: text, or so many tokens of the prompt that are read by now."""

    kind: Literal["text", "read"]
    read: int = 0


class Stream(Protocol):
    """Continue a prompt by at most so many tokens, over a connection of its own. Leaving the
    iterator ends the request. ``batch``: nobody reads along, where the server knows the
    difference. Blocks."""

    def __call__(self, prompt: str, tokens: int, *, batch: bool = False) -> Iterator[Piece]: ...


def lmd_stream(path: str, model: str, words: list[int]) -> Stream:
    """Through lmd's socket."""

    def stream(prompt: str, tokens: int, *, batch: bool = False) -> Iterator[Piece]:
        params = {
            "model": model, "stream": True, "logit_bias": bias(words), **SAMPLING,
            "prompt": prompt, "max_tokens": tokens,
            "deadline": REQUEST_SECONDS, "overflow": "shift",
            "priority": "batch" if batch else "interactive",
        }  # fmt: skip
        with contextlib.closing(connect(path)) as connection:
            request = connection.request("complete", params)
            for _, payload in connection.updates(request, deadline=REQUEST_SECONDS):
                if payload.get("text") and "usage" not in payload:
                    yield Piece("text")
                elif payload.get("event") == "prefill":
                    done = payload["done"]
                    assert isinstance(done, int)
                    yield Piece("read", done)

    return stream


def llama_server_stream(port: int, words: list[int]) -> Stream:
    """Through llama-server's HTTP."""

    def stream(prompt: str, tokens: int, *, batch: bool = False) -> Iterator[Piece]:
        del batch
        body = json.dumps(
            {
                "stream": True, "ignore_eos": True, "cache_prompt": True, "return_progress": True,
                "logit_bias": bias(words),
                "samplers": ["top_k", "top_p", "min_p", "temperature"], **SAMPLING,
                "prompt": prompt, "n_predict": tokens,
            }
        )  # fmt: skip
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=REQUEST_SECONDS)
        with contextlib.closing(connection):
            connection.request("POST", "/completion", body, {"Content-Type": "application/json"})
            for event in events(connection.getresponse()):
                if event.get("content"):
                    yield Piece("text")
                elif progress := event.get("prompt_progress"):
                    yield Piece("read", progress["processed"])

    return stream
