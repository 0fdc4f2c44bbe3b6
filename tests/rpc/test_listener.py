"""How a listener is given up: whoever came before is kept, whoever comes later is refused."""

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from lmd.rpc import launchd, socket_file
from lmd.rpc.idle import IdleExit, idle_left
from lmd.rpc.listener import Listener, open_listener


@pytest.fixture
def path(tmp_path: Path) -> str:
    os.chmod(tmp_path, 0o700)
    return str(tmp_path / "s")


@pytest.fixture
def listener(path: str) -> Iterator[Listener]:
    with open_listener(path, {}, supervised=False) as listener:
        yield listener
        listener._listening.close()


def connect(path: str) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    try:
        client.connect(path)
    except OSError:
        client.close()
        raise
    return client


def is_there(path: str) -> bool:
    return os.path.exists(path)


async def test_with_nobody_there_it_is_gone(listener: Listener, path: str):
    assert listener.give_up() == []
    assert not is_there(path)


async def test_a_client_that_found_the_file_before_it_went_is_refused(
    listener: Listener, path: str
):
    os.link(path, path + ".seen")  # as the kernel looks it up, in time
    assert listener.give_up() == []
    with pytest.raises(ConnectionRefusedError):
        connect(path + ".seen")


async def test_who_waited_is_kept_and_the_path_serves_again(listener: Listener, path: str):
    with connect(path) as early, connect(path) as other:
        streams = listener.give_up()
        assert len(streams) == 2
        await streams[0].send_all(b"hello")
        assert early.recv(9) == b"hello"
        with connect(path) as late:
            stream = await listener.accept()
            await stream.send_all(b"you too")
            assert late.recv(9) == b"you too"
            await stream.aclose()
        for stream in streams:
            await stream.aclose()
        assert other.recv(1) == b""
    assert listener.give_up() == []


async def test_the_manager_keeps_its_socket_and_its_file(path: str):
    with socket.socket(socket.AF_UNIX) as kept:
        kept.bind(path)
        kept.listen()
        with socket_file.own(path):
            listener = Listener(path, kept, handed_over=True)
            with connect(path):
                assert listener.give_up() == []
                listener.remove_file()
                assert is_there(path)
                client, _ = kept.accept()  # it still waits for the next daemon
                client.close()


@pytest.mark.parametrize(
    ("since", "left"), [(None, 10.0), (100.0, 10.0), (95.0, 5.0), (90.0, 0.0), (50.0, -40.0)]
)
def test_how_long_is_left(since: float | None, left: float):
    assert idle_left(since, 10.0, now=100.0) == left


@pytest.mark.parametrize("patience", [0.0, float("inf")])
async def test_never_is_never(patience: float, autojump_clock: trio.testing.MockClock):
    with trio.move_on_after(1e9) as scope:
        await IdleExit(lambda: 0.0, patience).wait()
    assert scope.cancelled_caught


async def test_idle_time_counts_from_the_last_end(autojump_clock: trio.testing.MockClock):
    start = trio.current_time()
    busy_until = start + 25.0

    def since() -> float | None:
        return None if trio.current_time() < busy_until else busy_until

    await IdleExit(since, 10.0).wait()
    assert trio.current_time() - start == pytest.approx(35.0)


async def test_another_patience_holds_at_once(autojump_clock: trio.testing.MockClock):
    start = trio.current_time()
    idle = IdleExit(lambda: start, 0.0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(idle.wait)
        await trio.sleep(7.0)
        idle.reconfigure(100.0)
        await trio.sleep(1.0)
        idle.reconfigure(10.0)
    assert trio.current_time() - start == pytest.approx(10.0)


LAUNCHD = r"""
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
int launch_activate_socket(const char *name, int **fds, size_t *count) {
    if (strcmp(name, "Listeners") == 0) {
        *fds = malloc(2 * sizeof(int)); (*fds)[0] = 7; (*fds)[1] = 9; *count = 2;
        return 0;
    }
    return strcmp(name, "by hand") == 0 ? ESRCH : EALREADY;
}
"""


@pytest.mark.process
def test_launchd_is_called_as_its_manual_says(tmp_path: Path):
    """Not launchd itself, which only macOS has: a C function of the same signature."""
    source, library = tmp_path / "launchd.c", tmp_path / "launchd.so"
    source.write_text(LAUNCHD)
    try:
        subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True, timeout=60)
    except FileNotFoundError:
        pytest.skip("no C compiler")
    assert launchd.activate("Listeners", str(library)) == [7, 9]
    assert launchd.activate("by hand", str(library)) == []
    with pytest.raises(OSError, match="launchd does not hand over 'again'"):
        launchd.activate("again", str(library))
