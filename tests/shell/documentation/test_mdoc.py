"""Pages in mdoc(7)."""

import pytest

from lmd.shell.documentation import Flag
from lmd.shell.documentation.escapes import STRINGS
from lmd.shell.documentation.page import parse_page
from lmd.shell.documentation.phrases import Phrase
from tests.shell.documentation import pages


def test_the_name_and_the_synopsis_are_read():
    page = parse_page(pages.MDOC, "connect")
    assert page is not None
    assert page.summary == "talk to another machine"
    assert page.synopsis == ("connect [-46v] [-L address] destination [command [argument ...]]")


def test_flags_are_the_items_of_tagged_lists():
    page = parse_page(pages.MDOC, "connect")
    assert page is not None
    assert page.flags == (
        Flag(("-4",), "", "Forces connect to use IPv4 addresses only."),
        Flag(("-D",), "[bind_address:]port", "Opens a port, see ssh(1)."),
        Flag(("-f", "--file"), "file", 'Reads file (or /dev/null), with "care".'),
        Flag(("-w",), "local_tun[:remote_tun]", "Uses tunnels"),
        Flag(("-z",), "", "Packs what is sent."),
        Flag(("-Z",), "", "Packs what is sent."),
    )


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("Fl x Ar file ...", "-x file ..."),
        ("Fl Fl help", "--help"),
        ("Fl -help", "--help"),
        ("Ar", "file ..."),
        ("Op Fl v | Fl q", "[-v | -q]"),
        ("Pq see Fl x .", "(see -x)."),
        ("Ar user Ns @ Ns Ar host", "user@host"),
        ("Xr ssh 1 ,", "ssh(1),"),
        ("Nm Fl v", "prog -v"),
        ("Sq a b", "'a b'"),
        ("Ux Ns -domain", "UNIX-domain"),
        ("Oo a Oc Ns b", "[a]b"),
        ("Fl", "-"),
        ('Dq "two words" .', '"two words".'),
        ("Cm a Pf ( Ar b )", "a (b)"),
    ],
)
def test_a_line_of_macros_as_text(line: str, text: str):
    assert Phrase(STRINGS, lambda: "prog").line(line)[0] == text
