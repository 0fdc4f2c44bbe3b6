"""Pages in man(7)."""

from lmd.shell.documentation import Documentation, Flag
from lmd.shell.documentation.page import included_page, parse_page
from tests.shell.documentation import pages


def read(source: str, program: str) -> Documentation:
    found = parse_page(source, program)
    assert found is not None
    return found


def meanings(documentation: Documentation) -> dict[str, str]:
    return {name: flag.meaning for flag in documentation.flags for name in flag.names}


def test_the_name_and_the_synopsis_are_read():
    page = read(pages.MAN, "fetch")
    assert page.summary == "get things from afar"
    assert page.synopsis == "fetch [OPTION]... URL..."
    assert page.source == "manual"


def test_flags_have_all_names_their_argument_and_one_sentence():
    assert read(pages.MAN, "fetch").flags == (
        Flag(("-a", "--all"), "", "get everything, e.g. what starts with ."),
        Flag(("-q", "--quiet"), "", "Say nothing."),
        Flag(("-o", "--output"), "FILE", "write to FILE, not to the terminal."),
        Flag(("--color",), "[=WHEN]", "colour the output"),
        Flag(("-n", "--count"), "N", "stop after N things"),
        Flag(("-4",), "", "use IPv4 only"),
        Flag(("--ipv4",), "", "use IPv4 only"),
        Flag(("--terminal",), "", "only on terminals"),
    )


def test_examples_macros_and_what_is_ignored_define_nothing():
    names = meanings(read(pages.MAN, "fetch"))
    assert not names.keys() & {"--example", "--in-macro", "--ignored", "--typeset", "--paper"}


def test_a_paragraph_above_an_indented_one_is_a_tag():
    page = read(pages.DOCBOOK, "units-ctl")
    assert page.flags == (
        Flag(("-t", "--type"), "VALUE", "Takes a list of types such as service."),
        Flag(("--wait", "--no-wait"), "", "Wait (or not)."),
        Flag(("--signed",), "[(true|false)]", "Sign it."),
    )


def test_subcommands_are_read_from_sections_of_commands():
    page = read(pages.DOCBOOK, "units-ctl")
    assert page.subcommands == (("start", "Start units."), ("list", "List them."))


def test_flags_with_the_text_indented_by_a_tab():
    page = read(pages.MD2MAN, "ship-run")
    assert page.flags == (
        Flag(("-a", "--attach"), "[]", "Attach to the output"),
        Flag(("--rm",), "[=false]", "Remove the ship when it stops"),
    )


def test_flags_behind_bullets_and_as_subsections():
    page = read(pages.BULLETS, "jq")
    assert meanings(page) == {
        "--slurp": "Read everything first.", "-s": "Read everything first.",
        "--numeric": "Show numbers.", "-n": "Show numbers.",
    }  # fmt: skip


def test_a_name_counts_where_it_is_defined_in_the_options():
    source = (
        ".TH X 1\n.SH NAME\nx \\- y\n.SH DETAILS\n.TP\n-e\nin passing\n"
        ".SH OPTIONS\n.TP\n-e, --edit\nthe real one\n"
    )
    assert meanings(read(source, "x")) == {"-e": "the real one", "--edit": "the real one"}


def test_the_argument_of_a_name_defined_elsewhere_is_not_taken():
    source = (
        ".TH X 1\n.SH NAME\nx \\- y\n.SH OPTIONS\n.TP\n--style=WORD\nset it\n"
        ".TP\n-p, --style=slash\nappend a slash\n"
    )
    assert read(source, "x").flags == (
        Flag(("--style",), "WORD", "set it"),
        Flag(("-p",), "", "append a slash"),
    )


def test_letters_are_flags_for_programs_that_take_them():
    source = (
        ".TH PS 1\n.SH NAME\nps \\- z\n.SH FORMAT\n.TP\n.B u\nuser format\n.TP\n.BI p \\ list\nby\n"
    )
    assert [flag.names for flag in read(source, "ps").flags] == [("u",), ("p",)]
    assert read(source, "other").flags == ()


def test_operands_with_values_are_flags():
    source = ".TH DD 1\n.SH NAME\ndd \\- copy\n.SH DESCRIPTION\n.TP\nif=FILE\nread from FILE\n"
    assert read(source, "dd").flags == (Flag(("if=",), "FILE", "read from FILE"),)


def test_a_line_that_goes_on_is_joined():
    source = (
        ".TH X 1\n.SH NAME\nx \\- y\n.SH SYNOPSIS\nx {a|b}\\\n[c]\n"
        ".SH OPTIONS\n.TP\n-\\c\nv\nloud\n"
    )
    page = read(source, "x")
    assert page.synopsis == "x {a|b}[c]"
    assert page.flags == (Flag(("-v",), "", "loud"),)


def test_what_is_no_page_is_none():
    for source in ("", "hello", "\0", pages.MAN + "\0", ".TH X 1\n", "<html></html>"):
        assert parse_page(source, "x") is None


def test_a_page_may_stand_for_another_one():
    assert included_page(".so man1/other.1\n") == "man1/other.1"
    assert included_page('.\\" note\n.so man1/other.1') == "man1/other.1"
    assert included_page(pages.MAN) is None
