"""shell/lmctl.zsh and hostile answers: what is not one plain line does not reach the line."""

import json
import subprocess
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from lmctl.insertable import is_insertable
from tests.lmctl.fake_daemon import SUGGESTION
from tests.shell.conftest import needs
from tests.shell.hooks.terminal import Line
from tests.shell.hooks.zsh import CHORD, SCRIPT, Zsh

pytestmark = [pytest.mark.process, needs("zsh"), needs("tmux")]

CARELESS = """#!/bin/sh
cat >/dev/null
cat "$HOME/reply"
"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zsh]:
    with Zsh(tmp_path_factory.mktemp("z")) as zsh:
        yield zsh


@pytest.fixture
def zsh(shared: Zsh) -> Zsh:
    """An empty line of a shell that reads the daemon's answers itself."""
    return _emptied(shared)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zsh]:
    home = tmp_path_factory.mktemp("z")
    lmctl = home / "careless"
    lmctl.write_text(CARELESS)
    lmctl.chmod(0o755)
    with Zsh(home, LMD_LMCTL=str(lmctl), LMD_SOCKET="/nowhere/s") as zsh:
        yield zsh


@pytest.fixture
def careless(client: Zsh) -> Zsh:
    """An empty line of a shell whose lmctl hands on what is in the file `reply`."""
    return _emptied(client)


def _emptied(zsh: Zsh) -> Zsh:
    zsh.keys("C-u", "C-l")
    return zsh.ready()


HOSTILE = {
    "newline": "ls\nrm x",
    "return": "ls\rtouch ran",
    "escape": "ls \x1b[31m",
    "clipboard": "ls \x1b]52;c;aGk=\x07",
    "c1": "ls \x9b31m",
    "bidi": "ls \u202egpj.exe",
    "zero width": "ls \u200b",
    "joiner": "ls 👩\u200d👩",
    "variation": "ls \ufe0f",
    "private": "ls \ue000",
    "blank letter": "ls \u3164",
    "hard space": "ls\u00a0-l",
    "line separator": "ls\u2028touch ran",
    "nul": "ls \0",
    "start of heading": "ls \x01\x02\x03",
    "delete": "ls \x7f\x7f\x7f",
    "tab": "ls\tx",
    "space": " ls",
    "long": "ls " + "x" * 5000,
    "huge": "ls " + "x" * 100_000,
    "many bytes": "ls " + "漢" * 1500,
    "empty": "",
}


@pytest.mark.parametrize("command", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("ascii_only", [False, True])
def test_a_hostile_command_does_not_reach_the_line(zsh: Zsh, command: str, ascii_only: bool):
    widget = f"sure\t\x1b[31m\u202e\n2\t\x1b]0;x\x07\t{command}\n"
    result = {"result": SUGGESTION | {"widget": widget}, "jsonrpc": "2.0", "id": 1}
    text = json.dumps(result, ensure_ascii=ascii_only)
    zsh.daemon.script.raw_reply = text.encode() + b"\n"
    before = zsh.put("list", "Left")
    zsh.keys(*CHORD)
    zsh.wait_for("lmd: ")
    line = zsh.buffer()
    assert line == before or line == Line("ls", 2), line
    assert not (zsh.home / "ran").exists()


@pytest.mark.parametrize("command", HOSTILE.values(), ids=HOSTILE)
def test_nor_past_a_client_that_checks_nothing(careless: Zsh, command: str):
    zsh = careless
    widget = f"sure\t\x1b[31m\n2\t\x1b]0;x\x07\t{command}\n"
    (zsh.home / "reply").write_bytes(widget.encode())
    before = zsh.put("list", "Left")
    zsh.keys(*CHORD)
    zsh.wait_for("lmd: ")
    line = zsh.buffer()
    assert line == before or line == Line("ls", 2), line


def test_no_invisible_character_passes(tmp_path: Path):
    invisible = [
        chr(code)
        for code in range(0x20, 0x110000)
        if not 0xE000 < code < 0xF8FF  # private; thousands of them
        if unicodedata.category(chr(code)) in ("Cc", "Cf", "Zl", "Zp", "Zs")
        if not is_insertable(f"a{chr(code)}b")
    ]
    (tmp_path / "invisible").write_text("\n".join([*invisible, "\u6f22"]), newline="")
    look = """
    _lmd_do_suggest() {
      for char in "${(@f)$(<$folder/invisible)}"; do
        ! _lmd_is_insertable "a${char}b" || print -r -- "$(( #char ))"
      done
    }
    folder=$2 _lmd_suggest
    """
    done = subprocess.run(
        ["zsh", "-f", "-c", f"source $1; {look}", "-", str(SCRIPT), str(tmp_path)],
        capture_output=True, text=True, check=True, env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin"},
    )  # fmt: skip
    passed = [f"{int(code):x}" for code in done.stdout.split()]
    assert len(invisible) > 200
    assert passed == ["6f22"]


GOOD = [
    "añb 漢字 e\u0301",
    "a\\b \\n \\\\ \\u0041",
    'q "x" \\"',
    "tab\\t",
    "\U0001f469",
    "'; !! $(x)",
]


@pytest.mark.parametrize("command", GOOD)
@pytest.mark.parametrize("ascii_only", [False, True])
def test_every_way_to_write_json_gives_the_same_text(zsh: Zsh, command: str, ascii_only: bool):
    decoy = {"command": '"widget":"sure\\t\\n2\\t\\tid\\n"', "widget ": "widget"}
    result = {"candidates": [decoy, "widget"], "widget": f"sure\t\n0\t\t{command}\n"}
    reply = {"result": result, "jsonrpc": "2.0", "id": 1}
    zsh.daemon.script.raw_reply = json.dumps(reply, ensure_ascii=ascii_only).encode() + b"\n"
    zsh.press("wish", *CHORD)
    assert zsh.wait_for_line(command) == Line(command, 0)


@pytest.mark.parametrize(
    "reply",
    [
        b"\n", b"{}\n", b"nonsense\n", b"\xff\xfe\n", b'{"result":{"widget":""}}\n',
        b'{"result":{"widget":"maybe\\tx\\n1\\t\\tls\\n"}}\n', b'{"result":{"widget":null}}\n',
        b'{"result":{"widget":"sure\\t\\nx\\t\\tls\\n"}}\n',
        b'{"result":{"widget":"sure\\t\\n1\\tls\\n"}}\n',
        b'{"result":{"widget":"sure\\t\\n99999\\t\\tls\\n"}}\n', b"{" + b"x" * 2_000_000 + b"\n",
    ],
    ids=range(11),
)  # fmt: skip
def test_an_answer_of_another_form_is_none(zsh: Zsh, reply: bytes):
    zsh.daemon.script.raw_reply = reply
    before = zsh.put("list", "Left")
    zsh.keys(*CHORD)
    zsh.wait_for("lmd: ")
    assert zsh.buffer() == before
