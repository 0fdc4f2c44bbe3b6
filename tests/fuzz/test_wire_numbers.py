"""Every numeric field of `ask` meets every hostile value: inside the bounds, or refused."""

import json
import math
from typing import Any

import msgpack
import pytest
from msgspec import Raw
from msgspec import inspect as types

from lmd.protocol.dialects import Dialect, JsonDialect, MsgpackDialect
from lmd.protocol.errors import LmdError
from lmd.protocol.params import AskParams
from tests.protocol.reading import decoded

HOSTILE: list[Any] = [
    -1, 0, -0.0, 2**31, 2**63, 2**64, -(2**63), -(2**64), math.nan, math.inf, -math.inf, 1e308,
    5e-324, "1", "", True, False, None, [], [1], {}, {"a": 1}, b"1", 1.5, -1e400,
]  # fmt: skip


def numeric_fields() -> dict[str, types.IntType | types.FloatType]:
    """The numbers of `AskParams` with their bounds."""
    found: dict[str, types.IntType | types.FloatType] = {}
    for field in types.type_info(AskParams).fields:
        options = field.type.types if isinstance(field.type, types.UnionType) else (field.type,)
        for option in options:
            if isinstance(option, types.IntType | types.FloatType):
                found[field.name] = option
    return found


FIELDS = numeric_fields()


def encoded(dialect: Dialect, params: dict[str, Any]) -> Raw | None:
    """The params as a client would write them; None for what the dialect cannot spell."""
    try:
        if isinstance(dialect, JsonDialect):
            return Raw(json.dumps(params).encode())
        return Raw(msgpack.packb([params]))
    except (OverflowError, TypeError):
        return None


def within(value: float, bounds: types.IntType | types.FloatType) -> bool:
    return (
        (bounds.ge is None or value >= bounds.ge)
        and (bounds.gt is None or value > bounds.gt)
        and bounds.le is not None
        and value <= bounds.le
    )


@pytest.mark.parametrize("dialect", [JsonDialect(), MsgpackDialect()], ids=lambda d: d.name)
@pytest.mark.parametrize("name", FIELDS)
def test_a_number_is_inside_its_bounds_or_refused(name: str, dialect: Dialect):
    refused = 0
    for value in HOSTILE:
        raw = encoded(dialect, {"prompt": "x", name: value})
        if raw is None:
            continue
        params = decoded(dialect, raw, AskParams)
        if isinstance(params, LmdError):
            assert params.code == "invalid_request"
            assert params.data["path"] in (f"params.{name}", "params")
            refused += 1
            continue
        taken = getattr(params, name)
        assert taken == value
        assert taken is None or within(taken, FIELDS[name])
    assert refused >= 12


@pytest.mark.parametrize("value", HOSTILE, ids=repr)
@pytest.mark.parametrize("dialect", [JsonDialect(), MsgpackDialect()], ids=lambda d: d.name)
def test_a_bias_is_inside_its_bounds_or_refused(dialect: Dialect, value: Any):
    for pair in ([value, 1.0], [1, value]):
        raw = encoded(dialect, {"logit_bias": [pair]})
        if raw is None:
            continue
        params = decoded(dialect, raw, AskParams)
        if isinstance(params, LmdError):
            assert params.code == "invalid_request"
            continue
        ((token, bias),) = params.logit_bias or ()
        assert type(token) is int
        assert 0 <= token < 2**31
        assert -1000 <= bias <= 1000


def test_the_fields_are_all_there():
    assert len(FIELDS) == 20
    assert all(bounds.le is not None for bounds in FIELDS.values())
