"""docs/observability.md has every event, every metric and every attribute of a trace."""

import pytest

from lmd.protocol.events import KINDS, RequestCancelled, RequestFailed, RequestFinished
from lmd.tracing.spans import spans_of
from tests.docs.observability import DOCUMENT, documented, families
from tests.golden.events import EVENTS

TEXT = DOCUMENT.read_text(encoding="utf-8")


def test_the_tables_are_up_to_date():
    assert documented(TEXT) == TEXT, "run `python -m tests.docs.observability`"
    assert TEXT.count("<!-- generated:") == 3


@pytest.mark.parametrize("kind", KINDS)
def test_every_event_is_in_the_table(kind: str):
    assert f"\n| `{kind}` | " in TEXT


def test_every_metric_says_what_it_is():
    for family in families():
        assert family.name.startswith("lmd_")
        assert family.documentation.endswith(".")
        assert f"\n| `{family.name}" in TEXT


def test_every_attribute_and_span_is_named():
    ends = [event for event in EVENTS
            if isinstance(event, RequestFinished | RequestFailed | RequestCancelled)]  # fmt: skip
    assert len(ends) == 3
    for event in ends:
        span = spans_of(event)
        for attribute in span.attributes:
            assert f"`{attribute}`" in TEXT, attribute
        for child in span.children:
            assert f"      {child.name} " in TEXT, child.name
