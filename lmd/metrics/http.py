"""The metrics over HTTP: one request a connection, bounded in number, bytes and time."""

import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus

import h11
import structlog
import trio

from lmd.defects import trace_of
from lmd.metrics.access import Refusal, Rules, decide
from lmd.metrics.exposition import CONTENT_TYPE

log = structlog.get_logger("lmd.metrics")

CONNECTIONS = 16
"""At a time; further ones wait in the kernel."""
HEAD_BYTES = 16 << 10
SECONDS = 5.0
"""For a connection as a whole: a scrape takes milliseconds."""
GOODBYE_SECONDS = 0.5
"""What a client gets to close first: else what it has not read yet could be lost to a reset."""
RECEIVE_BYTES = 4096
PAUSE_SECONDS = 0.5
"""Until the next try where the kernel has no descriptor left."""
Render = Callable[[], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Reply:
    """What is sent back."""

    status: HTTPStatus
    body: bytes
    content_type: str = "text/plain; charset=utf-8"
    header: tuple[bytes, bytes] | None = None


async def run_http(
    listener: socket.socket,
    rules: Rules,
    render: Render,
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve scrapes until cancelled. No client's fault reaches anything else."""
    listener.setblocking(False)
    accepting = trio.SocketListener(trio.socket.from_stdlib_socket(listener))
    places = trio.Semaphore(CONNECTIONS)
    async with accepting, trio.open_nursery() as nursery:
        task_status.started()
        while True:
            await places.acquire()
            try:
                stream = await accepting.accept()
            except OSError as error:
                places.release()
                log.warning("cannot accept a scrape: pausing", reason=str(error))
                await trio.sleep(PAUSE_SECONDS)
                continue
            nursery.start_soon(_serve, stream, rules, render, places)


async def _serve(
    stream: trio.SocketStream, rules: Rules, render: Render, places: trio.Semaphore
) -> None:
    try:
        with trio.move_on_after(SECONDS):
            await _answer(stream, rules, render)
            await _part(stream)
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        pass  # the client has left
    except Exception as error:  # noqa: BLE001 - one scrape's defect must not end the daemon
        log.error("defect while serving a scrape", trace=trace_of(error))
    finally:
        places.release()
        await trio.aclose_forcefully(stream)


async def _answer(stream: trio.SocketStream, rules: Rules, render: Render) -> None:
    """Read the head of one request and answer it. What a body says is never looked at."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES)
    request: h11.Request | None = None
    try:
        request = await _read_head(stream, connection)
        if request is None:
            return
        refusal = decide(request.method, request.target, list(request.headers), rules)
    except h11.RemoteProtocolError as error:
        refusal = Refusal(HTTPStatus(error.error_status_hint), "not a request that can be read")
    if refusal:
        log.info("scrape refused", status=int(refusal.status), reason=refusal.text)
        reply = Reply(refusal.status, f"{refusal.text}\n".encode(), header=refusal.header)
    else:
        reply = Reply(HTTPStatus.OK, (await render()).encode(), CONTENT_TYPE)
    with_body = request is None or request.method != b"HEAD"
    await stream.send_all(_encode(connection, reply, with_body=with_body))


async def _read_head(stream: trio.SocketStream, connection: h11.Connection) -> h11.Request | None:
    """The request; None if the client leaves before it is whole. Raises h11.RemoteProtocolError."""
    while (event := connection.next_event()) is h11.NEED_DATA:
        data = await stream.receive_some(RECEIVE_BYTES)
        if not data:
            return None
        connection.receive_data(data)
    return event if isinstance(event, h11.Request) else None


def _encode(connection: h11.Connection, reply: Reply, *, with_body: bool) -> bytes:
    headers = [
        (b"content-type", reply.content_type.encode()),
        (b"content-length", str(len(reply.body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"connection", b"close"),
        *([reply.header] if reply.header else []),
    ]
    events: list[h11.Event] = [
        h11.Response(status_code=reply.status, reason=reply.status.phrase, headers=headers)
    ]
    if with_body:
        events.append(h11.Data(data=reply.body))
    return b"".join(connection.send(event) or b"" for event in [*events, h11.EndOfMessage()])


async def _part(stream: trio.SocketStream) -> None:
    """Say that this was all, and read nothing but the end; bounded in time and bytes."""
    await stream.send_eof()
    with trio.move_on_after(GOODBYE_SECONDS):
        for _ in range(HEAD_BYTES // RECEIVE_BYTES):
            if not await stream.receive_some(RECEIVE_BYTES):
                return
