"""docs/lmctl.md says what the commands do: generated where it can be, checked where not."""

import pytest

from lmctl import failures
from lmctl.conventions import EXIT_STATUSES, VARIABLES
from lmctl.options import all_commands
from lmctl.reference import render_reference
from lmd.protocol.errors import ERRORS
from tests.manual.__main__ import DOCUMENT, documented

COMMANDS = all_commands()
TEXT = DOCUMENT.read_text(encoding="utf-8")


def test_the_generated_parts_are_what_the_code_says():
    assert documented(TEXT) == TEXT, "run `python -m tests.manual`"
    assert render_reference() in TEXT
    assert all(f"| {status} | {meaning} |" in TEXT for status, meaning in EXIT_STATUSES.items())


def test_every_exit_status_is_documented():
    own = {value for name, value in vars(failures).items() if name.startswith("EXIT_")}
    assert set(EXIT_STATUSES) == own | {error.exit_status for error in ERRORS.values()}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=list(COMMANDS))
def test_every_variable_is_documented(command):  # noqa: ANN001
    for option in command.options():
        if option.env:
            assert option.env in VARIABLES
