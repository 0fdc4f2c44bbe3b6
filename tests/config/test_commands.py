"""``lmd check`` and ``lmd schema`` as commands."""

import json
import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from lmd.__main__ import main

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"


def write(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def test_check_of_a_valid_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    model = write(tmp_path / "model.gguf", "")
    path = write(tmp_path / "lmd.toml", f'[models.a]\npath = "{model}"\n')
    assert main(["check", path]) == 0
    output = capsys.readouterr()
    assert output.out == f"{path}: valid; models: shell, a\n"
    assert output.err == ""


def test_check_of_the_example(capsys: pytest.CaptureFixture[str]):
    assert main(["check", str(EXAMPLE)]) == 0


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[daemon]\ndrane = 1", "2: unknown key `drane` in [daemon]\n  did you mean `drain`?\n"),
        ("[daemon", "1: is not valid TOML: "),
        (
            '[models.a]\npath = "/no/such.gguf"',
            "2: models.a.path: there is no file /no/such.gguf\n",
        ),
    ],
)
def test_check_of_a_wrong_file(
    text: str, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    path = write(tmp_path / "lmd.toml", text)
    assert main(["check", path]) == 78
    output = capsys.readouterr()
    assert output.err.startswith(f"lmd: {path}:{complaint}")
    assert output.out == ""


def test_check_tells_every_file_that_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    text = '[models.a]\npath = "/no/a.gguf"\n\n[models.b]\npath = "/no/b.gguf"\n'
    path = write(tmp_path / "lmd.toml", text)
    assert main(["check", path]) == 78
    complaints = capsys.readouterr().err.splitlines()[::2]
    assert [complaint.split(": ")[1] for complaint in complaints] == [f"{path}:2", f"{path}:5"]


def test_check_of_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["check", str(tmp_path / "lmd.toml")]) == 78
    assert "there is no such file" in capsys.readouterr().err


def test_the_schema_knows_every_key_and_forbids_others(capsys: pytest.CaptureFixture[str]):
    assert main(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    validator = Draft202012Validator(schema)
    validator.check_schema(schema)
    assert validator.is_valid({"models": {"a": {"path": "/a", "slots": 2}}})
    assert not validator.is_valid({"models": {"a": {"path": "/a", "slot": 2}}})
    assert not validator.is_valid({"limits": {"connections": 0}})


def test_usage_errors(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as left:
        main([])
    assert left.value.code == 2


def test_the_schema_accepts_the_example_with_its_units(capsys: pytest.CaptureFixture[str]):
    main(["schema"])
    validator = Draft202012Validator(json.loads(capsys.readouterr().out))
    example = Path(__file__).parents[2] / "config.example.toml"
    validator.validate(tomllib.loads(example.read_text(encoding="utf-8")))
    wrong = {"daemon": {"keep_alive": "5 parsecs"}, "limits": {"input_buffer": "8 MiBs"}}
    assert len(list(validator.iter_errors(wrong))) == 2
