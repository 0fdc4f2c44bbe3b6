"""lmctl(1), from the tables of the commands."""

from lmctl.cli import HOT
from lmctl.conventions import EXIT_STATUSES, HOOK_VARIABLES, VARIABLES
from lmctl.help import description
from lmctl.table import Command
from tests.manual.roff import Page, bold, placeholder
from tests.shell.completion.tree import Flag, Node, command_tree

_DESCRIPTION = (
    "`lmctl` sends a request to the daemon `lmd`, which keeps language models warm, and prints the "
    "answer on stdout and everything else on stderr. Where no daemon runs, one is started."
)
_METAVARS = {
    f"--{option.name}": option.metavar for command in HOT.values() for option in command.options()
} | {"--interval": "SECONDS", "--lines": "N", "--since": "TIME"}
_WIDGET = """sure|unsure|none TAB message
POINT TAB MARK TAB COMMAND"""
_EXAMPLES = """lmctl ask "what does this do?" < Makefile
lmctl suggest "pdf files changed this week"
lmctl explain tar -xzf backup.tgz
lmctl fix --status 127 gti status
eval "$(lmctl init bash)\""""


def render(page: Page) -> str:
    """The page."""
    page.heading("NAME")
    page.paragraph("lmctl - talk to the daemon that keeps language models warm")
    page.heading("SYNOPSIS")
    page.line(f"{bold('lmctl')} {placeholder('COMMAND')} [{placeholder('OPTION')}]... "
              f"[{placeholder('WORD')}]...")  # fmt: skip
    page.heading("DESCRIPTION")
    page.paragraph(_DESCRIPTION)
    page.heading("COMMANDS")
    for node in command_tree().walk():
        if node.path and not node.children:
            _command(page, node)
    _widget(page)
    page.heading("EXIT STATUS")
    for status, meaning in EXIT_STATUSES.items():
        page.tagged(bold(str(status)), meaning)
    page.heading("ENVIRONMENT")
    for name, meaning in VARIABLES.items():
        page.tagged(bold(name), meaning)
    page.paragraph("Read by the hooks that `lmctl init` prints:")
    for name, meaning in HOOK_VARIABLES.items():
        page.tagged(bold(name), meaning)
    page.heading("EXAMPLES")
    page.example(_EXAMPLES)
    page.heading("SEE ALSO")
    page.line(f"{bold('lmd')}(1), {bold('lmd.toml')}(5)")
    return page.render()


def _command(page: Page, node: Node) -> None:
    hot = HOT.get(node.name) if len(node.path) == 1 else None
    page.subheading(f"lmctl {' '.join(node.path)} {_arguments(node, hot)}".rstrip())
    page.paragraph(node.help)
    if hot:
        page.paragraph(hot.notes)
    texts = {f"--{option.name}": description(option) for option in hot.options()} if hot else {}
    for flag in node.flags:
        page.tagged(_spellings(flag), texts.get(flag.spellings[-1], flag.help))


def _arguments(node: Node, hot: Command | None) -> str:
    if hot:
        return hot.arguments
    label = f" {node.argument.label.upper()}" if node.argument else ""
    return f"[OPTION]...{label}"


def _spellings(flag: Flag) -> str:
    names = ", ".join(map(bold, flag.spellings))
    if flag.value is None:
        return names
    if flag.value.choices:
        return f"{names} {'|'.join(map(bold, flag.value.choices))}"
    return f"{names} {placeholder(_METAVARS[flag.spellings[-1]])}"


def _widget(page: Page) -> None:
    page.heading("WIDGETS")
    page.paragraph(
        "With `--widget`, `suggest` and `fix` read the line from stdin and print lines for a hook "
        "of a shell; the exit status is 0 for `sure`, 3 for `unsure` and `none`, and any other one "
        "means that stdout is empty and one line on stderr says why. The first line is a state and "
        "a message for people; each further one is a candidate that may be inserted:"
    )
    page.example(_WIDGET)
    page.tagged(placeholder("POINT"), "where the cursor belongs, in characters from the start")
    page.tagged(
        placeholder("MARK"),
        "empty, or why to look twice: what the candidate does, or what is not installed",
    )
    page.tagged(placeholder("COMMAND"), "one line of visible characters, at most 4096 bytes")
    page.paragraph(
        "No field holds a tab, a line end or another control character. `explain --widget` prints "
        "at most 12 lines to be shown."
    )
