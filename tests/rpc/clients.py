"""A daemon's socket side in memory, and clients that speak to it in either dialect."""

import itertools
import json
import socket
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgpack
import trio
import trio.testing

from lmd.config.schema import LimitsConfig
from lmd.daemon import handlers_of
from lmd.models.probe import Measured
from lmd.reload.reloader import Reloader
from lmd.rpc.budget import InputBudget
from lmd.rpc.connection import Connection
from lmd.rpc.dispatch import Dispatcher
from lmd.rpc.handlers.status import ServerFacts
from lmd.rpc.outlets import Outlets
from lmd.rpc.shared import ANSWER_BYTES, REQUEST_BYTES, Shared
from lmd.rpc.telemetry import Telemetry
from lmd.shell.suggest.knowledge import NoLexicon
from tests.backend.memory import Knobs
from tests.scheduler.brokers import World, open_world

CONFIG = """
[models.a]
path = "/a"
slots = 2
aliases = ["alias"]
[models.b]
path = "/b"
slots = 1
[daemon]
default_model = "a"
[limits]
restarts = 100
"""
DIALECTS = ("msgpack", "json")


async def measure(models: Mapping[str, tuple[str, int | None]]) -> dict[str, Measured]:
    """The sizes of what has none, without a thread: a clock that jumps would leave it behind."""
    return {name: Measured(7, None if pid is None else pid) for name, (_, pid) in models.items()}


FACTS = ServerFacts(
    socket="/sock",
    config=lambda: "/toml",
    started=0.0,
    connections=lambda: 0,
    in_flight=lambda: 0,
    room_for_answers=lambda: 1 << 20,
    draining=lambda: False,
    generation=lambda: 1,
    config_error=lambda: "",
    measure=measure,
)


class Client:
    """Sends calls and sorts what comes back: finals by id, stream messages by id."""

    def __init__(self, stream: trio.SocketStream, dialect: str) -> None:
        self.stream = stream
        self.dialect = dialect
        self.finals: dict[object, list[dict[str, Any]]] = {}
        self.streamed: dict[object, list[dict[str, Any]]] = {}
        self.closed = False
        self._ids = itertools.count(1)
        self._unpacker = msgpack.Unpacker()
        self._line = b""

    def call(self, id: int, method: str, /, **params: object) -> bytes:
        if self.dialect == "json":
            message = {"jsonrpc": "2.0", "id": id, "method": method, "params": params}
            return json.dumps(message).encode() + b"\n"
        return bytes(msgpack.packb([0, id, method, [params]]))

    def cancel(self, id: int) -> bytes:
        if self.dialect == "json":
            return json.dumps({"method": "cancel", "params": {"id": id}}).encode() + b"\n"
        return bytes(msgpack.packb([2, "cancel", [{"id": id}]]))

    async def send(self, *messages: bytes) -> None:
        await self.stream.send_all(b"".join(messages))

    async def ask(self, method: str, /, **params: object) -> dict[str, Any]:
        """One call and its final message: ``{"result": ...}`` or ``{"error": ...}``."""
        id = next(self._ids)
        await self.send(self.call(id, method, **params))
        return await self.final(id)

    async def final(self, id: int | None) -> dict[str, Any]:
        """Wait for the final message of a call; there is exactly one so far."""
        while id not in self.finals:
            assert await self.receive(), f"closed without an answer to {id}"
        (final,) = self.finals[id]
        return final

    async def error(self, id: int | None) -> dict[str, Any]:
        final = await self.final(id)
        assert "error" in final, final
        error: dict[str, Any] = final["error"]
        return error

    async def receive(self) -> bool:
        """Take what has come; False at the end of the stream."""
        try:
            data = await self.stream.receive_some(65536)
        except trio.BrokenResourceError:
            data = b""
        if not data:
            self.closed = True
            return False
        for message in self._split(data):
            self._sort(message)
        return True

    async def until_closed(self) -> None:
        while await self.receive():
            pass

    def _split(self, data: bytes) -> Iterable[Any]:
        if self.dialect == "msgpack":
            self._unpacker.feed(data)
            return list(self._unpacker)
        *lines, self._line = (self._line + data).split(b"\n")
        return [json.loads(line) for line in lines]

    def _sort(self, message: Any) -> None:
        if isinstance(message, list):
            if message[0] == 2:
                message = {"params": message[2][0]}
            else:
                error, result = message[2], message[3]
                outcome = {"result": result} if error is None else {"error": error}
                message = {"id": message[1], **outcome}
        if "params" in message:
            self.streamed.setdefault(message["params"]["id"], []).append(message["params"])
        else:
            id = message.pop("id")
            message.pop("jsonrpc", None)
            self.finals.setdefault(id, []).append(message)

    def text(self, id: int) -> str:
        return "".join(piece.get("text", "") for piece in self.streamed.get(id, []))


@dataclass
class Service:
    """A running broker, a dispatcher, and connections made on demand."""

    world: World
    dispatcher: Dispatcher
    shared: Shared
    nursery: trio.Nursery
    connections: list[Connection] = field(default_factory=list)
    clients: list[Client] = field(default_factory=list)

    def connect(self, dialect: str = "msgpack") -> Client:
        ours, theirs = socket.socketpair()
        for side in (ours, theirs):
            side.setblocking(False)
        connection = Connection(
            trio.SocketStream(trio.socket.from_stdlib_socket(theirs)),
            self.dispatcher,
            self.shared,
        )
        self.connections.append(connection)
        self.nursery.start_soon(connection.run)
        client = Client(trio.SocketStream(trio.socket.from_stdlib_socket(ours)), dialect)
        self.clients.append(client)
        return client

    async def assert_nothing_is_left(self) -> None:
        """Once requests are over, nothing is held for them anywhere."""
        await trio.testing.wait_all_tasks_blocked()
        self.world.assert_nothing_is_held()
        assert not self.dispatcher._supersedable
        assert [connection.requests_in_flight for connection in self.connections] == [
            0 for _ in self.connections
        ]
        assert self.shared.requests._free == REQUEST_BYTES
        assert self.shared.answers._free == ANSWER_BYTES


@asynccontextmanager
async def open_service(
    knobs: dict[str, Knobs] | None = None, facts: ServerFacts = FACTS, **limits: float
) -> AsyncIterator[Service]:
    """Start it; leaving the block ends connections, requests and workers."""
    async with open_world(CONFIG, knobs) as world, trio.open_nursery() as nursery:
        reloader = Reloader("/toml", world.config, world.reconfigure, world.bus, required=True)
        telemetry = Telemetry(world.bus, world.broker, world.catalogue, facts, Outlets())
        handlers = handlers_of(
            world.broker, world.catalogue, facts, reloader, NoLexicon(), telemetry
        )
        dispatcher = Dispatcher(
            handlers, lambda: world.config.limits.deadline, world.bus, world.broker.release_all
        )
        chosen = LimitsConfig(**limits)  # type: ignore[arg-type]
        shared = Shared(chosen, InputBudget(chosen.input_buffer))
        service = Service(world, dispatcher, shared, nursery)
        try:
            yield service
        finally:
            for client in service.clients:
                client.stream.socket.close()
        nursery.cancel_scope.cancel()
