"""The one error table: wire code -> HTTP status -> exit status.

Standard library only, so that ``lmctl`` can map a reply to an exit status before it imports
anything heavier.
"""

from typing import Any, NamedTuple


class ErrorClass(NamedTuple):
    """What a wire code means to an HTTP client and to a shell."""

    http_status: int
    exit_status: int
    meaning: str


ERRORS: dict[str, ErrorClass] = {
    "invalid_request": ErrorClass(400, 65, "the parameters do not fit the method"),
    "unknown_method": ErrorClass(404, 76, "this daemon has no such method"),
    "unknown_model": ErrorClass(404, 78, "no model of that name or alias is configured"),
    "overloaded": ErrorClass(429, 75, "a declared limit is reached; retry after data.retry_after"),
    "deadline_exceeded": ErrorClass(504, 75, "the deadline passed before the answer was complete"),
    "cancelled": ErrorClass(499, 130, "the caller cancelled the request"),
    "model_failed": ErrorClass(502, 1, "the worker died or failed while it held the request"),
    "load_failed": ErrorClass(503, 1, "the model could not be loaded"),
    "worker_oom": ErrorClass(503, 1, "the worker passed its memory bound and was stopped"),
    "over_budget": ErrorClass(507, 75, "the model does not fit into the memory budget"),
    "context_exceeded": ErrorClass(413, 65, "the prompt does not fit into the model's context"),
    "shutting_down": ErrorClass(503, 75, "the daemon is draining and takes no new requests"),
    "protocol_error": ErrorClass(400, 76, "the bytes are no message of this protocol"),
    "permission_denied": ErrorClass(403, 77, "the peer may not use this socket"),
    "backend_error": ErrorClass(502, 1, "the model cannot do what was asked"),
    "internal": ErrorClass(500, 70, "a defect in lmd"),
}


class LmdError(Exception):
    """An error that may cross the wire.

    ``code`` is a key of `ERRORS`; ``message`` says what happened and why, ``hint`` what to do
    next, ``data`` carries machine-readable detail (bounded by whoever raises it).
    """

    def __init__(
        self, code: str, message: str, *, hint: str = "", data: dict[str, Any] | None = None
    ) -> None:
        if code not in ERRORS:
            raise ValueError(f"not an error code: {code!r}")
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.data = data or {}

    def to_wire(self) -> dict[str, Any]:
        """The error as clients see it, the same in both dialects."""
        return {
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "data": self.data,
        }


def exit_status(code: str) -> int:
    """The exit status of a command that ended with this wire code; 70 for an unknown one."""
    known = ERRORS.get(code)
    return known.exit_status if known else ERRORS["internal"].exit_status
