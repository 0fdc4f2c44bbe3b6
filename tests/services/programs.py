"""`systemctl`, `journalctl`, `launchctl` and `systemd-run` as programs that take notes.

They stand for a session that no test has. `answer` is their knob: what a call says, how it ends.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

PROGRAM = """#!{python} -ISE
import json, os, sys
directory = {directory!r}
words = [os.path.basename(sys.argv[0]), *sys.argv[1:]]
with open(os.path.join(directory, "calls"), "a") as file:
    file.write(json.dumps(words) + "\\n")
line = " ".join(words)
with open(os.path.join(directory, "answers")) as file:
    answers = json.load(file)
for pattern, (status, out, error) in reversed(answers):
    if pattern in line:
        sys.stdout.write(out)
        sys.stderr.write(error)
        sys.exit(status)
"""


class Programs:
    """The fakes in a directory of their own, and what became of them."""

    def __init__(self, directory: Path, *names: str) -> None:
        self.directory = directory
        self._answers: list[tuple[str, Any]] = []
        directory.mkdir()
        for name in names:
            program = directory / name
            program.write_text(PROGRAM.format(python=sys.executable, directory=str(directory)))
            program.chmod(0o755)
        self.answer("", 0)

    def answer(self, pattern: str, status: int, out: str = "", error: str = "") -> None:
        """From now on, calls whose line contains ``pattern`` end like this; the latest wins."""
        self._answers.append((pattern, (status, out, error)))
        (self.directory / "answers").write_text(json.dumps(self._answers))

    def calls(self, *, changing: bool = True) -> list[str]:
        """The command lines since the last look; with ``changing``, without mere questions."""
        path = self.directory / "calls"
        lines = [" ".join(json.loads(line)) for line in path.read_text().splitlines()]
        path.write_text("")
        asking = (" show ", " print ", "systemd-run ", " --lines 6 ")
        return [line for line in lines if not changing or not any(w in line for w in asking)]

    def path(self, rest: str = "/nowhere") -> str:
        """A PATH that leads to them first."""
        return os.pathsep.join([str(self.directory), rest])


def unit(**properties: str) -> str:
    """What ``systemctl show`` prints."""
    return "".join(f"{key}={value}\n" for key, value in properties.items())
