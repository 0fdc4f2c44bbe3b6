"""Secrets: where they may be kept, who may read them, and that nothing shows them."""

import copy
import json
import logging
import os
import pickle
import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest

from lmd.config.conversion import convert
from lmd.config.problems import spelled
from lmd.config.secret_sources import read_secret
from lmd.config.secrets import SECRET, Secret, SecretError, SecretReference
from lmd.config.written import Surroundings

CANARY = "canary-4711"
SURROUNDINGS = Surroundings({"HOME": "/home/ann", "TOKEN": CANARY}, 1 << 30)


class Listener(msgspec.Struct, forbid_unknown_fields=True):
    token: Annotated[SecretReference, SECRET] | None = None
    headers: dict[str, Annotated[SecretReference, SECRET]] = {}


class Example(msgspec.Struct, forbid_unknown_fields=True):
    listener: Listener = msgspec.field(default_factory=Listener)


def reference(token: Any) -> SecretReference:
    example, problems = convert({"listener": {"token": token}}, Example, SURROUNDINGS)
    assert problems == []
    assert example is not None
    assert example.listener.token is not None
    return example.listener.token


def problem(token: Any) -> tuple[str, str]:
    example, (one,) = convert({"listener": {"token": token}}, Example, SURROUNDINGS)
    assert example is None
    assert one.key[:2] == ("listener", "token")
    assert CANARY not in repr(one)
    return one.message, one.hint


def failure(token: Any, **options: Any) -> SecretError:
    with pytest.raises(SecretError) as refused:
        read_secret(reference(token), **options)
    assert refused.value.hint
    assert CANARY not in f"{refused.value}{refused.value.hint}{refused.value.__cause__}"
    return refused.value


def secret_file(path: Path, text: str = f"{CANARY}\n", mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_secret_shows_itself_to_nobody_who_does_not_ask():
    secret = Secret(CANARY)
    shown = [repr(secret), str(secret), f"{secret}", f"{secret!r:>30}", "%s" % secret]  # noqa: UP031
    shown += [repr({"token": secret}), repr((secret,)), logging.Formatter().format(
        logging.LogRecord("x", 10, "x", 1, "%s", (secret,), None))]  # fmt: skip
    assert not [text for text in shown if CANARY in text]
    for encode in (json.dumps, msgspec.json.encode, msgspec.to_builtins, pickle.dumps, copy.copy):
        with pytest.raises(TypeError):
            encode(secret)
    assert secret.reveal() == CANARY
    assert (secret == Secret(CANARY), secret == CANARY, secret.matches(CANARY)) == (
        True, False, True,
    )  # fmt: skip
    assert not secret.matches(CANARY[:-1])


@pytest.mark.parametrize("text", [CANARY, "", "/path/of/it"])
def test_a_secret_in_the_file_is_refused_with_what_to_write(text: str):
    message, hint = problem(text)
    assert message == "listener.token is a secret, which does not belong in this file"
    assert hint.startswith('write where it is kept: { file = "')


def test_a_variable_in_its_place_is_told_the_reference_for_it():
    assert problem("${TOKEN}")[1] == problem("${TOKEN:-x}")[1] == 'write { env = "TOKEN" }'


@pytest.mark.parametrize(
    ("token", "said"),
    [
        ({}, "a secret is kept in one place, and this names nothing"),
        ({"file": "/a", "env": "B"}, "a secret is kept in one place, and this names file and env"),
        ({"flie": "/a"}, "unknown key `flie` in [listener.token]"),
        ({"file": "a"}, "listener.token.file must be absolute or start with ~"),
        ({"file": "${NO}/a"}, "listener.token.file cannot be read: the variable NO is not set"),
        ({"credential": "../a"}, "listener.token.credential does not fit"),
        ({"command": "pass show x"}, "listener.token.command does not fit"),
        ({"command": []}, "listener.token.command does not fit"),
        ({"keyring": "service"}, "listener.token.keyring does not fit"),
        ({"env": "a-b"}, "listener.token.env does not fit"),
        (7, "listener.token is no reference to a secret"),
        ([CANARY], "listener.token is no reference to a secret"),
    ],
)
def test_references_that_lead_nowhere(token: Any, said: str):
    message, hint = problem(token)
    assert said in message
    assert hint


@pytest.mark.parametrize(
    "token",
    [
        {"file": CANARY}, {"file": "${TOKEN}"}, {"credential": f"{CANARY} "}, {"env": CANARY},
        {"command": CANARY}, {"command": [[CANARY]]}, {"keyring": CANARY}, {"keyring": [CANARY]},
        {"env": {"value": CANARY}},
    ],
)  # fmt: skip
def test_a_secret_where_its_place_should_be_named_is_not_repeated(token: Any):
    """`problem` looks for it."""
    assert problem(token)[1]


def test_secrets_by_name_are_told_apart():
    headers = {
        "a": CANARY, "b": {"file": "/a", "env": "B"}, "c.d": {"env": "a-b"}, "e": 7,
        "f": {"enf": "A"}, "g": {"env": "TOKEN"},
    }  # fmt: skip
    _, problems = convert({"listener": {"headers": headers}}, Example, SURROUNDINGS)
    assert [(spelled(one.key), one.hint.split(",")[0]) for one in problems] == [
        ("listener.headers.a", 'write where it is kept: { file = "~/.config/lmd/token" }'),
        ("listener.headers.b", 'write one of { file = "~/.config/lmd/token" }'),
        ('listener.headers."c.d".env', "it takes the name of a variable"),
        ("listener.headers.e", 'write one of { file = "~/.config/lmd/token" }'),
        ("listener.headers.f.enf", "did you mean `env`?"),
    ]
    assert CANARY not in repr(problems)


def test_a_file_of_ones_own(tmp_path: Path):
    path = secret_file(tmp_path / "token", f"{CANARY}\nnotes below\n")
    assert read_secret(reference({"file": str(path)})) == Secret(CANARY)
    link = tmp_path / "link"
    link.symlink_to(secret_file(path, f"{CANARY}\r\n", 0o400))
    assert read_secret(reference({"file": str(link)})).reveal() == CANARY


def test_the_home_folder_and_variables_are_known_in_paths(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", "/home/ann")
    assert reference({"file": "~/token"}).file == reference({"file": "$HOME/token"}).file


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610])
def test_a_file_that_others_may_use_is_refused(tmp_path: Path, mode: int):
    path = secret_file(tmp_path / "token", mode=mode)
    error = failure({"file": str(path)})
    assert f"is open to others (mode {mode:04o})" in error.message
    assert error.hint == f"chmod 600 {path}"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_a_file_of_somebody_else_is_refused(tmp_path: Path):
    path = secret_file(tmp_path / "token")
    os.chown(path, 12345, -1)
    assert "belongs to user 12345, and lmd runs as 0" in failure({"file": str(path)}).message


def test_what_is_no_secret_file(tmp_path: Path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    assert "is not a plain file" in failure({"file": str(pipe)}).message
    assert "is not a plain file" in failure({"file": str(tmp_path)}).message
    missing = failure({"file": str(tmp_path / "no")})
    assert missing.message.endswith("cannot be read: No such file or directory")
    assert "umask 077" in missing.hint


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty in its first line"),
        (f"\n{CANARY}\n", "is empty in its first line"),
        (f"{CANARY}\x1b[2J\n", "contains control characters"),
        (f"{CANARY}" * 10_000, "has more than 64 KiB"),
    ],
)
def test_texts_that_are_no_secret(tmp_path: Path, text: str, said: str):
    path = secret_file(tmp_path / "token", text)
    assert said in failure({"file": str(path)}).message


def test_bytes_that_are_no_text(tmp_path: Path):
    path = secret_file(tmp_path / "token")
    path.write_bytes(b"\xff\xfe")
    assert "is not UTF-8 text" in failure({"file": str(path)}).message


def test_a_credential_of_systemd(tmp_path: Path):
    secret_file(tmp_path / "lmd.token", mode=0o400)
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert read_secret(reference({"credential": "lmd.token"}), environ).reveal() == CANARY
    error = failure({"credential": "other"}, environ=environ)
    assert "cannot be read: No such file" in error.message
    error = failure({"credential": "lmd.token"}, environ={})
    assert "not started by systemd" in error.message
    assert error.hint == "add to the unit: LoadCredential=lmd.token:/path/of/the/secret"


def test_a_variable():
    assert read_secret(reference({"env": "TOKEN"}), {"TOKEN": CANARY}).reveal() == CANARY
    assert "is not set" in failure({"env": "TOKEN"}, environ={}).message


def python(code: str) -> dict[str, Any]:
    return {"command": [sys.executable, "-c", code]}


@pytest.mark.process
def test_a_command_gets_its_words_and_no_shell():
    token = {"command": ["printf", "%s\n%s", "$TOKEN;`x`", "more"]}
    assert read_secret(reference(token)).reveal() == "$TOKEN;`x`"
    environ = {"TOKEN": CANARY, "PATH": os.environ["PATH"]}
    token = python("import os, sys; print(os.environ['TOKEN'] + sys.stdin.read())")
    assert read_secret(reference(token), environ).reveal() == CANARY


@pytest.mark.process
@pytest.mark.parametrize(
    ("token", "said"),
    [
        ({"command": ["/no/such/program"]}, "cannot be run: No such file or directory"),
        ({"command": ["a\0b"]}, "cannot be run: embedded null byte"),
        (python(f"import sys; print({CANARY!r}); sys.exit({CANARY!r})"), "ended with status 1"),
        (python("pass"), "is empty in its first line"),
        (python("while True: print('x' * 1000)"), "has more than 64 KiB"),
    ],
)
def test_commands_that_fail(token: Any, said: str):
    assert said in failure(token).message


@pytest.mark.process
@pytest.mark.parametrize(
    "code",
    [
        "import time; time.sleep(600)",
        "import os, time; os.close(1); time.sleep(600)",
        "import os, time; os.fork(); time.sleep(600)",
    ],
    ids=["silent", "closed", "child"],
)
def test_a_command_that_does_not_end_is_ended(code: str):
    assert "took too long" in failure(python(code), seconds=0.2).message
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


BACKEND = """
from keyring.backend import KeyringBackend

class Backend(KeyringBackend):
    priority = 1
    def get_password(self, service, username):
        return {("https://lmd/api", "ann"): "canary-4711"}.get((service, username))
    def set_password(self, service, username, password):
        raise NotImplementedError
"""


@pytest.mark.process
def test_the_keyring(tmp_path: Path):
    pytest.importorskip("keyring")
    (tmp_path / "own_backend.py").write_text(BACKEND)
    environ = os.environ | {
        "PYTHONPATH": str(tmp_path), "PYTHON_KEYRING_BACKEND": "own_backend.Backend",
    }  # fmt: skip
    token = {"keyring": "https://lmd/api/ann"}
    assert read_secret(reference(token), environ).reveal() == CANARY
    error = failure({"keyring": "lmd/bob"}, environ=environ)
    assert error.message == "the keyring has no secret for 'lmd/bob', or is locked"


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("lmd.config.secret_sources.find_spec", lambda name: None)
    assert failure({"keyring": "lmd/bob"}).hint == "pip install 'lmd[keyring]'"
