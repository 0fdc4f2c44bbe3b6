"""docs/architecture.md knows every file, and every link of the documents leads somewhere."""

import re
from pathlib import Path

import pytest

from tests.docs.tree import DOCUMENT, ROOT, documented

DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
_LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")


def test_the_file_list_is_up_to_date():
    text = DOCUMENT.read_text(encoding="utf-8")
    assert documented(text) == text, "run `python -m tests.docs.tree`"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path):
    links = _LINK.findall(document.read_text(encoding="utf-8"))
    missing = [link for link in links if not (document.parent / link).exists()]
    assert missing == []


def test_what_is_not_python_has_its_place_too():
    text = DOCUMENT.read_text(encoding="utf-8")
    names = [path.name for path in ROOT.iterdir() if not path.name.startswith(".")]
    ignored = {"build", "dist", "shared"}
    assert [name for name in names if name not in ignored and name not in text] == []
