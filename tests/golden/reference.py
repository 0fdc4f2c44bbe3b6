"""The tables of docs/protocol.md, generated from the structs, so that they cannot drift."""

import ast
import inspect
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

from msgspec import NODEFAULT, UNSET, Struct
from msgspec import inspect as types

from lmd.protocol import (
    activity,
    events,
    limits,
    memory,
    models,
    params,
    reloading,
    results,
    stream,
)
from lmd.protocol.errors import ERRORS
from lmd.protocol.methods import METHODS

DOCUMENT = Path(__file__).parents[2] / "docs" / "protocol.md"
_SECTION = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def documented(text: str) -> str:
    """The document with every generated section written anew."""
    sections = {"methods": _methods, "shapes": _shapes, "errors": _errors, "limits": _limits}
    return _SECTION.sub(lambda found: found[1] + sections[found[2]]() + found[3], text)


def _methods() -> str:
    return "".join(
        f"### {name}\n\n{_sentence(method.summary)} Answers with {_link(method.result)}.\n\n"
        f"{_intro(method.params, said=_sentence(method.summary))}{_table(method.params)}"
        for name, method in METHODS.items()
    )


def _shapes() -> str:
    """Every struct that a method or another struct refers to."""
    return "".join(
        f"### {shape.__name__}\n\n{_intro(shape)}{_table(shape)}" for shape in _shapes_in_order()
    )


def _errors() -> str:
    rows = [
        f"| `{code}` | {entry.meaning} | {entry.http_status} | {entry.exit_status} |\n"
        for code, entry in ERRORS.items()
    ]
    return "| code | meaning | HTTP | exit |\n|---|---|---|---|\n" + "".join(rows)


def _limits() -> str:
    docs = attribute_docs(limits)[""]
    rows = [
        f"| `{name}` | {value} | {docs.get(name, '')} |\n"
        for name, value in vars(limits).items()
        if name.isupper() and "WORKER" not in name
    ]
    return "| limit | value | |\n|---|---|---|\n" + "".join(rows)


def _intro(struct: type[Struct], said: str = "") -> str:
    """The docstring, unless it repeats what was ``said``, and the base."""
    doc = " ".join(inspect.cleandoc(struct.__doc__ or "").split()).replace("``", "`")
    base = _base(struct)
    kind = f"`kind` is `{struct.__struct_config__.tag}`." if _is_event(struct) else ""
    parts = [
        doc if doc != said else "",
        kind,
        f"Takes every field of {_link(base)} too." if base else "",
    ]
    return " ".join(part for part in parts if part) + "\n\n"


def _table(struct: type[Struct]) -> str:
    docs = attribute_docs(inspect.getmodule(struct)).get(struct.__name__, {})
    inherited = _base(struct).__struct_fields__ if _base(struct) else ()
    own = [field for field in types.type_info(struct).fields if field.name not in inherited]
    if not own:
        return ""
    rows = [
        f"| `{field.encode_name}` | {type_words(field.type)}{_or_null(field)} | {_default(field)} "
        f"| {docs.get(field.name, '')} |\n"
        for field in own
    ]
    return "| field | type | default | |\n|---|---|---|---|\n" + "".join(rows) + "\n"


def _base(struct: type[Struct]) -> type[Struct] | None:
    base = struct.__mro__[1]
    return None if base is Struct else base


def _is_event(struct: type[Struct]) -> bool:
    return struct in events.KINDS.values()


def _or_null(field: types.Field) -> str:
    """Optional fields may be null too; only a required one needs the words."""
    union = isinstance(field.type, types.UnionType)
    return " or null" if union and field.required and field.type.includes_none else ""


def _default(field: types.Field) -> str:
    if field.required:
        return "required"
    if field.default_factory is not NODEFAULT:
        return f"`{field.default_factory()}`"
    if field.default in (None, UNSET, NODEFAULT):
        return "none"
    return (
        f"`{field.default!r}`".replace("'", '"').replace("True", "true").replace("False", "false")
    )


def type_words(info: types.Type) -> str:
    """What values a field takes, in words. Raises TypeError for a type without any."""
    match info:
        case types.UnionType():
            some = [part for part in info.types if not isinstance(part, types.NoneType)]
            return " or ".join(map(type_words, some))
        case types.IntType() | types.FloatType():
            name = "int" if isinstance(info, types.IntType) else "number"
            return name + _range(info.gt, info.ge, info.le)
        case types.StrType():
            return "string" + _length(info, "characters")
        case types.ListType() | types.VarTupleType():
            return f"array of {type_words(info.item_type)}" + _length(info, "items")
        case types.TupleType():
            return "[" + ", ".join(type_words(item) for item in info.item_types) + "]"
        case types.LiteralType():
            return " or ".join(f'`"{value}"`' for value in sorted(info.values))
        case types.StructType():
            return _link(info.cls)
        case types.DictType() | types.AnyType() | types.RawType():
            return "object"
        case types.BoolType():
            return "bool"
    raise TypeError(f"no words for {info}")


def _range(above: Any, least: Any, most: Any) -> str:
    if above is None and least is None:
        return ""
    low = f">{above:g}" if above is not None else _number(least)
    return f" {low}..{_number(most)}"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value)


def _length(info: Any, unit: str) -> str:
    if info.max_length is None:
        return ""
    least = f"{info.min_length}.." if info.min_length else "at most "
    return f", {least}{info.max_length} {unit}"


def _link(struct: type[Struct]) -> str:
    return f"[{struct.__name__}](#{struct.__name__.lower()})"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."


def _shapes_in_order() -> list[type[Struct]]:
    params_of_methods = {method.params for method in METHODS.values()}
    # What others are made from is referred to by its name.
    own_section = params_of_methods - {struct.__base__ for struct in params_of_methods}
    return [
        value
        for module in (params, models, results, reloading, memory, activity, events, stream)
        for value in vars(module).values()
        if inspect.isclass(value)
        and issubclass(value, Struct)
        and value.__module__ == module.__name__
        and value not in own_section
    ]


def attribute_docs(module: Any) -> dict[str, dict[str, str]]:
    """The string literal behind each assignment, by class ("" for the module) and name."""
    tree = ast.parse(inspect.getsource(module))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    found = {"": _docs_in(tree.body)}
    return found | {node.name: _docs_in(node.body) for node in classes}


def _docs_in(body: list[ast.stmt]) -> dict[str, str]:
    docs = {}
    for statement, after in pairwise(body):
        match statement, after:
            case (
                ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                docs[name] = " ".join(text.split()).replace("``", "`")
    return docs
