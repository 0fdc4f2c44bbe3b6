"""The file list of docs/architecture.md, written from the first line of every module.

``python -m tests.docs.tree`` writes it anew.
"""

import ast
import re
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "architecture.md"
PACKAGES = ("lmd", "lmctl", "bench", "training")
_SECTION = re.compile(r"(<!-- generated: tree -->\n).*?(<!-- end -->)", re.DOTALL)


def documented(text: str) -> str:
    """The document with its file list written anew."""
    return _SECTION.sub(lambda found: found[1] + _tree() + found[2], text)


def _tree() -> str:
    modules = sorted(
        (path.relative_to(ROOT) for package in PACKAGES for path in (ROOT / package).rglob("*.py")),
        key=lambda path: (PACKAGES.index(path.parts[0]), path.parts[:-1], path.name),
    )
    return "".join(
        f"**{folder}/** {_purpose(folder / '__init__.py')}\n\n{_rows(list(members))}\n"
        for folder, members in groupby(modules, key=lambda path: path.parent)
    )


def _rows(members: list[Path]) -> str:
    return "".join(
        f"- `{path.name}` {_purpose(path)}\n" for path in members if path.name != "__init__.py"
    )


def _purpose(module: Path) -> str:
    """The first line of the module's docstring."""
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    docstring = ast.get_docstring(tree)
    assert docstring, f"{module} does not say what it is for"
    return docstring.splitlines()[0].replace("``", "`")


if __name__ == "__main__":
    DOCUMENT.write_text(documented(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
