"""Wrong configurations: each is refused with a message that names line, key and remedy."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from lmd.config.load import parse
from lmd.config.problems import MOST, ConfigError, Problem, spelled

WRONG = tomllib.loads((Path(__file__).parent / "wrong.toml").read_text(encoding="utf-8"))["wrong"]
A = '[models.a]\npath = "/a"\n'


@pytest.fixture(autouse=True)
def variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SET_VARIABLE", "loud")
    monkeypatch.delenv("UNSET_VARIABLE", raising=False)


def problems(text: str) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as refused:
        parse(text, "/etc/lmd.toml")
    return refused.value.problems


def test_there_are_sixty_of_them():
    assert len(WRONG) >= 60


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong["text"].replace("\n", " "))
def test_the_message_names_line_key_and_remedy(wrong: dict[str, Any]):
    with pytest.raises(ConfigError) as refused:
        parse(wrong["text"], "/etc/lmd.toml")
    problem = refused.value.problems[0]
    key = wrong.get("key", "")
    assert (problem.line, spelled(problem.key), problem.hint) == (
        wrong["line"], key, wrong["remedy"],
    )  # fmt: skip
    said = str(refused.value).splitlines()[0]
    assert said.startswith(f"/etc/lmd.toml:{problem.line}: ")
    named = key.rpartition(".")[2].partition("[")[0].strip('"') if key else "is not valid TOML: "
    assert named in said
    assert "..." not in said


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[models." + "x" * 129 + "]", "models has a name of 129 characters"),
        ('[personas.""]', "personas has a name that is empty"),
        ('[limits]\ninput_buffer = "' + "9" * 400 + 'GiB"', 'limits.input_buffer is "999'),
        ("models = {" + ", ".join(f"a{n} = {{path = '/a'}}" for n in range(300)) + "}",
         "models has 300 entries"),
        ("x = " + "[" * 100_000, "is nested too deeply"),
    ],
    ids=["long name", "no name", "long number", "many models", "deep"],
)  # fmt: skip
def test_what_is_too_much_is_said_in_short(text: str, what: str):
    problem = problems(text)[0]
    assert what in problem.message
    assert len(problem.message) < 100
    assert problem.hint


def test_all_problems_between_keys_are_told_at_once():
    found = problems('[models.a]\n[models.b]\npath = "/b"\nbatch = 32\nslots = 40\n[personas.p]')
    assert [problem.line for problem in found] == [1, 4, 6]


def test_all_problems_of_the_schema_are_told_at_once():
    found = problems("""
        [daemon]
        drane = 1
        drain = "soon"
        [models.a]
        path = "/a"
        slots = 0
        colour = "red"
        sampling = { top_p = 9, temperature = "hot" }
        [models."b.c"]
        keep_alive = "never"
        aliases = [
            "x",
            7,
        ]
        [personas.p]
        sampling = { seed = -1 }
    """)
    assert [(problem.line, problem.key[-1]) for problem in found] == [
        (3, "drane"), (4, "drain"), (7, "slots"), (8, "colour"),
        (9, "top_p"), (9, "temperature"), (11, "keep_alive"), (12, "1"), (17, "seed"),
    ]  # fmt: skip


def test_problems_beyond_count_are_left_out():
    text = "[daemon]\n" + "".join(f"key{number} = 1\n" for number in range(2000))
    assert len(problems(text)) == MOST
