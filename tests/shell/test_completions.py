"""shell/completions in real shells, against a fake daemon."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.shell.completion.__main__ import rendered
from tests.shell.completion.tree import Flag, Node, Value, all_flags, command_tree, exceptions
from tests.shell.conftest import BASH, FISH, MODELS, SHELLS, ZSH, needs
from tests.shell.shells import SECONDS, Bash, Shell, Zsh

pytestmark = pytest.mark.process

TREE = command_tree()
COMMANDS = {child.name for child in TREE.children}


def run(*command: str, env: dict[str, str] | None = None) -> str:
    """What a command says on stdout and stderr together; it must succeed."""
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, env=env, timeout=SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.parametrize("path", list(rendered()), ids=lambda path: path.name)
def test_the_files_are_what_the_commands_say(path: Path):
    assert path.read_text() == rendered()[path], "run `python -m tests.shell.completion`"


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["bash", "-n", BASH], marks=needs("bash")),
        pytest.param(["shellcheck", BASH], marks=needs("shellcheck")),
        pytest.param(["shfmt", "-d", BASH], marks=needs("shfmt")),
        pytest.param(["zsh", "-n", ZSH], marks=needs("zsh")),
        pytest.param(["fish", "-n", FISH], marks=needs("fish")),
        pytest.param(["fish_indent", "--check", FISH], marks=needs("fish_indent")),
    ],
    ids=lambda command: f"{Path(command[0]).name}-{len(command)}",
)
def test_the_syntax_is_clean(command: list[str | Path]):
    assert run(*map(str, command)) == ""


@pytest.mark.parametrize("shell", SHELLS)
def test_sourcing_twice_says_nothing(shell: str):
    scripts = {
        "bash": ("bash", "--norc", "-c", 'set -eu; source "$1"; source "$1"', "-", BASH),
        "zsh": ("zsh", "-fc", 'compdef() :; set -eu; source "$1"; source "$1"', "-", ZSH),
        "fish": ("fish", "--no-config", "-c", "source $argv[1]; source $argv[1]", FISH),
    }
    assert run(*map(str, scripts[shell])) == ""


@needs("bash")
def test_bash_gains_functions_and_nothing_else():
    state = (
        "{ compgen -v; compgen -A function; shopt; set -o; } | grep -vE '^(_|BASH_.*|PIPESTATUS)$'"
    )
    call = "COMP_LINE='lmctl ask --c' COMP_POINT=13 COMP_CWORD=2; COMP_WORDS=(lmctl ask --c)"
    script = (
        f'{call}; before=$({state}); source "$1"; _lmctl lmctl --c ask; after=$({state});'
        'diff <(echo "$before") <(echo "$after") | grep "^[<>]" || true'
    )
    changes = run("bash", "--norc", "-c", script, "-", str(BASH)).split("\n")
    assert {line for line in changes if line and not line.startswith("> _lmctl")} <= {
        "> COMPREPLY", "> before",
    }  # fmt: skip


@needs("bash")
@pytest.mark.parametrize(
    ("words", "typed", "offered"),
    [
        ("lmctl ask --c", "--c", "--color"),
        ("lmctl ask --color = a", "a", "auto always"),
        ("lmctl ask --color =", "", "auto always never"),
        ("lmctl ask --color =", "=", "auto always never"),
    ],
)
def test_bash_completes_without_programs_and_under_set_eu(words: str, typed: str, offered: str):
    line = words.replace(" = ", "=").replace(" =", "=")
    script = (
        f"set -eu; PATH=/nowhere; source $1; COMP_WORDS=({words}) COMP_LINE='{line}';"
        "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_POINT=${#COMP_LINE};"
        f"_lmctl lmctl '{typed}' -; echo ${{COMPREPLY[*]}}"
    )
    assert run("bash", "--norc", "-c", script, "-", str(BASH)) == f"{offered}\n"


@pytest.mark.parametrize("node", list(TREE.walk()), ids=lambda node: "-".join(node.path) or "root")
def test_every_command_offers_its_options(shell: Shell, node: Node, calls: Path):
    line = " ".join(["lmctl", *node.path, "-"])
    assert shell.offers(line) == {name for flag in node.flags for name in flag.spellings}
    assert not calls.exists()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("lmctl ", COMMANDS),
        ("lmctl mod", {"models"}),
        ("lmctl models ", {"list", "show", "memory", "load", "unload", "forget"}),
        ("lmctl completion ", {"bash", "zsh", "fish"}),
        ("lmctl init ", {"bash", "zsh", "fish"}),
        ("lmctl init --no-bind f", {"fish"}),
        ("lmctl suggest --shell=z", {"zsh"}),
        ("lmctl fix --error no", {"notes.txt"}),
        ("lmctl nothing ", set()),
        ("lmctl __", set()),
        ("lmctl ask --mo", {"--model"}),
        ("lmctl ask ask --mo", {"--model"}),
        ("lmctl ask 'two words' --mo", {"--model"}),
        ("lmctl ask -vq --mo", {"--model"}),
        ("lmctl ask -f notes.txt --fi", {"--file"}),
        ("lmctl ask --color ", {"auto", "always", "never"}),
        ("lmctl ask --color a", {"auto", "always"}),
        ("lmctl ask --color=a", {"auto", "always"}),
        ("lmctl ask --color=", {"auto", "always", "never"}),
        ("lmctl ask --priority=b", {"batch"}),
        ("lmctl ask --temperature ", set()),
        ("lmctl ask -f no", {"notes.txt"}),
        ("lmctl ask --file=no", {"notes.txt"}),
        ("lmctl ask --schema no", {"notes.txt"}),
        ("lmctl ask --grammar no", {"notes.txt"}),
        ("lmctl status --socket no", {"notes.txt"}),
        ("lmctl ask why no", {"notes.txt"}),
        ("lmctl ask -- --mo", set()),
        ("lmctl ask -- no", {"notes.txt"}),
        ("lmctl logs -f --li", {"--lines"}),
    ],
)
def test_what_is_known_is_offered_without_a_process(
    shell: Shell, line: str, offered: set[str], calls: Path
):
    assert shell.offers(line) == offered
    assert not calls.exists()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("lmctl ask -m ", MODELS),
        ("lmctl ask -vm ", MODELS),
        ("lmctl complete --model d", {"default"}),
        ("lmctl embed --model=qw", {"qwen:0.5b"}),
        ("lmctl suggest -n 3 -m d", {"default"}),
        ("lmctl models show ", MODELS),
        ("lmctl models unload --json -- ", MODELS),
        ("lmctl models load --deadline 9 sh", {"shell"}),
        ("lmctl ask --socket ~/run/s -m ", MODELS),
        ("lmctl ask --socket=/nowhere -m ", set()),
        ("lmctl ask -p ", {"terse", "coder"}),
        ("lmctl ask --persona=te", {"terse"}),
        ("lmctl cancel ", {"17", "18"}),
        ("lmctl config get daemon.dr", {"daemon.drain"}),
        ("lmctl config set --file x log.l", {"log.level"}),
        ("lmctl config show lo", {"log", "log.level", "log.format", "log.file"}),
    ],
)
def test_names_come_from_the_daemon_and_keys_from_the_loader(
    shell: Shell, line: str, offered: set[str], home: Path, calls: Path
):
    assert shell.offers(line) == offered
    family = {"-p": "personas", "--persona=te": "personas", "config": "keys", "cancel": "requests"}
    kind = next((family[word] for word in line.split() if word in family), "models")
    assert calls.read_text().startswith(f"__complete {kind}")
    assert not (home / "pwned").exists()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("lmctl events model_l", {"model_loading", "model_loaded"}),
        ("lmctl events model_loaded --json config_", {"config_reloaded", "config_rejected"}),
        ("lmctl events model_loaded config_rejected daemon_s", {"daemon_started"}),
        ("lmctl cancel 17 1", {"17", "18"}),
        ("lmctl service install daemon_s", set()),
        ("lmctl suggest --supersede d", set()),
    ],
)
def test_where_several_may_follow_each_is_completed(shell: Shell, line: str, offered: set[str]):
    assert shell.offers(line) == offered


@pytest.mark.parametrize("shell", SHELLS[:2], indirect=True)
@pytest.mark.parametrize("line", ["lmctl ask --seed 1 --see", "lmctl ask -m shell --mo"])
def test_what_cannot_be_repeated_is_offered_once(shell: Shell, line: str):
    assert shell.offers(line) == set()


@needs("bash")
@pytest.mark.parametrize("breaks", ["$BREAKS", "${BREAKS//[:=]/}"])
@pytest.mark.parametrize(
    ("typed", "after"),
    [
        ("lmctl ask --mo", "lmctl ask --model "),
        ("lmctl ask -m qwen:", "lmctl ask -m qwen:0.5b "),
        ("lmctl ask -vmqw", "lmctl ask -vmqwen:0.5b "),
        ("lmctl ask --model=qwen:0", "lmctl ask --model=qwen:0.5b "),
        ('lmctl ask --model "qw', 'lmctl ask --model "qwen:0.5b" '),
        ("lmctl ask --color=al why\x1b[D\x1b[D\x1b[D\x1b[D", "lmctl ask --color=always why"),
        ("lmctl ask -f nes", "lmctl ask -f nested/"),
        ("lmctl ask -f two", "lmctl ask -f two\\ words "),
        ('lmctl ask -s "$(cat no', 'lmctl ask -s "$(cat notes.txt'),
    ],
)
def test_tab_in_bash(bash: Bash, breaks: str, typed: str, after: str):
    bash.run(f"COMP_WORDBREAKS={breaks}")
    assert bash.after_tab(typed) == after


@needs("bash")
@pytest.mark.parametrize("breaks", ["$BREAKS", "${BREAKS//[:=]/}"])
@pytest.mark.parametrize(
    ("typed", "after"),
    [
        ("no", "notes.txt"),
        ("nes", "nested/"),
        ("two", r"two\ words"),
        ("~/no", "~/notes.txt"),
        ("/nowhere", "/nowhere"),
    ],
)
def test_tab_in_bash_behind_an_equals_sign(bash: Bash, breaks: str, typed: str, after: str):
    bash.run(f"COMP_WORDBREAKS={breaks}")
    assert bash.after_tab(f"lmctl ask --file={typed}").rstrip() == f"lmctl ask --file={after}"


@needs("zsh")
@pytest.mark.parametrize(
    ("typed", "after"),
    [
        ("lmctl ask --no-str", "lmctl ask --no-stream "),
        ("lmctl ask -m qwen:", "lmctl ask -m qwen:0.5b "),
        ("lmctl ask -vmqw", "lmctl ask -vmqwen:0.5b "),
        ("lmctl ask --file=no", "lmctl ask --file=notes.txt "),
    ],
)
def test_tab_in_zsh(zsh: Zsh, typed: str, after: str):
    assert zsh.after_tab(typed) == after


@needs("zsh")
def test_zsh_finds_the_file_in_its_fpath(home: Path, environment: dict[str, str]):
    with closing(Zsh(ZSH, environment, home, load="fpath")) as zsh:
        assert zsh.offers("lmctl models lo") == {"load"}
        assert zsh.offers("lmctl ask --mod") == {"--model"}


@needs("zsh")
def test_zsh_says_what_is_missing():
    done = subprocess.run(["zsh", "-fc", f"source {ZSH}"], capture_output=True, check=False)
    assert b"needs compinit" in done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_lmctl_prints_the_files(shell: str, environment: dict[str, str]):
    files = {"bash": BASH, "zsh": ZSH, "fish": FISH}
    printed = run(sys.executable, "-m", "lmctl", "completion", shell, env=environment)
    assert printed == files[shell].read_text()


def test_an_option_that_takes_two_kinds_of_values_is_refused():
    first = Node(("a",), "", (Flag(("--x",), ""),))
    second = Node(("b",), "", (Flag(("--x",), "", Value("path", "x")),))
    with pytest.raises(ValueError, match="--x of b takes something else"):
        all_flags(Node((), "", (), children=(first, second)))


def test_a_switch_may_be_spelt_so_where_nothing_follows():
    files = Node(("ask",), "", (Flag(("-f",), "", Value("path", "file")),), Value("words", "text"))
    switch = Flag(("-f",), "")
    root = Node((), "", (), children=(files, Node(("logs",), "", (switch,))))
    assert exceptions(root) == [(("logs",), "-f")]
    assert all_flags(root) == [files.flags[0]]
    takes = Node(("logs",), "", (switch,), Value("words", "text"))
    with pytest.raises(ValueError, match="-f of logs takes something else"):
        all_flags(Node((), "", (), children=(files, takes)))
