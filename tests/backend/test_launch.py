"""Real worker processes with the fake engine: how they start, serve, fail and end."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import trio

from lmd.backend.launch import Launcher, WorkerExit
from lmd.backend.session import Worker
from lmd.backend.spawn import worker_environment
from lmd.protocol.errors import LmdError
from lmd.protocol.params import Sampling
from lmd.protocol.worker import Done, Generate
from tests.worker.process import load_message

pytestmark = pytest.mark.process
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


class Run:
    """One `Launcher.run`, and what it told."""

    def __init__(
        self, fake: str, *, load_timeout: float = 60.0, stall_timeout: float = 60.0
    ) -> None:
        self.launcher = Launcher(load_timeout, stall_timeout, fake)
        self.progress: list[float] = []
        self.workers: list[Worker] = []
        self.loading = trio.Event()
        self.ready = trio.Event()
        self.stop = trio.Event()
        self.ended: WorkerExit | None = None

    async def __call__(self) -> None:
        self.ended = await self.launcher.run(
            load_message(), self._on_progress, self._on_ready, self.stop
        )

    def _on_progress(self, fraction: float) -> None:
        self.progress.append(fraction)
        self.loading.set()

    def _on_ready(self, worker: Worker) -> None:
        self.workers.append(worker)
        self.ready.set()


def prompt(job: int) -> Generate:
    return Generate(job=job, prompt="one two", sampling=Sampling())


async def collect(worker: Worker, pieces: list[str]) -> None:
    with worker.open_job(prompt) as job:
        while True:
            news = await job.receive()
            pieces.append(news.text)
            if isinstance(news.final, Done):
                return


async def test_starts_serves_and_ends_in_good_order():
    run = Run("")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(run)
        await run.ready.wait()
        (worker,) = run.workers
        assert worker.ready.slots == 2
        pieces: list[str] = []
        await collect(worker, pieces)
        run.stop.set()
    assert "".join(pieces) == "one two"
    assert run.ended == WorkerExit()
    assert run.progress == [0.25, 0.5, 0.75, 1.0]
    assert not psutil.pid_exists(worker.pid)


async def test_a_refused_load_is_no_crash():
    run = Run("fail_load=wrong magic")
    await run()
    assert run.ended is not None
    assert not run.ended.crashed
    assert "wrong magic" in run.ended.error
    assert not run.workers


async def test_a_crash_while_loading_brings_the_last_words():
    run = Run("crash_at=load")
    await run()
    assert run.ended is not None
    assert run.ended.crashed
    assert "SIGABRT" in run.ended.error
    assert "GGML_ASSERT failed at load" in run.ended.error


async def test_a_crash_while_serving_fails_the_job_after_its_text():
    run = Run("tokens=9,crash_at=token:3")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(run)
        await run.ready.wait()
        pieces: list[str] = []
        with pytest.raises(LmdError) as failed:
            await collect(run.workers[0], pieces)
    assert "".join(pieces) == "tok0 tok1"
    assert failed.value.code == "model_failed"
    assert "GGML_ASSERT failed at token" in failed.value.message
    assert run.ended is not None
    assert run.ended.crashed


async def test_a_load_that_hangs_is_ended_by_the_load_timeout():
    run = Run("hang_at=load", load_timeout=0.2)
    await run()
    assert run.ended is not None
    assert run.ended.crashed
    assert "daemon.load_timeout" in run.ended.error


async def test_an_engine_that_hangs_is_killed_by_the_stall_timeout():
    run = Run("tokens=9,hang_at=token:2", stall_timeout=1.0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(run)
        await run.ready.wait()
        with pytest.raises(LmdError, match="said nothing for 1 s"):
            await collect(run.workers[0], [])
    assert not psutil.pid_exists(run.workers[0].pid)


async def test_a_model_without_an_interpreter_cannot_be_started(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    run = Run("")
    await run()
    assert run.ended is not None
    assert not run.ended.crashed
    assert "no worker can be started" in run.ended.error


async def while_starting(run: Run) -> None:
    await trio.lowlevel.checkpoint()


async def while_loading(run: Run) -> None:
    await run.loading.wait()


async def while_serving(run: Run) -> None:
    await run.ready.wait()
    with run.workers[0].open_job(prompt) as job:
        await job.receive()


@pytest.mark.parametrize(
    ("moment", "fake"),
    [
        (while_starting, "load_s=60"),
        (while_loading, "load_s=2"),
        (while_serving, "tokens=1000,tokens_per_s=10"),
        (while_serving, "tokens=1000,hang_at=token:2"),
    ],
)
async def test_cancellation_leaves_no_process(
    moment: Callable[[Run], trio.abc.AsyncResource], fake: str
):
    before = children()
    run = Run(fake)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(run)
        await moment(run)  # type: ignore[misc]
        nursery.cancel_scope.cancel()
    assert run.ended is None
    assert children() == before


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True)}


@linux_only
async def test_the_workers_environment_holds_no_secret(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", "canary-6d1f")
    monkeypatch.setenv("LMD_SOCKET", "/run/canary-6d1f")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    run = Run("")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(run)
        await run.ready.wait()
        environment = environment_of(run.workers[0].pid)
        run.stop.set()
    assert b"canary-6d1f" not in environment
    assert b"LC_ALL=C.UTF-8" in environment.split(b"\0")


def environment_of(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


def test_the_environment_is_an_allow_list():
    given = {"PATH": "/bin", "GOMP_SPINCOUNT": "1", "LD_PRELOAD": "/x.so", "PYTHONPATH": "/x"}
    assert worker_environment(given) == {
        "PATH": "/bin",
        "GOMP_SPINCOUNT": "1",
        "GGML_NO_BACKTRACE": "1",
    }


def test_the_wait_policy_decides_how_long_a_thread_spins():
    given = {"GOMP_SPINCOUNT": "1"}
    assert worker_environment({})["GOMP_SPINCOUNT"] == "3000"
    assert worker_environment(given, "adaptive")["GOMP_SPINCOUNT"] == "1"
    assert worker_environment(given, "active")["GOMP_SPINCOUNT"] == "300000"
    assert worker_environment(given, "passive")["GOMP_SPINCOUNT"] == "0"


async def test_nothing_is_imported_from_the_directory_the_daemon_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "msgspec.py").write_text("raise SystemExit('imported from the wrong place')")
    monkeypatch.chdir(tmp_path)
    run = Run("fail_load=imported")
    await run()
    assert run.ended is not None
    assert run.ended.error.startswith("imported")


@linux_only
async def test_launches_leak_no_descriptors():
    await Run("fail_load=x")()  # the first one opens what stays open
    before = os.listdir("/proc/self/fd")
    limiter = trio.CapacityLimiter(5)

    async def launch(fake: str) -> None:
        async with limiter:
            await Run(fake)()

    async with trio.open_nursery() as nursery:
        for number in range(50):
            nursery.start_soon(launch, ("fail_load=x", "crash_at=load")[number % 2])
    assert len(os.listdir("/proc/self/fd")) == len(before)


PARENT = """
import sys, trio
from lmd.backend.launch import Launcher
from tests.worker.process import load_message

def on_ready(worker):
    print(worker.pid, flush=True)

def on_progress(fraction):
    pass

trio.run(Launcher(60.0, 60.0, "").run, load_message(), on_progress, on_ready, trio.Event())
"""


def test_a_worker_whose_daemon_is_killed_leaves():
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True
    ) as parent:
        try:
            assert parent.stdout is not None
            worker = psutil.Process(int(parent.stdout.readline()))
        finally:
            parent.kill()
    # Its new parent may not reap it: a zombie has left, too.
    gone, _ = psutil.wait_procs([worker], timeout=10)
    assert gone or worker.status() == psutil.STATUS_ZOMBIE
