"""A zsh in a terminal with lmd's hooks, and a daemon that answers as told, in both dialects."""

import fcntl
import json
import os
import socket
import sys
import termios
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.lmctl.conftest import ROOT
from tests.lmctl.fake_daemon import SUGGESTION, FakeDaemon, generation_result
from tests.shell.hooks.terminal import SECONDS, Line, Terminal

SCRIPT = ROOT / "shell" / "lmctl.zsh"
CHORD = ("C-x", "a")
UNDO, EXPLAIN, FIX = ("C-x", "U"), ("C-x", "E"), ("C-x", "F")
MARK = " …"
NO_SOCKETS = r"""
command mkdir -p ~/modules/zsh/net && command ln -s $module_path[1]/zsh/*.so ~/modules/zsh/
module_path=(~/modules)
"""
"""Modules as they are, without zsh/net/socket: everything goes through lmctl."""
KEYS = r"""
for map in emacs viins vicmd; do
  bindkey -M $map '^XE' lmd-explain '^XF' lmd-fix '^XU' lmd-undo
done
unset map
"""


class Daemon(FakeDaemon):
    """Speaks JSON-RPC too, to who begins with it; answers while ``gate`` is open."""

    def __init__(self, path: str) -> None:
        self.gate = threading.Event()
        self.gate.set()
        super().__init__(path)

    def _serve(self, sock: socket.socket) -> None:
        if sock.recv(1, socket.MSG_PEEK) != b"{":
            super()._serve(sock)
            return
        with sock, sock.makefile("rb") as lines:
            try:
                for line in lines:
                    self._answer(sock, json.loads(line))
            except (BrokenPipeError, ConnectionResetError):
                pass  # the shell left in the middle of an answer, as some tests want
            finally:
                self.disconnected.set()

    def _answer(self, sock: socket.socket, call: dict[str, Any]) -> None:
        self.requests.append((call["method"], call["params"]))
        script = self.script
        self._wait_for_gate()
        if script.hold:
            self.holding.set()
        elif script.hang_up:
            sock.shutdown(socket.SHUT_RDWR)
        elif script.raw_reply:
            sock.sendall(script.raw_reply)
        else:
            sock.sendall(json.dumps(_reply(script, call), separators=(",", ":")).encode() + b"\n")

    def _generate(self, *call: Any) -> bool:
        self._wait_for_gate()
        return super()._generate(*call)

    def _wait_for_gate(self) -> None:
        if not self.gate.is_set():
            self.holding.set()
            self.gate.wait(SECONDS)


def _reply(script: Any, call: dict[str, Any]) -> dict[str, Any]:
    head = {"jsonrpc": "2.0", "id": call["id"]}
    if script.error:
        return head | {"error": script.error}
    if call["method"] == "explain":
        return head | {"result": generation_result(script) | script.explanation}
    return head | {"result": script.suggestion}


class Zsh(Terminal):
    """A shell with the hooks, and ``daemon`` behind them."""

    def __init__(self, home: Path, rc: str = "", *, early: str = "", **env: str) -> None:
        (home / "run").mkdir(mode=0o700, exist_ok=True)
        self.daemon = Daemon(str(home / "run" / "s"))
        self.answer("0\t\techo hello")
        variables = lmctl_variables(home) | {"LMD_SOCKET": self.daemon.path}
        super().__init__("zsh", home, f"{early}\nsource {SCRIPT}\n{KEYS}\n{rc}", variables | env)
        self.ready()

    def close(self) -> None:
        """See `Terminal.close`."""
        super().close()
        self.daemon.gate.set()
        if os.path.exists(self.daemon.path):
            with closing(self.daemon):
                pass

    def answer(self, *candidates: str, state: str = "sure", message: str = "") -> None:
        """What the daemon suggests from now on; a candidate is ``POINT TAB MARK TAB COMMAND``."""
        widget = "".join(f"{line}\n" for line in (f"{state}\t{message}", *candidates))
        self.daemon.script.suggestion = {**SUGGESTION, "widget": widget}

    def put(self, text: str, *keys: str) -> Line:
        """Type a text and press keys; what then stands on the line."""
        self.type(text)
        if keys:
            self.keys(*keys)
        return self.buffer()

    def press(self, text: str, *keys: str) -> None:
        """Type a text and press keys that ask; while it waits the line cannot be looked at."""
        self.type(text)
        self.keys(*keys)

    def enter(self, command: str) -> None:
        """Run a command on an empty line, and wait for the next prompt."""
        self.type(command)
        self.wait_for(command)
        self.keys("Enter")
        self.ready()

    def wait_while(self, *keys: str) -> None:
        """Press keys that ask the daemon, which answers when ``daemon.gate`` is set."""
        self.daemon.gate.clear()
        self.keys(*keys)
        self.wait_until(self.daemon.holding.is_set)

    def wait_for_keys(self) -> None:
        """Wait until the shell has read all keys that were pressed."""
        fd = os.open(self.tmux("display", "-p", "#{pane_tty}").strip(), os.O_RDONLY | os.O_NOCTTY)
        try:
            self.wait_until(lambda: not any(fcntl.ioctl(fd, termios.FIONREAD, bytes(4))))
        finally:
            os.close(fd)

    def hold(self, *keys: str) -> None:
        """Press keys that ask the daemon, which does not answer; returns when it has been asked."""
        self.daemon.script.hold = True
        self.keys(*keys)
        self.wait_until(self.daemon.holding.is_set)


def lmctl_variables(home: Path) -> dict[str, str]:
    """A real lmctl at the front of PATH."""
    lmctl = home / "bin" / "lmctl"
    lmctl.parent.mkdir(exist_ok=True)
    lmctl.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m lmctl "$@"\n')
    lmctl.chmod(0o755)
    path = f"{lmctl.parent}:{os.environ['PATH']}"
    return {"PATH": path, "PYTHONPATH": str(ROOT), "LMD_NO_START": "1"}
