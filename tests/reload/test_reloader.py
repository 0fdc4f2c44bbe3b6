"""From a file that changes to a configuration that holds, and back where it does not."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
import trio

from lmd.config.diff import Change
from lmd.config.load import Loaded, load
from lmd.config.problems import ConfigError
from lmd.config.schema import Config, ModelConfig
from lmd.events import Bus
from lmd.protocol.events import (
    ConfigRejected,
    ConfigReloaded,
    Happening,
    ModelRolledBack,
)
from lmd.reload.reloader import SETTLE_SECONDS, Reloader
from lmd.reload.watch import run_watch

MODEL = '[models.a]\npath = "/a.gguf"\n'
PATIENCE = 30.0


class Daemon:
    """What a reloader changes, and a file for it."""

    def __init__(self, folder: Path, text: str | None = MODEL) -> None:
        self.file = folder / "lmd.toml"
        if text is not None:
            self.file.write_text(text)
        self.applied: list[tuple[Config, list[Change]]] = []
        config = load(str(self.file), required=text is not None)
        self.told: list[Happening] = []
        bus = Bus()
        bus.add(self.told.append)
        self.reloader = Reloader(str(self.file), config, self.apply, bus, required=text is not None)
        self.changed = trio.Event()

    def apply(self, config: Config, changes: list[Change]) -> None:
        self.applied.append((config, changes))
        self.changed.set()
        self.changed = trio.Event()

    async def until(self, queue_total: int) -> None:
        with trio.fail_after(PATIENCE):
            while self.reloader.config.limits.queue_total != queue_total:
                await self.changed.wait()


@pytest.fixture
def daemon(tmp_path: Path) -> Daemon:
    return Daemon(tmp_path.resolve())


@asynccontextmanager
async def running(daemon: Daemon) -> AsyncIterator[None]:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(daemon.reloader.run)
        nursery.start_soon(run_watch, daemon.reloader.files, daemon.reloader.request)
        yield
        nursery.cancel_scope.cancel()


def limits(number: int) -> str:
    return f"{MODEL}[limits]\nqueue_total = {number}\n"


async def test_a_reload_applies_the_difference(daemon: Daemon):
    daemon.file.write_text(limits(7))
    plan = await daemon.reloader.reload()
    assert [change.text for change in plan.changes] == ["limits.queue_total: 256 -> 7"]
    assert daemon.applied == [(daemon.reloader.config, plan.changes)]
    assert daemon.reloader.generation == 2


async def test_nothing_new_applies_nothing(daemon: Daemon):
    daemon.file.write_text(MODEL + "# a comment\n")
    assert (await daemon.reloader.reload()).changes == []
    assert (daemon.applied, daemon.reloader.generation) == ([], 1)


@pytest.mark.parametrize("text", ["[limits", "[limits]\nqueue = 1\n", '[models.a]\npath = ""\n'])
async def test_a_wrong_file_leaves_the_last_good_one_and_says_so(daemon: Daemon, text: str):
    before = daemon.reloader.config
    daemon.file.write_text(text)
    with pytest.raises(ConfigError):
        await daemon.reloader.reload()
    assert (daemon.reloader.config, daemon.applied) == (before, [])
    assert f"{daemon.file}:" in daemon.reloader.error
    daemon.file.write_text(MODEL)
    await daemon.reloader.reload()
    assert daemon.reloader.error == ""


async def test_a_file_that_was_there_is_missed(daemon: Daemon):
    daemon.file.unlink()
    with pytest.raises(ConfigError, match="no such file"):
        await daemon.reloader.reload()
    assert "a" in daemon.reloader.config.models


async def test_what_cannot_be_opened_is_named_at_once(daemon: Daemon):
    """It stands still: nothing of it changes for as long as it cannot be read."""
    daemon.file.unlink()
    daemon.file.mkdir()
    with pytest.raises(ConfigError, match="Is a directory"):
        await daemon.reloader.reload()
    assert daemon.applied == []


async def test_defaults_stay_until_there_is_a_file(tmp_path: Path):
    daemon = Daemon(tmp_path / "later", text=None)
    assert "no such file" in daemon.reloader.source
    await daemon.reloader.reload()
    async with running(daemon):
        daemon.file.parent.mkdir()
        daemon.file.write_text(limits(9))
        await daemon.until(9)
    assert daemon.reloader.source == str(daemon.file)
    daemon.file.unlink()
    with pytest.raises(ConfigError, match="no such file"):
        await daemon.reloader.reload()


async def test_a_plan_changes_nothing(daemon: Daemon):
    daemon.file.write_text(limits(7))
    for plan in (await daemon.reloader.plan(), await daemon.reloader.plan(limits(7))):
        assert [change.text for change in plan.changes] == ["limits.queue_total: 256 -> 7"]
    with pytest.raises(ConfigError):
        await daemon.reloader.plan("nonsense")
    assert (daemon.applied, daemon.reloader.error) == ([], "")


async def test_a_model_that_was_rolled_back_is_left_alone_until_its_lines_change(daemon: Daemon):
    earlier = daemon.reloader.config.models["a"]
    bad = MODEL + "context = 99\n"
    daemon.file.write_text(bad)
    await daemon.reloader.reload()
    daemon.reloader.roll_back("a", earlier, "no memory")
    assert "models.a" in daemon.reloader.error
    assert "no memory" in daemon.reloader.error
    daemon.file.write_text(bad + "[limits]\nqueue_total = 7\n")
    plan = await daemon.reloader.reload()
    assert [change.text for change in plan.changes] == ["limits.queue_total: 256 -> 7"]
    assert daemon.reloader.config.models["a"] == earlier
    assert "no memory" in daemon.reloader.error
    daemon.file.write_text(MODEL + "context = 50\n")
    plan = await daemon.reloader.reload()
    assert daemon.reloader.config.models["a"] == msgspec.structs.replace(earlier, context=50)
    assert daemon.reloader.error == ""


async def test_a_model_that_is_seen_not_to_run_is_left_alone_and_the_rest_holds(daemon: Daemon):
    earlier = daemon.reloader.config.models["a"]

    async def inspect(model: str, config: ModelConfig) -> str:
        return "no such file" if config.path == "/gone.gguf" else ""

    daemon.reloader.inspect = inspect
    daemon.file.write_text(limits(7).replace("/a.gguf", "/gone.gguf"))
    plan = await daemon.reloader.reload()
    assert [change.text for change in plan.changes] == ["limits.queue_total: 256 -> 7"]
    assert daemon.reloader.config.models["a"] == earlier
    assert "models.a runs as before" in daemon.reloader.error
    assert "no such file" in daemon.reloader.error
    daemon.file.write_text(limits(7))
    assert (await daemon.reloader.reload()).changes == []
    assert daemon.reloader.error == ""


async def test_asked_for_by_name_a_model_that_was_rolled_back_is_tried_again(daemon: Daemon):
    earlier = daemon.reloader.config.models["a"]
    daemon.file.write_text(MODEL + "context = 99\n")
    await daemon.reloader.reload()
    daemon.reloader.roll_back("a", earlier, "no memory")
    plan = await daemon.reloader.reload(retry=True)
    assert [change.text for change in plan.changes] == ["models.a.context: null -> 99"]
    assert daemon.reloader.error == ""


async def test_what_happens_is_told(daemon: Daemon):
    earlier = daemon.reloader.config.models["a"]
    daemon.file.write_text(limits(7).replace("/a.gguf", "/b.gguf") + '[models.c]\npath = "/c"\n')
    await daemon.reloader.reload()
    daemon.reloader.roll_back("a", earlier, "no memory")
    daemon.file.write_text("nonsense")
    with pytest.raises(ConfigError):
        await daemon.reloader.reload()
    reloaded, rolled_back, rejected = daemon.told
    assert isinstance(reloaded, ConfigReloaded)
    assert (reloaded.added, reloaded.replaced, reloaded.removed) == (["c"], ["a"], [])
    assert (reloaded.generation, reloaded.changed) == (2, ["limits.queue_total"])
    assert isinstance(rolled_back, ModelRolledBack)
    assert isinstance(rejected, ConfigRejected)
    assert rejected.reason.startswith(f"{daemon.file}:1:")


async def test_a_part_is_watched_like_the_file(daemon: Daemon):
    parts = daemon.file.with_name("conf.d")
    async with running(daemon):
        parts.mkdir()
        (parts / "limits.toml").write_text("[limits]\nqueue_total = 8\n")
        await daemon.until(8)
        (parts / "limits.toml").unlink()
        await daemon.until(256)


async def test_every_way_to_write_a_file_is_noticed(daemon: Daemon):
    other = daemon.file.with_name("other")
    async with running(daemon):
        daemon.file.write_text(limits(1))
        await daemon.until(1)
        other.write_text(limits(2))
        other.rename(daemon.file)
        await daemon.until(2)
        daemon.file.unlink()
        daemon.file.write_text(limits(3))
        await daemon.until(3)
        other.write_text(limits(4))
        daemon.file.unlink()
        daemon.file.symlink_to("other")
        await daemon.until(4)
        swapped = daemon.file.with_name("swapped")
        daemon.file.with_name("third").write_text(limits(5))
        swapped.symlink_to("third")
        swapped.rename(daemon.file)
        await daemon.until(5)
        daemon.file.with_name("third").write_text(limits(6))
        await daemon.until(6)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path.resolve()


async def test_a_folder_that_is_swapped_is_noticed(root: Path):
    for name, number in (("one", 1), ("two", 2)):
        (root / name).mkdir()
        (root / name / "lmd.toml").write_text(limits(number))
    (root / "current").symlink_to("one")
    daemon = Daemon(root / "current", text=limits(1))
    async with running(daemon):
        (root / "next").symlink_to("two")
        (root / "next").rename(root / "current")
        await daemon.until(2)


async def test_a_burst_of_edits_is_applied_a_few_times_and_ends_with_the_last(daemon: Daemon):
    async with running(daemon):
        for number in range(1, 201):
            daemon.file.write_text(limits(number))
        await daemon.until(200)
    assert len(daemon.applied) < 50


async def test_a_write_in_pieces_is_never_seen_in_the_middle(daemon: Daemon):
    """The half of it would be a valid file: one without models."""
    async with running(daemon):
        for number in range(1, 6):
            with daemon.file.open("w") as file:
                await trio.sleep(0.05)
                file.write(MODEL)
                file.flush()
                await trio.sleep(0.02)
                file.write(f"[limits]\nqueue_total = {number}\n")
            await daemon.until(number)
    assert all("a" in config.models for config, _ in daemon.applied)


async def test_an_edit_while_another_is_applied_is_not_lost(daemon: Daemon):
    apply = daemon.apply

    def edit_meanwhile(config: Config, changes: list[Change]) -> None:
        apply(config, changes)
        if len(daemon.applied) == 1:
            daemon.file.write_text(limits(2))

    daemon.reloader = Reloader(
        str(daemon.file), daemon.reloader.config, edit_meanwhile, Bus(), required=True
    )
    async with running(daemon):
        daemon.file.write_text(limits(1))
        await daemon.until(2)


async def test_a_part_that_is_written_anew_is_not_taken_for_gone(daemon: Daemon):
    part = daemon.file.with_name("conf.d") / "b.toml"
    part.parent.mkdir()
    part.write_text('[models.b]\npath = "/b.gguf"\n')
    await daemon.reloader.reload()
    async with trio.open_nursery() as nursery:
        part.unlink()
        nursery.start_soon(daemon.reloader.reload)
        # Longer than a file that is there has to stand still.
        await trio.sleep(3 * SETTLE_SECONDS)
        part.write_text('[models.b]\npath = "/b.gguf"\n')
    assert len(daemon.applied) == 1
    part.unlink()
    await daemon.reloader.reload()
    assert "b" not in daemon.reloader.config.models


async def test_a_file_that_never_stands_still_is_not_taken_in_the_middle_of_a_write(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
):
    """It is whole and cut short in turn; what is cut is valid, without models."""
    monkeypatch.setattr("lmd.reload.reloader.LONGEST_SETTLE_SECONDS", 0.5)
    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(keep_changing, daemon)
            with pytest.raises(ConfigError, match="is written to all the time"):
                await daemon.reloader.reload()
            nursery.cancel_scope.cancel()
    assert daemon.applied == []
    assert "is written to all the time" in daemon.reloader.error


async def test_files_that_are_replaced_without_end_are_taken_all_the_same(daemon: Daemon):
    """Each is whole, so that the last of them need not be waited for."""
    async with running(daemon), trio.open_nursery() as nursery:
        nursery.start_soon(keep_replacing, daemon)
        with trio.fail_after(PATIENCE):
            while len(daemon.applied) < 2:
                await daemon.changed.wait()
        nursery.cancel_scope.cancel()
    assert all("a" in config.models for config, _ in daemon.applied)
    assert daemon.reloader.error == ""


async def keep_replacing(daemon: Daemon) -> None:
    other = daemon.file.with_name("other")
    for number in range(1, 10_000):
        other.write_text(limits(number))
        other.rename(daemon.file)
        await trio.sleep(0.03)


async def keep_changing(daemon: Daemon) -> None:
    for number in range(1, 10_000):
        daemon.file.write_text(limits(number) if number % 2 else "#" * number)
        await trio.sleep(0.01)


async def test_a_disk_that_does_not_answer_holds_up_no_end(daemon: Daemon):
    answer = threading.Event()
    load = daemon.reloader._load

    def wait_for_it() -> Loaded | ConfigError:
        answer.wait()
        return load()

    daemon.reloader._load = wait_for_it  # type: ignore[method-assign]
    try:
        with trio.fail_after(PATIENCE), trio.move_on_after(0.2) as asked:
            await daemon.reloader.reload()
        assert asked.cancelled_caught
    finally:
        answer.set()
