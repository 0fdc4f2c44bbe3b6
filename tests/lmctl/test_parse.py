"""The hand-written parser: getopt_long's rules, and messages that say what to type."""

import pytest

from lmctl.failures import UsageError
from lmctl.generation_options import ASK, COMPLETE
from lmctl.options import all_commands
from lmctl.parse import Arguments, parse, wire_options


def ask(*argv: str, env: dict[str, str] | None = None) -> Arguments:
    return parse(list(argv), ASK, env or {})


def test_words_and_options_in_any_order():
    found = ask("list", "-m", "tiny", "files", "--json", "now")
    assert found.words == ["list", "files", "now"]
    assert found.values == {"model": "tiny", "json": True}


@pytest.mark.parametrize(
    "argv", [["-t0.2"], ["-t", "0.2"], ["--temperature=0.2"], ["--temperature", "0.2"]]
)
def test_every_form_of_a_value(argv: list[str]):
    assert ask(*argv).number("temperature") == 0.2


def test_flags_cluster_and_the_last_may_take_a_value():
    found = ask("-vqn5")
    assert (found.flag("verbose"), found.flag("quiet"), found.number("max-tokens")) == (
        True,
        True,
        5,
    )


def test_double_dash_ends_options_and_a_dash_is_a_word():
    assert ask("-", "--", "-m", "--", "x").words == ["-", "-m", "--", "x"]


def test_repeatable_options_keep_their_order():
    found = ask("-f", "a", "--file=b", "--stop", "x", "--stop", "y")
    assert found.texts("file") == ["a", "b"]
    assert wire_options(found, ASK) == {"stop": ["x", "y"]}


@pytest.mark.parametrize(
    ("argv", "message", "hint"),
    [
        (["--temprature", "1"], "no option --temprature", "--temperature?"),
        (["--temp=1"], "no option --temp", "--temperature?"),
        (["-x"], "no option -x", "lmctl ask --help"),
        (["--model"], "--model needs a value", ""),
        (["-n"], "-n needs a value", ""),
        (["-n", "many"], "-n needs a whole number, not 'many'", ""),
        (["-n", "1.5"], "-n needs a whole number", ""),
        (["-t", "hot"], "-t needs a number", ""),
        (["--deadline=inf"], "--deadline needs a number", ""),
        (["--deadline=nan"], "--deadline needs a number", ""),
        (["--json=yes"], "--json takes no value", ""),
        (["--priority", "high"], "--priority is one of interactive, batch", ""),
    ],
)
def test_mistakes_are_named(argv: list[str], message: str, hint: str):
    with pytest.raises(UsageError) as caught:
        ask(*argv)
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.status == 2


def test_flags_win_over_the_environment():
    env = {"LMD_MODEL": "env", "LMD_DEADLINE": "9", "LMD_NO_START": "1"}
    found = ask("-m", "flag", env=env)
    assert found.text("model") == "flag"
    assert found.number("deadline") == 9
    assert found.flag("no-start")


@pytest.mark.parametrize("off", ["", "0"])
def test_an_empty_variable_counts_as_unset_and_zero_as_off(off: str):
    assert not ask(env={"LMD_NO_START": off}).flag("no-start")


def test_a_bad_variable_is_named_unless_help_is_asked_for():
    with pytest.raises(UsageError, match="LMD_DEADLINE needs a number"):
        ask(env={"LMD_DEADLINE": "soon"})
    assert ask("--help", env={"LMD_DEADLINE": "soon"}).flag("help")


def test_argv_that_is_not_utf8_is_replaced():
    assert ask("caf\udce9").words == ["caf\N{REPLACEMENT CHARACTER}"]


@pytest.mark.parametrize("command", all_commands().values(), ids=list(all_commands()))
def test_no_option_stands_twice_in_a_table(command):  # noqa: ANN001
    options = command.options()
    names = [option.name for option in options]
    shorts = [option.short for option in options if option.short]
    assert len(set(names)) == len(names)
    assert len(set(shorts)) == len(shorts)


def test_options_of_another_command_are_unknown():
    with pytest.raises(UsageError, match="complete has no option --system"):
        parse(["--system", "x"], COMPLETE, {})
