"""Which folders are watched, and what counts as another state of a file."""

import os
from pathlib import Path

import pytest

from lmd.reload.files import ConfigFiles, fingerprint, is_hollow, watched_directories


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path.resolve()


def test_a_plain_file_is_seen_from_its_folder(root: Path):
    (root / "f").write_text("x")
    assert watched_directories([f"{root}/f"]) == {str(root)}


def test_a_missing_file_is_awaited_in_the_nearest_folder_that_exists(root: Path):
    assert watched_directories([f"{root}/not/yet/f"]) == {str(root)}


def test_every_link_on_the_way_has_its_folder_watched(root: Path):
    """As a cluster mounts a configuration: f -> ..data/f, ..data -> ..1, and a swap of ..data."""
    (root / "mount" / "..1").mkdir(parents=True)
    (root / "mount" / "..1" / "f").write_text("x")
    (root / "mount" / "..data").symlink_to("..1")
    (root / "mount" / "f").symlink_to("..data/f")
    (root / "link").symlink_to("mount")
    assert watched_directories([f"{root}/link/f"]) == {
        str(root),
        f"{root}/mount",
        f"{root}/mount/..1",
    }


def test_links_in_a_circle_end(root: Path):
    (root / "a").symlink_to("b")
    (root / "b").symlink_to("a")
    assert watched_directories([f"{root}/a"]) == {str(root)}


def test_a_write_a_rename_and_a_removal_change_the_fingerprint(root: Path):
    path = root / "f"
    states = [fingerprint([str(path)])]
    path.write_text("")
    states.append(fingerprint([str(path)]))
    path.write_text("x")
    states.append(fingerprint([str(path)]))
    (root / "g").write_text("x")
    os.replace(root / "g", path)
    states.append(fingerprint([str(path)]))
    assert len(set(states)) == 4
    assert [is_hollow(state) for state in states] == [True, True, False, False]


def test_a_swapped_link_changes_the_fingerprint(root: Path):
    for name in ("one", "two"):
        (root / name).write_text("same")
    (root / "f").symlink_to("one")
    before = fingerprint([f"{root}/f"])
    (root / "f").unlink()
    (root / "f").symlink_to("two")
    assert fingerprint([f"{root}/f"]) != before


def test_the_parts_of_a_configuration_are_files_of_it(root: Path):
    files = ConfigFiles(f"{root}/lmd.toml")
    (root / "lmd.toml").write_text("x")
    states = [files.fingerprint()]
    assert files.folders() == {str(root)}
    (root / "conf.d").mkdir()
    assert files.folders() == {str(root), f"{root}/conf.d"}
    (root / "conf.d" / "a.toml").write_text("x")
    states.append(files.fingerprint())
    (root / "conf.d" / "a.toml.swp").write_text("x")
    states.append(files.fingerprint())
    (root / "conf.d" / "a.toml").unlink()
    states.append(files.fingerprint())
    assert states[0] == states[3] != states[1] == states[2]


def test_a_file_that_is_replaced_rests_and_one_that_is_written_to_does_not(root: Path):
    path = root / "lmd.toml"
    path.write_text("one")
    held = ConfigFiles(str(path)).hold()
    assert held.state == ConfigFiles(str(path)).fingerprint()
    (root / "other").write_text("two")
    (root / "other").rename(path)
    assert held.rest()
    held.close()
    held = ConfigFiles(str(path)).hold()
    path.write_text("three")
    assert not held.rest()
    held.close()


def test_what_is_no_file_is_held_as_it_is_found(root: Path):
    for make in (lambda path: None, os.mkfifo, os.mkdir):
        make(root / "lmd.toml")
        held = ConfigFiles(f"{root}/lmd.toml").hold()
        assert held.state == ConfigFiles(f"{root}/lmd.toml").fingerprint()
        assert held.rest()
        held.close()
        if (root / "lmd.toml").is_fifo():
            (root / "lmd.toml").unlink()
