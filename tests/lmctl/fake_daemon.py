"""A daemon with knobs, spoken to through the stock msgpack package: the client's counterpart.

One thread a connection. `Script` says what `ask` and `complete` do; everything else answers the
way the real methods do, with fixed facts.
"""

import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import msgpack

MODEL = {
    "name": "shell", "state": "ready", "pid": 11, "slots": 4, "busy": 1, "queued": 0,
    "memory": {"weights_bytes": 3 << 20, "worker_rss_bytes": 5 << 20}, "context": 4096,
    "aliases": ["default"], "path": "/models/shell.gguf", "default": True,
}  # fmt: skip
HELLO = {
    "version": "0.1.0", "protocol": 1, "pid": 10, "methods": ["ask"], "limits": {},
    "models": ["shell"], "default_model": "shell",
}  # fmt: skip
STATUS = {
    "version": "0.1.0", "pid": 10, "uptime_s": 3723.0, "socket": "/run/lmd.sock", "config": "",
    "connections": 1, "requests_in_flight": 0, "draining": False, "models": [MODEL],
}  # fmt: skip
REQUEST = {
    "id": 17, "method": "ask", "model": "shell", "priority": "interactive", "state": "decode",
    "age_s": 2.5, "deadline_left_s": 597.5, "tokens": 40, "client_pid": 4711,
}  # fmt: skip
TIMINGS = {
    "queued_ms": 1.0, "load_ms": 0.0, "prefill_ms": 3.0, "first_token_ms": 5.0, "decode_ms": 20.0,
    "tokens_per_second": 100.0,
}  # fmt: skip
USAGE = {
    "prompt_tokens": 9, "cached_tokens": 4, "completion_tokens": 2, "kv_bytes": 1536,
    "drafted_tokens": 3, "accepted_tokens": 1,
}  # fmt: skip
SUGGESTION = {
    "candidates": [
        {"command": "ls -lS", "confidence": 0.9, "insertable": True},
        {"command": "du -ah NAME", "confidence": 0.05, "insertable": True,
         "risk": ["reads everything"], "missing": ["du"], "placeholders": [[7, 11]]},
    ],
    "sure": True, "model": "shell", "timings": TIMINGS, "usage": USAGE, "warnings": [],
    "widget": "sure\t\n6\t\tls -lS\n7\tnot checked: reads everything\tdu -ah NAME\n",
}  # fmt: skip
EXPLANATION = {
    "summary": "Lists files.", "parts": [], "risk": ["overwrites files"],
    "widget": "ls  list directory contents\nLists files.\n",
}  # fmt: skip


@dataclass
class Script:
    """What the next requests are answered with; ``chunks`` are streamed."""

    chunks: list[str] = field(default_factory=lambda: ["Hello", " world"])
    events: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, str]] = field(default_factory=list)
    finish_reason: str = "stop"
    error: dict[str, Any] | None = None
    hold: bool = False
    """Stream the chunks, then wait until the request is cancelled or the client is gone."""
    deaf: bool = False
    """Take note of a cancel, but do not answer it."""
    hang_up: bool = False
    """Stream the chunks, then close the connection without a result."""
    raw_reply: bytes = b""
    """Send these bytes instead of anything else."""
    hello: dict[str, Any] = field(default_factory=lambda: dict(HELLO))
    models: list[dict[str, Any]] = field(default_factory=lambda: [MODEL])
    status: dict[str, Any] = field(default_factory=lambda: dict(STATUS))
    personas: list[dict[str, Any]] = field(
        default_factory=lambda: [{"name": "terse", "model": "shell", "system": "Be brief.\nVery."}]
    )
    suggestion: dict[str, Any] = field(default_factory=lambda: dict(SUGGESTION))
    """The result of `suggest` and `fix`."""
    explanation: dict[str, Any] = field(default_factory=lambda: dict(EXPLANATION))
    """What the result of `explain` has besides the text of ``chunks``."""


Answerer = Callable[["FakeDaemon", dict[str, Any]], dict[str, Any]]


class FakeDaemon:
    """Listens on ``path`` from construction until `close`."""

    def __init__(self, path: str, script: Script | None = None) -> None:
        self.path = path
        self.script = script or Script()
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.cancelled = threading.Event()
        self.disconnected = threading.Event()
        self.holding = threading.Event()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen(64)
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        """Stop listening and wait for the threads."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        os.unlink(self.path)
        for thread in self._threads:
            thread.join(10)

    @property
    def params(self) -> dict[str, Any]:
        """Parameters of the latest request."""
        return self.requests[-1][1]

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        unpacker = msgpack.Unpacker()
        held: list[Any] = []
        with sock:
            try:
                while data := sock.recv(65536):
                    unpacker.feed(data)
                    for message in unpacker:
                        if not self._handle(sock, message, held):
                            return
            except (BrokenPipeError, ConnectionResetError):
                pass  # the client left in the middle of an answer, as some tests want
            finally:
                self.disconnected.set()

    def _handle(self, sock: socket.socket, message: list[Any], held: list[Any]) -> bool:
        if message[0] == 2:
            self.cancelled.set()
            if held and not self.script.deaf:
                error = {"code": "cancelled", "message": "cancelled", "hint": "", "data": {}}
                sock.sendall(msgpack.packb([1, held.pop(), error, None]))
            return True
        _, request_id, method, [params] = message
        self.requests.append((method, params))
        if method in _GENERATIONS:
            return self._generate(sock, request_id, method, params, held)
        answer = self._ANSWERS[method](self, params)
        sock.sendall(msgpack.packb([1, request_id, None, answer]))
        return True

    def _generate(
        self,
        sock: socket.socket,
        request_id: int,
        method: str,
        params: dict[str, Any],
        held: list[Any],
    ) -> bool:
        script = self.script
        if script.raw_reply:
            sock.sendall(script.raw_reply)
            return False
        pieces = [{"text": text} for text in script.chunks] if params.get("stream") else []
        for seq, piece in enumerate([*script.events, *pieces]):
            update = {"id": request_id, "seq": seq, **piece}
            sock.sendall(msgpack.packb([2, "stream", [update]]))
        if script.hold:
            held.append(request_id)
            self.holding.set()
            return True
        if script.hang_up:
            return False
        result = None if script.error else _GENERATIONS[method](script)
        sock.sendall(msgpack.packb([1, request_id, script.error, result]))
        return True

    def _embed(self, params: dict[str, Any]) -> dict[str, Any]:
        vectors = [[float(len(text)), 0.5] for text in params["input"]]
        usage = {"prompt_tokens": 7, "cached_tokens": 0, "completion_tokens": 0}
        return {"embeddings": vectors, "model": "shell", "dimensions": 2, "usage": usage,
                "timings": TIMINGS}  # fmt: skip

    _ANSWERS: ClassVar[dict[str, Answerer]] = {
        "hello": lambda self, params: self.script.hello,
        "status": lambda self, params: self.script.status,
        "requests.cancel": lambda self, params: REQUEST | {"id": params["id"]},
        "embed": _embed,
        "models.list": lambda self, params: {"models": self.script.models},
        "personas.list": lambda self, params: {"personas": self.script.personas},
        "models.show": lambda self, params: {"status": MODEL, "header": {"arch": "qwen2"}},
        "models.load": lambda self, params: MODEL,
        "models.unload": lambda self, params: MODEL | {"state": "unloaded"},
        "models.forget": lambda self, params: {"files": 2, "bytes": 4096},
    }


def generation_result(script: Script) -> dict[str, Any]:
    """The final message for a script."""
    return {
        "text": "".join(script.chunks),
        "model": "shell",
        "finish_reason": script.finish_reason,
        "usage": USAGE,
        "timings": TIMINGS,
        "warnings": script.warnings,
    }


_GENERATIONS: dict[str, Callable[[Script], dict[str, Any]]] = {
    "ask": generation_result,
    "complete": generation_result,
    "suggest": lambda script: script.suggestion,
    "fix": lambda script: script.suggestion,
    "explain": lambda script: generation_result(script) | script.explanation,
}


def main() -> None:
    """What tests start in place of ``lmd run``; notes its pid beside the socket."""
    path = os.environ["LMD_SOCKET"]
    with open(path + ".pids", "a") as pids:
        pids.write(f"{os.getpid()}\n")
    if os.path.exists(path):
        os.unlink(path)
    FakeDaemon(path)
    threading.Event().wait()


if __name__ == "__main__":
    main()
