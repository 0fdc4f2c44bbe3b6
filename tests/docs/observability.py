"""The tables of docs/observability.md, written from the code.

``python -m tests.docs.observability`` writes them anew.
"""

import inspect
import re
from collections.abc import Iterator

import msgspec
from prometheus_client.core import Metric

from lmd.metrics.exposition import Metrics
from lmd.metrics.snapshot import ModelFacts, Snapshot
from lmd.protocol import events
from lmd.protocol.events import KINDS, Event, RequestEnded
from tests.docs.tree import ROOT
from tests.golden.events import EVENTS
from tests.golden.reference import attribute_docs

DOCUMENT = ROOT / "docs" / "observability.md"
_SECTION = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_SNAPSHOT = Snapshot(
    version="0.1.0",
    started=0.0,
    models=(ModelFacts("shell", "ready", 1, 0, 0, 1, 1),),
    states=("ready",),
    connections=0,
    in_flight=0,
    subscribers=0,
    log_lines_dropped=0,
    resident_bytes=0,
    open_descriptors=0,
    tasks=0,
)


def documented(text: str) -> str:
    """The document with every generated section written anew."""
    sections = {"events": _events, "ends": _ends, "metrics": _metrics}
    return _SECTION.sub(lambda found: found[1] + sections[found[2]]() + found[3], text)


def _events() -> str:
    rows = "".join(f"| `{kind}` | {_sentence(KINDS[kind])} | {_fields(kind)} |\n" for kind in KINDS)
    return "| kind | what has happened | fields besides `kind` and `at` |\n|---|---|---|\n" + rows


def _ends() -> str:
    rows = [f"| `{field}` | {doc} |\n" for field, doc in _documented_fields(RequestEnded).items()]
    return "| field | |\n|---|---|\n" + "".join(rows)


def _sentence(struct: type[msgspec.Struct]) -> str:
    doc = inspect.getdoc(struct) or ""
    first = " ".join(doc.split("\n\n")[0].split()).replace("``", "`")
    return re.sub(r"`Request(\w+)`", lambda found: f"`request_{found[1].lower()}`", first)


def _fields(kind: str) -> str:
    struct = KINDS[kind]
    ends = issubclass(struct, RequestEnded)
    shared = RequestEnded.__struct_fields__ if ends else ()
    own = [
        f"`{field}`" + (f" ({_short(doc)})" if doc else "")
        for field, doc in _documented_fields(struct).items()
        if field not in shared
    ]
    return ", ".join(["what every end has"] * ends + own)


def _documented_fields(struct: type[Event]) -> dict[str, str]:
    """The fields of an event and of what it is derived from, with what is said of them."""
    said = attribute_docs(events)
    docs: dict[str, str] = {}
    for base in struct.__mro__:
        docs |= said.get(base.__name__, {})
    names = [name for name in struct.__struct_fields__ if name not in Event.__struct_fields__]
    return {name: docs.get(name, "") for name in names}


def _short(doc: str) -> str:
    return doc[:1].lower() + doc[1:].rstrip(".")


def _metrics() -> str:
    rows = "".join(
        f"| `{_name(family)}` | {family.type} | {_labels(family)} | {family.documentation} |\n"
        for family in families()
    )
    return "| metric | type | labels | |\n|---|---|---|---|\n" + rows


def families() -> Iterator[Metric]:
    """Every metric, with a sample of each, once all that can happen has happened."""
    metrics = Metrics(["shell", "big"], lambda: _SNAPSHOT)
    for event in EVENTS:
        if not isinstance(event, events.ConfigReloaded):
            metrics.count(event)
    yield from metrics._registry.collect()


def _name(family: Metric) -> str:
    return f"{family.name}_total" if family.type == "counter" else family.name


def _labels(family: Metric) -> str:
    assert family.samples, f"nothing happens that {family.name} counts"
    names = dict.fromkeys(name for sample in family.samples for name in sample.labels)
    return ", ".join(f"`{name}`" for name in names if name != "le")


if __name__ == "__main__":
    DOCUMENT.write_text(documented(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
