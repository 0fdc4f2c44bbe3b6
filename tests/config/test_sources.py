"""A file and the parts beside it say together what one file could say."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lmd.config.load import load, load_all
from lmd.config.problems import ConfigError
from lmd.config.report import report_on
from lmd.config.sources import MAX_CONFIG_BYTES, MAX_FILES, Source, part_paths


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "conf.d").mkdir()
    return tmp_path


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def refused(path: Path) -> list[tuple[str, int, str]]:
    """File name, line and message of each problem."""
    with pytest.raises(ConfigError) as caught:
        load(str(path), required=False)
    problems = caught.value.problems
    assert all(problem.hint for problem in problems)
    return [
        (Path(problem.source or caught.value.source).name, problem.line, problem.message)
        for problem in problems
    ]


def test_parts_are_read_by_name_after_the_file(folder: Path):
    main = write(folder / "lmd.toml", "[daemon]\ndrain = 1\n")
    write(folder / "conf.d" / "20.toml", "[daemon]\nkeep_alive = 2\n[personas.b]\nsystem = 'b'")
    write(folder / "conf.d" / "10.toml", "[models.shell]\nslots = 3\n[personas.a]\nsystem = 'a'")
    for name in (".hidden.toml", "30.toml~", "30.toml.swp", "README"):
        write(folder / "conf.d" / name, "not = [TOML")
    loaded = load_all(str(main), required=True)
    config = loaded.config
    assert (config.daemon.drain, config.daemon.keep_alive) == (1, 2)
    assert config.models["shell"].slots == 3
    assert list(config.personas) == ["a", "b"]
    assert [Path(file).name for file in loaded.files] == ["lmd.toml", "10.toml", "20.toml"]
    place = loaded.merged.place_of(("daemon", "keep_alive"))
    assert place == (str(folder / "conf.d" / "20.toml"), 2)


def test_parts_count_without_the_file_too(folder: Path):
    write(folder / "conf.d" / "a.toml", "[daemon]\ndrain = 1\n")
    assert load(str(folder / "lmd.toml"), required=False).daemon.drain == 1
    with pytest.raises(ConfigError, match="there is no such file"):
        load(str(folder / "lmd.toml"), required=True)


def test_one_table_may_be_spread_over_files(folder: Path):
    main = write(folder / "lmd.toml", "[models.a]\npath = '/a'\nsampling = { top_k = 1 }\n")
    write(folder / "conf.d" / "a.toml", "[models.a.sampling]\ntop_p = 0.5\n")
    sampling = load(str(main), required=True).models["a"].sampling
    assert (sampling.top_k, sampling.top_p) == (1, 0.5)


def test_a_key_in_two_files_is_refused_with_both_places(folder: Path):
    main = write(folder / "lmd.toml", "\n[daemon]\ndrain = 1\nkeep_alive = 1\n")
    write(folder / "conf.d" / "a.toml", "[daemon]\ndrain = 1\n")
    write(folder / "conf.d" / "b.toml", "[daemon.keep_alive]\nx = 1\n\n[daemon]\ndrain = 2\n")
    assert refused(main) == [
        ("a.toml", 2, f"daemon.drain stands here and at {main}:3"),
        ("b.toml", 1, f"daemon.keep_alive stands here and at {main}:4"),
        ("b.toml", 5, f"daemon.drain stands here and at {main}:3"),
    ]


def test_every_problem_names_its_own_file(folder: Path):
    main = write(folder / "lmd.toml", "[daemon]\ndrane = 1\n[models.a]\n")
    write(folder / "conf.d" / "a.toml", "\n\n[limits]\nconnections = 0\n")
    write(folder / "conf.d" / "b.toml", "[models.a]\nslots = 0\n")
    assert [(name, line) for name, line, _ in refused(main)] == [
        ("lmd.toml", 2), ("a.toml", 4), ("b.toml", 2),
    ]  # fmt: skip


def test_what_contradicts_across_files_names_the_right_one(folder: Path):
    main = write(folder / "lmd.toml", "[models.a]\npath = '/a'\nbatch = 32\n")
    write(folder / "conf.d" / "a.toml", "[models.a]\nslots = 40\n[daemon]\ndefault_model = 'x'")
    assert [(name, line) for name, line, _ in refused(main)] == [("lmd.toml", 3), ("a.toml", 4)]


def test_syntax_errors_of_all_files_are_told_at_once(folder: Path):
    main = write(folder / "lmd.toml", "[daemon\n")
    write(folder / "conf.d" / "a.toml", "\nx = \n")
    assert [(name, line) for name, line, _ in refused(main)] == [("lmd.toml", 1), ("a.toml", 2)]


def test_a_linked_file_has_the_parts_beside_the_link(folder: Path):
    elsewhere = folder / "dotfiles"
    elsewhere.mkdir()
    (folder / "lmd.toml").symlink_to(write(elsewhere / "lmd.toml", "[daemon]\ndrain = 1\n"))
    write(folder / "conf.d" / "a.toml", "[daemon]\nkeep_alive = 2\n")
    daemon = load(str(folder / "lmd.toml"), required=True).daemon
    assert (daemon.drain, daemon.keep_alive) == (1, 2)


def test_bounds(folder: Path):
    main = write(folder / "lmd.toml", "#" * (MAX_CONFIG_BYTES - 10))
    write(folder / "conf.d" / "a.toml", "#" * 11)
    assert refused(main)[0][::2] == (
        "a.toml", f"is larger than {MAX_CONFIG_BYTES} bytes, with the files before it",
    )  # fmt: skip
    for number in range(MAX_FILES):
        (folder / "conf.d" / f"{number}.toml").touch()
    assert "has 257 files, at most 256" in refused(main)[0][2]


@pytest.mark.parametrize("name", ["lmd.toml", "conf.d/a.toml"])
def test_a_link_to_nothing_is_told(folder: Path, name: str):
    """What it was to say would be missing without a word."""
    (folder / name).symlink_to("/no/such/file")
    said = "is a link to /no/such/file, where nothing is"
    assert refused(folder / "lmd.toml") == [(Path(name).name, 0, said)]


@pytest.mark.parametrize("name", ["lmd.toml", "conf.d/a.toml"])
def test_a_pipe_is_refused_and_not_waited_for(folder: Path, name: str):
    os.mkfifo(folder / name)
    assert refused(folder / "lmd.toml") == [(Path(name).name, 0, "is a pipe")]


def test_a_byte_order_mark_is_named(folder: Path):
    main = write(folder / "lmd.toml", "\ufeff[daemon]\n")
    said = "begins with a byte order mark, which TOML does not have"
    assert refused(main) == [("lmd.toml", 1, said)]


@pytest.mark.parametrize("spoil", [Path.mkdir, lambda part: part.write_bytes(b"\xff")])
def test_the_report_names_the_part_that_cannot_be_read(
    folder: Path, spoil: Callable[[Path], object]
):
    main = write(folder / "lmd.toml", "")
    part = folder / "conf.d" / "a.toml"
    spoil(part)
    (problem,) = report_on(str(main), required=True).problems
    assert problem.source == str(part)


def test_a_text_may_stand_in_for_a_file(folder: Path):
    main = write(folder / "lmd.toml", "[daemon]\ndrain = 1\n")
    part = write(folder / "conf.d" / "a.toml", "[daemon]\ndrain = 2\n")
    instead = Source(str(part), "[daemon]\nkeep_alive = 2\n")
    daemon = load_all(str(main), required=True, instead=instead).config.daemon
    assert (daemon.drain, daemon.keep_alive) == (1, 2)
    part.unlink()
    new = Source(str(folder / "conf.d" / "b.toml"), "[daemon]\nkeep_alive = 3\n")
    assert load_all(str(main), required=True, instead=new).config.daemon.keep_alive == 3
    assert part_paths(str(main)) == []
    first = Source(str(folder / "new" / "lmd.toml"), "[daemon]\ndrain = 4\n")
    loaded = load_all(first.path, required=True, instead=first)
    assert loaded.config.daemon.drain == 4
