"""Chat templates: messages to a prompt, through the sandbox process.

What a user writes must not become a control token. Where no message spells one, the rendered
text is tokenized whole, exactly as llama.cpp does. Where one does, the template is rendered with
placeholders, and the messages' own text is tokenized apart, without special tokens; a template
that edits the text of messages (trims it, say) leaves it unedited in that case.
"""

import os
import re
import secrets
import select
import subprocess
import sys
import time
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from lmd.protocol.errors import LmdError
from lmd.protocol.params import Message
from lmd.worker.sandbox import MAX_OUTPUT, Rendered, Setup

WALL_SECONDS = 6.0
"""Longest wait for the sandbox, which limits itself to less CPU time than that."""
MAX_FRAME = 4 * MAX_OUTPUT + 64
CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}"
    "<|im_end|>\n{% endfor %}<|im_start|>assistant{{ '\\n' }}"
)
PLAIN = (
    "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}assistant:"
)
PLAIN_STOPS = ("\nuser:", "\nsystem:")


class TemplateFailed(Exception):
    """The template does not compile, refuses the messages, or passes its limits."""


class Part(NamedTuple):
    """A piece of a prompt."""

    text: str
    trusted: bool
    """Written by the template: spellings of control tokens count."""


class Source(NamedTuple):
    """A template and where it is from."""

    text: str
    fallback: str
    """Empty for a template of the model or the configuration, else what stands in for it."""


def choose_template(configured: str | None, own: str | None, specials: Iterable[str]) -> Source:
    """The configured template, else the file's, else ChatML where the model knows its tokens,
    else plain ``role: text`` lines."""
    chosen = configured or own
    if chosen:
        return Source(chosen, "")
    if {"<|im_start|>", "<|im_end|>"} <= set(specials):
        return Source(CHATML, "ChatML")
    return Source(PLAIN, "plain lines")


class ChatTemplate:
    """A compiled template in its process, which is started again after it died. One thread."""

    def __init__(self, setup: Setup, specials: frozenset[str]) -> None:
        """Compile it. Raises TemplateFailed."""
        self._setup = msgspec.msgpack.encode(setup)
        self._special = _any_of(specials)
        self._process = self._start()

    def render(self, messages: list[Message]) -> list[Part]:
        """The prompt up to where the assistant speaks. Raises TemplateFailed."""
        if self._special is None or not any(self._special.search(m.content) for m in messages):
            return [Part(self._ask(messages), trusted=True)]
        nonce = secrets.token_hex(8)
        marked = [Message(m.role, f"\ue000{nonce}{at}\ue000") for at, m in enumerate(messages)]
        pieces = re.split(f"\ue000{nonce}(\\d+)\ue000", self._ask(marked))
        return [
            Part(messages[int(piece)].content if odd else piece, trusted=not odd)
            for odd, piece in ((at % 2 == 1, piece) for at, piece in enumerate(pieces))
            if piece
        ]

    def close(self) -> None:
        """End the process."""
        _end(self._process)

    def _ask(self, messages: list[Message]) -> str:
        if self._process.poll() is not None:
            self._process = self._start()
        return self._exchange(self._process, msgspec.msgpack.encode(messages))

    def _start(self) -> "subprocess.Popen[bytes]":
        safe = ["-I"] if sys.flags.isolated else ["-P"] if sys.flags.safe_path else []
        process = subprocess.Popen(
            [sys.executable, *safe, "-m", "lmd.worker.sandbox"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        try:
            self._exchange(process, self._setup)
        except TemplateFailed:
            _end(process)
            raise
        return process

    def _exchange(self, process: "subprocess.Popen[bytes]", body: bytes) -> str:
        assert process.stdin is not None
        assert process.stdout is not None
        deadline = time.monotonic() + WALL_SECONDS
        try:
            process.stdin.write(len(body).to_bytes(4, "big") + body)
            size = int.from_bytes(_read(process.stdout.fileno(), 4, deadline), "big")
            if size > MAX_FRAME:
                raise TemplateFailed("it writes too much")
            raw = _read(process.stdout.fileno(), size, deadline)
        except (BrokenPipeError, EOFError, TimeoutError):
            _end(process)
            raise TemplateFailed("it takes too much time or memory") from None
        reply = msgspec.msgpack.decode(raw, type=Rendered)
        if reply.error:
            raise TemplateFailed(reply.error)
        return reply.text


def refusal(error: TemplateFailed) -> LmdError:
    """The error of a request whose messages the template does not render."""
    return LmdError(
        "invalid_request",
        f"the chat template fails: {error}",
        hint="some models take only certain roles, or an alternation of user and assistant",
    )


def _any_of(spellings: Iterable[str]) -> "re.Pattern[str] | None":
    ordered = sorted(filter(None, spellings), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, ordered))) if ordered else None


def _read(fd: int, size: int, deadline: float) -> bytes:
    """Exactly ``size`` bytes. Raises EOFError or TimeoutError."""
    data = bytearray()
    while len(data) < size:
        ready, _, _ = select.select([fd], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError
        piece = os.read(fd, min(1 << 16, size - len(data)))
        if not piece:
            raise EOFError
        data += piece
    return bytes(data)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
