"""The engine with the built-in model, in a real process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import lmd
from lmd.protocol.worker import Ready
from tests.worker.process import WorkerProcess, load_message, open_worker

SHELL_MODEL = str(Path(lmd.__file__).parent / "data" / "shell.gguf")


@pytest.fixture(scope="package")
def model_path() -> str:
    return SHELL_MODEL


@pytest.fixture(scope="module")
def worker(model_path: str) -> Iterator[WorkerProcess]:
    """A worker shared by the tests of a module, with four slots of 256 tokens."""
    with open_worker() as process:
        ready = process.load(load_message(model_path, slots=4, context=256, batch=64))
        assert isinstance(ready, Ready), ready
        yield process
