"""What the worker's entry point asks of an engine, real or fake."""

from typing import NoReturn, Protocol

from lmd.protocol.worker import Load, Ready, ToWorker


class LoadError(Exception):
    """The model cannot be loaded; becomes `LoadFailed`."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Engine(Protocol):
    """One model and its jobs. `submit` works from the start; jobs wait until `run`."""

    def load(self, load: Load) -> Ready:
        """Load the model on the calling thread. Raises LoadError."""
        ...

    def submit(self, message: ToWorker) -> None:
        """Hand over a message; called by the reader thread, blocks only for back-pressure."""
        ...

    def run(self) -> NoReturn:
        """Serve until the process ends, on the thread that loaded."""
        ...
