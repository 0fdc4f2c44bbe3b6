"""Whose a file is: lmctl's as long as nobody has touched it."""

import plistlib
from pathlib import Path

import pytest

from lmctl.failures import Failure
from lmctl.services import files
from lmctl.services.files import ServiceFile, compare, is_ours, stamped
from lmctl.services.systemd import escape

UNIT = "[Service]\nExecStart=/bin/lmd run\n"


@pytest.mark.parametrize("name", ["lmd.service", "lmd.plist"])
def test_what_was_written_is_ours_until_a_byte_changes(name: str):
    text = UNIT if name.endswith("service") else plistlib.dumps({"Label": "lmd"}).decode()
    written = stamped(ServiceFile(f"/x/{name}", text))
    assert is_ours(written)
    version = range(start := written.index("lmctl ") + 6, written.index(",", start))
    for place in set(range(len(written))) - set(version):
        assert not is_ours(written[:place] + "~" + written[place + 1 :])
    assert not is_ours(text)
    assert not is_ours(written + "\n")


def test_a_stamped_property_list_is_still_one():
    text = plistlib.dumps({"Label": "lmd"}).decode()
    assert plistlib.loads(stamped(ServiceFile("/x.plist", text)).encode()) == {"Label": "lmd"}


def test_the_four_states(tmp_path: Path):
    file = ServiceFile(str(tmp_path / "deep" / "lmd.service"), UNIT)
    change = compare(file)
    assert (change.state, change.before) == ("new", "")
    files.write(change)
    assert compare(file).state == "same"
    newer = ServiceFile(file.path, UNIT + "Nice=1\n")
    assert compare(newer).state == "replace"
    with open(file.path, "a") as opened:
        opened.write("# mine\n")
    assert compare(file).state == compare(newer).state == "edited"
    assert "-# mine" in compare(file).render()
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["lmd.service"]


def test_what_cannot_be_written_is_named_and_leaves_nothing(tmp_path: Path):
    (tmp_path / "deep").write_text("a file in the way")
    change = files.Change(str(tmp_path / "deep" / "lmd.service"), "new", "", "x")
    with pytest.raises(Failure, match=r"cannot write .*lmd\.service"):
        files.write(change)


@pytest.mark.parametrize(
    ("word", "escaped"),
    [
        ("/usr/bin/lmd", "/usr/bin/lmd"),
        ("/home/a b/lmd", '"/home/a b/lmd"'),
        ("/100%/lmd", "/100%%/lmd"),
        ('/a"b', '"/a\\"b"'),
        ("/a\\b", "/a\\\\b"),
    ],
)
def test_words_of_a_unit(word: str, escaped: str):
    assert escape(word) == escaped
