"""A client that does everything that clients do, by chance: polite, hasty, rude."""

import json
import random
import socket
from collections import Counter
from contextlib import closing

from lmctl.client import Connection, connect
from lmctl.failures import DaemonError

WORDS = ("list", "all", "files", "changed", "this", "week", "count", "lines", "by", "size")
LONG = 200
"""Tokens of an answer that is not waited for."""
REQUESTS_EACH = 30
"""On a connection, before it is closed for a new one."""
PATIENCE_SECONDS = 60.0


class Mixture:
    """Asks by chance, with its own generator, and counts how the requests ended."""

    def __init__(self, path: str, chance: random.Random, other: str) -> None:
        """``other`` is a model that is loaded anew now and then."""
        self.asked = 0
        self.codes: Counter[str] = Counter()
        self._path = path
        self._chance = chance
        self._other = other
        self._kinds = {
            self._ask: 30,
            self._complete: 15,
            self._cancel: 12,
            self._leave: 8,
            self._embed: 6,
            self._tokenize: 8,
            self._suggest: 2,
            self._look: 8,
            self._nonsense: 4,
            self._say_json: 6,
            self._use_other: 1,
        }

    def ask(self, requests: int) -> None:
        """Send so many requests, one after the other, over as many connections as it takes.

        Raises what breaks: a request without an answer is a defect of the daemon.
        """
        left = requests
        kinds, weights = list(self._kinds), list(self._kinds.values())
        while left > 0:
            with closing(connect(self._path)) as connection:
                for _ in range(min(left, REQUESTS_EACH)):
                    left -= 1
                    self.asked += 1
                    [kind] = self._chance.choices(kinds, weights)
                    code = self._code(connection, kind)
                    self.codes[code] += 1
                    if code == "left":
                        break

    def _code(self, connection: Connection, kind: object) -> str:
        assert callable(kind)
        try:
            return kind(connection) or "ok"
        except DaemonError as error:
            return error.code

    def _text(self, most: int = 12) -> str:
        count = self._chance.randint(1, most)
        return " ".join(self._chance.choice(WORDS) for _ in range(count))

    def _ask(self, connection: Connection) -> None:
        tokens = self._chance.randint(1, 6)
        stream = self._chance.random() < 0.5
        params = {"prompt": self._text(), "max_tokens": tokens, "stream": stream}
        connection.call("ask", params, PATIENCE_SECONDS)

    def _complete(self, connection: Connection) -> None:
        params = {"prompt": self._text(40), "max_tokens": 3, "temperature": 0.0}
        connection.call("complete", params, PATIENCE_SECONDS)

    def _begin(self, connection: Connection) -> int:
        params = {"prompt": self._text(), "max_tokens": LONG, "stream": True}
        return connection.request("ask", params)

    def _cancel(self, connection: Connection) -> str:
        request = self._begin(connection)
        wanted = self._chance.randint(0, 3)
        for count, (kind, _) in enumerate(connection.updates(request)):
            if kind == "result":
                return "ok"
            if count == wanted:
                break
        connection.cancel(request)
        return "cancelled"

    def _leave(self, connection: Connection) -> str:
        request = self._begin(connection)
        if self._chance.random() < 0.5:
            next(connection.updates(request))
        return "left"

    def _embed(self, connection: Connection) -> None:
        texts = [self._text() for _ in range(self._chance.randint(1, 3))]
        connection.call("embed", {"input": texts}, PATIENCE_SECONDS)

    def _tokenize(self, connection: Connection) -> None:
        connection.call("tokenize", {"text": self._text(60)}, PATIENCE_SECONDS)

    def _suggest(self, connection: Connection) -> None:
        connection.call("suggest", {"text": self._text(6), "shell": "bash"}, PATIENCE_SECONDS)

    def _look(self, connection: Connection) -> None:
        method = self._chance.choice(["hello", "status", "models.list", "metrics", "models.memory"])
        connection.call(method, {}, PATIENCE_SECONDS)

    def _nonsense(self, connection: Connection) -> None:
        wrong: list[tuple[str, dict[str, object]]] = [
            ("ask", {"prompt": "x", "model": "nobody"}),
            ("ask", {"prompt": "x", "max_tokens": -1}),
            ("nothing.of.the.kind", {}),
            ("ask", {"prompt": "x", "grammar": "root ::= ("}),
            ("embed", {"input": 3}),
        ]
        method, params = self._chance.choice(wrong)
        connection.call(method, params, PATIENCE_SECONDS)

    def _say_json(self, _: Connection) -> str:
        """The other dialect, on a connection of its own."""
        params = {"prompt": self._text(), "max_tokens": 2}
        call = {"jsonrpc": "2.0", "id": 1, "method": "ask", "params": params}
        with socket.socket(socket.AF_UNIX) as spoken:
            spoken.settimeout(PATIENCE_SECONDS)
            spoken.connect(self._path)
            spoken.sendall(json.dumps(call).encode() + b"\n")
            line = spoken.makefile("rb").readline()
        return str(json.loads(line).get("error", {"code": "ok"})["code"])

    def _use_other(self, connection: Connection) -> None:
        params = {"model": self._other, "prompt": self._text(), "max_tokens": 2}
        connection.call("ask", params, PATIENCE_SECONDS)
        connection.call("models.unload", {"model": self._other}, PATIENCE_SECONDS)
