"""A real shell in a real terminal: tmux on a private server, keys in, screen and line out.

Nothing here waits for a time: a test says what it waits for. What stands on the command line is
asked of the line editor itself by a key (`PROBE`) that `start` binds in front of the test's own
start-up text, so `buffer` sees the exact text and cursor, not what a screen makes of them.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

SECONDS = 60.0
"""Far more than anything here needs; only what never comes takes it."""
PROMPT = "ready> "
PROBE = ("C-x", "C-p")
"""The keys that write the line and the cursor to a file; no shell binds them by default."""

PROBE_LOOKS = 100


@dataclass(frozen=True, slots=True)
class Line:
    """What stands on the command line, and the cursor in characters from its start."""

    text: str
    point: int


def _line(file: Path) -> Line:
    point, _, text = file.read_text().partition("\n")
    return Line(text, int(point))


_BASH = r"""
unset HISTFILE; PS1='ready> ' PS2='more> '
__test_probe() {
    builtin printf '%s\n%s' "$READLINE_POINT" "$READLINE_LINE" >"$LMD_TEST/line.new"
    command mv -f "$LMD_TEST/line.new" "$LMD_TEST/line"
}
for __test_map in emacs vi-insert vi-command; do
    bind -m "$__test_map" -x '"\C-x\C-p": __test_probe "$_"'
done
unset __test_map
"""
_ZSH = r"""
unset HISTFILE; PS1='ready> ' PS2='more> ' PROMPT_EOL_MARK='' KEYTIMEOUT=100
__test_probe() {
    builtin print -rn -- "$CURSOR"$'\n'"$BUFFER" >"$LMD_TEST/line.new"
    command mv -f "$LMD_TEST/line.new" "$LMD_TEST/line"
}
zle -N __test_probe
for __test_map in emacs viins vicmd; do bindkey -M $__test_map '^X^P' __test_probe; done
unset __test_map
"""
_FISH = r"""
set -g fish_greeting; set -g fish_history ''; set -g fish_escape_delay_ms 500
function fish_prompt; echo -n 'ready> '; end
function fish_mode_prompt; end
function __test_probe
    printf '%s\n%s' (commandline -C) "$(commandline | string collect)" >$LMD_TEST/line.new
    command mv -f $LMD_TEST/line.new $LMD_TEST/line
end
function __test_bind
    for mode in default insert
        bind -M $mode \cx\cp __test_probe
    end
end
__test_bind
"""
_PRELUDE = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}
_COMMAND = {
    "bash": ("bash", "--noprofile", "--rcfile", "{home}/rc.bash", "-i"),
    "zsh": ("zsh", "-i"),
    "fish": ("fish", "-i"),
}
_RC = {"bash": "rc.bash", "zsh": ".zshrc", "fish": ".config/fish/config.fish"}


class Terminal:
    """One interactive shell. Close it, or use it as a context manager.

    ``rc`` runs at the end of the shell's start-up, ``env`` is added to a small environment of its
    own (nothing of the caller's but PATH), ``home`` is HOME and the first working directory.
    """

    def __init__(
        self,
        shell: str,
        home: Path,
        rc: str = "",
        env: Mapping[str, str] | None = None,
        size: tuple[int, int] = (100, 30),
    ) -> None:
        self.shell, self.home = shell, home
        # A socket's path may have 107 bytes, which a tmp_path can exceed.
        self._folder = Path(tempfile.mkdtemp(prefix="lmd-tmux-"))
        # Without it fish reads all man pages, in a process that outlives the shell.
        (home / ".local/share/fish/generated_completions").mkdir(parents=True, exist_ok=True)
        rc_file = home / _RC[shell]
        rc_file.parent.mkdir(parents=True, exist_ok=True)
        rc_file.write_text(f"{_PRELUDE[shell]}\n{rc}\n")
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(home), "ZDOTDIR": str(home),
            "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "LMD_TEST": str(self._folder),
            "TERM": "tmux-256color", "SHELL": shutil.which(shell) or shell,
        } | dict(env or {})  # fmt: skip
        assignments = [f"{name}={value}" for name, value in environment.items()]
        command = [word.format(home=home) for word in _COMMAND[shell]]
        width, height = (str(number) for number in size)
        self.tmux(
            "-f", "/dev/null", "new-session", "-d", "-x", width, "-y", height, "-c", str(home),
            "--", "env", "-i", *assignments, *command,
        )  # fmt: skip
        self.tmux("set", "-g", "history-limit", "10000")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the shell and its terminal; does nothing the second time."""
        with suppress(subprocess.SubprocessError):
            self.tmux("kill-server")
        shutil.rmtree(self._folder, ignore_errors=True)

    def tmux(self, *words: str, text: str = "") -> str:
        """A command of this private tmux. Raises CalledProcessError."""
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        done = subprocess.run(
            ["tmux", "-u", "-S", str(self._folder / "s"), *words],
            check=True, capture_output=True, text=True, input=text, env=environment,
            timeout=SECONDS,
        )  # fmt: skip
        return done.stdout

    # Keys

    def keys(self, *names: str) -> None:
        """Press keys by tmux's names: "C-x", "a", "Enter", "Escape", "Left"."""
        self.tmux("send-keys", "--", *names)

    def type(self, text: str) -> None:
        """Type a text as it is."""
        self.tmux("send-keys", "-l", "--", text)

    def paste(self, text: str) -> None:
        """Paste as a terminal does: in brackets where the shell asked for them."""
        self.tmux("load-buffer", "-", text=text)
        self.tmux("paste-buffer", "-p")

    # What is there

    def screen(self) -> str:
        """The visible rows, wrapped ones joined, without blanks at their ends."""
        rows = self.tmux("capture-pane", "-p", "-J").splitlines()
        return "\n".join(row.rstrip() for row in rows).rstrip("\n")

    def everything(self) -> str:
        """The visible rows and all that scrolled away above them."""
        return self.tmux("capture-pane", "-p", "-J", "-S", "-")

    def wait_for(self, condition: str | Callable[[str], object], seconds: float = SECONDS) -> str:
        """Wait until the screen contains a text, or until a condition on it holds; the screen."""
        until = time.monotonic() + seconds
        while True:
            screen = self.screen()
            met = condition in screen if isinstance(condition, str) else condition(screen)
            if met:
                return screen
            assert time.monotonic() < until, f"never came: {condition!r}; the screen:\n{screen}"
            time.sleep(0.01)

    def wait_until(self, condition: Callable[[], object], seconds: float = SECONDS) -> None:
        """Wait until something outside the screen holds."""
        self.wait_for(lambda _: condition(), seconds)

    def ready(self, prompt: str = PROMPT) -> Self:
        """Wait for a prompt with nothing behind it."""
        self.wait_for(lambda screen: screen.endswith(prompt.rstrip()))
        return self

    def buffer(self) -> Line:
        """What stands on the command line, from the line editor; it has to be waiting for keys."""
        found = self._folder / "line"
        found.unlink(missing_ok=True)
        self.keys(*PROBE)
        self.wait_until(found.exists)
        return _line(found)

    def wait_for_line(self, text: str, seconds: float = SECONDS) -> Line:
        """Wait until a text stands on the command line; the line.

        The keys that ask for it are pressed again and again, because a widget that waits for its
        answer takes them away. So use it where no text that was typed ahead matters.
        """
        until = time.monotonic() + seconds
        with suppress(AssertionError):
            self.wait_for(text.partition("\n")[0].strip()[:40], 1)  # then one time is enough
        found = self._folder / "line"
        while True:
            found.unlink(missing_ok=True)
            self.keys(*PROBE)
            for _ in range(PROBE_LOOKS):
                if found.exists():
                    break
                time.sleep(0.01)
            if found.exists() and (line := _line(found)).text == text:
                return line
            shown = self.screen()
            assert time.monotonic() < until, f"the line is not {text!r}; the screen:\n{shown}"

    def run(self, command: str) -> str:
        """Run a command on an empty line; what it printed. Everything typed before is done then."""
        mark = f"done{time.monotonic_ns()}"
        out = self._folder / mark
        self.type(
            f" {{ {command}; }} >{out}.new 2>&1; mv {out}.new {out}"
            if self.shell != "fish"
            else f" begin; {command}; end >{out}.new 2>&1; mv {out}.new {out}"
        )
        self.keys("Enter")
        self.wait_until(out.exists)
        return out.read_text()
