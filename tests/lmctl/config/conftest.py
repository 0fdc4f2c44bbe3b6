"""A configuration on disk, where lmctl and lmd look for it."""

from pathlib import Path

import pytest

from tests.lmctl.conftest import Lmctl

TEXT = """\
# mine
[daemon]
drain = "30s"  # grace

# models
[models.shell]
slots = 3
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The configuration where lmctl and lmd look for it, with a part beside it."""
    folder = tmp_path / ".config" / "lmd"
    (folder / "conf.d").mkdir(parents=True)
    (folder / "conf.d" / "log.toml").write_text('[log]\nlevel = "debug"\n')
    path = folder / "lmd.toml"
    path.write_text(TEXT)
    return path


def refused(lmctl: Lmctl, *words: str, status: int) -> str:
    """What a command that fails says; it prints nothing."""
    done = lmctl("config", *words)
    assert (done.returncode, done.stdout) == (status, b"")
    return done.stderr.decode()
