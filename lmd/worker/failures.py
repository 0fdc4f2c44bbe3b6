"""Any exception as an error of one job."""

import sys
import traceback

from lmd.protocol.errors import LmdError
from lmd.worker.llama.log import LlamaError


def as_lmd_error(error: Exception) -> LmdError:
    """Errors of ours as they are, llama.cpp's as ``model_failed``, the rest as ``internal``,
    with the traceback on stderr."""
    if isinstance(error, LmdError):
        return error
    if isinstance(error, LlamaError):
        return LmdError("model_failed", f"llama.cpp failed: {error}")
    traceback.print_exception(error, file=sys.stderr)
    return LmdError("internal", "a defect in the worker; see its log")
