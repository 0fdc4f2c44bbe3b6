"""Where the sequences of models are kept on disk, the key of their files, and erasing them.

The files are a cache: `lmd.worker.saved` writes and checks them, and whatever is missing or not
sound is read again from the prompt. The key lies elsewhere, so that a copy of the cache says
nothing that would be believed.
"""

import fcntl
import hashlib
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from lmd import paths
from lmd.protocol.errors import LmdError
from lmd.protocol.prefixes import SavedState

KEY_BYTES = 32
LOCK = "lock"


@dataclass(frozen=True, slots=True)
class Erased:
    """What was removed."""

    files: int
    bytes: int


def saved_state(model: str, path: str) -> SavedState:
    """What a worker of a model is told. Blocks for a file; makes the key the first time.

    Raises `LmdError` ``load_failed`` where the key cannot be read or made, or others could read it.
    """
    try:
        key = _key(Path(paths.state_directory()) / "kv.key")
    except OSError as error:
        reason = f"the key of saved states cannot be used: {error}"
        hint = f"repair it, or set models.{model}.save_state = false"
        raise LmdError("load_failed", reason, hint=hint) from error
    return SavedState(root=str(_root()), folder=_folder(model, path), key=key)


def erase(model: str | None) -> Erased:
    """Remove what is saved of a model, or of all that there ever were.

    Blocks, also for a worker that is writing. Raises OSError.
    """
    root = _root()
    if not root.is_dir():
        return Erased(0, 0)
    folders = "*" if model is None else f"{_prefix(model)}.*"
    count = size = 0
    with (root / LOCK).open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for file in root.glob(f"{folders}/*"):
            size += file.lstat().st_size
            count += 1
            file.unlink(missing_ok=True)
    return Erased(count, size)


def _root() -> Path:
    return Path(paths.saved_state_directory())


def _folder(model: str, path: str) -> str:
    """Two daemons may mean two files by one name."""
    return f"{_prefix(model)}.{hashlib.sha256(os.fsencode(path)).hexdigest()[:8]}"


def _prefix(model: str) -> str:
    """A name of a model as that of a folder: no other one gives the same."""
    if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", model):
        return model
    return "=" + hashlib.sha256(model.encode()).hexdigest()[:32]


def _key(path: Path) -> bytes:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return _read_key(path)
    # Another daemon may look at it meanwhile; it waits for the lock.
    with open(descriptor, "wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        key = secrets.token_bytes(KEY_BYTES)
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    return key


def _read_key(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        facts = os.fstat(file.fileno())
        key = file.read(KEY_BYTES + 1)
    if facts.st_uid != os.getuid() or facts.st_mode & 0o077:
        raise OSError(f"{path} must be yours, with mode 0600")
    if len(key) != KEY_BYTES:
        raise OSError(f"{path} holds no key; remove it")
    return key
