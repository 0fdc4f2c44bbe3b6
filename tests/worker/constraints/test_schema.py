"""What the schema compiler refuses, reports and bounds; what it generates: tests/llama."""

import json

import pytest

from lmd.protocol.errors import LmdError
from lmd.worker.constraints.grammar import MAX_GENERATED_BYTES, check_grammar
from lmd.worker.constraints.schema import schema_to_grammar


def compile_schema(schema: object) -> tuple[str, list[str]]:
    grammar, warnings = schema_to_grammar(json.dumps(schema))
    check_grammar(grammar, MAX_GENERATED_BYTES)
    assert all(warning.action == "ignored" for warning in warnings)
    return grammar, [warning.path for warning in warnings]


@pytest.mark.parametrize(
    "schema",
    [
        True,
        {},
        {"type": "object"},
        {"type": "array"},
        {"type": ["string", "null"]},
        {"const": {"a": [1, None, 'é\n"']}},
        {"enum": [1, "a", None]},
        {"properties": {"a": {"type": "string"}}},
        {"type": "array", "prefixItems": [{"type": "integer"}, {}], "minItems": 3},
        {"type": "array", "maxItems": 0},
        {"type": "string", "minLength": 700, "maxLength": 5000},
        {"$ref": "#/$defs/a~1b", "$defs": {"a/b": {"type": "null"}}},
        {"anyOf": [{"type": "null"}, {"type": "integer"}], "description": "x"},
        {"allOf": [{"type": "number", "minimum": 1}, {"type": "integer", "maximum": 5}]},
        {"type": "object", "properties": {"self": {"$ref": "#"}}},
    ],
)
def test_compiles_without_a_warning(schema: object):
    assert compile_schema(schema)[1] == []


@pytest.mark.parametrize(
    ("schema", "paths"),
    [
        ({"type": "array", "uniqueItems": True}, ["schema/uniqueItems"]),
        ({"properties": {"a": {"type": "integer", "multipleOf": 3}}}, ["schema/a/multipleOf"]),
        ({"type": "string", "pattern": "(?=x)"}, ["schema/pattern"]),
        ({"type": "string", "pattern": "x+", "maxLength": 3}, ["schema/minLength/maxLength"]),
        ({"type": "number", "minimum": 0.2, "maximum": 0.4}, ["schema/minimum/maximum"]),
        ({"type": "string", "maxLength": 10**6}, ["schema/maxLength"]),
        ({"type": "object", "not": {"required": ["a"]}}, ["schema/not"]),
    ],
)
def test_what_a_grammar_cannot_hold_to_is_reported(schema: object, paths: list[str]):
    assert compile_schema(schema)[1] == paths


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "false",
        '"x"',
        '{"type":"strange"}',
        '{"type":[]}',
        '{"enum":[]}',
        '{"anyOf":[]}',
        '{"$ref":"https://example.com/x"}',
        '{"$ref":"#/nowhere"}',
        '{"$ref":5}',
        '{"minItems":3,"maxItems":2,"type":"array"}',
        '{"type":"string","minLength":-1}',
        '{"type":"string","minLength":1e9}',
        '{"type":"string","minLength":100000}',
        '{"type":"integer","minimum":"a"}',
        '{"properties":[]}',
        '{"allOf":[{"type":"string"},false]}',
        '{"allOf":[{"pattern":"a"},{"pattern":"b"}]}',
        '{"allOf":[{"$ref":"#"}]}',
        '{"a":' * 5000 + "1" + "}" * 5000,
        '{"items":' * 70 + "{}" + "}" * 70,
        '{"x":"' + "y" * (1 << 16) + '"}',
    ],
)
def test_what_is_no_schema_is_refused(text: str):
    with pytest.raises(LmdError, match="the JSON schema is refused") as refused:
        schema_to_grammar(text)
    assert refused.value.code == "invalid_request"


def test_references_that_multiply_are_refused():
    definitions = {
        f"d{at}": {"allOf": [{"$ref": f"#/$defs/d{at + 1}"}, {"$ref": f"#/$defs/d{at + 1}"}]}
        for at in range(20)
    }
    schema = {"$ref": "#/$defs/d0", "$defs": {**definitions, "d20": {"type": "null"}}}
    with pytest.raises(LmdError, match="too many subschemas"):
        schema_to_grammar(json.dumps(schema))


def test_a_reference_to_itself_alone_has_no_document():
    grammar, _ = schema_to_grammar('{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/a"}}}')
    with pytest.raises(LmdError, match="left recursion"):
        check_grammar(grammar)
