"""What a hot command imports: the budget of section 9 of the design, held by a list."""

import subprocess
import sys

import msgspec
import pytest

from lmctl.options import COMMANDS
from lmd.protocol.methods import METHODS
from tests.lmctl.conftest import SECONDS
from tests.lmctl.fake_daemon import FakeDaemon

ALLOWED = {
    "_socket", "_struct", "select",
    "lmctl", "lmctl.client", "lmctl.context", "lmctl.failures", "lmctl.generate", "lmctl.mpack",
    "lmctl.options", "lmctl.output", "lmctl.parse", "lmctl.progress", "lmctl.session",
    "lmctl.__main__", "lmd", "lmd.paths", "lmd.protocol", "lmd.protocol.limits",
}  # fmt: skip
LIST_MODULES = """
import sys
before = set(sys.modules)
import os
def report(status):
    os.write(2, ("MODULES " + " ".join(sorted(set(sys.modules) - before))).encode())
    _exit(status)
_exit, os._exit = os._exit, report
from lmctl.__main__ import main
main()
"""


def modules_after(words: list[str], env: dict[str, str]) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", LIST_MODULES, *words],
        stdin=subprocess.DEVNULL, capture_output=True, env=env, timeout=SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return set(done.stderr.decode().split("MODULES ")[1].split())


@pytest.mark.process
@pytest.mark.parametrize("command", ["ask", "complete"])
def test_a_generation_imports_no_more_than_the_list(
    daemon: FakeDaemon, environment: dict[str, str], command: str
):
    assert modules_after([command, "x"], environment) <= ALLOWED


@pytest.mark.process
def test_embed_imports_itself_besides(daemon: FakeDaemon, environment: dict[str, str]):
    assert modules_after(["embed", "x"], environment) <= ALLOWED | {"lmctl.embed"}


@pytest.mark.process
def test_candidates_import_themselves_besides(daemon: FakeDaemon, environment: dict[str, str]):
    assert modules_after(["__complete", "models"], environment) <= ALLOWED | {"lmctl.completion"}


@pytest.mark.process
def test_the_version_imports_hardly_anything(environment: dict[str, str]):
    assert modules_after(["--version"], environment) <= ALLOWED


@pytest.mark.parametrize("name", COMMANDS)
def test_every_wire_name_is_a_field_of_the_method(name: str):
    fields = {field.encode_name for field in msgspec.structs.fields(METHODS[name].params)}
    wires = {option.wire for option in COMMANDS[name].options() if option.wire}
    assert wires <= fields
