"""What ends a command early: one exception that carries message, hint and exit status.

The statuses are those of sysexits.h where it has one; `lmd.protocol.errors` maps the daemon's
codes to the same numbers and is imported only when the daemon did answer with an error.
"""

EXIT_OK = 0
EXIT_BROKEN = 1
EXIT_USAGE = 2
EXIT_UNSURE = 3
EXIT_DATA = 65
EXIT_UNAVAILABLE = 69
EXIT_DEFECT = 70
EXIT_IO = 74
EXIT_BUSY = 75
EXIT_PROTOCOL = 76
EXIT_PERMISSION = 77
EXIT_CONFIG = 78


class Failure(Exception):
    """``message`` says what happened and why, ``hint`` what to type next."""

    def __init__(self, message: str, status: int, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.hint = hint


class UsageError(Failure):
    """The command line cannot be understood."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, EXIT_USAGE, hint)


class MissingPrompt(UsageError):
    """Nothing was typed and nothing is piped in; the command shows its help."""

    def __init__(self) -> None:
        super().__init__("no prompt: nothing was typed and nothing is piped in")


class NotRunning(Failure):
    """Nothing listens on the socket."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"no daemon listens on {path}",
            EXIT_UNAVAILABLE,
            "start it with: lmd run &   (lmctl does so by itself unless --no-start is given)",
        )


class NoAnswer(Failure):
    """The daemon said nothing until it was well past the deadline."""

    def __init__(self) -> None:
        super().__init__("the daemon did not answer by the deadline", EXIT_BUSY, "lmctl status")


class ProtocolError(Failure):
    """What came over the socket is no reply of this protocol."""

    def __init__(self, message: str) -> None:
        super().__init__(
            f"the daemon's reply cannot be understood: {message}",
            EXIT_PROTOCOL,
            "compare the versions with: lmctl version",
        )


class DaemonError(Failure):
    """The daemon answered with an error; ``code`` is a key of `lmd.protocol.errors.ERRORS`."""

    def __init__(self, code: str, message: str, hint: str, data: dict[str, object]) -> None:
        from lmd.protocol.errors import exit_status

        super().__init__(message, exit_status(code), hint)
        self.code = code
        self.data = data
