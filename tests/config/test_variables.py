"""References to variables in texts."""

import pytest

from lmd.config.load import parse
from lmd.config.problems import ConfigError
from lmd.config.variables import UnresolvedVariable, resolve_variables

ENVIRON = {"NAME": "ann", "EMPTY": "", "REFERENCE": "${NAME}", "BYTES": "\udcff"}


@pytest.mark.parametrize(
    ("text", "resolved"),
    [
        ("", ""),
        ("plain $5 $ $", "plain $5 $ $"),
        ("${NAME}", "ann"),
        ("${NAME}-${NAME}", "ann-ann"),
        ("${EMPTY}", ""),
        ("${EMPTY:-x}", "x"),
        ("${UNSET:-x y}", "x y"),
        ("${UNSET:-}", ""),
        ("${NAME:-x}", "ann"),
        ("$${NAME}", "${NAME}"),
        ("$$${NAME}", "$${NAME}"),
        ("${REFERENCE}", "${NAME}"),
        ("$NAME", "$NAME"),
    ],
)
def test_texts(text: str, resolved: str):
    assert resolve_variables(text, ENVIRON) == resolved


def test_paths_take_the_short_form_too():
    assert resolve_variables("$NAME/${NAME}/$5", ENVIRON, path=True) == "ann/ann/$5"
    with pytest.raises(UnresolvedVariable, match="the variable UNSET is not set"):
        resolve_variables("/models/$UNSET/a", ENVIRON, path=True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("${UNSET}", "the variable UNSET is not set"),
        ("${}", "'${}' is no reference"),
        ("${1}", "'${1}' is no reference"),
        ("${NAME", "'${NAME' is no reference"),
        ("${NAME:=x}", "'${NAME:=x}' is no reference"),
        ("${UNSET:-${NAME}}", "is no reference"),
        ("${BYTES}", "the variable BYTES is not UTF-8 text"),
    ],
)
def test_what_has_no_value(text: str, said: str):
    with pytest.raises(UnresolvedVariable) as refused:
        resolve_variables(text, ENVIRON)
    assert said in str(refused.value)
    assert refused.value.hint


def test_references_stand_wherever_a_text_may(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KEEP", "2h")
    monkeypatch.setenv("LEVEL", "debug")
    monkeypatch.setenv("HOME", "/home/ann")
    config = parse(
        """
        [daemon]
        keep_alive = "${KEEP}"
        load_timeout = "${LONG:-7m}"
        [log]
        level = "${LEVEL}"
        [models.a]
        path = "~/${DIRECTORY:-models}/a"
        aliases = ["${NAME_OF_A:-b}"]
        [models.a.sampling]
        stop = ["${STOP:-###}"]
        [personas.p]
        system = "You talk to $${USER}, who keeps $5."
        """,
        "test",
    )
    assert (config.daemon.keep_alive, config.daemon.load_timeout) == (7200, 420)
    assert config.log.level == "debug"
    a = config.models["a"]
    assert (a.path, a.aliases, a.sampling.stop) == ("/home/ann/models/a", ["b"], ["###"])
    assert config.personas["p"].system == "You talk to ${USER}, who keeps $5."


def test_names_of_tables_are_taken_as_they_are():
    assert list(parse('[personas."${X}"]\nsystem = "x"', "test").personas) == ["${X}"]


def test_numbers_cannot_come_from_variables(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SLOTS", "4")
    with pytest.raises(ConfigError) as refused:
        parse('[models.shell]\nslots = "${SLOTS}"', "test")
    (problem,) = refused.value.problems
    assert problem.message == 'models.shell.slots is "4" (written "${SLOTS}")'
    assert problem.hint == "it takes a whole number from 1 to 64, such as 4"
