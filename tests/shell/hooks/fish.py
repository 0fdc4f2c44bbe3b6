"""A fish in a terminal with lmd's hooks, a real lmctl, and a daemon that answers as it is told."""

import sys
from contextlib import closing
from pathlib import Path

from tests.lmctl.conftest import ROOT
from tests.lmctl.fake_daemon import SUGGESTION, FakeDaemon
from tests.shell.hooks.terminal import Line, Terminal

SCRIPT = ROOT / "shell" / "lmctl.fish"
CHORD = ("C-x", "a")
UNDO = ("C-x", "u")
MARK = "…"
RC = r"""
set -g fish_autosuggestion_enabled 0
bind -M default \cxe lmd-explain; bind -M insert \cxe lmd-explain
bind -M default \cxf lmd-fix; bind -M insert \cxf lmd-fix
"""


class Fish(Terminal):
    """A shell with the hooks, and ``daemon`` behind them."""

    def __init__(self, home: Path, rc: str = "", **env: str) -> None:
        (home / "run").mkdir(mode=0o700)
        # Otherwise a new fish reads all manual pages, in the background, for its completions.
        (home / ".local/share/fish/generated_completions").mkdir(parents=True)
        self.daemon = FakeDaemon(str(home / "run" / "s"))
        self.answer("0\t\techo hello")
        variables = lmctl_variables(home) | {"LMD_SOCKET": self.daemon.path}
        super().__init__("fish", home, f"source {SCRIPT}\n{RC}\n{rc}", variables | env)
        self.ready()

    def close(self) -> None:
        """See `Terminal.close`."""
        super().close()
        with closing(self.daemon):
            pass

    def answer(self, *candidates: str, state: str = "sure", message: str = "") -> None:
        """What the daemon suggests from now on; a candidate is ``POINT TAB MARK TAB COMMAND``."""
        widget = "".join(f"{line}\n" for line in (f"{state}\t{message}", *candidates))
        self.daemon.script.suggestion = {**SUGGESTION, "widget": widget}

    def put(self, text: str, *keys: str) -> Line:
        """Type a text and press keys; what then stands on the line."""
        self.type(text)
        self.keys(*keys) if keys else None
        return self.buffer()

    def press(self, *keys: str) -> None:
        """Press keys that ask the daemon; returns when it has been asked and the mark is gone."""
        asked = len(self.daemon.requests)
        self.keys(*keys)
        self.wait_until(lambda: len(self.daemon.requests) > asked)
        self.settle()

    def hold(self, *keys: str) -> None:
        """Press keys that ask the daemon, which does not answer."""
        self.daemon.script.hold = True
        self.keys(*keys)
        self.wait_until(self.daemon.holding.is_set)
        self.wait_for(MARK)

    def settle(self) -> Line:
        """Wait until no widget is at work; keys pressed before that would be its own."""
        self.wait_for(lambda screen: MARK not in screen)
        return self.buffer()


def lmctl_variables(home: Path) -> dict[str, str]:
    """An `lmctl` of this source tree that notes its arguments in ``home/calls``."""
    lmctl = home / "lmctl"
    lmctl.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$*" >>{home}/calls\nexec {sys.executable} -m lmctl "$@"\n'
    )
    lmctl.chmod(0o755)
    return {"LMD_LMCTL": str(lmctl), "LMD_NO_START": "1", "PYTHONPATH": str(ROOT)}
