"""What llama.cpp is said to take before it loads a model, and what a full worker then has."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from lmd.backend.dry_run import DryRunFailed, dry_run
from lmd.models.probe import children_of, mapped_bytes, private_bytes
from lmd.protocol.worker import Load
from tests.e2e.conftest import new_daemon, start
from tests.e2e.daemon import Daemon
from tests.llama import tiny
from tests.llama.conftest import SHELL_MODEL

__all__ = ["new_daemon", "start"]

pytestmark = [pytest.mark.process, pytest.mark.llama]


def load(path: Path | str, context: int | None = None) -> Load:
    return Load(model="m", path=str(path), context=context, slots=2, threads=1, gpu_layers=0)


def entry(daemon: Daemon, name: str) -> dict[str, Any]:
    with daemon.msgpack() as client:
        models = client.call("models.memory").good()["models"]
    return next(model for model in models if model["name"] == name)


def taken(daemon: Daemon, name: str, path: str) -> int:
    """Bytes that the worker has now: its own, its template's, and the mapped weights."""
    pid = daemon.model(name)["pid"]
    private = sum(private_bytes(one, 0) or 0 for one in (pid, *children_of(pid)))
    return private + (mapped_bytes(pid, path) or 0)


def fill(daemon: Daemon, name: str, context: int, slots: int) -> None:
    """Write every slot full of text that no other has, all at once."""
    with ExitStack() as stack:
        clients = [stack.enter_context(daemon.msgpack()) for _ in range(slots)]
        said = clients[0].call("tokenize", text=" x" * 100, model=name).good()
        words = (context - 16) * 100 // said["count"]
        prompts = [chr(ord("A") + at) + " x" * words for at in range(slots)]
        ids = [
            client.request("complete", prompt=prompt, model=name, max_tokens=2)
            for client, prompt in zip(clients, prompts, strict=True)
        ]
        for client, id in zip(clients, ids, strict=True):
            client.wait(id).end().good()


@pytest.mark.parametrize(("context", "slots"), [(256, 1), (512, 4)])
def test_a_full_worker_has_what_was_predicted_and_not_more(
    start: Any, context: int, slots: int
) -> None:
    model = f'[models.m]\npath = "{SHELL_MODEL}"\ncontext = {context}\nslots = {slots}\n'
    daemon = start(model, None)
    predicted = entry(daemon, "m")
    fill(daemon, "m", context, slots)
    found = taken(daemon, "m", SHELL_MODEL)
    assert found <= predicted["predicted_bytes"]
    assert found >= 0.8 * predicted["predicted_bytes"], "it is no more than it needs to be"
    assert not predicted.get("approximate")


def test_a_draft_model_is_in_the_prediction(start: Any) -> None:
    model = f'[models.m]\npath = "{SHELL_MODEL}"\ncontext = 512\nslots = 2\n'
    drafting = f'speculation = "always"\ndraft_model = "{SHELL_MODEL}"\n'
    daemon = start(f"{model}{drafting}[models.alone]\n{model.partition(chr(10))[2]}", None)
    predicted, alone = entry(daemon, "m"), entry(daemon, "alone")
    assert predicted["weights_bytes"] == 2 * alone["weights_bytes"]
    assert predicted["cache_bytes"] == pytest.approx(2 * alone["cache_bytes"], rel=0.01)
    with daemon.msgpack() as client:
        said = client.call("complete", prompt="a b a b a", model="m", max_tokens=40).good()
    assert said["usage"]["drafted_tokens"] > 0
    fill(daemon, "m", 512, 2)
    found = taken(daemon, "m", SHELL_MODEL)
    # The draft model has read little, so that half of the caches is untouched.
    assert 0.7 * predicted["predicted_bytes"] <= found <= predicted["predicted_bytes"]


async def test_windows_and_states_are_weighed_for_what_they_are(
    tmp_path: Path,
) -> None:
    plain = (await dry_run(load(tiny.write_llama(tmp_path / "llama.gguf"), 128), 60))[0]
    assert plain.cache == pytest.approx(2 * 128 * 2 * 32 * 2 * 2, abs=1 << 14)
    window = (await dry_run(load(tiny.write_gemma(tmp_path / "gemma.gguf"), 128), 60))[0]
    assert window.cache > 0
    state = (await dry_run(load(tiny.write_mamba(tmp_path / "mamba.gguf"), 128), 60))[0]
    again = (await dry_run(load(str(tmp_path / "mamba.gguf"), 64), 60))[0]
    assert state.cache == again.cache > 0, "a state does not grow with the context"
    encoder = (await dry_run(load(tiny.write_bert(tmp_path / "bert.gguf"), 128), 60))[0]
    assert (encoder.cache, encoder.embedding) == (0, 0)
    assert all(one.complete for one in (plain, window, state, encoder))


async def test_a_file_that_cannot_be_laid_out_says_why(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(DryRunFailed, match=r"cannot lay out .*broken\.gguf"):
        await dry_run(load(broken), 60)
    with pytest.raises(DryRunFailed, match="cannot read"):
        await dry_run(load(tmp_path / "missing.gguf"), 60)


async def test_a_dry_run_that_takes_too_long_is_ended() -> None:
    with pytest.raises(DryRunFailed, match=r"no answer within 0\.001 s"):
        await dry_run(load(SHELL_MODEL), 0.001)
