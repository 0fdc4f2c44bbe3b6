"""Programs, subcommands and flags."""

import pytest

from lmd.shell.documentation import Documentation, Flag
from lmd.shell.explanation import explain
from tests.shell.explanation.documentation import ALL


def explained(line: str) -> list[tuple[str, str]]:
    return [(part.text, part.meaning) for part in explain(line, ALL)]


@pytest.mark.parametrize(
    ("line", "flags"),
    [
        ("tar -xzf a.tgz -C /tmp", [("-x", "Extract files."), ("z", "Filter through gzip."),
                                    ("f a.tgz", "Use ARCHIVE."), ("-C /tmp", "Change to DIR.")]),
        ("tar xvf a.tgz", [("x", "Extract files."), ("v", "List files."),
                           ("f a.tgz", "Use ARCHIVE.")]),
        ("tar xfv a.tgz -z", [("x", "Extract files."), ("f", "Use ARCHIVE."), ("v", "List files."),
                              ("-z", "Filter through gzip.")]),
        ("tar -fa.tgz -x", [("-fa.tgz", "Use ARCHIVE."), ("-x", "Extract files.")]),
        ("tar --extract --file=a.tgz", [("--extract", "Extract files."),
                                        ("--file=a.tgz", "Use ARCHIVE.")]),
        ("tar --file a.tgz --get", [("--file a.tgz", "Use ARCHIVE."), ("--get", "Extract files.")]),
        ("tar --strip=1", [("--strip=1", "Strip leading components.")]),
        ("tar --ex x", [("--ex", "not described in the manual page of tar")]),
        ("tar -x -- -v", [("-x", "Extract files."),
                          ("--", "ends the flags: what follows are arguments")]),
        ("tar -xQ", [("-x", "Extract files."),
                     ("Q", "-Q: not described in the manual page of tar")]),
        ("tar -QW", [("-QW", "not described in the manual page of tar")]),
        ("tar --magic", [("--magic", "not described in the manual page of tar")]),
        ("tar -f", [("-f", "Use ARCHIVE.")]),
        ("sed -i.bak -n", [("-i.bak", "Edit in place."), ("-n", "Print nothing.")]),
        ("sed -i s/a/b/ f", [("-i", "Edit in place.")]),
        ("sed -ne p", [("-n", "Print nothing."), ("e p", "Add the script.")]),
        ("grep -rn x", [("-r", "Read folders."), ("n", "Prefix numbers.")]),
        ("grep -5 x", [("-5", "Print context.")]),
        ("grep --color x", [("--color", "Colour it.")]),
        ("grep -C3 x", [("-C3", "Print context.")]),
        ("find . -name '*.c' -mtime -7 -delete", [("-name '*.c'", "Name matches."),
                                                  ("-mtime -7", "Modified n days ago."),
                                                  ("-delete", "Delete files.")]),
        ("find . ! -name a -o -name b", [("!", "turns the condition around"),
                                         ("-name a", "Name matches."), ("-o", "or"),
                                         ("-name b", "Name matches.")]),
        ("ps aux", [("a", "All users."), ("u", "User format."), ("x", "No terminal.")]),
        ("ps -e", [("-e", "Identical to -A: Select all processes.")]),
        ("dd if=/dev/zero bs=1M x=y", [("if=/dev/zero", "Read FILE."), ("bs=1M", "Block size.")]),
        ("quiet -x", [("-x", "named in the documentation, without a description")]),
        ('tar "-x" \'--file\'=a', [('"-x"', "Extract files."), ("'--file'=a", "Use ARCHIVE.")]),
        ("python3 -b s.py -b", [("-b", "Warn."), ("-b", "is handed to s.py")]),
        ("python3 -m http.server -b x", [("-m http.server", "Run a module."),
                                         ("-b", "is handed to http.server")]),
    ],
)  # fmt: skip
def test_flags(line: str, flags: list[tuple[str, str]]):
    assert explained(line)[1:] == flags


def test_subcommands_have_their_own_flags_and_those_of_the_program():
    assert explained("git -C /x push -u --signed origin -p") == [
        ("git", "the content tracker"),
        ("-C /x", "Run in <path>."),
        ("push", "Update remote refs"),
        ("-u", "Track the remote branch."),
        ("--signed", "Sign it."),
        ("-p", "Use a pager."),
    ]


def test_subcommands_that_only_the_program_describes():
    assert explained("git status -s") == [
        ("git", "the content tracker"),
        ("status", "Show what changed."),
        ("-s", "not described in the manual page of git status"),
    ]
    assert explained("ship run --rm -v a:b x") == [
        ("ship", "manage ships"),
        ("run", "Run a ship."),
        ("--rm", "Remove it."),
        ("-v a:b", "Mount it."),
    ]


def test_pages_that_put_every_value_in_brackets():
    flags = (
        Flag(("-v", "--volume"), "[=[[HOST:]DIR]]", "Mount."),
        Flag(("-i",), "true|false", "In."),
    )
    page = Documentation("docker-run", "run", "", flags, (), "manual")
    parts = explain("docker run -iv a:b image -v", {"docker run": page})
    assert [(part.text, part.meaning) for part in parts[2:]] == [
        ("-i", "In."),
        ("v a:b", "Mount."),
        ("-v", "is handed to image"),
    ]


def test_arguments_are_no_subcommands():
    assert [text for text, _ in explained("git frob push")] == ["git"]


def test_the_source_is_named():
    sources = {part.text: part.source for part in explain("ship -q -z | cd", ALL)}
    assert sources == {"ship": "help", "-q": "help", "-z": "", "|": "shell", "cd": "shell"}


def test_what_is_not_documented_is_said_to_be_unknown():
    parts = explain("frobnicate -q --x=1 file", ALL)
    assert [(part.text, part.source) for part in parts] == [
        ("frobnicate", ""),
        ("-q", ""),
        ("--x=1", ""),
    ]
    assert parts[0].meaning == "there is no documentation of frobnicate here"
    assert parts[1].meaning == "unknown: there is no documentation of frobnicate here"


def test_the_folder_of_a_program_does_not_matter():
    assert explained("/bin/tar -x") == [
        ("/bin/tar", "an archiving utility"),
        ("-x", "Extract files."),
    ]
    assert explained("./run.sh")[0][1].startswith("runs this file")


@pytest.mark.parametrize(
    ("line", "flags"),
    [
        ("ulimit -n 4096", [("-n", "number of open files")]),
        ("read -rp 'name? ' x", [("-r", "leaves backslashes alone"),
                                 ("p 'name? '", "shows this prompt")]),
        ("set -eu +x -o pipefail", [
            ("-e", "ends the shell when a command fails"),
            ("u", "makes unset variables an error"),
            ("+x", "turns off: prints commands before they run"),
            ("-o pipefail", "turns an option on by name")]),
        ("[ -f x -a y -nt z ]", [("-f x", "true if the path is a regular file"),
                                 ("-a", "true if both sides are"),
                                 ("-nt", "true if the left file is newer")]),
        ("export -q", [("-q", "not described in the known flags of export")]),
        ("sudo -u www tar -x", [("-u www", "as this user"), ("tar", "an archiving utility"),
                                ("-x", "Extract files.")]),
        ("bash -ec 'tar -x'", [("-e", "ends the shell when a command fails"),
                               ("c", "Run a string.")]),
        ("cd -", [("-", "to the folder before this one")]),
        ("tar -", [("-", "standard input, or output, instead of a file")]),
    ],
)  # fmt: skip
def test_builtins(line: str, flags: list[tuple[str, str]]):
    assert explained(line)[1:] == flags


@pytest.mark.parametrize(
    ("line", "meaning"),
    [
        ("chmod 755 f", "the owner may do everything, the group may read and execute, "
                        "others may read and execute"),
        ("chmod 4700 f", "the owner may do everything, the group may do nothing, "
                         "others may do nothing, set user ID"),
        ("chmod u+x,go-w f", "the owner may also execute, "
                             "the group and others may no longer write"),
        ("chmod +x f", "everybody may also execute"),
        ("chmod -w f", "everybody may no longer write"),
        ("kill -9 1", "sends the signal KILL: end at once; cannot be caught"),
        ("kill -SIGHUP 1", "sends the signal HUP: hang up; many daemons read their configuration "
                           "again"),
        ("date +%s", "the layout in which the date is printed"),
    ],
)  # fmt: skip
def test_arguments_that_say_something(line: str, meaning: str):
    assert explained(line)[1] == (line.split()[1], meaning)


def test_programs_inside_of_others():
    assert explained("find . -exec grep -l x {} + | xargs -I {} tar -x {}") == [
        ("find", "search for files"),
        ("-exec", "Execute command."),
        ("grep", "print matching lines"),
        ("-l", "Print names."),
        ("{}", "stands for the path that was found"),
        ("+", "ends the command; it gets many paths at once"),
        ("|", "hands the output of the command before it to the one after it"),
        ("xargs", "there is no documentation of xargs here"),
        ("-I", "unknown: there is no documentation of xargs here"),
        ("{}", "stands for the line that was read"),
        ("tar", "an archiving utility"),
        ("-x", "Extract files."),
        ("{}", "stands for the line that was read"),
    ]
