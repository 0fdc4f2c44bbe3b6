"""The terminal of `top`: urwid reads keys and draws lines. The only module that imports it.

urwid keeps to one thread; the feed's threads hand over what they hear through a pipe.
"""

import os
import signal
import threading
from collections.abc import Callable, Hashable
from dataclasses import replace
from types import FrameType

import urwid

from lmctl.screen.reply import Reply
from lmctl.screen.text import Line
from lmctl.top.feed import Feed
from lmctl.top.state import Order, Quit, Top, press
from lmctl.top.view import render_top

PALETTE = (
    ("dim", "dark gray", "default", "default"),
    ("bold", "default,bold", "default", "bold"),
    ("good", "dark green", "default", "default"),
    ("warn", "brown", "default", "bold"),
    ("bad", "dark red", "default", "bold"),
    ("head", "dark gray", "default", "default"),
    ("chosen", "default,standout", "default", "standout"),
)
"""Name, foreground, background, and what stands for them without colours."""


class Screen(urwid.Widget):
    """Draws what `render_top` says, and knows nothing else."""

    _sizing = frozenset([urwid.Sizing.BOX])
    _selectable = True

    def __init__(self, app: "App") -> None:
        super().__init__()
        self._app = app

    def render(self, size: tuple[int, int], focus: bool = False) -> urwid.Canvas:  # type: ignore[override]
        """One frame."""
        width, height = size
        return _canvas(render_top(self._app.top, width, height), width)

    def keypress(self, size: tuple[int, int], key: str) -> str | None:  # type: ignore[override]
        """Every key is ours."""
        self._app.press(key)
        return None

    def redraw(self) -> None:
        """There is something new to draw."""
        self._invalidate()


class App:
    """Runs until the user quits. ``colors``: whether colours are wanted."""

    def __init__(self, path: str, interval: float, *, colors: bool) -> None:
        self.top = Top(interval=interval)
        self._colors = colors
        self._feed = Feed(path, self._receive, self._fail, self._note)
        self._feed.interval = interval
        self._screen = Screen(self)
        self._news: list[Callable[[Top], Top]] = []
        self._lock = threading.Lock()
        self._ended_by = 0

    def run(self) -> int:
        """Show until the user has seen enough; 0, or 128 and the signal that ended it."""
        display = urwid.display.raw.Screen()
        display.set_terminal_properties(colors=16 if self._colors else 1)
        loop = urwid.MainLoop(self._screen, PALETTE, screen=display, handle_mouse=False)
        self._wake = loop.watch_pipe(self._take_news)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._end)
        self._feed.start()
        try:
            loop.run()
        finally:
            self._feed.stop()
        return 128 + self._ended_by if self._ended_by else 0

    def press(self, key: str) -> None:
        """What a key does."""
        self.top, outcome = press(self.top, key)
        self._feed.interval = self.top.interval
        if isinstance(outcome, Quit):
            raise urwid.ExitMainLoop
        if isinstance(outcome, Order):
            self._feed.order(outcome)
        self._screen.redraw()

    def _end(self, number: int, frame: FrameType | None) -> None:
        """The terminal is put right before the process ends."""
        self._ended_by = number
        raise urwid.ExitMainLoop

    def _receive(self, status: Reply) -> None:
        self._tell(lambda top: top.received(status))

    def _fail(self, trouble: str) -> None:
        self._tell(lambda top: replace(top, trouble=trouble))

    def _note(self, note: str) -> None:
        self._tell(lambda top: replace(top, note=note))

    def _tell(self, change: Callable[[Top], Top]) -> None:
        """From the feed's threads: have the screen's thread change what is shown."""
        with self._lock:
            self._news.append(change)
        os.write(self._wake, b"!")

    def _take_news(self, data: bytes) -> bool:
        with self._lock:
            news, self._news = self._news, []
        for change in news:
            self.top = change(self.top)
        self._screen.redraw()
        return True


def _canvas(lines: list[Line], width: int) -> urwid.TextCanvas:
    """Lines as urwid wants them: bytes of each row, and how many of them have which style."""
    texts: list[bytes] = []
    styles: list[list[tuple[Hashable, int]]] = []
    for line in lines:
        encoded = [(style or None, urwid.apply_target_encoding(text)[0]) for style, text in line]
        texts.append(b"".join(text for _, text in encoded))
        styles.append([(style, len(text)) for style, text in encoded if text])
    return urwid.TextCanvas(texts, styles, maxcol=width)
