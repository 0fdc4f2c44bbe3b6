"""Pages nobody would write: every one ends, without an exception, in something bounded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmd.shell.documentation.outline import MOST_DEFINITIONS
from lmd.shell.documentation.page import parse_page
from lmd.shell.documentation.sentences import LONGEST
from lmd.shell.documentation.usage import MOST_ENTRIES, parse_usage
from tests.shell.documentation import pages

HEADER = ".TH X 1\n.SH NAME\nx \\- y\n.SH OPTIONS\n"
MDOC_HEADER = ".Dd x\n.Dt X 1\n.Sh NAME\n.Nm x\n.Nd y\n.Sh OPTIONS\n"
PIECES = st.sampled_from(
    [
        *pages.MAN.splitlines(), *pages.MDOC.splitlines(), *pages.DOCBOOK.splitlines(),
        ".Bl -tag", ".El", ".It Fl x Xo", ".Xc", ".RS", ".RE", ".TP", ".if t \\{\\", ".\\}",
        ".de X", "..", ".so man1/x.1", "\\", ".", "'", ".ds x \\*x", ".Oo", ".Fl Fl Fl", ".ie",
        ".el", "\\c", ".Nm", ".Sm off", ".Bd", ".Pf", ".Xr", ".IP", '.IP "', ".SS -x",
        ".SH OPTIONS",
    ]
)  # fmt: skip


@given(st.lists(PIECES, max_size=60), st.booleans())
def test_any_order_of_lines(lines: list[str], is_mdoc: bool):
    found = parse_page((MDOC_HEADER if is_mdoc else HEADER) + "\n".join(lines), "x")
    assert found is not None
    assert all(flag.names for flag in found.flags)
    assert all(len(flag.meaning) <= LONGEST for flag in found.flags)
    names = [name for flag in found.flags for name in flag.names]
    assert len(names) == len(set(names))


@given(st.text(max_size=300))
def test_any_text(text: str):
    parse_page(HEADER + text, "x")
    parse_page(MDOC_HEADER + text, "x")
    parse_usage(text, "x")


@pytest.mark.parametrize(
    "body",
    [
        ".RS\n" * 100_000,
        ".if t \\{\\\n" * 50_000,
        ".Bl -tag\n" * 50_000,
        ".if n " * 50_000,
        "\\h'" * 100_000,
        "\\[" * 100_000,
        ".Op " + "Op " * 50_000,
        ".TP\n" + "-" * 100_000 + "\n",
        ".TP\n" + "-a, " * 50_000 + "\nx\n",
        ".TP\n-x\n" + "word " * 100_000,
        ".TP\n-x\n" + "word\n" * 100_000,
        ".TP\n-x [" + "[" * 10_000 + "\ny\n",
        '.B "' + '""' * 50_000,
        ".ds a " + "\\*a" * 10_000 + "\n" + "\\*a" * 10_000,
        "".join(f".ds s{n} x\n" for n in range(20_000)),
    ],
    ids=lambda body: repr(body[:12]),
)
@pytest.mark.parametrize("header", [HEADER, MDOC_HEADER], ids=["man", "mdoc"])
def test_much_of_the_same(header: str, body: str):
    found = parse_page(header + body, "x")
    assert found is not None
    assert found.size < 1 << 20


def test_definitions_are_bounded():
    body = "".join(f".TP\n--flag-{number}\nx\n" for number in range(2 * MOST_DEFINITIONS))
    found = parse_page(HEADER + body, "x")
    assert found is not None
    assert len(found.flags) == MOST_DEFINITIONS


def test_entries_of_a_usage_are_bounded():
    found = parse_usage("".join(f"  --flag-{n}  x\n" for n in range(2 * MOST_ENTRIES)), "x")
    assert found is not None
    assert len(found.flags) == MOST_ENTRIES
