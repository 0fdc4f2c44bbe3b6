"""The configuration's JSON Schema, for editors (taplo, Tombi and others).

It is what the loader checks, in the words of the schema's docstrings. Where the loader takes a
text in place of a value, a quantity with a unit or a reference to a variable, so does the schema.
"""

import json
from typing import Any

import msgspec

from lmd.config.reference import TableReference, field_docs, tables
from lmd.config.schema import Config
from lmd.config.secrets import SecretReference
from lmd.config.units import PATTERNS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_VARIABLE = {"type": "string", "pattern": r"\$\{"}


def json_schema() -> dict[str, Any]:
    """The schema that ``lmd schema`` prints."""
    schema: dict[str, Any] = msgspec.json.schema(Config)
    definitions = schema["$defs"]
    for table in tables():
        _describe(definitions[table.struct.__name__], table)
    if secret := definitions.get(SecretReference.__name__):
        for name, text in field_docs(SecretReference).items():
            secret["properties"][name]["description"] = text
            secret["properties"][name].pop("default", None)
        secret |= {"minProperties": 1, "maxProperties": 1}
    opened: dict[str, Any] = _open(schema)
    return {"$schema": DIALECT, "title": "lmd.toml", **opened}


def _describe(definition: dict[str, Any], table: TableReference) -> None:
    """Give each key its description and its default as people write it."""
    definition["description"] = table.text
    definition["title"] = table.title
    definition.pop("required", None)  # always empty, and that is no valid draft 4
    for key in table.keys:
        found = definition["properties"][key.name]
        found["description"] = f"{key.text} Takes {key.takes}."
        found.pop("default", None)
        if key.default:
            found["default"] = json.loads(key.default)


def _open(node: Any) -> Any:
    """Let texts stand where the loader reads them as something else."""
    if isinstance(node, list):
        return [_open(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: _open(value) for key, value in node.items()}
    if "anyOf" in node:
        node = _without_null(node)
    unit = node.pop("x-unit", None)
    if unit in PATTERNS:
        return _either(node, {"type": "string", "pattern": PATTERNS[unit]})
    if isinstance(node.get("enum"), list):
        return _either(node)
    return node


def _without_null(node: dict[str, Any]) -> dict[str, Any]:
    """TOML has no null: a key without a value is left out."""
    options = [option for option in node.pop("anyOf") if option != {"type": "null"}]
    return {**options[0], **node} if len(options) == 1 else {"anyOf": options, **node}


def _either(node: dict[str, Any], *others: dict[str, Any]) -> dict[str, Any]:
    """``node`` or one of the others, with what describes it around them."""
    outside: dict[str, Any] = {
        key: node.pop(key) for key in ("description", "default") if key in node
    }
    return {"anyOf": [node, *others, _VARIABLE], **outside}
