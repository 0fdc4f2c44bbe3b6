"""Every table and key of the configuration with what the schema says of it.

The words are those of the schema's own docstrings, so this reads source files: it is for ``lmd
schema`` and for what is generated from the code, not for the daemon.
"""

import ast
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from msgspec import Struct
from msgspec import inspect as types

from lmd.config.expectations import bare, default_text, unit_of, words
from lmd.config.lines import Key
from lmd.config.schema import Config

NAME = "NAME"
"""Stands for the name of a table that the user chooses."""


@dataclass(frozen=True, slots=True)
class KeyReference:
    """One key: what it means, what it takes, and its default as TOML, empty where there is none."""

    name: str
    text: str
    takes: str
    default: str
    unit: str | None


@dataclass(frozen=True, slots=True)
class TableReference:
    """A table, such as ``("models", NAME, "sampling")``, and its keys in order."""

    path: Key
    text: str
    keys: tuple[KeyReference, ...]
    struct: type[Struct]

    @property
    def title(self) -> str:
        """As its header is written."""
        return f"[{'.'.join(self.path)}]"


def tables() -> list[TableReference]:
    """All tables, each before those inside it."""
    return list(_tables(types.type_info(Config), ()))


def _tables(kind: types.Type, path: Key) -> Iterator[TableReference]:
    inner = bare(kind)
    if isinstance(inner, types.DictType):
        yield from _tables(inner.value_type, (*path, NAME))
    elif isinstance(inner, types.StructType):
        docs = field_docs(inner.cls)
        fields = [(field, bare(field.type)) for field in inner.fields]
        keys = tuple(
            _key(field, docs.get(field.name, "")) for field, _ in fields if not _nests(field)
        )
        if keys:
            yield TableReference(path, struct_doc(inner.cls), keys, inner.cls)
        for field, inside in fields:
            if _nests(field):
                yield from _tables(inside, (*path, field.encode_name))


def _nests(field: types.Field) -> bool:
    """Whether a key is a table of its own, and no value; a reference to a secret is a value, and
    so are several of them by name."""
    inside = bare(field.type)
    value = inside.value_type if isinstance(inside, types.DictType) else field.type
    return isinstance(inside, types.StructType | types.DictType) and unit_of(value) is None


def _key(field: types.Field, text: str) -> KeyReference:
    return KeyReference(
        name=field.encode_name,
        text=text,
        takes=words(field.type),
        default=default_text(field),
        unit=unit_of(field.type),
    )


def struct_doc(struct: type[Struct]) -> str:
    """What a table's docstring says behind its name."""
    text = " ".join(inspect.cleandoc(struct.__doc__ or "").split())
    said = text.split("``: ", 1)[-1].replace("``", "`")
    return said[:1].upper() + said[1:]


def field_docs(struct: type[Any]) -> dict[str, str]:
    """The docstring behind each field, those of bases included."""
    docs: dict[str, str] = {}
    for owner in reversed(struct.__mro__):
        if owner is not Struct and issubclass(owner, Struct):
            (definition,) = ast.parse(inspect.getsource(owner)).body
            assert isinstance(definition, ast.ClassDef)
            docs |= _docs_in(definition.body)
    return docs


def _docs_in(body: list[ast.stmt]) -> dict[str, str]:
    docs = {}
    for statement, after in pairwise(body):
        match statement, after:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(
                value=ast.Constant(value=str(text))
            ):
                docs[name] = " ".join(text.split()).replace("``", "`")
    return docs
