"""Names of commands: PATH and builtins, all of them or none."""

import os
from pathlib import Path

import pytest

from lmctl.installed import MAX_BYTES, command_names
from lmd.protocol.limits import MAX_COMMAND_NAMES


def names(path: str, shell: str = "bash") -> list[str]:
    found = command_names({"PATH": path}, shell)
    assert found is not None
    return found


def test_programs_of_every_folder_and_builtins(tmp_path: Path):
    for folder, name in (
        ("a", "one"),
        ("b", "two"),
        ("b", "one"),
        ("b", "w\udcff"),
        ("b", "größe"),
    ):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / name).touch()
    found = names(f"{tmp_path}/a:{tmp_path}/none::{tmp_path}/b:{tmp_path}/a")
    assert {"one", "two", "größe", "cd", "[", "mapfile"} <= set(found)
    assert found == sorted(set(found))
    assert not any(name.startswith("w") and not name.isascii() for name in found)


@pytest.mark.parametrize(
    ("shell", "own"), [("bash", "shopt"), ("zsh", "setopt"), ("fish", "set_color")]
)
def test_each_shell_has_its_own_builtins(shell: str, own: str):
    assert own in names("/nowhere", shell)
    assert [
        other for other in ("bash", "zsh", "fish", "sh") if own in names("/nowhere", other)
    ] == [shell]


def test_an_empty_path_entry_is_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "here").touch()
    monkeypatch.chdir(tmp_path)
    assert "here" in names(f"/nowhere{os.pathsep}")


@pytest.mark.parametrize(("count", "length"), [(MAX_COMMAND_NAMES + 1, 5), (2000, 200)])
def test_over_a_bound_there_are_none(tmp_path: Path, count: int, length: int):
    assert count > MAX_COMMAND_NAMES or count * length > MAX_BYTES
    for number in range(count):
        os.mknod(tmp_path / f"{number:0{length}}")
    assert command_names({"PATH": str(tmp_path)}, "sh") is None
