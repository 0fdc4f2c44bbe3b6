"""shell/lmctl.zsh is sourced: silently, under any options and aliases, leaving nothing behind."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from lmctl.init import as_one_word
from tests.shell.conftest import needs
from tests.shell.hooks.terminal import Line
from tests.shell.hooks.zsh import CHORD, SCRIPT, UNDO, Zsh

pytestmark = [pytest.mark.process, needs("zsh")]

_OPTIONS = """
ksh_arrays glob_subst sh_word_split no_unset ignore_braces sh_glob ksh_glob rc_quotes no_short_loops
warn_create_global posix_builtins no_function_argzero null_glob posix_identifiers all_export
no_multi_func_def ignore_close_braces csh_junkie_loops glob_assign
"""
_WORDS = """
local typeset builtin emulate setopt unsetopt if then elif else fi for case esac while do done print
zle bindkey exec read trap function unset source return eval command kill test zmodload fc exit [
"""
OPTIONS, WORDS = _OPTIONS.split(), _WORDS.split()
STRATEGY = {"_zsh_autosuggest_strategy_lmd"}
"""A name that zsh-autosuggestions asks for."""
WAYS = ["source", "eval"]


def text_to_source(way: str, folder: Path) -> str:
    """Commands that source the hooks twice, as words that no alias is of."""
    if way == "source":
        return f"'builtin' 'source' '{SCRIPT}'\n" * 2
    (folder / "printed").write_bytes(as_one_word(SCRIPT.read_bytes()))
    return f"'builtin' 'eval' \"$('cat' '{folder}/printed')\"\n" * 2


def run(text: str, *words: str) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        ["zsh", "-f", *words, "-c", text],
        capture_output=True, text=True, timeout=60, check=False, env={"PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.returncode == 0, done
    return done


def test_the_syntax_is_right():
    subprocess.run(["zsh", "-n", str(SCRIPT)], check=True)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("mode", ["zsh", "sh", "ksh"])
@pytest.mark.parametrize("options", [(), OPTIONS])
def test_it_says_nothing_and_leaves_no_trace(
    way: str, mode: str, options: list[str], tmp_path: Path
):
    look = f"""
    {{ 'builtin' 'emulate'; 'builtin' 'setopt'; 'builtin' 'alias'; 'builtin' 'trap'
    'builtin' 'typeset' '+'; 'builtin' 'functions' '+'; }} >{tmp_path}/"""
    text = f"""
    emulate {mode}; setopt glob_dots {" ".join(options)}
    zmodload zsh/zle; x=${{funcstack-}}; x=; y=; {look}0
    {"".join(f"alias '{word}=echo HOSTILE {word};' " for word in WORDS)}
    alias -g '(('=HOSTILE '[['=HOSTILE 1=HOSTILE in=HOSTILE
    {look}1
    {text_to_source(way, tmp_path)}
    {look}2
    """
    done = run(text, "-eu")
    assert (done.stdout, done.stderr) == ("", "")
    before, after = ((tmp_path / name).read_text().splitlines() for name in "12")
    new = {line.split()[-1] for line in after} - {line.split()[-1] for line in before}
    assert {name for name in new if not name.startswith("_lmd_")} == STRATEGY
    assert "_lmd_chord" in new
    assert not [line for line in after if "export" in line and "_lmd" in line]
    kept = [line for line in after if "lmd" not in line]
    assert [line for line in before if line in kept] == before


def test_the_status_is_kept():
    done = run(f"false; source {SCRIPT} && print -r -- sourced")
    assert done.stdout == "sourced\n"


def test_the_widgets_are_there_in_a_shell_without_keys():
    text = f"LMD_NOBIND=1; source {SCRIPT}; zle -la; bindkey '^Xa'; bindkey -M viins '^Xu'"
    lines = run(text).stdout.splitlines()
    assert {"lmd-suggest", "lmd-explain", "lmd-fix", "lmd-cycle", "lmd-undo"} <= set(lines)
    assert lines[-2:] == ['"^Xa" undefined-key', '"^Xu" undefined-key']


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


RC = {
    "options": f"setopt {' '.join(OPTIONS)} no_rc_quotes",
    "sh": "emulate sh",
    "ksh": "emulate ksh",
    "exits": "setopt err_exit err_return no_unset pipe_fail",
    "aliases": " ".join(f"alias '{word}=echo HOSTILE';" for word in WORDS if word != "source"),
    "functions": "print() { echo HOSTILE; }; zle() { echo HOSTILE; }; read() { echo HOSTILE; }",
}


@needs("tmux")
@pytest.mark.parametrize("rc", RC.values(), ids=RC)
def test_widgets_work_whatever_the_options(stack: ExitStack, tmp_path: Path, rc: str):
    zsh = stack.enter_context(Zsh(tmp_path, rc))
    zsh.answer("4\t\techo 'a b' *", "1\t\tls")
    before = zsh.put("say añ 漢字 *", "Left")
    zsh.keys(*CHORD)
    assert zsh.wait_for_line("echo 'a b' *") == Line("echo 'a b' *", 4)
    zsh.keys(*CHORD)
    zsh.wait_for_line("ls")
    zsh.keys(*UNDO)
    assert zsh.buffer() == before
    assert zsh.daemon.params["text"] == before.text
