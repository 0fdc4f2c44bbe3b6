"""Grammars and JSON schemas: what is generated to the end validates."""

import json

import jsonschema
import pytest

from lmd.protocol.params import Sampling
from lmd.protocol.worker import Done, Failed, Generate
from tests.llama.test_generate import run_all
from tests.worker.process import WorkerProcess

pytestmark = [pytest.mark.process, pytest.mark.llama]

NODE = {
    "type": "object",
    "properties": {
        "value": {"type": "integer", "minimum": -3, "maximum": 3},
        "next": {"anyOf": [{"type": "null"}, {"type": "boolean"}]},
    },
    "required": ["value"],
}
SCHEMAS: list[object] = [
    {
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 2, "maxLength": 12},
            "age": {"type": "integer", "minimum": 0, "maximum": 120},
            "score": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
            "tags": {"type": "array", "items": {"enum": ["a", 'b"c', 1, None]}, "maxItems": 3},
            "born": {"type": "string", "format": "date"},
            "code": {"type": "string", "pattern": r"^[A-Z]{2}-\d{1,4}$"},
        },
        "required": ["name", "age", "code"],
    },
    {
        "type": "array",
        "minItems": 2,
        "maxItems": 3,
        "items": {"type": "array", "items": {"type": "number", "minimum": -2}, "maxItems": 2},
    },
    {"type": "array", "prefixItems": [{"const": "x"}, {"type": "boolean"}], "minItems": 2},
    {"$ref": "#/$defs/node", "$defs": {"node": NODE}},
    {"allOf": [NODE, {"properties": {"extra": {"enum": ["red", "green"]}}, "required": ["extra"]}]},
    {"type": ["null", "string"], "maxLength": 8},
    {"oneOf": [{"const": {"a": [1, "é"]}}, {"type": "string", "minLength": 3, "maxLength": 3}]},
    {"type": "string", "pattern": 'a"{1,2}|\\\\b{2}'},
]


def structured(job: int, schema: object, **sampling: object) -> Generate:
    return Generate(
        job=job,
        prompt="{",
        schema=json.dumps(schema),
        sampling=Sampling(**({"max_tokens": 200} | sampling)),  # type: ignore[arg-type]
    )


def test_documents_validate_at_every_temperature(worker: WorkerProcess):
    jobs = [
        structured(at, SCHEMAS[at % len(SCHEMAS)], temperature=at // len(SCHEMAS) * 1.2, seed=at)
        for at in range(5 * len(SCHEMAS))
    ]
    texts, finals = run_all(worker, jobs)
    for at, final in finals.items():
        assert isinstance(final, Done)
        assert final.finish_reason == "stop", texts[at]
        jsonschema.validate(json.loads(texts[at]), SCHEMAS[at % len(SCHEMAS)])


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "string", "maxLength": 2},
         ['"é"', '"\\n\\u0041"'], ['"abc"', '"\n"', '"\\ud800"']),
        ({"type": "integer", "maximum": 5}, ["5", "-7"], ["6", "05", "5.0"]),
        ({"type": "number", "minimum": 0}, ["0", "1.5"], ["-1", "01"]),
        ({"enum": ["a", 1]}, ['"a"', "1"], ['"b"', "11"]),
        ({"minItems": 2, "items": {"type": "null"}}, ["[null,null]", "[null, null]"], ["[null]"]),
        (NODE,
         ['{"value":1}', '{"value": 2, "next":true}'], ["{}", '{"value":4}', '{"next":true}']),
        ({"type": "array", "maxItems": 0}, ["[]"], ["[1]"]),
        ({"properties": {"a": True, "b": True, "c": True}},
         ["{}", '{"b":1}', '{"a":1,"c":2}'], ['{"c":1,"a":2}', '{"d":1}', '{"a":1,}']),
        ({"type": "object", "additionalProperties": {"type": "null"}, "minProperties": 1},
         ['{"x":null}'], ["{}", '{"x":1}']),
        ({"type": "string", "minLength": 600, "maxLength": 1200},
         [f'"{"x" * 600}"', f'"{"x" * 1200}"'], [f'"{"x" * 599}"', f'"{"x" * 1201}"']),
    ],
)  # fmt: skip
def test_a_grammar_holds_what_the_schema_says(
    judge: "GrammarJudge", schema: object, good: list[str], bad: list[str]
):
    assert [text for text in good if not judge.accepts(schema, text)] == []
    assert [text for text in bad if judge.accepts(schema, text)] == []


def test_a_grammar_is_followed(worker: WorkerProcess):
    grammar = 'root ::= "ls -" [alh]{1,3} (" /" [a-z]{2,5})?'
    job = Generate(job=1, prompt="list", grammar=grammar, sampling=Sampling(seed=3))
    text, final = worker.text(job)
    assert isinstance(final, Done)
    assert final.finish_reason == "stop"
    assert text.startswith("ls -")


@pytest.mark.parametrize(
    "grammar",
    [
        "root ::= [\\U0010FFFF]{3} [\\U0010FFFE]",
        "root ::= never\nnever ::= [a] never",
        'root ::= ""',
    ],
)
def test_odd_grammars_leave_the_worker_alive(worker: WorkerProcess, grammar: str):
    job = Generate(job=1, prompt="x", grammar=grammar, sampling=Sampling(max_tokens=9))
    _, final = worker.text(job)
    assert isinstance(final, Done) or (isinstance(final, Failed) and final.code != "internal")


class GrammarJudge:
    """Asks llama.cpp's grammar about a text, token by token."""

    def __init__(self, model_path: str) -> None:
        from lmd.worker.llama.model import Model

        self._model = Model(model_path, 0)

    def accepts(self, schema: object, text: str) -> bool:
        from lmd.worker.constraints.schema import schema_to_grammar
        from lmd.worker.llama.samplers import Grammar

        vocabulary = self._model.vocabulary
        grammar = Grammar(vocabulary, schema_to_grammar(json.dumps(schema))[0])
        try:
            for token in vocabulary.tokenize(text, add_special=False, parse_special=False):
                if not grammar.allows(token):
                    return False
                grammar.accept(token)
            return grammar.allows(vocabulary.eos)
        finally:
            grammar.free()


@pytest.fixture(scope="module")
def judge(model_path: str) -> GrammarJudge:
    return GrammarJudge(model_path)
