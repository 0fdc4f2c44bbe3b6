"""Traces of a real daemon, received by a real collector's protocol on loopback."""

import gzip
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.e2e.conftest import NewDaemon
from tests.e2e.daemon import SECONDS, eventually

pytestmark = pytest.mark.process
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Collector:
    """Takes OTLP over HTTP; ``spans`` are those of all traces so far, as protobuf has them."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.headers: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        collector = self

        class Receiver(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                collector.take(dict(self.headers), body)
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Receiver)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1/traces"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def take(self, headers: dict[str, str], body: bytes) -> None:
        message = ExportTraceServiceRequest()
        message.ParseFromString(body)
        self.headers.append({name.lower(): value for name, value in headers.items()})
        self.bodies.append(body)
        for resource in message.resource_spans:
            for scope in resource.scope_spans:
                self.spans += scope.spans

    def named(self, name: str) -> Any:
        (span,) = [span for span in self.spans if span.name == name]
        return span

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def open_collector() -> Iterator[Collector]:
    collector = Collector()
    try:
        yield collector
    finally:
        collector.close()


def configured(collector: Collector, more: str = "") -> str:
    return f'[tracing]\nendpoint = "{collector.url}"\n{more}'


def attributes(span: Any) -> dict[str, Any]:
    return {
        pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in span.attributes
    }


def test_a_request_becomes_a_trace_with_its_parts(start: NewDaemon):
    with open_collector() as collector:
        daemon = start(configured(collector), "load_s=0.2,prefill_s=0.1,tokens_per_s=100")
        with daemon.msgpack() as client:
            result = client.call("ask", prompt="one two three four").good()
        daemon.terminate()
        assert daemon.wait() == 0
        root = collector.named("chat shell")
        parts = {name: collector.named(name) for name in ("queue", "load", "prefill", "decode")}
        assert {span.trace_id for span in collector.spans} == {root.trace_id}
        assert root.parent_span_id == b""
        assert parts["load"].parent_span_id == parts["queue"].span_id
        for name in ("queue", "prefill", "decode"):
            assert parts[name].parent_span_id == root.span_id
        for span in parts.values():
            assert root.start_time_unix_nano <= span.start_time_unix_nano
            assert span.end_time_unix_nano <= root.end_time_unix_nano
        loaded = parts["load"].end_time_unix_nano - parts["load"].start_time_unix_nano
        assert loaded / 1e6 == pytest.approx(result["timings"]["load_ms"], abs=0.01)
        known = attributes(root)
        assert known["gen_ai.usage.output_tokens"] == 4
        assert known["gen_ai.operation.name"] == "chat"


def test_a_trace_of_the_caller_goes_on_here(start: NewDaemon):
    with open_collector() as collector:
        daemon = start(configured(collector, "sample = 0.0\n"))
        with daemon.json() as client:
            client.call("ask", prompt="x", traceparent=f"00-{TRACE}-{PARENT}-01").good()
            client.call("ask", prompt="x", traceparent=f"00-{TRACE}-{PARENT}-00").good()
            client.call("ask", prompt="x").good()
            wrong = client.call("ask", prompt="x", traceparent="00-no")
        daemon.terminate()
        assert daemon.wait() == 0
        assert wrong.code == "invalid_request"
        root = collector.named("chat shell")
        assert (root.trace_id.hex(), root.parent_span_id.hex()) == (TRACE, PARENT)


def test_a_failure_is_one_there_too(start: NewDaemon):
    with open_collector() as collector:
        daemon = start(configured(collector), "crash_at=token:2")
        with daemon.msgpack() as client:
            assert client.call("ask", prompt="one two three").code == "model_failed"
        daemon.terminate()
        daemon.wait()
        root = collector.named("chat shell")
        assert (root.status.code, root.status.message) == (2, "model_failed")
        assert attributes(root)["error.type"] == "model_failed"


def test_no_text_and_no_secret_but_where_it_belongs(start: NewDaemon, new_daemon: NewDaemon):
    with open_collector() as collector:
        daemon = new_daemon()
        token = daemon.directory / "token"
        token.write_text("Bearer canary-header\n")
        token.chmod(0o600)
        headers = f'headers = {{ authorization = {{ file = "{token}" }} }}\n'
        daemon.config.write_text(configured(collector, headers))
        daemon.start()
        with daemon.msgpack() as client:
            client.call("ask", prompt="canary-prompt", system="canary-system").good()
            client.call("suggest", text="canary-request").good()
        daemon.terminate()
        daemon.wait()
        assert {head["authorization"] for head in collector.headers} == {"Bearer canary-header"}
        assert collector.spans
        assert not any(b"canary" in body for body in collector.bodies)
        assert "canary" not in daemon.stderr()


def test_a_collector_that_is_not_there_holds_nothing_up(start: NewDaemon):
    with open_collector() as collector:
        config = configured(collector)
    daemon = start(config)
    with daemon.msgpack() as client:
        for _ in range(300):
            client.call("ask", prompt="x").good()
    daemon.terminate()
    assert daemon.wait() == 0
    assert "Traceback" not in daemon.stderr()
    assert eventually(lambda: "traces" in daemon.stderr()), daemon.last_words()


def test_without_the_extra_it_is_said_what_to_install(new_daemon: NewDaemon):
    daemon = new_daemon('[tracing]\nendpoint = "http://127.0.0.1:4318/v1/traces"\n')
    without = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "from lmd.__main__ import main\nsys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", without, *daemon.command()[3:]]
    daemon.process = subprocess.Popen(command, env=daemon.environment(), stderr=subprocess.PIPE)
    _, stderr = daemon.process.communicate(timeout=SECONDS)
    assert daemon.process.returncode == 78
    assert b"tracing.endpoint needs OpenTelemetry" in stderr
    assert b"pip install 'lmd[otel]'" in stderr


def test_a_secret_that_cannot_be_had_is_named(new_daemon: NewDaemon):
    daemon = new_daemon(
        '[tracing]\nendpoint = "http://127.0.0.1:4318/v1/traces"\n'
        'headers = { authorization = { file = "/nonexistent/token" } }\n'
    )
    assert daemon.spawn().wait(SECONDS) == 78
    assert "tracing.headers.authorization" in daemon.stderr()
