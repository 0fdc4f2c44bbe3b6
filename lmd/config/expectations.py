"""What a key of the configuration takes, in words: for messages, the manual and docs/config.md."""

import json
from typing import Any

from msgspec import NODEFAULT
from msgspec import inspect as types

from lmd.config.lines import Key
from lmd.config.units import write_quantity

_EXAMPLES = {"duration": '"30s"', "size": '"64MiB"', "path": '"~/models/some.gguf"'}


def unit_of(kind: types.Type) -> str | None:
    """``duration``, ``size``, ``path`` or ``secret``, where a key is one."""
    if isinstance(kind, types.UnionType):
        return unit_of(single(kind))
    return (kind.extra or {}).get("unit") if isinstance(kind, types.Metadata) else None


def own_words(kind: types.Type) -> str:
    """What the schema itself says that a key takes; empty where its type says it all."""
    extra = getattr(single(kind), "extra", None) or {}
    return str(extra.get("takes", ""))


def single(kind: types.Type) -> types.Type:
    """The kind of a value that is there: of ``X | None``, X."""
    if isinstance(kind, types.UnionType):
        return next(option for option in kind.types if not isinstance(option, types.NoneType))
    return kind


def bare(kind: types.Type) -> types.Type:
    """The kind without its unit and without None."""
    kind = single(kind)
    return bare(kind.type) if isinstance(kind, types.Metadata) else kind


def kind_at(kind: types.Type, key: Key) -> types.Type | None:
    """The kind of what stands at a key below ``kind``; None for a key that the schema lacks."""
    for part in key:
        inner = bare(kind)
        if isinstance(inner, types.DictType):
            kind = inner.value_type
        elif isinstance(inner, types.StructType):
            fields = {field.encode_name: field.type for field in inner.fields}
            if part not in fields:
                return None
            kind = fields[part]
        elif isinstance(inner, types.ListType):
            kind = inner.item_type
        elif isinstance(inner, types.TupleType) and int(part) < len(inner.item_types):
            kind = inner.item_types[int(part)]
        else:
            return None
    return kind


def is_of_secret(kind: types.Type, key: Key) -> bool:
    """Whether what stands at a key below ``kind`` belongs to a reference to a secret."""
    above = (kind_at(kind, key[:end]) for end in range(1, len(key) + 1))
    return any(one is not None and unit_of(one) == "secret" for one in above)


def words(kind: types.Type) -> str:
    """What values a kind takes: ``a whole number from 1 to 64``."""
    unit = unit_of(kind)
    if said := own_words(kind):
        return said
    if unit in ("duration", "size"):
        endless = (
            ' or "forever"'
            if unit == "duration" and getattr(bare(kind), "le", None) is None
            else ""
        )
        return f"a {unit}{_range(bare(kind), unit)}{endless}"
    if unit == "path":
        return "a path"
    if unit == "secret":
        return "a reference to a secret"
    inner = bare(kind)
    match inner:
        case types.IntType():
            return "a whole number" + _range(inner)
        case types.FloatType():
            return "a number" + _range(inner)
        case types.StrType():
            return "text" + _length(inner, "characters")
        case types.LiteralType():
            return _alternatives([json.dumps(value) for value in _in_order(kind)])
        case types.BoolType():
            return "true or false"
        case types.ListType():
            return f"an array of {_plural(inner.item_type)}" + _length(inner, "of them")
        case types.TupleType():
            return "[" + ", ".join(words(item) for item in inner.item_types) + "]"
        case types.DictType() if unit_of(inner.value_type) == "secret":
            return "a table of references to secrets"
    return "a table"


def example(kind: types.Type) -> str:
    """A value that fits, as TOML."""
    unit = unit_of(kind)
    if unit in _EXAMPLES:
        return _EXAMPLES[unit]
    inner = bare(kind)
    match inner:
        case types.IntType() | types.FloatType():
            return json.dumps(_within(inner))
        case types.LiteralType():
            return json.dumps(_in_order(kind)[0])
        case types.BoolType():
            return "true"
        case types.ListType():
            return f"[{example(inner.item_type)}]"
        case types.TupleType():
            return "[" + ", ".join(example(item) for item in inner.item_types) + "]"
        case types.StrType():
            return '"some text"'
    return "{ }"


def default_text(field: types.Field) -> str:
    """The default as TOML; empty where there is none."""
    value: Any = field.default
    if value is NODEFAULT and field.default_factory is not NODEFAULT:
        value = field.default_factory()
    if value is None or value is NODEFAULT:
        return ""
    if isinstance(bare(field.type), types.StructType | types.DictType):
        return ""
    unit = unit_of(field.type)
    if unit in ("duration", "size"):
        return write_quantity(value, unit)
    return json.dumps(value, ensure_ascii=False)


def _in_order(kind: types.Type) -> list[str]:
    literal = bare(kind)
    return list(map(str, literal.values)) if isinstance(literal, types.LiteralType) else []


def _within(kind: Any) -> float:
    low = kind.ge if kind.ge is not None else kind.gt
    if low is None:
        return 1
    value = low if kind.ge is not None else low + 1
    return 1 if value < 1 <= (kind.le if kind.le is not None else 1) else value


def _range(kind: Any, unit: str = "") -> str:
    def number(value: float) -> str:
        if unit:
            return write_quantity(value, unit).strip('"')
        return f"{value:.15g}"

    low, above, most = kind.ge, kind.gt, kind.le
    if low is not None and most is not None:
        return f" from {number(low)} to {number(most)}"
    if above is not None and most is not None:
        return f" above {number(above)}, at most {number(most)}"
    if low is not None:
        return f" of at least {number(low)}"
    return ""


def _length(kind: Any, unit: str) -> str:
    if kind.max_length is None:
        return f", at least {kind.min_length} {unit}" if kind.min_length else ""
    if kind.min_length:
        return f", {kind.min_length} to {kind.max_length} {unit}"
    return f", at most {kind.max_length} {unit}"


def _plural(kind: types.Type) -> str:
    if isinstance(bare(kind), types.StrType):
        return "texts" + _length(bare(kind), "characters")
    return words(kind)


def _alternatives(values: list[str]) -> str:
    return f"{', '.join(values[:-1])} or {values[-1]}" if len(values) > 1 else values[0]
