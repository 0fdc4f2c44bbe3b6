"""What an edit changes, and what each change takes."""

from lmd.config.diff import Takes, changes, needs_new_worker, renewed_models, takes_effect
from lmd.config.load import parse
from lmd.config.reference import NAME, tables
from lmd.config.schema import Config

BASE = """
[limits]
queue_total = 10
[models.a]
path = "/a.gguf"
context = 512
keep_alive = "5m"
[models.b]
path = "/b.gguf"
"""


def config(old: str = "", new: str = "") -> Config:
    assert old in BASE
    return parse(BASE.replace(old, new, 1) if old else BASE, "test")


def texts(new: Config) -> list[str]:
    return [change.text for change in changes(config(), new)]


def test_the_same_configuration_differs_in_nothing():
    assert changes(config(), config()) == []


def test_a_limit_changes_in_place():
    [change] = changes(config(), config("queue_total = 10", "queue_total = 20"))
    assert (change.key, change.old, change.new) == (("limits", "queue_total"), 10, 20)
    assert change.takes is Takes.NOTHING


def test_personas_change_in_place():
    persona = '[personas.p]\nsystem = "x"\n'
    one, other = parse(persona, "test"), parse(persona.replace("x", "yz"), "test")
    warm = parse(persona + "sampling = { temperature = 1 }", "test")
    assert [change.text for change in changes(one, other)] == [
        "personas.p.system: 1 character -> 2 characters"
    ]
    assert [change.text for change in changes(one, warm)] == [
        "personas.p.sampling.temperature: null -> 1.0"
    ]
    assert [change.text for change in changes(parse("", "test"), one)] == [
        'personas.p: null -> {"system":"1 character","model":null,"sampling":{}}'
    ]
    found = [*changes(one, other), *changes(one, parse("", "test"))]
    assert {change.takes for change in found} == {Takes.NOTHING}


def test_what_an_edit_takes_is_known_of_every_key():
    known = {
        (*table.path, key.name): takes_effect(table.path, key.name)
        for table in tables()
        for key in table.keys
    }
    assert known["models", NAME, "context"] is Takes.NEW_WORKER
    assert known["models", NAME, "aliases"] is Takes.NOTHING
    assert known["models", NAME, "sampling", "top_p"] is Takes.NOTHING
    assert known["personas", NAME, "model"] is Takes.NOTHING
    assert known["limits", "queue_total"] is Takes.NOTHING
    assert known["log", "file"] is Takes.RESTART


def test_a_key_of_the_worker_takes_a_new_worker_for_its_model_alone():
    found = changes(config(), config("context = 512", "context = 1024"))
    assert [change.takes for change in found] == [Takes.NEW_WORKER]
    assert renewed_models(found) == {"a"}


def test_sampling_and_keep_alive_leave_the_worker_alone():
    new = config('keep_alive = "5m"', 'keep_alive = "1m"\nsampling.top_k = 5')
    found = changes(config(), new)
    assert {change.takes for change in found} == {Takes.NOTHING}
    assert texts(new) == [
        "models.a.sampling.top_k: null -> 5",
        "models.a.keep_alive: 300.0 -> 60.0",
    ]
    assert not needs_new_worker(config().models["a"], new.models["a"])


def test_models_come_and_go():
    new = config("[models.b]", '[models."the c"]')
    assert texts(new) == ["models.b: removed", 'models."the c": added']


def test_a_log_file_waits_for_the_next_start():
    new = config("[limits]", '[log]\nfile = "/tmp/l"\nlevel = "debug"\n[limits]')
    takes = {change.key[1]: change.takes for change in changes(config(), new)}
    assert takes == {"level": Takes.NOTHING, "file": Takes.RESTART}


def test_a_long_value_is_cut():
    new = config("context = 512", f'context = 512\nchat_template = "{"x" * 500}"')
    [text] = texts(new)
    assert text.endswith("...")
    assert len(text) < 120
