"""Saved sequences: what is not exactly as it was written is never used, and goes."""

import os
import random
import resource
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmd.protocol.prefixes import SavedState
from lmd.worker.saved.folder import Kept, to_remove
from lmd.worker.saved.identity import identity
from lmd.worker.saved.store import SavedStates, Source
from tests.e2e.daemon import rounds

KEY, ME = b"k" * 32, b"i" * 32
LIMIT = 1 << 20


def place(root: Path, key: bytes = KEY, name: str = "m") -> SavedState:
    return SavedState(root=str(root), folder=name, key=key)


def open_states(root: Path, key: bytes = KEY, me: bytes = ME, name: str = "m") -> SavedStates:
    states = SavedStates(place(root, key, name), me)
    states.scan()
    return states


def source(first: int, tokens: int = 64, size: int = 500) -> Source:
    state = random.Random(first).randbytes(size)
    return Source(range(first, first + tokens), 0, lambda: memoryview(state))


def save(root: Path, *sources: Source, limit: int = LIMIT) -> list[Path]:
    """Write into an empty folder; the files."""
    saved = open_states(root).save(list(sources), limit)
    assert (saved.files, saved.problem) == (len(sources), "")
    return sorted((root / "m").iterdir())


def restored(states: SavedStates, wanted: Source) -> bytes | None:
    entry = states.find([*wanted.tokens, 7], 0)
    return states.read(entry) if entry else None


def test_what_was_saved_comes_back(tmp_path: Path):
    one, other = source(1000), source(2000)
    files = save(tmp_path, one, other)
    assert [file.stat().st_mode & 0o777 for file in files] == [0o600, 0o600]
    assert tmp_path.joinpath("m").stat().st_mode & 0o077 == 0
    states = open_states(tmp_path)
    assert restored(states, one) == bytes(one.state())
    assert restored(states, other) == bytes(other.state())
    assert states.find([5, 6, *one.tokens], 0) is None
    assert states.find(list(one.tokens), held=40) is None, "not worth the reading"


def test_any_flipped_bit_is_a_miss_and_the_file_goes(tmp_path: Path):
    wanted = source(1000)
    (path,) = save(tmp_path, wanted)
    sound = path.read_bytes()
    choice = random.Random(1)
    positions = [choice.randrange(len(sound) * 8) for _ in range(rounds(200, 1000))]
    for position in [*range(96), *positions]:
        broken = bytearray(sound)
        broken[position // 8] ^= 1 << position % 8
        path.write_bytes(broken)
        assert restored(open_states(tmp_path), wanted) is None
        assert not path.exists()
    path.write_bytes(sound)
    assert restored(open_states(tmp_path), wanted) is not None, "the test itself would miss"


@given(st.data())
def test_a_file_that_is_cut_or_goes_on_is_a_miss(data: st.DataObject):

    with tempfile.TemporaryDirectory() as root:
        wanted = source(1000)
        (path,) = save(Path(root), wanted)
        sound = path.read_bytes()
        cut = data.draw(st.integers(0, len(sound) - 1))
        more = data.draw(st.binary(min_size=1, max_size=40))
        for broken in (sound[:cut], sound + more, more):
            path.write_bytes(broken)
            assert restored(open_states(Path(root)), wanted) is None
            assert not path.exists()


@pytest.mark.parametrize("other", [{"key": b"x" * 32}, {"me": b"x" * 32}])
def test_a_file_of_another_user_or_model_is_a_miss_and_goes(
    tmp_path: Path, other: dict[str, bytes]
):
    (path,) = save(tmp_path, source(1000))
    assert len(open_states(tmp_path, **other)) == 0  # type: ignore[arg-type]
    assert not path.exists()


def test_a_file_that_changes_after_it_was_found_is_a_miss(tmp_path: Path):
    one, other = source(1000), source(2000)
    save(tmp_path, one, other)
    states = open_states(tmp_path)
    entries = [states.find([*each.tokens, 7], 0) for each in (one, other)]
    assert entries[0]
    assert entries[1]
    os.replace(entries[1].path, entries[0].path)
    assert states.read(entries[0]) is None
    assert states.read(entries[1]) is None


def test_links_and_pipes_are_not_followed(tmp_path: Path):
    wanted = source(1000)
    (path,) = save(tmp_path, wanted)
    away = tmp_path / "away"
    path.rename(away)
    path.symlink_to(away)
    os.mkfifo(path.with_name("pipe.kv"))
    assert len(open_states(tmp_path)) == 0
    assert not path.is_symlink()
    assert away.exists()


def sizes(root: Path) -> int:
    return sum(path.stat().st_size for path in root.glob("*/*.kv"))


def test_all_models_share_one_bound_and_the_oldest_goes(tmp_path: Path):
    limit = 4000
    first = open_states(tmp_path, name="a")
    first.save([source(1000), source(2000)], limit)
    used = open_states(tmp_path, name="a")
    assert restored(used, source(2000))
    second = open_states(tmp_path, name="b")
    second.save([source(number) for number in (3000, 4000, 5000)], limit)
    assert sizes(tmp_path) <= limit
    left = open_states(tmp_path, name="a")
    assert restored(left, source(1000)) is None
    assert restored(open_states(tmp_path, name="b"), source(3000))


def test_the_most_useful_stays_where_not_all_fit(tmp_path: Path):
    states = open_states(tmp_path)
    states.save([source(number) for number in (1000, 2000, 3000)], 2200)
    assert sizes(tmp_path) <= 2200
    again = open_states(tmp_path)
    assert len(again) == 2
    assert restored(again, source(1000))
    assert restored(again, source(3000)) is None


def test_a_lower_bound_holds_at_the_next_save_and_none_at_all_removes_all(tmp_path: Path):
    save(tmp_path, source(1000), source(2000))
    states = open_states(tmp_path)
    states.save([], 1500)
    assert len(states) == 1
    assert 0 < sizes(tmp_path) <= 1500
    states.save([source(3000)], 0)
    assert sizes(tmp_path) == 0


def test_the_same_sequence_is_written_once(tmp_path: Path):
    save(tmp_path, source(1000))
    states = open_states(tmp_path)
    assert states.save([source(1000)], LIMIT).files == 0
    assert len(open_states(tmp_path)) == 1


@pytest.fixture
def small_disk() -> Iterator[None]:
    """Writes past 700 bytes of a file fail, as they do on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (700, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_loses_nothing_and_is_reported(tmp_path: Path, small_disk: None):
    states = open_states(tmp_path)
    assert states.save([source(1000, tokens=40, size=100)], 1700).problem == ""
    saved = states.save([source(2000, size=1000)], 1700)
    assert saved.files == 0
    assert "File too large" in saved.problem
    assert restored(open_states(tmp_path), source(1000, tokens=40, size=100))
    assert [path.suffix for path in (tmp_path / "m").iterdir()] == [".kv"]


def test_what_a_killed_worker_left_half_written_goes(tmp_path: Path):
    save(tmp_path, source(1000))
    part = tmp_path / "m" / "half.part"
    part.write_bytes(b"half")
    assert len(open_states(tmp_path)) == 1
    open_states(tmp_path).save([], LIMIT)
    assert not part.exists()


KEPT = st.builds(Kept, st.just(Path()), st.integers(1, 100), st.integers(0, 50))


@given(st.lists(KEPT, max_size=20), st.integers(0, 400), st.integers(0, 100), st.integers(0, 50))
def test_room_is_made_of_what_is_older_and_no_more_than_needed(
    files: list[Kept], limit: int, size: int, used_ns: int
):
    going = to_remove(files, limit, size, used_ns)
    total = sum(file.size for file in files)
    if going is None:
        older = sum(file.size for file in files if file.used_ns < used_ns or not size)
        assert total - older + size > limit
        return
    assert not size or all(file.used_ns < used_ns for file in going)
    left = total - sum(file.size for file in going)
    assert left + size <= limit
    assert not going or left + going[-1].size + size > limit


def test_another_file_flag_or_build_is_another_identity(tmp_path: Path):
    model = tmp_path / "m.gguf"
    model.write_bytes(bytes(9 << 20))
    os.utime(model, ns=(5, 5))
    same = identity(str(model), (0, True), "b")
    assert identity(str(model), (0, True), "b") == same
    with model.open("r+b") as file:
        file.seek(9 << 19)
        file.write(b"x")
    os.utime(model, ns=(5, 5))
    changed = identity(str(model), (0, True), "b")
    os.utime(model, ns=(6, 6))
    touched = identity(str(model), (0, True), "b")
    others = [identity(str(model), (1, True), "b"), identity(str(model), (0, True), "c")]
    assert len({same, changed, touched, *others}) == 5


def test_every_part_of_a_model_counts(tmp_path: Path):
    parts = [tmp_path / f"m-0000{number}-of-00002.gguf" for number in (1, 2)]
    for part in parts:
        part.write_bytes(b"a")
        os.utime(part, ns=(5, 5))
    before = identity(str(parts[0]), (), "")
    parts[1].write_bytes(b"b")
    os.utime(parts[1], ns=(5, 5))
    assert identity(str(parts[0]), (), "") != before
