"""The HTTP listener under honest and hostile clients, over real sockets."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
import structlog
import trio

from lmd.config.addresses import Address
from lmd.config.secrets import Secret
from lmd.metrics import http
from lmd.metrics.access import Rules, allowed_hosts, decide
from tests.metrics.scrapes import Scrape

TOKEN = "s3cret-t0ken"
TEXT = "# TYPE lmd_connections gauge\nlmd_connections 2.0\n"
SECONDS = 30.0


@dataclass
class Listening:
    port: int

    async def send(self, data: bytes, *, close: bool = False) -> bytes:
        """Send bytes and read to the end; ``close``: say at once that this was all."""
        stream = await trio.open_tcp_stream("127.0.0.1", self.port)
        answer = b""
        with trio.fail_after(SECONDS):
            async with stream:
                try:
                    await stream.send_all(data)
                    if close:
                        await stream.send_eof()
                    async for piece in stream:
                        answer += piece
                except trio.BrokenResourceError:
                    pass  # refused before all of it was read
        return answer

    def request(
        self,
        first: str = "GET /metrics HTTP/1.1",
        host: str | None = None,
        token: str | None = TOKEN,
        further: str = "",
    ) -> bytes:
        host = f"127.0.0.1:{self.port}" if host is None else host
        lines = [first, f"Host: {host}"]
        if token is not None:
            lines.append(f"Authorization: Bearer {token}")
        return ("\r\n".join(lines) + f"\r\n{further}\r\n").encode("latin-1")


async def render() -> str:
    return TEXT


@asynccontextmanager
async def listening(*hosts: str) -> AsyncIterator[Listening]:
    listener = socket.create_server(("127.0.0.1", 0))
    address = Address("127.0.0.1", listener.getsockname()[1])
    rules = Rules(allowed_hosts(address, hosts), Secret(TOKEN))
    async with trio.open_nursery() as nursery:
        await nursery.start(http.run_http, listener, rules, render)
        yield Listening(address.port)
        nursery.cancel_scope.cancel()


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


async def test_a_scrape_is_read_by_the_official_parser():
    async with listening() as server:
        head, _, body = (await server.send(server.request())).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK")
        assert b"content-type: text/plain; version=0.0.4; charset=utf-8" in head.lower()
        assert f"content-length: {len(body)}".encode() in head.lower()
        assert Scrape(body.decode()).value("lmd_connections") == 2


async def test_head_has_the_length_and_no_body():
    async with listening() as server:
        answer = await server.send(server.request("HEAD /metrics HTTP/1.1"))
        assert status(answer) == 200
        assert answer.endswith(b"\r\n\r\n")
        assert f"content-length: {len(TEXT)}".encode() in answer.lower()
        assert status(await server.send(server.request("HEAD /x HTTP/1.1"))) == 404


@pytest.mark.parametrize("first", ["GET /metrics?name=x HTTP/1.1", "GET /metrics HTTP/1.0"])
async def test_other_ways_to_ask_the_same(first: str):
    async with listening() as server:
        assert status(await server.send(server.request(first))) == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "", "localhost",
             "127.0.0.1:{port}@evil", "127.0.0.1.evil:{port}", "0.0.0.0:{port}"],
)  # fmt: skip
async def test_a_name_that_a_web_page_brought_along_is_refused(host: str):
    async with listening() as server:
        answer = await server.send(server.request(host=host.format(port=server.port)))
        assert status(answer) == 421
        assert TEXT.encode() not in answer


async def test_hosts_that_are_ours():
    async with listening("Box.lan:9187") as server:
        for host in ("127.0.0.1:{0}", "LocalHost:{0}", "[::1]:{0}", "box.LAN:9187"):
            request = server.request(host=host.format(server.port))
            assert status(await server.send(request)) == 200, host


@pytest.mark.parametrize(
    "token",
    [None, "", "wrong", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "é" * 12, TOKEN + "\r\nX: y, z"],
)
async def test_a_wrong_token_gets_nothing(token: str | None):
    async with listening() as server:
        answer = await server.send(server.request(token=token))
        if token is not None and "\r\n" in token:
            assert status(answer) == 200, "a further header changes nothing"
            return
        assert status(answer) == 401
        assert b"www-authenticate: Bearer" in answer
        assert TOKEN.encode() not in answer


@pytest.mark.parametrize(
    "headers",
    [
        f"Authorization: Basic {TOKEN}\r\n",
        f"Authorization: {TOKEN}\r\n",
        f"Authorization: Bearer {TOKEN}\r\nAuthorization: Bearer {TOKEN}\r\n",
        f"X-Token: {TOKEN}\r\nCookie: token={TOKEN}\r\n",
    ],
)
async def test_the_token_stands_in_one_place_only(headers: str):
    async with listening() as server:
        answer = await server.send(server.request(token=None, further=headers))
        assert status(answer) == 401


async def test_a_token_in_the_url_is_none():
    async with listening() as server:
        request = server.request(f"GET /metrics?token={TOKEN} HTTP/1.1", token=None)
        assert status(await server.send(request)) == 401


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "PATCH", "FOO"])
async def test_methods_that_change_something_are_refused(method: str):
    async with listening() as server:
        answer = await server.send(server.request(f"{method} /metrics HTTP/1.1"))
        assert status(answer) == 405
        assert b"allow: GET, HEAD" in answer
        assert b"access-control" not in answer.lower()


@pytest.mark.parametrize(
    "target",
    ["/", "/metrics/", "//metrics", "/../metrics", "/%6detrics", "http://127.0.0.1/metrics", "*"],
)
async def test_nothing_else_is_there(target: str):
    async with listening() as server:
        assert status(await server.send(server.request(f"GET {target} HTTP/1.1"))) == 404


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /metrics\r\n\r\n",
        b"GET /metrics HTTP/9.9\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHost : a\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\n Host: a\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 2\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
        b'{"jsonrpc": "2.0", "id": 1, "method": "status"}\n\r\n\r\n',
    ],
)
async def test_what_is_no_request_gets_an_error_of_http(data: bytes):
    async with listening() as server:
        assert status(await server.send(data)) in (400, 421, 501, 505)
        assert status(await server.send(server.request())) == 200


@pytest.mark.parametrize("unit", [b"X: " + b"y" * 100 + b"\r\n", b"a", b"\r\n"])
async def test_a_head_without_end_is_bounded(unit: bytes):
    async with listening() as server:
        answer = await server.send(b"GET /metrics HTTP/1.1\r\n" + unit * (1 << 20))
        assert answer == b"" or status(answer) in (400, 431)
        assert status(await server.send(server.request())) == 200


async def test_a_body_is_never_read():
    async with listening() as server:
        length = "Content-Length: 1000000000\r\n"
        assert status(await server.send(server.request(further=length))) == 200


async def test_a_second_request_on_the_connection_is_not_answered():
    async with listening() as server:
        answer = await server.send(server.request() * 3)
        assert answer.count(b"HTTP/1.1 ") == 1
        assert b"connection: close" in answer.lower()


async def test_clients_that_leave_or_say_nothing_cost_their_place_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(http, "SECONDS", 0.3)
    async with listening() as server:
        idle = [
            await trio.open_tcp_stream("127.0.0.1", server.port)
            for _ in range(3 * http.CONNECTIONS)
        ]
        assert await server.send(b"GET", close=True) == b""
        assert status(await server.send(server.request())) == 200
        for stream in idle:
            await stream.aclose()


async def test_a_defect_while_rendering_ends_one_scrape(
    quiet_logs: list[structlog.typing.EventDict],
):
    listener = socket.create_server(("127.0.0.1", 0))
    address = Address("127.0.0.1", listener.getsockname()[1])
    rules = Rules(allowed_hosts(address, ()), Secret(TOKEN))
    texts = [TEXT]

    async def pop() -> str:
        return texts.pop()

    async with trio.open_nursery() as nursery:
        await nursery.start(http.run_http, listener, rules, pop)
        server = Listening(address.port)
        assert status(await server.send(server.request())) == 200
        assert await server.send(server.request()) == b""
        texts.append(TEXT)
        assert status(await server.send(server.request())) == 200
        nursery.cancel_scope.cancel()
    assert [line["event"] for line in quiet_logs] == ["defect while serving a scrape"]


def test_a_wildcard_address_has_no_name_of_its_own():
    rules = Rules(allowed_hosts(Address("0.0.0.0", 9187), ["box.lan:9187"]), Secret(TOKEN))
    bearer = (b"authorization", f"Bearer {TOKEN}".encode())
    for host, served in ((b"box.lan:9187", True), (b"localhost:9187", True), (b"evil:9187", False)):
        refusal = decide(b"GET", b"/metrics", [(b"host", host), bearer], rules)
        assert (refusal is None) == served
