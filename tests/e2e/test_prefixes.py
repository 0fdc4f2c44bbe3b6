"""Declared prefixes through the daemon: named by requests, shown, and changed by an edit."""

from typing import Any

import pytest

from tests.e2e.conftest import NewDaemon
from tests.e2e.daemon import Daemon, eventually

pytestmark = [pytest.mark.process, pytest.mark.llama]

STYLE = "Name the command first, then one short sentence and no list. " * 3
# The built-in model's own template has no place for a system prompt.
TEMPLATED = """
[models.shell]
chat_template = "{% for m in messages %}<{{ m.role }}>{{ m.content }} {% endfor %}<assistant>"
"""
CONFIG = f"""{TEMPLATED}
[prefixes.style]
text = "{STYLE}"
[personas.terse]
system = "You answer in as few words as can be, and never in two sentences at all."
[personas.empty]
sampling = {{ temperature = 0 }}
"""


def ask(daemon: Daemon, **params: object) -> Any:
    with daemon.msgpack() as client:
        return client.call("ask", prompt="list files", max_tokens=4, temperature=0, **params)


def cached(daemon: Daemon, **params: object) -> int:
    tokens: int = ask(daemon, **params).good()["usage"]["cached_tokens"]
    return tokens


def prefixes(daemon: Daemon) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in daemon.model().get("prefixes", [])}


def load(daemon: Daemon) -> None:
    with daemon.msgpack() as client:
        client.call("models.load", model="shell").good()


def test_prefixes_and_personas_are_read_at_load_and_shown(start: NewDaemon) -> None:
    daemon = start(CONFIG, None)
    assert prefixes(daemon) == {}
    load(daemon)
    shown = prefixes(daemon)
    assert list(shown) == ["prefixes.style", "personas.terse"]
    for one in shown.values():
        assert one["state"] == "ready"
        assert one["bytes"] > 6000 * one["tokens"] > 0
    # What comes behind the prefix in the system prompt is not part of what was read.
    near = shown["prefixes.style"]["tokens"]
    assert cached(daemon, prefix="style") == near
    assert cached(daemon, persona="terse") == shown["personas.terse"]["tokens"]
    assert near - 16 < cached(daemon, prefix="style", persona="terse") < near


def test_an_edit_is_read_by_the_worker_that_runs(start: NewDaemon) -> None:
    daemon = start(CONFIG, None)
    load(daemon)
    pid, before = daemon.model()["pid"], prefixes(daemon)
    more = "[personas.long]\nsystem = 'You explain each word of a command with great patience.'\n"
    daemon.config.write_text(CONFIG.replace("no list", "never a list") + more)
    assert eventually(lambda: set(prefixes(daemon)) == {*before, "personas.long"})
    assert eventually(lambda: {one["state"] for one in prefixes(daemon).values()} == {"ready"})
    assert daemon.model()["pid"] == pid
    after = prefixes(daemon)
    assert after["personas.terse"] == before["personas.terse"]
    assert cached(daemon, prefix="style") == after["prefixes.style"]["tokens"]
    daemon.config.write_text(TEMPLATED)
    assert eventually(lambda: prefixes(daemon) == {})
    assert daemon.model()["pid"] == pid


def test_a_prefix_in_a_file_is_read_with_the_configuration(new_daemon: NewDaemon) -> None:
    daemon = new_daemon("", None)
    notes = daemon.directory / "notes.md"
    notes.write_text(STYLE)
    daemon.config.write_text(f"{TEMPLATED}[prefixes.notes]\nfile = '{notes}'\n")
    daemon.start()
    load(daemon)
    tokens = prefixes(daemon)["prefixes.notes"]["tokens"]
    assert cached(daemon, prefix="notes") == tokens
    notes.write_text(STYLE * 2)
    with daemon.msgpack() as client:
        (change,) = client.call("reload").good()["changes"]
    assert (change["key"], change["effect"]) == ("prefixes.notes.text", "live")
    assert STYLE not in str(change)
    assert eventually(lambda: prefixes(daemon)["prefixes.notes"]["tokens"] > tokens)


def test_a_name_that_is_not_declared_is_refused_with_what_is(start: NewDaemon) -> None:
    daemon = start(CONFIG)
    error = ask(daemon, prefix="stile").error
    assert (error["code"], error["hint"]) == ("invalid_request", "did you mean 'style'?")
    assert ask(daemon, prefix="style").good()["usage"]["prompt_tokens"] > 20


def test_the_words_of_a_prefix_are_not_in_the_log(start: NewDaemon) -> None:
    daemon = start(CONFIG, None)
    load(daemon)
    daemon.config.write_text(CONFIG.replace("no list", "never a list"))
    with daemon.msgpack() as client:
        client.call("reload")
    ask(daemon, prefix="style")
    assert "Name the command first" not in daemon.log.read_text()
