"""What is known of models is kept on disk, and a spoilt file is as good as none."""

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from lmd.models import records
from lmd.models.footprint import Footprint
from lmd.models.records import Records, key_of
from lmd.protocol.worker import Load

NEED = Footprint(weights=3, cache=2, measured=9)


def test_what_is_put_is_there_after_a_restart(tmp_path: Path):
    path = tmp_path / "cache" / "memory.json"
    kept = Records(path, Footprint)
    assert not kept.unwritten
    kept.put("a", NEED)
    assert kept.unwritten
    kept.write()
    assert not kept.unwritten
    assert Records(path, Footprint).get("a") == NEED
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["memory.json"]


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b'{"a": {"weights": -1}}', b'{"a": 5}', b"\xff\xfe", b"[" * 100_000]
)
def test_a_spoilt_file_is_as_good_as_none(tmp_path: Path, text: bytes):
    path = tmp_path / "memory.json"
    path.write_bytes(text)
    kept = Records(path, Footprint)
    assert kept.get("a") is None
    kept.put("a", NEED)
    kept.write()
    assert Records(path, Footprint).get("a") == NEED


def test_the_oldest_are_forgotten(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(records, "MOST_RECORDS", 2)
    kept = Records(None, Footprint)
    for name in "ab":
        kept.put(name, NEED)
    kept.get("a")
    kept.put("c", NEED)
    assert [name for name in "abc" if kept.get(name)] == ["a", "c"]


def test_another_file_or_another_way_to_run_it_is_another_record(tmp_path: Path):
    path = tmp_path / "m.gguf"
    path.write_bytes(b"x")
    load = Load(model="m", path=str(path), context=512, slots=1, threads=1, gpu_layers=0)
    key = key_of(load, "b1")
    assert key == key_of(replace(load, model="other", threads=7), "b1")
    assert key != key_of(replace(load, slots=2), "b1")
    assert key != key_of(load, "b2")
    os.utime(path, ns=(1, 1))
    assert key != key_of(load, "b1")
    path.unlink()
    with pytest.raises(OSError, match="No such file"):
        key_of(load, "b1")
