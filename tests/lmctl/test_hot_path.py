"""What a hot command imports: the budget of section 9 of the design, held by a list."""

import subprocess
import sys

import msgspec
import pytest

from lmctl.options import all_commands, find
from lmd.protocol.methods import METHODS
from tests.lmctl.conftest import SECONDS
from tests.lmctl.fake_daemon import FakeDaemon

ALLOWED = {
    "_socket", "_struct", "select",
    "lmctl", "lmctl.client", "lmctl.context", "lmctl.failures", "lmctl.mpack", "lmctl.options",
    "lmctl.output", "lmctl.parse", "lmctl.progress", "lmctl.pulse", "lmctl.session", "lmctl.table",
    "lmctl.__main__", "lmd", "lmd.paths", "lmd.protocol", "lmd.protocol.limits",
}  # fmt: skip
GENERATION = ALLOWED | {"lmctl.generation_options", "lmctl.generate"}
SHELL = ALLOWED | {"lmctl.shell_options", "lmctl.shell_request", "lmctl.installed"}
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


def modules_after(words: list[str], env: dict[str, str], *, input: bytes = b"") -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", LIST_MODULES, *words],
        input=input, capture_output=True, env=env, timeout=SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return set(done.stderr.decode().split("MODULES ")[1].split())


@pytest.mark.process
@pytest.mark.parametrize("command", ["ask", "complete"])
def test_a_generation_imports_no_more_than_the_list(
    daemon: FakeDaemon, environment: dict[str, str], command: str
):
    assert modules_after([command, "x"], environment) <= GENERATION


@pytest.mark.process
@pytest.mark.parametrize(
    ("words", "besides"),
    [
        # A mark on stderr is sanitised, which needs unicodedata.
        ("suggest x", "lmctl.suggest lmctl.insertable unicodedata"),
        ("fix x", "lmctl.suggest lmctl.insertable unicodedata"),
        ("explain -q x", "lmctl.explain lmctl.generate lmctl.generation_options"),
        ("suggest --widget", "lmctl.widget lmctl.insertable"),
        ("explain --widget", "lmctl.widget lmctl.insertable"),
    ],
)
def test_a_command_of_the_shell_imports_its_own_besides(
    daemon: FakeDaemon, environment: dict[str, str], words: str, besides: str
):
    modules = modules_after(words.split(), environment, input=b"x")
    assert modules <= SHELL | set(besides.split())


@pytest.mark.process
def test_init_imports_next_to_nothing(environment: dict[str, str]):
    allowed = {"lmctl.init", "lmctl.share", "lmctl.shell_options"}
    assert modules_after(["init", "bash"], environment) <= ALLOWED | allowed


@pytest.mark.process
def test_embed_imports_itself_besides(daemon: FakeDaemon, environment: dict[str, str]):
    assert modules_after(["embed", "x"], environment) <= ALLOWED | {
        "lmctl.embed", "lmctl.generation_options",
    }  # fmt: skip


@pytest.mark.process
def test_candidates_import_themselves_besides(daemon: FakeDaemon, environment: dict[str, str]):
    assert modules_after(["__complete", "models"], environment) <= ALLOWED | {"lmctl.completion"}


@pytest.mark.process
def test_the_version_imports_hardly_anything(environment: dict[str, str]):
    assert modules_after(["--version"], environment) <= ALLOWED


def test_the_halves_of_the_table_are_the_whole():
    assert {name: find(name) for name in all_commands()} == all_commands()
    assert find("status") is None


@pytest.mark.parametrize("name", sorted(all_commands().keys() - {"init"}))
def test_every_wire_name_is_a_field_of_the_method(name: str):
    fields = {field.encode_name for field in msgspec.structs.fields(METHODS[name].params)}
    wires = {option.wire for option in all_commands()[name].options() if option.wire}
    assert wires <= fields
