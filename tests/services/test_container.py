"""The image and the compose file, as far as they can be judged without a container engine."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from lmctl.cli import root_command
from lmd.config.schema import DaemonConfig

ROOT = Path(__file__).parents[2]
CONTAINERFILE = ROOT / "container" / "Containerfile"
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "container" / "compose.yaml").read_text())
SERVICE: dict[str, Any] = COMPOSE["services"]["lmd"]


def instructions() -> list[tuple[str, str]]:
    """Word and rest of each instruction, with continued lines joined."""
    lines = [line for line in CONTAINERFILE.read_text().splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [
        (word, rest)
        for word, _, rest in (line.partition(" ") for line in joined.split("\n"))
        if word
    ]


def last(word: str) -> str:
    """The instruction of that kind that holds in the end."""
    return [rest for name, rest in instructions() if name == word][-1]


def test_it_runs_as_a_user_without_a_shell_in_between():
    assert last("USER") == "${UID}:${UID}"
    assert json.loads(last("ENTRYPOINT")) == ["lmd"]
    assert json.loads(last("CMD")) == ["run"]
    assert "--mode=0700 /run/lmd" in CONTAINERFILE.read_text()
    assert last("VOLUME") == "/run/lmd"
    assert "LMD_SOCKET=/run/lmd/lmd.sock" in last("ENV")
    words = json.loads(last("HEALTHCHECK").split("CMD ")[1])
    assert words[0] == "lmctl"
    assert words[1] in root_command().commands


def test_what_is_copied_makes_the_same_wheel(tmp_path: Path):
    """Nothing that the build needs is missing from the image or kept out by .dockerignore."""
    copied = [
        rest.split() for word, rest in instructions() if word == "COPY" and "--from" not in rest
    ]
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"}
    assert {source for *sources, _ in copied for source in sources} == kept
    for *sources, target in copied:
        for source in sources:
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, tmp_path / target)
            else:
                shutil.copy(ROOT / source, tmp_path / target)
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "dist").glob("lmd-*.whl"))


def test_the_service_has_nothing_that_it_does_not_need():
    for service in COMPOSE["services"].values():
        assert service["read_only"] is True
        assert service["network_mode"] == "none"
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert not {"privileged", "cap_add", "ports", "devices", "pid", "ipc"} & service.keys()
    assert SERVICE["mem_limit"] == SERVICE["memswap_limit"]
    assert SERVICE["pids_limit"] > 0
    assert SERVICE["ulimits"]["core"] == 0


def test_it_fits_image_and_daemon():
    build = SERVICE["build"]
    assert (ROOT / "container" / build["context"] / build["dockerfile"]).samefile(CONTAINERFILE)
    assert set(build["args"]) <= {
        rest.split("=")[0] for word, rest in instructions() if word == "ARG"
    }
    assert int(SERVICE["stop_grace_period"].removesuffix("s")) > DaemonConfig().drain
    assert SERVICE["volumes"] == ["socket:/run/lmd"]
    assert COMPOSE["services"]["lmctl"]["volumes"] == SERVICE["volumes"]
    assert list(COMPOSE["volumes"]) == ["socket"]


@pytest.mark.skipif(shutil.which("hadolint") is None, reason="hadolint is not installed")
def test_a_linter_agrees():
    done = subprocess.run(
        ["hadolint", CONTAINERFILE], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")
