"""Secrets that were read are taken out of what is written, however it is spelled."""

import base64
import json
from pathlib import Path
from urllib.parse import quote

import pytest
import structlog

from lmd.config import redaction
from lmd.config.redaction import redact, remember
from lmd.config.schema import LogConfig
from lmd.config.secret_sources import read_secret
from lmd.config.secrets import Secret, SecretReference
from lmd.logs import open_logs

SECRET = 'tök/en "4711"'


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_spellings", set())


@pytest.mark.parametrize(
    "spelled",
    [
        SECRET,
        repr(SECRET),
        json.dumps(SECRET),
        quote(SECRET),
        quote(SECRET, safe=""),
        base64.b64encode(SECRET.encode()).decode(),
        f"Bearer {SECRET}, again {SECRET}",
    ],
)
def test_every_spelling_is_hidden(spelled: str):
    assert redact(spelled) == spelled
    remember(Secret(SECRET))
    hidden = redact(f"before {spelled} after")
    assert hidden.startswith("before ")
    assert hidden.endswith(" after")
    assert "4711" not in hidden
    assert "********" in hidden


def test_words_that_are_too_short_to_be_secrets_stay():
    remember(Secret("abc"))
    assert redact("abcdef") == "abcdef"


def test_one_secret_within_another_leaves_nothing_of_either():
    remember(Secret("secret-one"))
    remember(Secret("secret-one-and-more"))
    assert redact("x secret-one-and-more y secret-one z") == "x ******** y ******** z"


@pytest.mark.parametrize("layout", ["json", "text"])
def test_the_log_hides_what_was_read(tmp_path: Path, layout: str):
    source, target = tmp_path / "secret", tmp_path / "log"
    source.write_text(SECRET + "\n")
    source.chmod(0o600)
    secret = read_secret(SecretReference(file=str(source)))
    with open_logs(LogConfig(format=layout, file=str(target))):  # type: ignore[arg-type]
        structlog.get_logger().warning("library", reason=f"bad header {SECRET!r}")
        try:
            raise ValueError(secret.reveal())
        except ValueError:
            structlog.get_logger().exception("defect")
    written = target.read_text()
    assert "bad header" in written
    assert "ValueError" in written
    assert "4711" not in written
