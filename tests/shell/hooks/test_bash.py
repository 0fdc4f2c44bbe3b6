"""The hooks in a real bash: what stands on the line, and what is on the screen."""

from pathlib import Path

import pytest

from tests.lmctl.fake_daemon import FakeDaemon
from tests.shell.conftest import needs
from tests.shell.hooks.conftest import Start, answer
from tests.shell.hooks.terminal import Line, Terminal

pytestmark = [pytest.mark.process, needs("tmux"), needs("bash")]
CHORD = ("C-x", "a")
WIDE = "añb 漢字 \N{WOMAN}\N{ZERO WIDTH JOINER}\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}"


def ask(terminal: Terminal, request: str, answered: str) -> Line:
    """Type a request, press the chord, and wait for what stands there then."""
    terminal.type(request)
    terminal.keys(*CHORD)
    return terminal.wait_for_line(answered)


def test_a_request_becomes_a_command_that_is_not_run(start: Start, daemon: FakeDaemon):
    answer(daemon, "touch ran")
    bash = start("bash")
    assert ask(bash, "make a file", "touch ran") == Line("touch ran", 9)
    method, params = daemon.requests[-1]
    assert method == "suggest"
    assert (params["text"], params["shell"], params["cwd"]) == (
        "make a file", "bash", str(bash.home),
    )  # fmt: skip
    assert 0 < params["deadline"] <= 10
    assert "history" not in params
    assert not (bash.home / "ran").exists()
    bash.keys("C-e", "C-u")
    assert "touch" not in bash.run("history")


def test_only_enter_runs_it_and_puts_it_into_the_history(start: Start, daemon: FakeDaemon):
    answer(daemon, "touch ran")
    bash = start("bash")
    ask(bash, "make a file", "touch ran")
    bash.keys("Enter")
    bash.wait_until((bash.home / "ran").exists)
    history = bash.run("history")
    assert "touch ran" in history
    assert "make a file" not in history


def test_the_line_is_not_on_any_command_line(start: Start, daemon: FakeDaemon, home: Path):
    answer(daemon, "true")
    ask(start("bash"), "my secret wish", "true")
    assert "secret" not in (home / "calls").read_text()


@pytest.mark.parametrize("keys", [("C-x", "u"), ("C-_",), ("C-x", "C-u")])
def test_undo_brings_the_old_text_back(start: Start, daemon: FakeDaemon, keys: tuple[str, ...]):
    answer(daemon, "du -ah NAME")
    bash = start("bash")
    bash.type(WIDE + " files")
    bash.keys(*["Left"] * 9)
    before = bash.buffer()
    bash.keys(*CHORD)
    bash.wait_for_line("du -ah NAME")
    bash.keys(*keys)
    line = bash.wait_for_line(WIDE + " files")
    if keys == ("C-x", "u"):  # readline's own undo does not keep the cursor
        assert line == before


def test_the_cursor_is_put_where_the_answer_says(start: Start, daemon: FakeDaemon):
    daemon.script.suggestion["widget"] = "sure\t\n11\t\ttar -cf 漢字 NAME x\n"
    bash = start("bash")
    assert ask(bash, "pack it", "tar -cf 漢字 NAME x").point == 11
    bash.type("@")
    bash.wait_for_line("tar -cf 漢字 @NAME x")


@pytest.mark.parametrize("request_", ["find big files", WIDE, "-n --help", "a\\b 'c\" $x `y` !"])
def test_the_whole_line_is_sent_wherever_the_cursor_is(
    start: Start, daemon: FakeDaemon, request_: str
):
    answer(daemon, "true")
    bash = start("bash")
    bash.type(request_)
    bash.keys("C-a", "Right", "Right", *CHORD)
    assert bash.wait_for_line("true").point == 4
    assert daemon.params["text"] == request_


def test_a_pasted_request_of_several_lines(start: Start, daemon: FakeDaemon):
    answer(daemon, "touch ran")
    bash = start("bash")
    bash.paste("list files\n  of today 漢\nand of now")
    bash.keys(*CHORD)
    bash.wait_for_line("touch ran")
    assert daemon.params["text"] == "list files\n  of today 漢\nand of now"
    bash.keys("C-x", "u")
    bash.wait_for_line("list files\n  of today 漢\nand of now")


def test_the_chord_inside_of_a_paste_is_text(start: Start, daemon: FakeDaemon):
    bash = start("bash")
    bash.paste("a\x18ab")
    assert bash.wait_for_line("a\x18ab")
    assert daemon.requests == []


def test_vi_insert_and_vi_command_mode(start: Start, daemon: FakeDaemon):
    answer(daemon, "ls -l", "ls -a")
    bash = start("bash", "set -o vi")
    ask(bash, "list files", "ls -l")
    bash.keys("Escape")
    bash.keys(*CHORD)
    bash.wait_for_line("ls -a")
    bash.keys("C-x", "u")
    bash.wait_for_line("list files")
    bash.keys("$", "a")
    bash.type(" here")
    bash.wait_for_line("list files here")


def test_the_chord_again_takes_the_next_candidate(start: Start, daemon: FakeDaemon):
    bash = start("bash")
    ask(bash, "how much", "ls -lS")
    bash.keys(*CHORD)
    assert bash.wait_for_line("du -ah NAME").point == 7
    bash.wait_for("lmd: not checked: reads everything")
    bash.keys(*CHORD)
    bash.wait_for_line("ls -lS")
    bash.wait_for("lmd: 1 of 2\nready>")  # or it seems to be what was said of the other one
    assert len(daemon.requests) == 1
    bash.keys("C-x", "u")
    bash.wait_for_line("how much")


def test_an_edited_line_is_a_new_request(start: Start, daemon: FakeDaemon):
    bash = start("bash")
    ask(bash, "how much", "ls -lS")
    bash.type(" but only here")
    answer(daemon, "pwd")
    bash.keys(*CHORD)
    bash.wait_for_line("pwd")
    assert daemon.params["text"] == "ls -lS but only here"


def test_candidates_of_an_earlier_prompt_are_forgotten(start: Start, daemon: FakeDaemon):
    answer(daemon, "echo one", "echo two")
    bash = start("bash")
    ask(bash, "say it", "echo one")
    bash.keys("Enter")
    bash.ready()
    bash.keys("Up")
    bash.wait_for_line("echo one")
    answer(daemon, "echo three")
    bash.keys(*CHORD)
    bash.wait_for_line("echo three")


def test_not_sure_leaves_the_line_and_lists(start: Start, daemon: FakeDaemon):
    answer(daemon, "one 1", "two 2", "three 3", "four 4", state="unsure", message="not sure")
    bash = start("bash")
    bash.type("count up")
    bash.keys("C-a", *CHORD)
    screen = bash.wait_for("not sure")
    assert bash.buffer() == Line("count up", 0)
    shown = screen.splitlines()
    assert shown[-5:-1] == [
        "lmd: not sure; the chord again takes the first:", "  one 1", "  two 2", "  three 3",
    ]  # fmt: skip
    for command in ("one 1", "two 2", "three 3", "four 4", "one 1"):
        bash.keys(*CHORD)
        bash.wait_for_line(command)
    bash.keys("C-x", "u")
    assert bash.wait_for_line("count up").point == 0


def test_nothing_found_is_said(start: Start, daemon: FakeDaemon):
    answer(daemon, state="none", message="nothing found; say it in other words")
    bash = start("bash")
    bash.type("fly me to the moon")
    bash.keys(*CHORD)
    bash.wait_for("lmd: nothing found; say it in other words\nready> fly me to the moon")


def test_explain_shows_and_leaves_the_line_alone(start: Start, daemon: FakeDaemon):
    bash = start("bash", "bind -x '\"\\C-xe\": __lmd_explain'")
    bash.type("ls | wc -l")
    bash.keys("Left", "C-x", "e")
    bash.wait_for("ls | wc -l\nls  list directory contents\nLists files.\nready> ls | wc -l")
    assert bash.buffer() == Line("ls | wc -l", 9)
    assert daemon.requests[-1][0] == "explain"


def test_widgets_on_an_empty_line_say_so(start: Start, daemon: FakeDaemon):
    binds = "\n".join(
        f"bind -x '\"\\C-x{key}\": __lmd_{widget}'"
        for key, widget in zip("1234", ("suggest", "explain", "cycle", "undo"), strict=True)
    )
    bash = start("bash", binds)
    for key, said in zip("1234", ("the line", "the line", "candidates", "to undo"), strict=True):
        bash.keys("C-l")
        bash.wait_for(lambda screen: screen == "ready>")
        bash.keys("C-x", key)
        bash.wait_for(lambda screen, said=said: f"{said}" in screen.split("\n")[0])
    assert daemon.requests == []


def test_status_pipestatus_and_last_argument_survive(start: Start, daemon: FakeDaemon):
    check = 'echo "<$? ${PIPESTATUS[*]} $_ ${BASH_REMATCH[0]}>"'
    answer(daemon, check)
    bash = start("bash")
    bash.type("[[ abc =~ b ]]; : the_last; true | sh -c 'exit 3' last | sh -c 'exit 7' last")
    bash.keys("Enter")
    bash.ready()
    ask(bash, "show it", check)
    bash.keys("Enter")
    bash.wait_for("\n<7 0 3 7 the_last b>")


@pytest.mark.parametrize(
    "rc",
    ["HISTCONTROL=ignoreboth", "HISTIGNORE='&:[ ]*:exit'", "HISTIGNORE='exit:[[:space:]]*'"],
)
def test_a_request_kept_out_of_the_history_gives_such_a_command(
    start: Start, daemon: FakeDaemon, rc: str
):
    answer(daemon, "echo once")
    bash = start("bash", rc)
    assert ask(bash, " say it", " echo once") == Line(" echo once", 10)
    bash.keys("Enter")
    bash.ready()
    assert "once" not in bash.run("history")


def test_what_is_ignored_for_other_reasons_gets_no_space(start: Start, daemon: FakeDaemon):
    answer(daemon, "echo once")
    bash = start("bash", "HISTIGNORE='say*:[bf]g:&'")
    assert ask(bash, " say it", "echo once") == Line("echo once", 9)


@pytest.mark.parametrize("prompt", ["ready> ", "a folder\\n\\[\\e[1m\\]ready> \\[\\e[0m\\]"])
def test_a_line_of_several_rows_leaves_nothing_behind(
    start: Start, daemon: FakeDaemon, prompt: str
):
    bash = start("bash", f"PS1='{prompt}'; clear")
    bash.type("漢 many words " * 20)
    bash.keys("C-a", "M-f", *CHORD)
    bash.wait_for_line("ls -lS")
    above = prompt.partition("\\n")[0] + "\n" if "\\n" in prompt else ""
    bash.wait_for(lambda screen: screen == f"{above}ready> ls -lS")
    bash.keys(*CHORD)
    bash.wait_for(
        lambda screen: screen == f"{above}lmd: not checked: reads everything\nready> du -ah NAME"
    )
