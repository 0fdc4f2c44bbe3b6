"""What several parts of a JSON schema say together: references, allOf, anyOf. Pure."""

from typing import Any

MAX_STEPS = 20_000
"""Subschemas looked at: references can make a small schema stand for a huge one."""
MAX_NESTING = 64
ANNOTATIONS = {
    "$defs", "definitions", "title", "description", "default", "examples", "$schema", "$id",
    "$comment", "deprecated", "readOnly", "writeOnly", "discriminator",
}  # fmt: skip
TYPES = ("object", "array", "string", "number", "integer", "boolean", "null")
IMPLIED = {
    "object": {"properties", "required", "additionalProperties", "minProperties"},
    "array": {"items", "prefixItems", "minItems", "maxItems"},
    "string": {"pattern", "minLength", "maxLength", "format"},
    "number": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"},
}
_LARGER = {"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"}
_SMALLER = {"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"}
Schema = dict[str, Any]


class SchemaError(Exception):
    """Why a schema is refused."""


class SchemaReader:
    """Looks at one document; counts its steps."""

    def __init__(self, root: object) -> None:
        self._root = root
        self._steps = 0

    def step(self) -> None:
        """Raises SchemaError when the schema turns out too large."""
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise SchemaError("it stands for too many subschemas")

    def resolve(self, reference: object) -> object:
        """The subschema that a ``$ref`` names; only references into the document work."""
        if not isinstance(reference, str) or not reference.startswith("#"):
            raise SchemaError(f"the reference {reference!r} leads out of the document")
        target = self._root
        for part in filter(None, reference[1:].split("/")):
            key = part.replace("~1", "/").replace("~0", "~")
            if isinstance(target, dict) and key in target:
                target = target[key]
            elif isinstance(target, list) and key.isdecimal() and int(key) < len(target):
                target = target[int(key)]
            else:
                raise SchemaError(f"the reference {reference!r} leads nowhere")
        return target

    def flatten(self, schema: Schema, depth: int = 0) -> Schema:
        """A schema without ``$ref`` and ``allOf`` at its top."""
        self.step()
        if depth > MAX_NESTING:
            raise SchemaError("references or allOf are nested too deep")
        parts: list[object] = []
        if "$ref" in schema:
            parts.append(self.resolve(schema["$ref"]))
        parts += _list(schema, "allOf")
        flat = {key: value for key, value in schema.items() if key not in ("$ref", "allOf")}
        for part in parts:
            flat = self.merge(flat, part, depth)
        return flat

    def alternatives(self, schema: Schema) -> list[object]:
        """The choices of ``anyOf`` or ``oneOf``, each with what the schema says besides."""
        keyword = "anyOf" if "anyOf" in schema else "oneOf"
        choices = _list(schema, keyword)
        base = {
            key: value for key, value in schema.items() if key != keyword and key not in ANNOTATIONS
        }
        return [self.merge(base, choice, 0) if base else choice for choice in choices]

    def merge(self, one: Schema, other: object, depth: int) -> Schema:
        """What satisfies both. Raises SchemaError where that cannot be written down."""
        if other is True:
            return one
        if not isinstance(other, dict):
            raise SchemaError("a part of allOf or anyOf allows nothing")
        merged = dict(one)
        for key, value in self.flatten(other, depth + 1).items():
            self.step()
            merged[key] = self._both(key, merged[key], value) if key in merged else value
        return merged

    def _both(self, key: str, one: Any, other: Any) -> Any:
        if key in ANNOTATIONS or one == other:
            return one
        if key == "properties":
            return {**one, **other, **{name: {"allOf": [one[name], other[name]]}
                                       for name in one.keys() & other.keys()}}  # fmt: skip
        if key == "required":
            return [*one, *(name for name in other if name not in one)]
        if key in _LARGER:
            return max(one, other)
        if key in _SMALLER:
            return min(one, other)
        if key == "enum":
            return [value for value in one if value in other]
        if key == "type":
            return _both_types(one, other)
        if key == "additionalProperties" and False in (one, other):
            return False
        raise SchemaError(f"two different {key} must hold at once")


def kinds(schema: Schema) -> list[str]:
    """The types a schema allows; without ``type`` those that its keywords speak of."""
    named = schema.get("type")
    if named is None:
        return [kind for kind, keys in IMPLIED.items() if keys & schema.keys()] or list(TYPES)
    listed = named if isinstance(named, list) else [named]
    if not listed or any(kind not in TYPES for kind in listed):
        raise SchemaError(f"{named!r} is no type")
    return listed


def _both_types(one: Any, other: Any) -> list[str]:
    first = set(one if isinstance(one, list) else [one])
    second = set(other if isinstance(other, list) else [other])
    common = first & second
    if "number" in first | second and "integer" in first | second:
        common |= {"integer"}
    return sorted(common)


def _list(schema: Schema, key: str) -> list[object]:
    value = schema.get(key, [])
    if not isinstance(value, list) or (key in schema and not value):
        raise SchemaError(f"{key} is no list of schemas")
    return value
