"""Asks the daemon for `top`, in threads of its own: the screen never waits for it.

One connection is kept for the looks. Orders get one each, because a load takes as long as it takes
and closing its connection would cancel it. A daemon that goes away is looked for again.
"""

import threading
from collections.abc import Callable
from contextlib import closing

from lmctl.client import Connection, connect
from lmctl.commands.connection import ANSWER_SECONDS
from lmctl.failures import Failure, NoAnswer, NotRunning
from lmctl.handshake import check_version
from lmctl.screen.reply import Reply
from lmctl.silence import silent_daemon
from lmctl.top.state import Order

MOST_ORDERS = 8
"""Orders that may run at the same time."""


class Feed:
    """Tells ``on_status``, ``on_trouble`` and ``on_note`` what it hears; from its own threads."""

    def __init__(
        self,
        path: str,
        on_status: Callable[[Reply], None],
        on_trouble: Callable[[str], None],
        on_note: Callable[[str], None],
    ) -> None:
        self.interval = 1.0
        self._path = path
        self._on_status, self._on_trouble, self._on_note = on_status, on_trouble, on_note
        self._over = threading.Event()
        self._now = threading.Event()
        self._orders = threading.Semaphore(MOST_ORDERS)

    def start(self) -> None:
        """Begin to look. The thread ends with the process, or after `stop`."""
        threading.Thread(target=self._look, daemon=True).start()

    def stop(self) -> None:
        """Look no more."""
        self._over.set()
        self._now.set()

    def order(self, order: Order) -> None:
        """Ask the daemon for something; what came of it is told as a note."""
        if not self._orders.acquire(blocking=False):
            self._on_note("too much is being done already: wait for one of them")
            return
        self._on_note(order.said)
        threading.Thread(target=self._carry_out, args=(order,), daemon=True).start()

    def _carry_out(self, order: Order) -> None:
        try:
            with closing(connect(self._path)) as connection:
                connection.call(order.method, order.params)
        except Failure as failure:
            self._on_note(failure.message)
        finally:
            self._orders.release()
            self._now.set()

    def _look(self) -> None:
        connection: Connection | None = None
        while not self._over.is_set():
            try:
                if connection is None:
                    connection = _open(self._path)
                self._on_status(connection.call("status", {}, ANSWER_SECONDS))
            except Failure as failure:
                self._on_trouble(_trouble(failure, connection))
                if connection is not None:
                    connection.close()
                connection = None
            self._now.wait(self.interval)
            self._now.clear()


def _open(path: str) -> Connection:
    """A connection to a daemon of our protocol, which is never started. Raises Failure."""
    connection = connect(path)
    try:
        check_version(connection)
    except NoAnswer as silence:
        pid = connection.peer_pid
        connection.close()
        raise silent_daemon(pid) from silence
    except BaseException:
        connection.close()
        raise
    return connection


def _trouble(failure: Failure, connection: Connection | None) -> str:
    if isinstance(failure, NotRunning):
        return f"{failure.message}; looking for it"
    if isinstance(failure, NoAnswer) and connection is not None:
        failure = silent_daemon(connection.peer_pid)
    return f"{failure.message}\n{failure.hint}" if failure.hint else failure.message
