"""An edit takes effect in a running daemon, and nothing that it does not concern ends."""

import signal
import subprocess
from typing import Any

import pytest

from lmd.paths import builtin_model_path
from tests.e2e.conftest import NewDaemon
from tests.e2e.daemon import SECONDS, Daemon, eventually
from tests.lmctl.conftest import lmctl_command

pytestmark = pytest.mark.process


def models(**contexts: int) -> str:
    """A model for each name, all of the file that ships with lmd."""
    return "".join(
        f'[models.{name}]\npath = "{builtin_model_path()}"\ncontext = {context}\nslots = 2\n'
        for name, context in contexts.items()
    )


def write(daemon: Daemon, text: str) -> None:
    """As editors do it: beside the file, then in its place."""
    other = daemon.config.with_name("new")
    other.write_text(text)
    other.rename(daemon.config)


def generation(daemon: Daemon) -> int:
    return int(daemon.status()["config_generation"])


def settled(daemon: Daemon, name: str, **facts: Any) -> bool:
    model = daemon.model(name)
    return all(model[key] == value for key, value in facts.items())


@pytest.mark.llama
def test_one_of_three_models_changes_and_the_others_keep_worker_and_prefix(start: NewDaemon):
    daemon = start(models(a=512, b=512, c=512), None)
    prompt = "list the files of this folder by size, the largest first, with their dates"
    with daemon.msgpack() as client:
        for name in "abc":
            client.call("ask", prompt=prompt, model=name, max_tokens=4).good()
        before = {name: daemon.model(name)["pid"] for name in "abc"}
        write(daemon, models(a=512, b=768, c=512))
        assert eventually(lambda: settled(daemon, "b", context=768, state="ready"))
        after = {name: daemon.model(name)["pid"] for name in "abc"}
        assert [name for name in "abc" if before[name] != after[name]] == ["b"]
        cached = {
            name: client.call("ask", prompt=prompt, model=name, max_tokens=4).good()["usage"]
            for name in "abc"
        }
        assert cached["a"]["cached_tokens"] == cached["c"]["cached_tokens"] > 0
        assert cached["b"]["cached_tokens"] == 0


@pytest.mark.llama
def test_a_model_that_does_not_load_is_rolled_back_and_status_says_so(start: NewDaemon):
    daemon = start(models(a=512), None)
    with daemon.msgpack() as client:
        client.call("models.load", model="a").good()
        pid = daemon.model("a")["pid"]
        broken = daemon.directory / "broken.gguf"
        broken.write_bytes(b"GGUF" + b"\0" * 100)
        write(daemon, models(a=512).replace(builtin_model_path(), str(broken)))
        assert eventually(lambda: "models.a runs as before" in daemon.status()["config_error"])
        assert client.call("ask", prompt="list files", model="a", max_tokens=4).good()
        assert settled(daemon, "a", path=builtin_model_path(), context=512, pid=pid)
        write(daemon, models(a=640))
        assert eventually(lambda: settled(daemon, "a", context=640, state="ready"))
        assert daemon.status()["config_error"] == ""


def test_a_model_that_loads_and_cannot_answer_is_rolled_back(start: NewDaemon):
    daemon = start(models(a=512), "context=512,crash_short=100")
    with daemon.msgpack() as client:
        client.call("models.load", model="a").good()
        write(daemon, models(a=64))
        assert eventually(lambda: "its first answer failed" in daemon.status()["config_error"])
        client.call("models.load", model="a").good()
        assert settled(daemon, "a", context=512, state="ready")


def test_a_request_that_runs_is_finished_by_the_worker_it_began_on(start: NewDaemon):
    daemon = start(models(a=512), "tokens_per_s=20,tokens=40")
    with daemon.msgpack() as client:
        running = client.ask(model="a")
        assert eventually(lambda: daemon.model("a")["busy"] == 1)
        pid = daemon.model("a")["pid"]
        write(daemon, models(a=640))
        assert eventually(lambda: generation(daemon) == 2)
        waiting = client.ask(model="a")
        assert daemon.model("a")["pid"] == pid
        assert client.wait(running).end().code == "ok"
        assert client.wait(waiting).end().code == "ok"
        assert settled(daemon, "a", context=640)
        assert daemon.model("a")["pid"] != pid


def test_a_model_that_is_removed_serves_what_it_took_and_takes_no_more(start: NewDaemon):
    daemon = start(models(a=512, b=512), "tokens_per_s=20,tokens=20")
    with daemon.msgpack() as client:
        taken = [client.ask(model="a") for _ in range(4)]
        assert eventually(lambda: daemon.model("a")["queued"] == 2)
        write(daemon, models(b=512))
        assert eventually(lambda: generation(daemon) == 2)
        late = client.ask(model="a")
        assert client.wait(late).end().code == "unknown_model"
        assert [answer.end().code for answer in client.wait_all(taken)] == ["ok"] * 4
        assert eventually(lambda: not daemon.workers())


def test_limits_and_the_log_level_hold_at_once(start: NewDaemon):
    daemon = start("")
    with daemon.msgpack() as client:
        write(
            daemon,
            '[limits]\nrequests_per_connection = 1\ndeadline = "1s"\n[log]\nlevel = "debug"\n',
        )
        assert eventually(lambda: generation(daemon) == 2)
        ids = [client.ask(stream=False) for _ in range(2)]
        assert "overloaded" in [answer.end().code for answer in client.wait_all(ids)]


@pytest.mark.parametrize("text", ["[limits", "[limits]\nqueue = 1\n", "", None])
def test_what_cannot_be_used_changes_nothing_and_is_said(start: NewDaemon, text: str | None):
    """An empty file says the defaults, so that it removes the model; a missing one says nothing."""
    daemon = start(models(a=512))
    if text is None:
        daemon.config.unlink()
    else:
        daemon.config.write_text(text)
    if text == "":
        assert eventually(lambda: [m["name"] for m in daemon.status()["models"]] == ["shell"])
        return
    assert eventually(lambda: daemon.status()["config_error"] != "")
    assert str(daemon.config) in daemon.status()["config_error"]
    assert daemon.model("a")["context"] == 512
    assert "configuration rejected" in daemon.stderr()
    write(daemon, models(a=512))
    assert eventually(lambda: daemon.status()["config_error"] == "")


def test_a_sighup_reads_the_file_where_nobody_watches(start: NewDaemon):
    daemon = start("[daemon]\nwatch = false\n")
    write(daemon, '[daemon]\nwatch = false\nkeep_alive = "1m"\n')
    daemon.process.send_signal(signal.SIGHUP)
    assert eventually(lambda: generation(daemon) == 2)


def test_reload_and_its_dry_run_over_the_socket(start: NewDaemon):
    daemon = start("[daemon]\nwatch = false\n" + models(a=512), "tokens_per_s=20,tokens=40")
    with daemon.json() as client:
        client.ask(model="a")
        assert eventually(lambda: daemon.model("a")["busy"] == 1)
        write(daemon, "[daemon]\nwatch = false\n" + models(a=640, b=512))
        plan = client.call("reload", dry_run=True).good()
        assert not plan["applied"]
        assert plan["running"] == {"a": 1}
        assert [(change["key"], change["effect"]) for change in plan["changes"]] == [
            ("models.a.context", "new_worker"),
            ("models.b", "added"),
        ]
        assert generation(daemon) == 1
        restarting = [{"model": "a", "state": "restarting", "reason": ""}]
        assert client.call("reload").good() == {
            **plan, "applied": True, "generation": 2, "renewed": restarting,
        }  # fmt: skip
        assert client.call("reload").good()["changes"] == []
        wrong = client.call("reload", dry_run=True, text="\n[models.a]\ncontex = 1\n").good()
        [problem] = wrong["problems"]
        assert (problem["line"], problem["key"]) == (3, "models.a.contex")
        assert "context" in problem["hint"]
        assert client.call("reload", text="").code == "invalid_request"


def test_lmctl_waits_for_models_that_are_replaced_and_says_what_became_of_them(start: NewDaemon):
    unwatched = "[daemon]\nwatch = false\n"
    daemon = start(unwatched + models(a=512, b=512), "load_s=0.3,crash_short=100,reply=done")
    environment = daemon.environment() | {"LMD_SOCKET": daemon.socket}

    def reload() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            lmctl_command("reload"), env=environment, capture_output=True, text=True,
            timeout=SECONDS, check=False,
        )  # fmt: skip

    with daemon.json() as client:
        client.call("ask", prompt="x", model="a").good()
    write(daemon, unwatched + models(a=640, b=640))
    done = reload()
    assert done.stdout.splitlines()[-2:] == [
        "a: is replaced, and has answered", "applied: generation 2",
    ]  # fmt: skip
    assert daemon.model("a")["state"] == "ready"
    write(daemon, unwatched + models(a=64, b=640))
    done = reload()
    assert done.returncode == 78
    assert "a: rolled back: models.a runs as before" in done.stdout
    assert daemon.model("a")["context"] == 640


def persona(daemon: Daemon) -> str:
    with daemon.msgpack() as client:
        return str(client.call("ask", prompt="one two three", persona="p").code)


def test_parts_are_watched_as_the_file_is(start: NewDaemon):
    """A folder of parts that appears, a part in it, an edit of that, and its end."""
    daemon = start(fake="tokens=3")
    part = daemon.config.parent / "conf.d" / "p.toml"
    part.parent.mkdir()
    part.write_text('[personas.p]\nsystem = "x"\nmodel = "nobody"\n')
    assert eventually(lambda: f"{part}:3: personas.p.model" in daemon.status()["config_error"])
    assert persona(daemon) == "invalid_request"
    part.write_text('[personas.p]\nsystem = "x"\n')
    assert eventually(lambda: persona(daemon) == "ok")
    assert daemon.status()["config_error"] == ""
    second = part.with_name("q.toml")
    second.write_text("[limits]\nqueue_total = 7\n")
    assert eventually(lambda: generation(daemon) == 3)
    part.unlink()
    assert eventually(lambda: persona(daemon) == "invalid_request")
    assert generation(daemon) == 4


def test_a_plan_counts_the_parts_in(start: NewDaemon):
    daemon = start("[limits]\nqueue_total = 5\n")
    part = daemon.config.parent / "conf.d" / "p.toml"
    part.parent.mkdir()
    part.write_text("[limits]\nrestarts = 7\n")
    assert eventually(lambda: generation(daemon) == 2)
    with daemon.msgpack() as client:
        text = "[limits]\nqueue_total = 6\n"
        planned = client.call("reload", dry_run=True, text=text).good()
        assert [change["key"] for change in planned["changes"]] == ["limits.queue_total"]
        wrong = client.call("reload", dry_run=True, text="[limits]\nrestarts = 8\n").good()
    [problem] = wrong["problems"]
    assert (problem["file"], problem["line"]) == (str(part), 2)
    assert problem["message"] == f"limits.restarts stands here and at {daemon.config}:2"
