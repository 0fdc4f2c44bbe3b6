"""Two clients that share no code with lmd: stock MessagePack, and JSON lines."""

import json
import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgpack

Id = int | str


@dataclass(frozen=True)
class Final:
    """The one answer to a call."""

    id: Id | None
    error: dict[str, Any] | None
    result: dict[str, Any] | None

    def good(self) -> dict[str, Any]:
        """The result; fails on an error."""
        assert self.error is None, self.error
        assert self.result is not None
        return self.result

    @property
    def code(self) -> str:
        """The error's code; "ok" for a result."""
        return "ok" if self.error is None else str(self.error["code"])


@dataclass(frozen=True)
class Notice:
    """A notification."""

    method: str
    params: dict[str, Any]


@dataclass
class Answer:
    """Everything that came for one call."""

    pieces: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    happened: list[dict[str, Any]] = field(default_factory=list)
    seqs: list[int] = field(default_factory=list)
    final: Final | None = None

    def end(self) -> Final:
        """The final message, which must have come."""
        assert self.final is not None
        return self.final

    def take(self, message: Final | Notice) -> None:
        """Sort a message in; nothing may follow the final one."""
        assert self.final is None, f"after the final message: {message}"
        if isinstance(message, Final):
            self.final = message
            return
        self.seqs.append(message.params["seq"])
        if "text" in message.params:
            self.pieces.append(message.params["text"])
        elif "happened" in message.params:
            self.happened.append(message.params["happened"])
        else:
            self.events.append(message.params["event"])


class Client:
    """One connection; a subclass knows the dialect."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._last_id = 0
        self.answers: dict[Id, Answer] = {}

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *error: object) -> None:
        self.socket.close()

    def encode_request(self, id: Id, method: str, params: dict[str, Any]) -> bytes:
        """A call as bytes."""
        raise NotImplementedError

    def encode_notification(self, method: str, params: dict[str, Any]) -> bytes:
        """A notification as bytes."""
        raise NotImplementedError

    def receive(self) -> Final | Notice:
        """The next message. Raises EOFError at the end of the stream."""
        raise NotImplementedError

    def request(self, method: str, id: Id | None = None, **params: Any) -> Id:
        """Send a call and return its id; read the answer later."""
        self._last_id += 1
        id = self._last_id if id is None else id
        self.answers[id] = Answer()
        self.socket.sendall(self.encode_request(id, method, params))
        return id

    def ask(self, prompt: str = "one two three", id: Id | None = None, **params: Any) -> Id:
        """Send a streaming ``ask`` for as long an answer as the engine likes to give."""
        usual = {"prompt": prompt, "stream": True, "max_tokens": 4000}
        return self.request("ask", id, **{**usual, **params})

    def cancel(self, id: Id) -> None:
        """Give a call up."""
        self.socket.sendall(self.encode_notification("cancel", {"id": id}))

    def call(self, method: str, **params: Any) -> Final:
        """Send a call and wait for its final message."""
        return self.wait(self.request(method, **params)).end()

    def wait(self, id: Id) -> Answer:
        """Read until a call has its final message."""
        while self.answers[id].final is None:
            self._read_one()
        return self.answers.pop(id)

    def wait_all(self, ids: Iterable[Id]) -> list[Answer]:
        """Read until each of the calls has its final message."""
        return [self.wait(id) for id in list(ids)]

    def wait_text(self, id: Id) -> None:
        """Read until the first piece of an answer has come."""
        while not self.answers[id].pieces:
            assert self.answers[id].final is None, self.answers[id]
            self._read_one()

    def wait_event(self, id: Id, event: str) -> None:
        """Read until a call's progress has reached ``event``."""
        while event not in self.answers[id].events:
            assert self.answers[id].final is None, self.answers[id]
            self._read_one()

    def wait_happened(self, id: Id, count: int) -> list[dict[str, Any]]:
        """Read until a subscription has told so many events; returns them."""
        while len(self.answers[id].happened) < count:
            self._read_one()
        return self.answers[id].happened

    def drain(self) -> list[Final | Notice]:
        """Everything up to the end of the stream."""
        messages: list[Final | Notice] = []
        while True:
            try:
                messages.append(self.receive())
            except EOFError:
                return messages

    def _read_one(self) -> None:
        message = self.receive()
        id = message.id if isinstance(message, Final) else message.params["id"]
        assert id in self.answers, message
        self.answers[id].take(message)

    def _read_bytes(self) -> bytes:
        data = self.socket.recv(1 << 16)
        if not data:
            raise EOFError("the daemon has closed the connection")
        return data


class MsgpackClient(Client):
    """MessagePack-RPC as the msgpack package speaks it."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(connection)
        self._unpacker = msgpack.Unpacker(max_buffer_size=1 << 24)

    def encode_request(self, id: Id, method: str, params: dict[str, Any]) -> bytes:
        packed: bytes = msgpack.packb([0, id, method, [params]])
        return packed

    def encode_notification(self, method: str, params: dict[str, Any]) -> bytes:
        packed: bytes = msgpack.packb([2, method, [params]])
        return packed

    def receive(self) -> Final | Notice:
        while True:
            for message in self._unpacker:
                if message[0] == 1:
                    return Final(*message[1:])
                assert message[0] == 2
                return Notice(message[1], message[2][0])
            self._unpacker.feed(self._read_bytes())


class JsonClient(Client):
    """JSON-RPC 2.0, one object a line."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(connection)
        self._unread = b""

    def encode_request(self, id: Id, method: str, params: dict[str, Any]) -> bytes:
        call = {"jsonrpc": "2.0", "id": id, "method": method, "params": params}
        return json.dumps(call).encode() + b"\n"

    def encode_notification(self, method: str, params: dict[str, Any]) -> bytes:
        return json.dumps({"jsonrpc": "2.0", "method": method, "params": params}).encode() + b"\n"

    def receive(self) -> Final | Notice:
        while b"\n" not in self._unread:
            self._unread += self._read_bytes()
        line, _, self._unread = self._unread.partition(b"\n")
        return read_line(line)


def read_line(line: bytes) -> Final | Notice:
    """A line of the JSON dialect."""
    message = json.loads(line)
    assert message["jsonrpc"] == "2.0"
    if "method" in message:
        assert "id" not in message
        return Notice(message["method"], message["params"])
    assert ("error" in message) != ("result" in message)
    return Final(message["id"], message.get("error"), message.get("result"))
