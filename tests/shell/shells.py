"""Real shells that are asked what they would offer at the end of a line."""

import os
import pty
import re
import select
import subprocess
from pathlib import Path
from typing import Protocol

SECONDS = 60
"""No shell may take longer for an answer; far more than any needs."""
_OFFER, _TAB = "\x0f", "\t"
_SHOW, _CLEAR = "\x07", "\x15"


class Shell(Protocol):
    """Completes lines; the cursor is at their end."""

    def offers(self, line: str) -> set[str]:
        """What may stand in place of the last word; of ``--option=value`` only the value."""
        ...


class Interactive:
    """A shell in a pseudo terminal, whose keys are ours: C-o offers, C-g shows the line."""

    def __init__(self, command: list[str], env: dict[str, str], cwd: Path, setup: str) -> None:
        self._main, replica = pty.openpty()
        self.process = subprocess.Popen(
            command, stdin=replica, stdout=replica, stderr=replica,
            env=env, cwd=cwd, start_new_session=True,
        )  # fmt: skip
        os.close(replica)
        self.run(setup)

    def close(self) -> None:
        """End the shell as closing its window would."""
        os.close(self._main)
        self.process.wait(SECONDS)

    def after_tab(self, line: str) -> str:
        """What the line is after Tab."""
        return self.ask(line + _TAB)

    def ask(self, keys: str) -> str:
        """Type; then what the shell shows of its line between ``<<<`` and ``>>>``."""
        self._type(keys + _SHOW)
        return self._read(r"<<<(.*?)>>>")

    def run(self, command: str) -> None:
        """Run a command line that shows nothing."""
        self._type(f"{command}\nprintf '<%s>' 'ready'\n")
        self._read(r"<(ready)>")

    def _type(self, keys: str) -> None:
        os.write(self._main, keys.encode())

    def _read(self, pattern: str) -> str:
        shown = ""
        while True:
            assert select.select([self._main], [], [], SECONDS)[0], shown
            shown += os.read(self._main, 4096).decode(errors="replace")
            if found := re.search(pattern, shown, re.DOTALL):
                return found[1].replace("\r\n", "\n")


class Bash(Interactive):
    """readline itself splits the line and inserts what it was offered."""

    _SETUP = r"""
    PS1='' PS2=''
    show() { printf '<<<%s>>>' "$READLINE_LINE"; READLINE_LINE=''; }
    BREAKS=$COMP_WORDBREAKS
    bind 'set bell-style none' 'set enable-bracketed-paste off' 'set completion-query-items 0'
    bind '"\C-o": insert-completions'
    bind -x '"\C-g": show'
    """

    def __init__(self, script: Path, env: dict[str, str], cwd: Path) -> None:
        command = ["bash", "--norc", "--noprofile", "-i"]
        super().__init__(command, env, cwd, f"{self._SETUP}\nsource {script}")

    def offers(self, line: str) -> set[str]:
        """See `Shell`; not for quoted words. One that stays as it is was offered nothing."""
        kept = re.search(r"[^\s=:\"']*$", line)
        assert kept
        after = self.ask(line + _OFFER)
        start = line[: kept.start()]
        assert after.startswith(start), after
        words = after[len(start) :].split()
        return set() if after == line else set(words)


class Zsh(Interactive):
    """The completion system runs as for Tab, with its last step, ``compadd``, watched."""

    _SETUP = r"""
    PS1='' PS2='' PROMPT_EOL_MARK=''
    autoload -Uz compinit && compinit -D -u
    compadd() {
      if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)* ]]; then builtin compadd "$@"; return; fi
      local -a added
      builtin compadd -A added "$@"
      offered+=($added)
      builtin compadd "$@"
    }
    offer() { offered=(); _main_complete; compstate[insert]='' compstate[list]=''; }
    zle -C offer complete-word offer
    show-offers() { zle offer; print -rn -- "<<<$offered>>>"; BUFFER=''; }
    zle -N show-offers; bindkey '^O' show-offers
    show() { print -rn -- "<<<$BUFFER>>>"; BUFFER=''; }
    zle -N show; bindkey '^G' show
    """

    def __init__(self, script: Path, env: dict[str, str], cwd: Path, *, load: str = "eval") -> None:
        setup = self._SETUP
        if load == "fpath":
            setup = f"fpath=({script.parent} $fpath)\n{setup}"
        else:
            setup = f'{setup}\neval "$(<{script})"'
        super().__init__(["zsh", "-f", "-i"], env, cwd, setup)

    def offers(self, line: str) -> set[str]:
        """See `Shell`."""
        self._type(line + _OFFER)
        return set(self._read(r"<<<(.*?)>>>").split())


class Fish:
    """``complete -C`` answers without a terminal."""

    def __init__(self, script: Path, env: dict[str, str], cwd: Path) -> None:
        self._script, self._env, self._cwd = script, env, cwd

    def offers(self, line: str) -> set[str]:
        """See `Shell`."""
        done = subprocess.run(
            ["fish", "--no-config", "-c", "source $argv[1]; complete -C $argv[2]",
             str(self._script), line],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, env=self._env,
            cwd=self._cwd, timeout=SECONDS, check=True,
        )  # fmt: skip
        assert done.stderr == ""
        words = [offer.split("\t")[0] for offer in done.stdout.splitlines()]
        return {re.sub(r"^--[a-z-]+=", "", word) for word in words}
