"""The program that a request names is found, and only where it is named as one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmd.shell.lexicon.mention import find_mention

TOPICS = {
    "git push": "git push",
    "tar": "tar",
    "git": "git",
    "7z": "7z",
    "conda clean": "conda clean",
}


def known(name: str) -> str | None:
    return TOPICS.get(name.lower())


@pytest.mark.parametrize(
    ("request_text", "found"),
    [
        ("Send all tags using git push", ("git push", "Send all tags")),
        ("extract x with tar", ("tar", "extract x")),
        ("extract x with the tar command", ("tar", "extract x")),
        ("Git: undo the last commit", ("git", "undo the last commit")),
        ("use tar to list an archive", ("tar", "list an archive")),
        ("list an archive (7z)", ("7z", "list an archive")),
        ("Delete with softlinks using conda clean", ("conda clean", "Delete with softlinks")),
        ("Frobnicate a file using frobnicator", ("frobnicator", "Frobnicate a file")),
    ],
)  # fmt: skip
def test_a_named_program_is_found(request_text: str, found: tuple[str, str]):
    assert find_mention(request_text, known) == found


@pytest.mark.parametrize(
    "request_text",
    [
        "list files with details",
        "open a file",
        "git",
        "tar an archive",
        "",
        "x" * 5000 + " using tar",
    ],
)
def test_other_requests_name_none(request_text: str):
    assert find_mention(request_text, known) is None


@given(st.text(max_size=400))
def test_any_text_is_answered(text: str):
    find_mention(text, known)
