"""Addresses as a configuration writes them, and what `[metrics]` and `[tracing]` refuse."""

import pytest

from lmd.config.addresses import is_http_url, parse_address
from lmd.config.load import parse
from lmd.config.problems import ConfigError


@pytest.mark.parametrize(
    ("text", "shown", "loopback"),
    [
        ("127.0.0.1:9187", "127.0.0.1:9187", True),
        ("localhost:0", "127.0.0.1:0", True),
        ("[::1]:9187", "[::1]:9187", True),
        ("127.9.9.9:1", "127.9.9.9:1", True),
        ("0.0.0.0:65535", "0.0.0.0:65535", False),
        ("[::]:80", "[::]:80", False),
        ("192.168.1.5:9187", "192.168.1.5:9187", False),
    ],
)
def test_addresses(text: str, shown: str, loopback: bool):
    address = parse_address(text)
    assert (str(address), address.is_loopback) == (shown, loopback)


@pytest.mark.parametrize(
    "text",
    ["", "9187", ":9187", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "box.lan:9187", "::1:9187",
     "[127.0.0.1]:1", "127.0.0.1:-1", "127.0.0.1:9187/", " 127.0.0.1:1", "127.1:80", "[::1%lo]:1"],
)  # fmt: skip
def test_what_is_no_address(text: str):
    with pytest.raises(ValueError, match="no ADDRESS:PORT"):
        parse_address(text)


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("http://127.0.0.1:4318/v1/traces", True),
        ("https://collector.example/v1/traces", True),
        ("http://user:pass@collector/", False),
        ("collector:4317", False),
        ("file:///etc/passwd", False),
        ("http://", False),
        ("http://host:99999/", False),
        ("http://ho\nst/", False),
        ("http://[::1", False),
    ],
)
def test_urls(text: str, good: bool):
    assert is_http_url(text) == good


@pytest.mark.parametrize(
    ("text", "key", "remedy"),
    [
        ('[metrics]\nlisten = "nowhere"', "metrics.listen", "127.0.0.1:9187"),
        (
            '[metrics]\nlisten = "0.0.0.0:9187"\ntoken = { file = "/t" }',
            "metrics.listen",
            "remote = true",
        ),
        ('[metrics]\nlisten = "127.0.0.1:9187"', "metrics.token", "token = { file ="),
        ('[metrics]\nlisten = "127.0.0.1:9187"\ntoken = "abc"', "metrics.token", "{ file ="),
        ('[tracing]\nendpoint = "collector:4317"', "tracing.endpoint", "http://127.0.0.1:4318"),
        ("[tracing]\nsample = 1.5", "tracing.sample", "0"),
        ('[tracing.headers]\nauthorization = "Bearer x"', "tracing.headers", "{ file ="),
    ],
)
def test_what_is_refused_names_the_key_and_the_remedy(text: str, key: str, remedy: str):
    with pytest.raises(ConfigError) as refused:
        parse(text, "lmd.toml")
    problem = refused.value.problems[0]
    assert key in problem.message
    assert remedy in problem.hint
    assert problem.line in (2, 3)


def test_what_is_said_to_be_meant_is_taken():
    config = parse(
        '[metrics]\nlisten = "0.0.0.0:9187"\nremote = true\ntoken = { env = "T" }\n'
        '[tracing]\nendpoint = "http://c:4318/v1/traces"\n'
        'headers = { "x-api-key" = { env = "K" } }\n',
        "lmd.toml",
    )
    assert config.metrics.token is not None
    assert config.tracing.headers["x-api-key"].env == "K"
