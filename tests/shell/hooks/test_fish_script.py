"""shell/lmctl.fish as a script: clean, silent, and with nothing left behind but its own names."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.shell.conftest import needs
from tests.shell.hooks.fish import SCRIPT
from tests.shell.shells import SECONDS

pytestmark = [pytest.mark.process, needs("fish")]

WIDGETS = {"lmd-chord", "lmd-suggest", "lmd-explain", "lmd-fix", "lmd-cycle", "lmd-undo"}
HOSTILE = """
for name in contains printf commandline count bind math history stty dd cat rm mktemp functions
    builtin functions -e $name
    eval "function $name; builtin echo $name was called; return 3; end"
end
"""


def fish(script: str, *options: str, **env: str) -> str:
    """What a fish says on stdout and stderr; it must end with status 0."""
    command = ["fish", "--no-config", *options, "-c", script, str(SCRIPT)]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, timeout=SECONDS, check=False,
        env={"PATH": os.environ["PATH"], "HOME": "/", "TERM": "xterm", **env},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["fish", "-n", SCRIPT], id="syntax"),
        pytest.param(["fish_indent", "--check", SCRIPT], id="layout", marks=needs("fish_indent")),
    ],
)
def test_it_is_clean(command: list[str | Path]):
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("options", [(), ("--interactive",), ("--private", "--interactive")])
@pytest.mark.parametrize("before", ["", HOSTILE])
def test_sourcing_twice_says_nothing(options: tuple[str, ...], before: str):
    assert fish(f"{before}; source $argv[1]; source $argv[1]", *options) == ""


@pytest.mark.parametrize("status", [0, 7])
def test_a_start_up_file_goes_on_and_succeeds(status: int):
    assert fish(f"builtin false; source $argv[1]; and echo $status; exit {0}") == "0\n"


def test_only_names_of_its_own_are_left():
    state = "begin; set --names; functions --all --names | string split ,; bind -L; end"
    script = f"set before; set after; set before ({state}); source $argv[1]; set after ({state})"
    new = fish(f"{script}; for name in $after; contains -- $name $before; or echo $name; end")
    names = set(new.split())
    assert {name for name in names if not name.startswith("__lmd_")} == WIDGETS


def bindings(setup: str = "", mode: str = "default", **env: str) -> list[str]:
    script = f"{setup}; source $argv[1]; source $argv[1]; bind -M {mode} --user"
    lines = fish(script, "--interactive", **env).splitlines()
    return sorted(line.split(maxsplit=3 if mode == "insert" else 1)[-1] for line in lines)


@pytest.mark.parametrize("mode", ["default", "insert"])
def test_the_chord_and_undo_are_bound(mode: str):
    assert bindings(mode=mode) == [r"\cxa lmd-chord", r"\cxu lmd-undo"]


@pytest.mark.parametrize(
    ("key", "bound"),
    [
        ("^X a", r"\cxa"),
        ("^Xa", r"\cxa"),
        ("^x ^a", r"\cx\ca"),
        ("M-s", r"\es"),
        (r"\cxz", r"\cxz"),
        (r"\C-xz", r"\cxz"),
        ("^G", r"\cg"),
        ("C-x a", r"\cxa"),
        ("Alt-s", r"\es"),
        ("M-\\", r"\e\\"),
        (r"\e\\", r"\e\\"),
        ("^X \\", r"\cx\\"),
        ('^X "', r"\cx\""),
        ("M-'", r"\e\'"),
        ("^X $", r"\cx\$"),
        ("^X ^", r"\cx^"),
        ("^X ,", r"\cx,"),
    ],
)
def test_other_chords(key: str, bound: str):
    assert f"{bound} lmd-chord" in bindings(LMD_KEY=key)
    assert f"{bound} lmd-chord" in bindings("set -g LMD_KEY $key; set -e key", key=key)


@pytest.mark.parametrize("env", [{"LMD_KEY": ""}, {"LMD_NOBIND": "1"}])
def test_nothing_is_bound_where_nothing_is_wanted(env: dict[str, str]):
    assert bindings(**env) == []
    defined = fish("source $argv[1]; functions --names | string match 'lmd-*'", **env)
    assert set(defined.replace(",", "").split()) == WIDGETS


@pytest.mark.parametrize("key", [" ", "a", "^M", "^J", "^I", "^C", "M-", "^", "\\", "ä"])
def test_what_is_no_chord_is_refused(key: str):
    said = fish("source $argv[1]; bind --user", "--interactive", LMD_KEY=key)
    assert said == ("lmd: LMD_KEY is no chord, nothing is bound: write it like ^X a, or M-s\n")


@pytest.mark.parametrize(("version", "refused"), [("3.6.0", 1), ("4.0.2", 0), ("10.1", 0)])
@pytest.mark.parametrize("key", ["ctrl-x", "ctrl-x,a", "escape,alt-a"])
def test_names_of_keys_are_for_fish_4(version: str, refused: int, key: str, tmp_path: Path):
    other = tmp_path / "other.fish"
    other.write_text(SCRIPT.read_text().replace("$version", version))
    said = fish(f"source {other}", "--interactive", LMD_KEY=key)
    assert said.count("LMD_KEY is no chord") == refused


def test_a_binding_of_the_user_for_undo_stays():
    assert r"\cxu 'echo mine'" in bindings(r"bind \cxu 'echo mine'")


@pytest.mark.parametrize("version", ["2.7.1", "3.0.0", "3.3.1"])
def test_an_old_fish_is_told_and_nothing_else_happens(version: str, tmp_path: Path):
    old = tmp_path / "old.fish"
    old.write_text(SCRIPT.read_text().replace("$version", f"'{version}'"))
    said = fish(f"source {old}; functions --all --names | string match -r '.*lmd.*'; true")
    assert said.count("\n") == 1
    assert said.startswith("lmd: the hooks need fish 3.4 or later")


@pytest.mark.parametrize("version", ["3.4.0", "3.12.0", "4.0.2", "4.3.3-51-g12345", "10.0"])
def test_a_new_fish_is_known(version: str, tmp_path: Path):
    new = tmp_path / "new.fish"
    new.write_text(SCRIPT.read_text().replace("$version", f"'{version}'"))
    assert fish(f"source {new}; functions -q lmd-suggest; and echo yes") == "yes\n"
