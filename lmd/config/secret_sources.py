"""Follows a reference to a secret: file, credential, command, keyring, environment. Blocks."""

import errno
import os
import select
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.util import find_spec

from lmd.config.redaction import remember
from lmd.config.secrets import MAX_SECRET_BYTES, Secret, SecretError, SecretReference

COMMAND_SECONDS = 10.0
"""What a command may take; a password prompt that nobody sees must not hold up the daemon."""


def read_secret(
    reference: SecretReference,
    environ: Mapping[str, str] = os.environ,
    seconds: float = COMMAND_SECONDS,
) -> Secret:
    """The secret that ``reference`` names: the first line of what is there.

    Blocks, for ``seconds`` at most where a command is asked; belongs in a thread, which a
    cancelled task does not wait for. Raises `SecretError`.
    """
    if reference.file is not None:
        data = _from_file(reference.file)
    elif reference.credential is not None:
        data = _from_credential(reference.credential, environ)
    elif reference.command is not None:
        data = _from_command(reference.command, environ, seconds)
    elif reference.keyring is not None:
        data = _from_keyring(reference.keyring, environ, seconds)
    else:
        data = _from_environment(reference.env or "", environ)
    return remember(_secret(data, described(reference)))


def described(reference: SecretReference) -> str:
    """Where the secret is kept, for messages."""
    if reference.command is not None:
        return f"the command {reference.command[0]!r}"
    kinds = {"file": "file", "credential": "credential", "env": "variable", "keyring": "keyring"}
    name = next(name for name in kinds if getattr(reference, name) is not None)
    return f"the {kinds[name]} {getattr(reference, name)!r}"


def _secret(data: bytes, source: str) -> Secret:
    line = data.split(b"\n", 1)[0].rstrip(b"\r")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        raise SecretError(f"{source} is not UTF-8 text", "a secret is one line of text") from None
    if not text:
        raise SecretError(f"{source} is empty in its first line", "put the secret there")
    if not text.isprintable():
        raise SecretError(f"{source} contains control characters", "a secret is one line of text")
    return Secret(text)


def _from_file(path: str) -> bytes:
    try:
        # A named pipe would wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        hint = {
            errno.ENOENT: f"make it: (umask 077; cat > {path})",
            errno.EACCES: "lmd must own it and be able to read it",
        }
        raise SecretError(
            f"the file {path!r} cannot be read: {error.strerror}",
            hint.get(error.errno or 0, "name another file"),
        ) from None
    try:
        _check_private(path, os.fstat(descriptor))
        data = os.read(descriptor, MAX_SECRET_BYTES + 1)
    finally:
        os.close(descriptor)
    return _bounded(data, f"the file {path!r}")


def _check_private(path: str, facts: os.stat_result) -> None:
    if not stat.S_ISREG(facts.st_mode):
        raise SecretError(f"{path!r} is not a plain file", "name the file that holds the secret")
    if facts.st_uid != os.getuid():
        raise SecretError(
            f"the file {path!r} belongs to user {facts.st_uid}, and lmd runs as {os.getuid()}",
            f"chown {os.getuid()} {path}",
        )
    if facts.st_mode & 0o077:
        raise SecretError(
            f"the file {path!r} is open to others (mode {stat.S_IMODE(facts.st_mode):04o})",
            f"chmod 600 {path}",
        )


def _from_credential(name: str, environ: Mapping[str, str]) -> bytes:
    folder = environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        raise SecretError(
            f"there is no credential {name!r}: lmd was not started by systemd with credentials",
            f"add to the unit: LoadCredential={name}:/path/of/the/secret",
        )
    try:
        with open(os.path.join(folder, name), "rb") as file:
            data = file.read(MAX_SECRET_BYTES + 1)
    except OSError as error:
        raise SecretError(
            f"the credential {name!r} cannot be read: {error.strerror}",
            f"add to the unit: LoadCredential={name}:/path/of/the/secret",
        ) from None
    return _bounded(data, f"the credential {name!r}")


def _from_environment(name: str, environ: Mapping[str, str]) -> bytes:
    if name not in environ:
        raise SecretError(
            f"the variable {name!r} is not set", f"set {name} where lmd is started, or use a file"
        )
    return _bounded(os.fsencode(environ[name]), f"the variable {name!r}")


def _from_keyring(place: str, environ: Mapping[str, str], seconds: float) -> bytes:
    """Asked in a process of its own: the library talks to a desktop that may not answer."""
    if find_spec("keyring") is None:
        raise SecretError(
            "the keyring cannot be asked: the Python library keyring is not installed",
            "pip install 'lmd[keyring]'",
        )
    service, _, user = place.rpartition("/")
    command = [sys.executable, "-P", "-m", "keyring", "get", "--", service, user]
    try:
        return _from_command(command, environ, seconds)
    except SecretError:
        raise SecretError(
            f"the keyring has no secret for {place!r}, or is locked",
            f"try it by hand: {sys.executable} -m keyring get -- {service} {user}",
        ) from None


def _from_command(command: Sequence[str], environ: Mapping[str, str], seconds: float) -> bytes:
    name = f"the command {command[0]!r}"
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # whatever it says, it may say the secret
            env=dict(environ),
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else str(error)
        raise SecretError(f"{name} cannot be run: {said}", "name it with its whole path") from None
    with process:
        try:
            data = _output(process, name, time.monotonic() + seconds)
        finally:
            _end(process)
    if process.returncode != 0:
        raise SecretError(
            f"{name} ended with status {process.returncode}", "run it by hand and see what it says"
        )
    return data


def _output(process: "subprocess.Popen[bytes]", name: str, deadline: float) -> bytes:
    assert process.stdout is not None
    late = SecretError(f"{name} took too long", "it must answer by itself, without asking anybody")
    descriptor, data = process.stdout.fileno(), b""
    readable = select.poll()
    readable.register(descriptor, select.POLLIN)
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not readable.poll(left * 1000):
            raise late
        piece = os.read(descriptor, 4096)
        if not piece:
            break
        data = _bounded(data + piece, name)
    try:
        process.wait(max(deadline - time.monotonic(), 0))
    except subprocess.TimeoutExpired:
        raise late from None
    return data


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Leave nothing behind of what has not ended by itself."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def _bounded(data: bytes, source: str) -> bytes:
    if len(data) > MAX_SECRET_BYTES:
        raise SecretError(
            f"{source} has more than {MAX_SECRET_BYTES >> 10} KiB", "a secret is one line of text"
        )
    return data
