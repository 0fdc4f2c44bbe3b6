"""`lmctl embed`: one vector per text, in order, in batches that fit a request."""

import os

from lmctl.failures import EXIT_OK, MissingPrompt, ProtocolError
from lmctl.generation_options import EMBED
from lmctl.output import STDOUT, show_receipt, write_all
from lmctl.parse import wire_options
from lmctl.progress import Progress
from lmctl.session import call, open_session
from lmd.protocol.limits import MAX_EMBED_INPUTS, MAX_MESSAGE_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lmctl.output import Messages
    from lmctl.parse import Arguments

BATCH_BYTES = MAX_MESSAGE_BYTES // 2


def run(arguments: "Arguments", messages: "Messages") -> int:
    """Embed words or the lines of stdin. Raises Failure."""
    words = arguments.words
    if not words and os.isatty(0):
        raise MissingPrompt
    texts: Iterable[str] = words if words and words != ["-"] else stdin_lines()
    params = wire_options(arguments, EMBED)
    progress = Progress(messages.animates(os.environ), messages)
    try:
        connection = open_session(arguments, progress)
        for batch in batches(texts):
            result = call(connection, "embed", {**params, "input": batch}, progress)
            _print(result, len(batch), arguments.flag("json"))
            show_receipt(result, messages, verbose=arguments.flag("verbose"))
        connection.close()
    finally:
        progress.clear()
    return EXIT_OK


def stdin_lines() -> "Iterator[str]":
    """The lines of stdin without their ends. A line over the bound comes in pieces, of which the
    first is already too large for a request and is refused as such."""
    with open(0, "rb", closefd=False) as stdin:
        while line := stdin.readline(MAX_MESSAGE_BYTES + 1):
            yield line.rstrip(b"\r\n").decode(errors="replace")


def batches(texts: "Iterable[str]") -> "Iterator[list[str]]":
    """Texts in groups of at most `MAX_EMBED_INPUTS` and, unless one alone is larger,
    `BATCH_BYTES`."""
    batch: list[str] = []
    size = 0
    for text in texts:
        length = len(text.encode(errors="replace"))
        if batch and (len(batch) == MAX_EMBED_INPUTS or size + length > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += length
    if batch:
        yield batch


def _print(result: dict[str, object], expected: int, as_json: bool) -> None:
    vectors = result.get("embeddings")
    if not isinstance(vectors, list) or len(vectors) != expected:
        raise ProtocolError("not one vector per text")
    if as_json:
        import json

        write_all(STDOUT, json.dumps(result).encode() + b"\n")
        return
    # repr() of a finite float is JSON and exact; the json module is half a start-up
    lines = "".join(f"[{', '.join(map(repr, vector))}]\n" for vector in vectors)
    write_all(STDOUT, lines.encode())
