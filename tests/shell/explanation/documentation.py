"""Documentation of a few programs, short, as the library would give it."""

from lmd.shell.documentation import Documentation, Flag

TAR = Documentation(
    "tar", "an archiving utility", "tar [OPTION]...",
    (
        Flag(("-x", "--extract", "--get"), "", "Extract files."),
        Flag(("-z", "--gzip"), "", "Filter through gzip."),
        Flag(("-v", "--verbose"), "", "List files."),
        Flag(("-f", "--file"), "ARCHIVE", "Use ARCHIVE."),
        Flag(("-C", "--directory"), "DIR", "Change to DIR."),
        Flag(("--strip-components",), "NUMBER", "Strip leading components."),
        Flag(("--exclude",), "PATTERN", "Exclude files."),
    ), (), "manual",
)  # fmt: skip
GIT = Documentation(
    "git", "the content tracker", "git COMMAND",
    (Flag(("-C",), "<path>", "Run in <path>."), Flag(("-p", "--paginate"), "", "Use a pager.")),
    (("push", "Send commits."), ("status", "Show what changed.")), "manual",
)  # fmt: skip
GIT_PUSH = Documentation(
    "git-push", "Update remote refs", "git push",
    (
        Flag(("-u", "--set-upstream"), "", "Track the remote branch."),
        Flag(("-n", "--dry-run"), "", "Send nothing."),
        Flag(("--signed",), "[(true|false)]", "Sign it."),
    ), (), "manual",
)  # fmt: skip
FIND = Documentation(
    "find", "search for files", "find",
    (
        Flag(("-name",), "pattern", "Name matches."),
        Flag(("-mtime",), "n", "Modified n days ago."),
        Flag(("-exec",), "command ;", "Execute command."),
        Flag(("-delete",), "", "Delete files."),
    ), (), "manual",
)  # fmt: skip
GREP = Documentation(
    "grep", "print matching lines", "grep",
    (
        Flag(("-r", "--recursive"), "", "Read folders."),
        Flag(("-n", "--line-number"), "", "Prefix numbers."),
        Flag(("-l",), "", "Print names."),
        Flag(("-NUM", "-C", "--context"), "NUM", "Print context."),
        Flag(("--color",), "[=WHEN]", "Colour it."),
    ), (), "manual",
)  # fmt: skip
SED = Documentation(
    "sed", "stream editor", "sed",
    (
        Flag(("-i", "--in-place"), "[SUFFIX]", "Edit in place."),
        Flag(("-n", "--quiet", "--silent"), "", "Print nothing."),
        Flag(("-e", "--expression"), "script", "Add the script."),
    ), (), "manual",
)  # fmt: skip
PS = Documentation(
    "ps", "list processes", "ps",
    (
        Flag(("a",), "", "All users."), Flag(("-a",), "", "All but leaders."),
        Flag(("u",), "", "User format."), Flag(("x",), "", "No terminal."),
        Flag(("-A",), "", "Select all processes."), Flag(("-e",), "", "Identical to -A."),
    ), (), "manual",
)  # fmt: skip
DD = Documentation(
    "dd", "copy a file", "dd",
    (Flag(("if=",), "FILE", "Read FILE."), Flag(("bs=",), "BYTES", "Block size.")), (), "manual",
)  # fmt: skip
SHIP = Documentation(
    "ship", "manage ships", "ship",
    (Flag(("-q",), "", "Quiet."),), (("run", "Run a ship."),), "help",
)  # fmt: skip
SHIP_RUN = Documentation(
    "ship-run",
    "",
    "ship run",
    (Flag(("--rm",), "true|false", "Remove it."), Flag(("-v",), "[]", "Mount it.")),
    (),
    "help",
)
PYTHON = Documentation(
    "python3", "an interpreter", "python3",
    (Flag(("-m",), "module", "Run a module."), Flag(("-b",), "", "Warn.")), (), "manual",
)  # fmt: skip
BASH = Documentation("bash", "a shell", "bash", (Flag(("-c",), "", "Run a string."),), (), "manual")
EMPTY = Documentation("quiet", "", "", (Flag(("-x",), "", ""),), (), "help")

ALL = {
    "tar": TAR, "git": GIT, "git push": GIT_PUSH, "find": FIND, "grep": GREP, "sed": SED, "ps": PS,
    "dd": DD, "ship": SHIP, "ship run": SHIP_RUN, "python3": PYTHON, "bash": BASH, "quiet": EMPTY,
}  # fmt: skip
