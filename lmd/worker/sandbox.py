"""``python -m lmd.worker.sandbox``: renders one chat template, in a process that may die.

A template comes with the model file and is a program. jinja2's sandbox keeps it from reaching
Python, but not from looping for ever or from asking for a gigabyte, and there is no way to stop
that inside a process that decodes for others. So it runs here, under limits of the kernel: the
signal of a CPU timer ends it also inside C code.
"""

import json
import resource
import signal
import sys
from datetime import datetime
from typing import Any, BinaryIO, NoReturn

import msgspec
from jinja2 import TemplateError
from jinja2.ext import Extension, loopcontrols
from jinja2.nodes import Node
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from lmd.protocol.params import Message

CPU_SECONDS = 2.0
ADDRESS_SPACE = 384 << 20
MAX_OUTPUT = 8 << 20
"""Characters a template may write."""
_ERROR_TEXT = 300


class Setup(msgspec.Struct):
    """The first frame."""

    template: str
    bos: str
    eos: str
    cpu_seconds: float = CPU_SECONDS
    """For compiling, and for each rendering."""


class Rendered(msgspec.Struct):
    """The answer to a frame: a text, or why there is none."""

    text: str = ""
    error: str = ""


class GenerationTag(Extension):
    """Accept ``{% generation %}``, with which training marks the assistant's part."""

    tags = {"generation"}  # noqa: RUF012

    def parse(self, parser: Parser) -> Node | list[Node]:
        """Keep what stands inside."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def make_environment() -> ImmutableSandboxedEnvironment:
    """The dialect in which models are published: that of Hugging Face's transformers."""
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[GenerationTag, loopcontrols]
    )
    environment.filters["tojson"] = _to_json
    environment.globals.update(raise_exception=_raise_exception, strftime_now=_strftime_now)
    return environment


def _to_json(
    value: object,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    return json.dumps(
        value,
        ensure_ascii=ensure_ascii,
        indent=indent,
        separators=separators,
        sort_keys=sort_keys,
    )


def _raise_exception(message: object) -> NoReturn:
    raise TemplateError(str(message))


def _strftime_now(layout: str) -> str:
    return datetime.now().strftime(layout)


def _confine() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    if hard == resource.RLIM_INFINITY or hard > ADDRESS_SPACE:
        try:
            resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, hard))
        except (ValueError, OSError) as error:
            # macOS refuses it; the CPU timer and the bound of the output remain.
            sys.stderr.write(f"lmd sandbox: no limit of memory: {error}\n")
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _read_frame(stream: BinaryIO) -> bytes:
    head = stream.read(4)
    if len(head) < 4:
        sys.exit(0)
    return stream.read(int.from_bytes(head, "big"))


def _write(stream: BinaryIO, message: Rendered) -> None:
    body = msgspec.msgpack.encode(message)
    stream.write(len(body).to_bytes(4, "big") + body)
    stream.flush()


def _render(template: Any, setup: Setup, messages: list[Message]) -> Rendered:
    try:
        text: str = template.render(
            messages=[{"role": m.role, "content": m.content} for m in messages],
            add_generation_prompt=True,
            bos_token=setup.bos,
            eos_token=setup.eos,
            tools=None,
            documents=None,
        )
    except MemoryError:
        return Rendered(error="it needs too much memory")
    except Exception as error:  # noqa: BLE001 - a template may raise anything that Python can
        return Rendered(error=f"{type(error).__name__}: {error}"[:_ERROR_TEXT])
    if len(text) > MAX_OUTPUT:
        return Rendered(error=f"it writes more than {MAX_OUTPUT} characters")
    return Rendered(text)


def main() -> NoReturn:
    """Read a `Setup`, then lists of messages, until the worker closes the pipe."""
    _confine()
    requests, replies = sys.stdin.buffer, sys.stdout.buffer
    setup = msgspec.msgpack.decode(_read_frame(requests), type=Setup)
    signal.setitimer(signal.ITIMER_PROF, setup.cpu_seconds)
    try:
        template = make_environment().from_string(setup.template)
    except Exception as error:  # noqa: BLE001 - compiling may raise anything, too
        _write(replies, Rendered(error=f"{type(error).__name__}: {error}"[:_ERROR_TEXT]))
        sys.exit(1)
    _write(replies, Rendered())
    decode = msgspec.msgpack.Decoder(list[Message]).decode
    while True:
        signal.setitimer(signal.ITIMER_PROF, 0)
        messages = decode(_read_frame(requests))
        signal.setitimer(signal.ITIMER_PROF, setup.cpu_seconds)
        _write(replies, _render(template, setup, messages))


if __name__ == "__main__":
    main()
