"""`lmctl ask` and `lmctl complete`: one request, its stream on stdout.

Ctrl-C cancels the request and waits for its end before the signal is let through; a closed
stdout closes the connection, which cancels too.
"""

import os
import stat

from lmctl.context import Input, read_bounded
from lmctl.failures import EXIT_OK, Failure, ProtocolError, UsageError
from lmctl.generation_options import ASK
from lmctl.output import STDOUT, Answer, print_text, show_receipt
from lmctl.parse import wire_options
from lmctl.progress import Progress
from lmctl.session import open_session
from lmd.protocol.limits import MAX_SCHEMA_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lmctl.client import Connection
    from lmctl.output import Messages
    from lmctl.parse import Arguments
    from lmctl.table import Command


def run(command: "Command", arguments: "Arguments", messages: "Messages") -> int:
    """Ask, print, return the exit status. Raises Failure, KeyboardInterrupt, BrokenPipeError."""
    progress = Progress(messages.animates(os.environ), messages)
    answer = Answer()
    try:
        params = request_params(command, arguments, Input(messages, progress))
        result = exchange(command.name, params, arguments, answer, progress)
    finally:
        progress.clear()
    if arguments.flag("json"):
        _print_json(result)
    else:
        answer.write(result_text(result)[answer.taken :])
        answer.finish()
        if command is ASK or answer.to_terminal:
            answer.end_line()
    _report(result, arguments, messages)
    return EXIT_OK


def request_params(command: "Command", arguments: "Arguments", source: Input) -> dict[str, object]:
    """The parameters of the request; reads files and ``source``. Raises Failure."""
    as_json = arguments.flag("json")
    if arguments.number("logprobs") is not None and not as_json:
        raise UsageError("--logprobs needs --json: the plain answer has no place for them")
    params = wire_options(arguments, command)
    schema, grammar = arguments.text("schema"), arguments.text("grammar")
    if schema is not None:
        from lmctl.schema import load_schema

        params["schema"] = load_schema(schema)
    if grammar is not None:
        text = read_bounded(grammar, MAX_SCHEMA_BYTES, "grammar")
        params["grammar"] = text.decode(errors="replace")
    if command is ASK:
        wait = arguments.number("stdin-wait")
        params["prompt"] = source.prompt(arguments.words, arguments.texts("file"), wait)
    else:
        params["prompt"] = source.raw(arguments.words)
    if not as_json and not arguments.flag("no-stream"):
        params["stream"] = True
    return params


def exchange(
    method: str,
    params: dict[str, object],
    arguments: "Arguments",
    answer: Answer,
    progress: Progress,
) -> dict[str, object]:
    """Connect, send one request, print what it streams; returns its result. Raises as `run`."""
    connection = open_session(arguments, progress)
    _watch_for_a_gone_reader(connection)
    try:
        return _follow(connection, method, params, answer, progress)
    finally:
        connection.close()


def _watch_for_a_gone_reader(connection: "Connection") -> None:
    """Ask to be told when a pipe on stdout loses its reader; terminals and files have none."""
    mode = os.fstat(STDOUT).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        connection.watch_reader(STDOUT)


def _follow(
    connection: "Connection",
    method: str,
    params: dict[str, object],
    answer: Answer,
    progress: Progress,
) -> dict[str, object]:
    """Send the request and print what it streams, until its result."""
    request_id = connection.request(method, params)
    deadline = params.get("deadline")
    limit = deadline if isinstance(deadline, float) else None
    try:
        for kind, payload in connection.updates(request_id, progress.tick, limit, probing=True):
            if kind == "result":
                return payload
            _show(kind, payload, answer, progress)
    except KeyboardInterrupt:
        progress.stop()
        _break_line(answer)
        _cancel(connection, request_id)
        raise
    except Failure:
        progress.stop()
        _break_line(answer)
        raise
    raise ProtocolError("a stream without a result")


def _show(kind: str, payload: dict[str, object], answer: Answer, progress: Progress) -> None:
    text = payload.get("text")
    if isinstance(text, str):
        progress.stop()
        answer.write(text)
    elif kind == "idle":
        progress.show()
    elif kind == "silent":
        progress.tell_silent(payload.get("pid"))
    else:
        progress.update(payload)


def _break_line(answer: Answer) -> None:
    """On a terminal, what follows half an answer begins on a line of its own."""
    if answer.to_terminal:
        answer.finish()
        answer.end_line()


def _cancel(connection: "Connection", request_id: int) -> None:
    try:
        connection.cancel(request_id)
    except (Failure, BrokenPipeError):
        return  # whatever state the interrupt left the streams in, closing ours cancels too


def result_text(result: dict[str, object]) -> str:
    """The text of a result. Raises ProtocolError where there is none."""
    text = result.get("text")
    if not isinstance(text, str):
        raise ProtocolError("a result without a text")
    return text


def _print_json(result: dict[str, object]) -> None:
    import json

    print_text(json.dumps(result))


def _report(result: dict[str, object], arguments: "Arguments", messages: "Messages") -> None:
    """What is to be said about an answer besides the answer. Raises Failure for broken JSON."""
    cut = result.get("finish_reason") == "length"
    show_receipt(result, messages, verbose=arguments.flag("verbose"))
    if arguments.text("schema") is not None:
        from lmctl.schema import check_answer

        check_answer(result_text(result), cut)
