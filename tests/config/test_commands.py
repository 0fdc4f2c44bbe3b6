"""``lmd check`` and ``lmd schema`` as commands."""

import io
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from lmd.__main__ import main
from lmd.config.json_schema import json_schema
from lmd.config.reference import tables

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
        (
            '[models.a]\npath = "/dev"',
            "2: models.a.path: /dev is a folder\n  name the GGUF file in it\n",
        ),
        ('[models.a]\npath = "/dev/null"', "2: models.a.path: /dev/null is no regular file\n"),
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


def test_check_of_what_cannot_be_read_says_what_helps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "file").touch()
    for name, said in (
        ("circle", "cannot be read: Too many levels of symbolic links\n  its links lead in a"),
        ("file/lmd.toml", "cannot be read: Not a directory\n  name a file that can be read\n"),
    ):
        assert main(["check", f"{tmp_path}/{name}"]) == 78
        assert capsys.readouterr().err.startswith(f"lmd: {tmp_path}/{name}: {said}")


def test_check_tells_every_file_that_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    text = '[models.a]\npath = "/no/a.gguf"\n\n[models.b]\npath = "/no/b.gguf"\n'
    path = write(tmp_path / "lmd.toml", text)
    assert main(["check", path]) == 78
    complaints = capsys.readouterr().err.splitlines()[::2]
    assert [complaint.split(": ")[1] for complaint in complaints] == [f"{path}:2", f"{path}:5"]


@pytest.mark.parametrize("log", ["/no/such/folder/log", "/"])
def test_check_of_a_log_that_cannot_be_written(
    log: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """The next start would fail."""
    path = write(tmp_path / "lmd.toml", f'[log]\nfile = "{log}"\n')
    assert main(["check", path]) == 78
    assert f"{path}:2: log.file: {log} " in capsys.readouterr().err


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


def test_the_schema_has_words_and_bounds_for_every_key_and_no_null(
    capsys: pytest.CaptureFixture[str],
):
    main(["schema"])
    text = capsys.readouterr().out
    definitions = json.loads(text)["$defs"]
    for table in tables():
        properties = definitions[table.struct.__name__]["properties"]
        for key in table.keys:
            assert properties[key.name]["description"] == f"{key.text} Takes {key.takes}."
    assert definitions["DaemonConfig"]["properties"]["keep_alive"]["default"] == "30m"
    assert '"null"' not in text


@pytest.mark.parametrize(
    ("tables", "valid"),
    [
        ({"daemon": {"keep_alive": "${KEEP:-5m}"}}, True),
        ({"log": {"level": "${LEVEL}"}}, True),
        ({"limits": {"input_buffer": "2%"}}, True),
        ({"personas": {"a": {"system": "x", "sampling": {"top_p": 0.5}}}}, True),
        ({"personas": {"a": {"prompt": "x"}}}, False),
        ({"log": {"level": "loud"}}, False),
        ({"limits": {"connections": "${N}"}}, False),
        ({"models": {"a": {"context": 8}}}, False),
    ],
)
def test_the_schema_and_the_loader_agree(tables: dict[str, Any], valid: bool):
    assert Draft202012Validator(json_schema()).is_valid(tables) == valid


def test_check_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = write(tmp_path / "lmd.toml", "[daemon]\ndrain = 1\ndrane = 2\n")
    assert main(["check", "--json", path]) == 78
    report = json.loads(capsys.readouterr().out)
    assert (report["valid"], report["loads"], report["settings"]) == (False, False, [])
    assert report["problems"] == [
        {"file": path, "line": 3, "key": "daemon.drane",
         "message": "unknown key `drane` in [daemon]", "hint": "did you mean `drain`?"},
    ]  # fmt: skip
    write(tmp_path / "lmd.toml", '[daemon]\nkeep_alive = "forever"\n[models.a]\npath = "/no/a"\n')
    assert main(["check", "--json", path]) == 78
    report = json.loads(capsys.readouterr().out)
    assert (report["valid"], report["loads"], report["files"]) == (False, True, [path])
    found = {".".join(one["key"]): one for one in report["settings"]}
    assert found["daemon.keep_alive"] == {
        "key": ["daemon", "keep_alive"], "value": "forever", "text": '"forever"',
        "file": path, "line": 2,
    }  # fmt: skip
    assert (found["daemon.drain"]["value"], found["daemon.drain"]["file"]) == (30.0, None)
    assert (found["models.a.context"]["value"], found["models.a.context"]["text"]) == (None, "")


def test_check_of_a_text_in_place_of_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    path = write(tmp_path / "lmd.toml", "[daemon]\ndrain = 1\n")
    part = str(tmp_path / "conf.d" / "a.toml")

    def check(text: bytes, of: str) -> int:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))
        return main(["check", "--stdin", of, path])

    assert check(b"[daemon]\nkeep_alive = 1\n", part) == 0
    assert "valid; models: shell" in capsys.readouterr().out
    assert check(b"[daemon]\ndrain = 1\n", part) == 78
    assert f"{part}:2: daemon.drain stands here and at {path}:2" in capsys.readouterr().err
    assert check(b"\xff", path) == 78
    assert check(b"personas.a.system = 'x'", path) == 0
    assert capsys.readouterr().out == f"{path}: valid; models: shell; personas: a\n"


def test_what_a_key_switches_on_besides_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a").write_bytes(b"")
    path = tmp_path / "lmd.toml"
    path.write_text(f'[models.a]\npath = "{tmp_path / "a"}"\ncache_type_v = "q8_0"\n')
    note = "models.a.flash_attention is on, because models.a.cache_type_v is 'q8_0'"
    assert main(["check", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: valid; models: shell, a\n{note}\n"
    assert main(["check", "--json", str(path)]) == 0
    assert json.loads(capsys.readouterr().out)["notes"] == [note]


def test_no_name_says_anything_to_a_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    model = write(tmp_path / "model.gguf", "")
    name = '"a\\u001b[31m\\u202e\\nb, c"'
    path = write(tmp_path / "lmd.toml", f'[models.{name}]\npath = "{model}"\n')
    assert main(["check", path]) == 0
    said = capsys.readouterr().out
    assert said == f'{path}: valid; models: shell, "a\\u001b[31m\\u202e\\nb, c"\n'
    path = write(tmp_path / "lmd.toml", "[daemon]\n" + r'"a\u001b[31m\u202e\nb" = 3')
    assert main(["check", path]) == 78
    said = capsys.readouterr().err
    assert said.startswith(f"lmd: {path}:2: unknown key `a\\x1b[31m\\u202e\\nb` in [daemon]\n")


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
