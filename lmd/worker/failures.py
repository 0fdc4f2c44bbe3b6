"""Any exception as an error of one job."""

import sys

from lmd.defects import trace_of
from lmd.protocol.errors import LmdError
from lmd.worker.llama.log import LlamaError


def as_lmd_error(error: Exception) -> LmdError:
    """Errors of ours as they are, llama.cpp's as ``model_failed``, the rest as ``internal``,
    with the frames of the traceback on stderr."""
    if isinstance(error, LmdError):
        return error
    if isinstance(error, MemoryError):
        return LmdError("worker_oom", "the worker was refused more memory")
    if isinstance(error, LlamaError):
        return LmdError("model_failed", f"llama.cpp failed: {error}")
    sys.stderr.write(trace_of(error) + "\n")
    return LmdError("internal", "a defect in the worker; see its log")
