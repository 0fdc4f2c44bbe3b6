"""The metrics of a real daemon: over its socket, and over HTTP where that is configured."""

import json
import re
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from tests.e2e.conftest import NewDaemon
from tests.e2e.daemon import SECONDS, Daemon
from tests.metrics.scrapes import Scrape

pytestmark = pytest.mark.process
TOKEN = "canary-of-the-scrape"
_ADDRESS = re.compile(r"metrics over HTTP.*address=127\.0\.0\.1:(\d+)")


def scraped(daemon: Daemon, token: str = TOKEN) -> tuple[int, str]:
    found = _ADDRESS.search(daemon.stderr())
    assert found, daemon.last_words()
    return scrape(int(found[1]), token)


def scrape(port: int, token: str) -> tuple[int, str]:
    """Status and text of a scrape."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/metrics", headers={"Authorization": f"Bearer {token}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def listening(daemon: Daemon, listen: str = "127.0.0.1:0") -> Daemon:
    token = daemon.directory / "token"
    token.write_text(TOKEN + "\n")
    token.chmod(0o600)
    daemon.config.write_text(f'[metrics]\nlisten = "{listen}"\ntoken = {{ file = "{token}" }}\n')
    return daemon


def test_a_scrape_over_http(new_daemon: NewDaemon):
    daemon = listening(new_daemon()).start()
    with daemon.msgpack() as client:
        client.call("ask", prompt="one two three").good()
        over_socket = Scrape(client.call("metrics").good()["text"])
    status, text = scraped(daemon)
    found = Scrape(text)
    assert status == 200
    assert found.families.keys() == over_socket.families.keys()
    assert found.value("lmd_requests_total", method="ask", model="shell", code="ok") == 1
    assert found.value("lmd_completion_tokens_total", model="shell") == 3
    assert found.value("lmd_worker_resident_bytes", model="shell") > 1 << 20
    assert scraped(daemon, "wrong")[0] == 401
    daemon.terminate()
    assert daemon.wait() == 0
    assert TOKEN not in daemon.stderr()


def test_lmctl_prints_what_the_parser_reads(start: NewDaemon):
    daemon = start()
    environment = daemon.environment() | {"LMD_SOCKET": daemon.socket}
    plain, as_json = (
        subprocess.run(
            [sys.executable, "-m", "lmctl", "metrics", *words],
            env=environment, capture_output=True, timeout=SECONDS, check=True,
        ).stdout.decode()
        for words in ([], ["--json"])
    )  # fmt: skip
    assert Scrape(plain).value("lmd_model_state", model="shell", state="unloaded") == 1
    assert Scrape(json.loads(as_json)["text"]).families.keys() == Scrape(plain).families.keys()


def test_a_port_that_is_taken_is_said_before_anything_is_served(new_daemon: NewDaemon):
    first = listening(new_daemon()).start()
    found = _ADDRESS.search(first.stderr())
    assert found
    second = listening(new_daemon(), f"127.0.0.1:{found[1]}")
    assert second.spawn().wait(SECONDS) == 78
    assert "metrics.listen: nothing can listen on" in second.stderr()
    assert "in use" in second.stderr()


def test_a_token_that_others_can_read_is_refused(new_daemon: NewDaemon):
    daemon = listening(new_daemon())
    (daemon.directory / "token").chmod(0o644)
    assert daemon.spawn().wait(SECONDS) == 78
    assert "metrics.token" in daemon.stderr()
    assert "chmod 600" in daemon.stderr()
    assert TOKEN not in daemon.stderr()
