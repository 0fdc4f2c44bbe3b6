"""JSON schema to GBNF. Pure.

The grammar describes a subset of the documents that the schema allows, compact JSON with at most
a space between its parts, so whatever it generates to the end validates. A keyword that a grammar
cannot express is left out and reported. Text is generated without surrogate escapes, so that
lengths in characters hold.
"""

import json
import re

from lmd.protocol.errors import LmdError
from lmd.protocol.limits import MAX_SCHEMA_BYTES
from lmd.protocol.results import RequestWarning
from lmd.worker.constraints.grammar import MAX_GENERATED_BYTES
from lmd.worker.constraints.merge import (
    ANNOTATIONS,
    MAX_NESTING,
    TYPES,
    Schema,
    SchemaError,
    SchemaReader,
    kinds,
)
from lmd.worker.constraints.pattern import PatternUnsupported, pattern_to_grammar
from lmd.worker.constraints.ranges import integer_range, lower_end, number_range, upper_end
from lmd.worker.constraints.rules import FORMATS, NEEDS, RULES, json_literal, separated

MAX_BOUND = 20_000
"""Longest string or array that is counted; beyond it is as good as unbounded."""
CHUNK = 500
REFERENCE_ONLY = ANNOTATIONS | {"$ref"}
UNSUPPORTED = (
    "not", "if", "then", "else", "contains", "uniqueItems", "patternProperties", "propertyNames",
    "dependentRequired", "dependentSchemas", "multipleOf", "unevaluatedProperties",
    "unevaluatedItems", "$dynamicRef",
)  # fmt: skip


def schema_to_grammar(text: str) -> tuple[str, list[RequestWarning]]:
    """A grammar, and what of the schema it does not hold to.

    Raises LmdError (``invalid_request``) for a text that is no schema, or too large a one.
    """
    try:
        if len(text) > MAX_SCHEMA_BYTES:
            raise SchemaError(f"it has more than {MAX_SCHEMA_BYTES} bytes")
        compiler = _Compiler(json.loads(text))
        return compiler.compile(), compiler.warnings
    except (SchemaError, json.JSONDecodeError, RecursionError) as error:
        message = f"the JSON schema is refused: {error}"
        raise LmdError("invalid_request", message) from error


class _Compiler:
    def __init__(self, root: object) -> None:
        self.warnings: list[RequestWarning] = []
        self._root = root
        self._reader = SchemaReader(root)
        self._rules: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._references: dict[str, str] = {}
        self._depth = 0

    def compile(self) -> str:
        self._rules["root"] = self._visit(self._root, "#")
        grammar = "\n".join(f"{name} ::= {rule}" for name, rule in self._rules.items())
        if len(grammar) > MAX_GENERATED_BYTES:
            raise SchemaError("its grammar is too large")
        return grammar

    def _visit(self, schema: object, path: str) -> str:
        """An expression for a schema; safe to stand in a sequence if it is put in brackets."""
        self._reader.step()
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise SchemaError(f"it is nested deeper than {MAX_NESTING}")
        try:
            return self._expression(schema, path)
        finally:
            self._depth -= 1

    def _expression(self, schema: object, path: str) -> str:
        if schema is True or schema == {}:
            return self._builtin("value")
        if not isinstance(schema, dict):
            raise SchemaError(f"{path} allows nothing")
        if "$ref" in schema and not schema.keys() - REFERENCE_ONLY:
            return self._reference(schema["$ref"])
        schema = self._reader.flatten(schema)
        if choices := self._reader.alternatives(schema):
            return " | ".join(self._visit(one, f"{path}/{at}") for at, one in enumerate(choices))
        self._warn_of_unsupported(schema, path)
        return self._plain(schema, path)

    def _plain(self, schema: Schema, path: str) -> str:
        if "const" in schema:
            return json_literal(schema["const"])
        if "enum" in schema:
            return self._enumeration(schema, path)
        allowed = kinds(schema)
        if set(allowed) == set(TYPES):
            return self._builtin("value")
        return " | ".join(self._kind(kind, schema, path) for kind in allowed)

    def _enumeration(self, schema: Schema, path: str) -> str:
        values = schema["enum"]
        if not isinstance(values, list) or not values:
            raise SchemaError(f"{path}/enum names no value")
        return " | ".join(json_literal(value) for value in values)

    def _kind(self, kind: str, schema: Schema, path: str) -> str:
        if kind == "object":
            return self._object(schema, path)
        if kind == "array":
            return self._array(schema, path)
        if kind == "string":
            return self._string(schema, path)
        if kind in ("integer", "number"):
            return self._number(kind, schema, path)
        return self._builtin(kind)

    def _reference(self, reference: object) -> str:
        key = str(reference)
        if key not in self._references:
            name = self._references[key] = f"ref{len(self._references)}"
            self._rules[name] = self._visit(self._reader.resolve(reference), key)
        return self._references[key]

    def _object(self, schema: Schema, path: str) -> str:
        properties = schema.get("properties", {})
        required = schema.get("required", [])
        if not isinstance(properties, dict) or not isinstance(required, list):
            raise SchemaError(f"{path}: properties is no map, or required no list")
        every = {**properties, **{str(name): True for name in required if name not in properties}}
        if not every:
            return self._map(schema, path)
        for name in ("minProperties", "maxProperties"):
            if name in schema:
                self._warn(path, name)
        pairs = {
            name: self._rule(f'{json_literal(name)} ":" ws {self._item(one, f"{path}/{name}")}')
            for name, one in every.items()
        }
        needed = ' "," ws '.join(rule for name, rule in pairs.items() if name in required)
        optional = self._optional([rule for name, rule in pairs.items() if name not in required])
        if needed and optional:
            optional = f'("," ws ({optional}))?'
        elif optional:
            optional = f"({optional})?"
        return self._sequence('"{" ws', needed, optional, 'ws "}"')

    def _optional(self, rules: list[str]) -> str:
        """Any of the rules in their order, at least one: each may be first."""
        rest = ""
        choices: list[str] = []
        for rule in reversed(rules):
            choices.insert(0, f"{rule} {rest}".strip())
            rest = self._rule(f'("," ws {rule})? {rest}'.strip())
        return " | ".join(choices)

    def _map(self, schema: Schema, path: str) -> str:
        values = schema.get("additionalProperties", True)
        low, high = self._bounds(schema, "Properties", path)
        if high == 0 or values is False:
            return self._sequence('"{" ws "}"')
        if values is True and (low, high) == (0, None):
            return self._builtin("object")
        self._builtin("string")
        pair = self._rule(f'string ":" ws {self._item(values, f"{path}/*")}')
        return self._sequence('"{" ws', separated(pair, low, high), 'ws "}"')

    def _array(self, schema: Schema, path: str) -> str:
        low, high = self._bounds(schema, "Items", path)
        first = schema.get("prefixItems", [])
        items = schema.get("items", True)
        if isinstance(items, list):
            first, items = items, schema.get("additionalItems", True)
        if first:
            return self._tuple(first, items, low, path)
        if high == 0 or items is False:
            return self._sequence('"[" ws "]"')
        item = self._item(items, f"{path}/items")
        return self._sequence('"[" ws', separated(item, low, high), 'ws "]"')

    def _tuple(self, first: list[object], items: object, low: int, path: str) -> str:
        """All of the prefix, and as many further items as are required."""
        rules = [self._item(one, f"{path}/prefixItems/{at}") for at, one in enumerate(first)]
        if low > len(rules):
            rules += [self._item(items, f"{path}/items")] * (low - len(rules))
        return self._sequence('"[" ws', ' "," ws '.join(rules), 'ws "]"')

    def _string(self, schema: Schema, path: str) -> str:
        pattern = schema.get("pattern", FORMATS.get(str(schema.get("format"))))
        low, high = self._bounds(schema, "Length", path)
        if pattern is not None:
            try:
                inside = pattern_to_grammar(str(pattern))
            except PatternUnsupported as error:
                self._warn(path, "pattern", str(error))
            else:
                if (low, high) != (0, None) and "pattern" in schema:
                    self._warn(path, "minLength/maxLength", "pattern decides")
                return self._sequence(r'"\""', f"({inside})", r'"\""')
        if (low, high) == (0, None):
            return self._builtin("string")
        self._builtin("char")
        return self._sequence(r'"\""', self._repeated("char", low, high), r'"\""')

    def _repeated(self, rule: str, low: int, high: int | None) -> str:
        """A repetition in chunks: llama.cpp refuses one of more than 2,000."""
        parts: list[str] = []
        while low > CHUNK:
            parts.append(f"{rule}{{{CHUNK}}}")
            low, high = low - CHUNK, None if high is None else high - CHUNK
        if high is None or high <= CHUNK:
            return " ".join([*parts, f"{rule}{{{low},{'' if high is None else high}}}"])
        tail = self._rule(
            f"{rule}{{0,{CHUNK}}} | {rule}{{{CHUNK}}} ({self._repeated(rule, 0, high - CHUNK)})"
            if low == 0
            else f"{rule}{{{low}}} ({self._repeated(rule, 0, high - low)})"
        )
        return " ".join([*parts, tail])

    def _number(self, kind: str, schema: Schema, path: str) -> str:
        try:
            low = lower_end(schema.get("minimum"), schema.get("exclusiveMinimum"))
            high = upper_end(schema.get("maximum"), schema.get("exclusiveMaximum"))
        except ValueError as error:
            raise SchemaError(f"{path}: {error}") from error
        if low.value is None and high.value is None:
            return self._builtin(kind)
        text = integer_range(low, high) if kind == "integer" else number_range(low, high)
        if text is None:
            self._warn(path, "minimum/maximum", "no grammar for these bounds")
            return self._builtin(kind)
        return self._rule(text)

    def _bounds(self, schema: Schema, what: str, path: str) -> tuple[int, int | None]:
        low, high = schema.get(f"min{what}", 0), schema.get(f"max{what}")
        for value in (low, high):
            if value is not None and (not isinstance(value, int) or value < 0):
                raise SchemaError(f"{path}: min{what} or max{what} is no count")
        if high is not None and low > high:
            raise SchemaError(f"{path}: min{what} is more than max{what}")
        if low > MAX_BOUND:
            raise SchemaError(f"{path}: min{what} is more than {MAX_BOUND}")
        if high is not None and high > MAX_BOUND:
            self._warn(path, f"max{what}", f"counted up to {MAX_BOUND} only")
            high = None
        return low, high

    def _item(self, schema: object, path: str) -> str:
        return self._rule(self._visit(schema, path))

    def _sequence(self, *parts: str) -> str:
        self._builtin("ws")
        return " ".join(filter(None, parts))

    def _rule(self, expression: str) -> str:
        """A name for an expression; the same expression keeps its name."""
        if re.fullmatch("[a-z0-9-]+", expression):
            return expression
        name = self._names.setdefault(expression, f"r{len(self._names)}")
        self._rules[name] = expression
        return name

    def _builtin(self, name: str) -> str:
        if name not in self._rules:
            self._rules[name] = RULES[name]
            for other in NEEDS.get(name, ()):
                self._builtin(other)
        return name

    def _warn_of_unsupported(self, schema: Schema, path: str) -> None:
        for keyword in UNSUPPORTED:
            if schema.get(keyword) not in (None, False):
                self._warn(path, keyword)

    def _warn(self, path: str, keyword: str, why: str = "a grammar cannot express it") -> None:
        self.warnings.append(RequestWarning(f"schema{path[1:]}/{keyword}", "ignored", why))
