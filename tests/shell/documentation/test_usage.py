"""What programs print for --help."""

import pytest

from lmd.shell.documentation import Flag
from lmd.shell.documentation.usage import parse_usage

GNU = """Usage: fetch [OPTION]... URL
Get things from afar.

Mandatory arguments to long options are mandatory for short options too.
  -a, --all                  get everything
  -o, --output=FILE          write to FILE,
                               not to the terminal
      --color[=WHEN]         colour the output
      --help     display this help and exit

Report bugs to nobody.
"""
ARGPARSE = """usage: tool [-h] [--level LEVEL]
            {add,remove} ...

A tool for things.

positional arguments:
  {add,remove}
    add                 add a thing
    remove              remove a thing

options:
  -h, --help            show this help message and exit
  --level LEVEL
                        how much
"""
COBRA = """Manage ships

Usage:
  ship [command]

Available Commands:
  run         Run a ship
  ls          List ships

Flags:
  -f, --file string   Read from \x1b[1mfile\x1b[0m
  -q, --quiet         Say nothing
"""
GO = """Usage of thing:
  -count n
    \trun so many times
  -v\tloud
"""


def test_gnu_layout():
    found = parse_usage(GNU, "fetch")
    assert found is not None
    assert (found.summary, found.synopsis) == ("Get things from afar", "fetch [OPTION]... URL")
    assert found.flags == (
        Flag(("-a", "--all"), "", "get everything"),
        Flag(("-o", "--output"), "FILE", "write to FILE, not to the terminal"),
        Flag(("--color",), "[=WHEN]", "colour the output"),
        Flag(("--help",), "", "display this help and exit"),
    )
    assert found.source == "help"


def test_argparse_layout():
    found = parse_usage(ARGPARSE, "tool")
    assert found is not None
    assert found.summary == "A tool for things"
    assert found.synopsis == "tool [-h] [--level LEVEL] {add,remove} ..."
    assert found.subcommands == (("add", "add a thing"), ("remove", "remove a thing"))
    assert found.flags == (
        Flag(("-h", "--help"), "", "show this help message and exit"),
        Flag(("--level",), "LEVEL", "how much"),
    )


def test_cobra_layout_without_its_colours():
    found = parse_usage(COBRA, "ship")
    assert found is not None
    assert found.summary == "Manage ships"
    assert found.subcommands == (("run", "Run a ship"), ("ls", "List ships"))
    assert found.flags == (
        Flag(("-f", "--file"), "string", "Read from file"),
        Flag(("-q", "--quiet"), "", "Say nothing"),
    )


@pytest.mark.parametrize("said", ["WARNING: no such file: x", "[warn] old settings", "error: a b"])
def test_a_complaint_before_it_is_no_summary(said: str):
    found = parse_usage(f"{said}\n{COBRA}", "ship")
    assert found is not None
    assert found.summary == "Manage ships"


def test_go_layout():
    found = parse_usage(GO, "thing")
    assert found is not None
    assert found.flags == (
        Flag(("-count",), "n", "run so many times"),
        Flag(("-v",), "", "loud"),
    )


@pytest.mark.parametrize("text", ["", "error: unknown option\n", "\x1b]52;c;eA==\x07", "\0" * 99])
def test_what_names_nothing_is_none(text: str):
    assert parse_usage(text, "x") is None


def test_no_control_character_comes_through():
    found = parse_usage(
        "\x1b]0;t\x07Do a\x07 thing\n  -a\x1b[2J, --all\u202e   get\x1b[31m it\n", "x"
    )
    assert found is not None
    assert found.flags == (Flag(("-a", "--all"), "", "get it"),)
    assert found.summary == "Do a thing"
