"""The file itself: what sourcing it leaves behind, under which options, and what it needs."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.lmctl.fake_daemon import FakeDaemon
from tests.shell.conftest import needs
from tests.shell.hooks.conftest import HOOKS, Start, answer

SCRIPT = HOOKS / "lmctl.bash"
TEXT = SCRIPT.read_text()
pytestmark = [pytest.mark.process, needs("bash")]
in_terminal = needs("tmux")
CHORD = ("C-x", "a")

WORDS = (
    "builtin local printf command return case if then else fi while do done for in eval trap read "
    "history bind exec set shift type unset shopt kill continue break [[ { }"
)
OPTIONS = {
    "strict": "set -eu -o pipefail",
    "posix": "set -o posix",
    "aliases": "\n".join(f"alias {word}='echo hostile'" for word in WORDS.split()),
    "functions": "\n".join(
        f"{name}() {{ echo hostile; }}"
        for name in ("printf", "read", "local", "kill", "history", "exec", "export", "trap")
    ),
    "globs": "shopt -s nullglob failglob nocasematch extglob dotglob; touch 0 1 a",
    "no globs": "set -f -C; shopt -u extglob",
    "separators": "IFS='0a/ -_'",
    "export": "set -a",
    "keywords": "set -ku",
    "traps": "set -ET; trap 'trap_err=$?' ERR; trap ': debug' DEBUG; trap ': return' RETURN",
    "inherit": "shopt -s localvar_inherit inherit_errexit; line=1 point=2 keys=3 typed=4 reply=5",
    "bytes": "LC_ALL=C",
    "vi": "set -o vi",
}


def test_all_names_that_are_local_are_listed() -> None:
    listed = re.search(r"__lmd_names=\(([^)]*)\)", TEXT)
    assert listed
    declared = "\n".join(re.findall(r"builtin local (.*)", TEXT))
    assert set(listed[1].split()) >= set(re.findall(r"(?<![\w$\"])(\w+)=", declared))


@needs("shellcheck")
def test_shellcheck_finds_nothing() -> None:
    subprocess.run(["shellcheck", "--severity=style", SCRIPT], check=True)


@needs("shfmt")
def test_shfmt_changes_nothing() -> None:
    subprocess.run(["shfmt", "-d", SCRIPT], check=True)


@pytest.mark.parametrize("flags", ["-euc", "-c", "-iuc", "-o posix -c", "-eux -c"])
def test_sourced_twice_says_nothing(flags: str, tmp_path: Path) -> None:
    command = f"set +x; exec 2>&1; source {SCRIPT}; source {SCRIPT}; echo $?"
    done = subprocess.run(
        ["bash", "--norc", "--noprofile", *flags.split(), command],
        check=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL, env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.stdout == "0\n"


STATE = r"""
state() {
    builtin set +o; builtin shopt -p; builtin alias; builtin trap -p; builtin compgen -A function
    builtin compgen -v; builtin export -p; builtin declare -p IFS
}
"""
_EPHEMERAL = re.compile(r"^(BASH_\w+|FUNCNAME|PIPESTATUS|_|LINENO|state)$|__lmd_|^declare -x _=")


def leftovers(before: str, after: str) -> list[str]:
    """Lines of state that came or went, without our own names."""
    changed = set(before.splitlines()) ^ set(after.splitlines())
    return sorted(line for line in changed if not _EPHEMERAL.search(line))


@in_terminal
@pytest.mark.parametrize("options", ["", "set -u", "set -o posix", "set -ak", "shopt -s extglob"])
def test_it_leaves_nothing_but_its_own_names(start: Start, daemon: FakeDaemon, options: str):
    answer(daemon, "true")
    rc = f"{options}\nsource {SCRIPT}\n"
    bash = start("bash", f"{STATE}\n{options}\nstate >before 2>&1\n{rc}\nstate >after 2>&1")
    unused = bash.run("state")
    bash.type("x y z")
    bash.keys(*CHORD)
    bash.wait_for_line("true")
    bash.keys("C-e", "C-u")
    used = bash.run("state")
    before = (bash.home / "before").read_text()
    assert "expand_aliases" in before
    assert leftovers(before, (bash.home / "after").read_text()) == []
    assert leftovers(unused, used) == []
    exported = bash.run("env")
    assert "__lmd" not in exported
    assert "x y z" not in exported


def test_leftovers_are_found() -> None:
    assert leftovers("a\nb", "a\nc\n__lmd_x") == ["b", "c"]


@in_terminal
@pytest.mark.parametrize("name", OPTIONS)
def test_it_works_under_hostile_options(start: Start, daemon: FakeDaemon, name: str):
    command = "echo a-0_b [01]* 'x  y'"
    answer(daemon, command, "true")
    (daemon.script.suggestion)["widget"] += "4\tnot checked: a [01]* -n\ttrue again\n"
    bash = start("bash", f"{OPTIONS[name]}\nsource {SCRIPT}")
    bash.wait_for(lambda screen: screen == "ready>")
    bash.type("say [01]* a-0_b")
    bash.keys("Left", *CHORD)
    assert bash.wait_for_line(command).point == len(command)
    assert daemon.params["text"] == "say [01]* a-0_b"
    bash.keys(*CHORD)
    bash.wait_for_line("true")
    bash.keys(*CHORD)
    bash.wait_for("lmd: not checked: a [01]* -n")
    bash.wait_for_line("true again")
    bash.keys("C-x", "u")
    assert bash.wait_for_line("say [01]* a-0_b").point == 14
    assert "hostile" not in bash.everything()


@in_terminal
def test_a_failure_does_not_end_a_strict_shell(start: Start):
    bash = start("bash", "set -eu")
    bash.type("list files")
    bash.keys(*CHORD)
    bash.wait_for("lmd: no daemon listens on")
    bash.keys("C-e", "C-u", *CHORD)
    bash.wait_for("lmd: no last command to fix")
    bash.run("true")


@in_terminal
def test_what_lmctl_init_prints_works(start: Start, daemon: FakeDaemon, home: Path):
    answer(daemon, "true")
    bash = start("bash", 'eval "$(lmctl init bash --key M-s)"; SOURCE=$(lmctl init bash --write)')
    assert bash.run('echo "$SOURCE"') == f"source '{home}/.local/share/lmd/lmctl.bash'\n"
    assert bash.run('eval "$SOURCE"') == ""
    bash.type("nothing")
    bash.keys("M-s")  # LMD_KEY is still that
    bash.wait_for_line("true")


@in_terminal
def test_an_old_bash_gets_one_line_and_no_keys(start: Start, home: Path):
    old = home / "old.bash"
    old.write_text(TEXT.replace("< 403", "< 9999"))
    assert old.read_text() != TEXT
    bash = start("bash", f"source {old}; keys=$(bind -X)", env={"LMD_NOBIND": "1"})
    bash.wait_for(lambda screen: screen.startswith("lmd: no keys are bound: that needs bash 4.3"))
    assert bash.run('echo "$keys"').count("__lmd") == 0


# What bash 3.2 cannot even read. It reads expansions and options of builtins when they are run,
# which it never gets to here.
NEWER_THAN_3_2 = {
    "stderr through a pipe": r"\|&",
    "append both": r"&>>",
    "fall through": r";&|;;&",
    "named descriptor": r"\{\w+\}[<>]",
    "coprocess": r"\bcoproc\b",
    "test of a variable": r"\[\[ (! )?-[vR] ",
    "extended pattern": r"[@?*+!]\([^)]*\|",
    "case in a substitution": r"\$\([^()]*\bcase\b",
    "range with a step": r"\{\w+\.\.\w+\.\.",
}
SAMPLES = {
    "stderr through a pipe": "a |& b",
    "append both": "a &>>b",
    "fall through": "case a in b) c ;& esac",
    "named descriptor": "exec {fd}<a",
    "coprocess": "coproc a",
    "test of a variable": "if [[ -v a ]]; then",
    "extended pattern": "[[ a == *:@(b|c):* ]]",
    "case in a substitution": "a=$(b\ncase c in d) ;; esac)",
    "range with a step": "{1..9..2}",
}


@pytest.mark.parametrize("name", NEWER_THAN_3_2)
def test_bash_3_2_can_read_it(name: str) -> None:
    assert re.search(NEWER_THAN_3_2[name], SAMPLES[name])
    assert not re.search(NEWER_THAN_3_2[name], TEXT)
