"""The wheel carries what is no Python, and what is installed from it finds that."""

import os
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from lmctl.init import as_one_word
from lmd import __version__

ROOT = Path(__file__).parents[2]
SECONDS = 120
SHARED = ("shell", "systemd", "launchd", "config.example.toml")

pytestmark = pytest.mark.process


def run(*words: str, cwd: Path, **variables: str) -> str:
    """What a Python of this environment prints; it must succeed."""
    done = subprocess.run(
        [sys.executable, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        cwd=cwd, env={**os.environ, **variables}, timeout=SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built by the backend itself: nothing is fetched."""
    directory = tmp_path_factory.mktemp("wheel")
    run("-m", "hatchling", "build", "-t", "wheel", "-d", str(directory), cwd=ROOT)
    [wheel] = directory.iterdir()
    return wheel


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the wheel lies unpacked, which is all that installing a pure one does to it."""
    directory = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(directory)
    return directory


def test_shared_files_are_those_of_the_tree(installed: Path):
    share = installed / "lmctl" / "_share"
    sources = [path for name in SHARED for path in (ROOT / name, *(ROOT / name).rglob("*"))]
    files = {path.relative_to(ROOT): path.read_bytes() for path in sources if path.is_file()}
    carried = {
        path.relative_to(share): path.read_bytes() for path in share.rglob("*") if path.is_file()
    }
    assert carried == files
    assert {path.parts[0] for path in carried} == set(SHARED)


@pytest.mark.parametrize("package", ["lmd", "lmctl"])
def test_the_packages_are_whole(installed: Path, package: str):
    source = {path.relative_to(ROOT) for path in (ROOT / package).rglob("*.py")}
    carried = {path.relative_to(installed) for path in (installed / package).rglob("*.py")}
    assert carried == source


@pytest.mark.parametrize("name", ["lmd/data/shell.gguf", "lmd/data/NOTICE.md", "lmd/py.typed"])
def test_what_the_packages_need_besides_python_is_there(installed: Path, name: str):
    assert (installed / name).read_bytes() == (ROOT / name).read_bytes()


def test_nothing_else_is_installed(installed: Path):
    assert {path.name for path in installed.iterdir()} == {
        "lmd", "lmctl", f"lmd-{__version__}.dist-info", f"lmd-{__version__}.data",
    }  # fmt: skip


def test_the_manual_goes_where_man_looks_for_it(installed: Path):
    data = installed / f"lmd-{__version__}.data" / "data"
    carried = {path.relative_to(data): path for path in data.rglob("*") if path.is_file()}
    pages = list((ROOT / "man").iterdir())
    assert set(carried) == {
        Path("share", "man", f"man{page.suffix[1:]}", page.name) for page in pages
    }
    assert {path.read_bytes() for path in carried.values()} == {page.read_bytes() for page in pages}


def test_the_metadata_names_commands_and_licences(installed: Path):
    info = installed / f"lmd-{__version__}.dist-info"
    metadata = Parser().parsestr((info / "METADATA").read_text(encoding="utf-8"))
    assert metadata.get_all("License-File") == ["LICENSE", "lmd/data/NOTICE.md"]
    entries = (info / "entry_points.txt").read_text()
    assert "lmctl = lmctl.__main__:main" in entries
    assert "lmd = lmd.__main__:main" in entries


def test_an_installed_lmctl_prints_what_the_wheel_carries(installed: Path, tmp_path: Path):
    where = "from lmctl.share import shared_file as f; print(f('shell/completions/lmctl.bash'))"
    found = Path(run("-c", where, cwd=tmp_path, PYTHONPATH=str(installed)).strip())
    assert found.is_relative_to(installed)
    printed = run("-m", "lmctl", "completion", "bash", cwd=tmp_path, PYTHONPATH=str(installed))
    assert printed == found.read_text()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_an_installed_lmctl_prints_its_hooks(installed: Path, tmp_path: Path, shell: str):
    printed = run("-m", "lmctl", "init", shell, cwd=tmp_path, PYTHONPATH=str(installed))
    script = (ROOT / "shell" / f"lmctl.{shell}").read_bytes()
    assert printed.endswith((as_one_word(script) if shell == "zsh" else script).decode())
