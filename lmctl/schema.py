"""``--schema``: the file is checked before it is sent, the answer after it came."""

import json

from lmctl.context import read_bounded
from lmctl.failures import EXIT_DATA, Failure
from lmd.protocol.limits import MAX_SCHEMA_BYTES


def load_schema(path: str) -> dict[str, object]:
    """A JSON object from a file. Raises Failure for anything else."""
    data = read_bounded(path, MAX_SCHEMA_BYTES, "schema")
    try:
        schema = json.loads(data, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise Failure(f"{path} is not JSON: {error}", EXIT_DATA) from error
    if not isinstance(schema, dict):
        raise Failure(
            f"{path}: a JSON schema is an object", EXIT_DATA, 'for example {"type": "object"}'
        )
    return schema


def check_answer(text: str, cut_off: bool) -> None:
    """Raises Failure for an answer that is no whole JSON text: scripts must not go on with it."""
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        if cut_off:
            message, hint = "the answer is not whole JSON: it was cut off", "raise --max-tokens"
        else:
            message, hint = f"the answer is not JSON: {error}", "lmctl version; lmctl doctor"
        raise Failure(message, EXIT_DATA, hint) from error


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")
