"""The hot commands as data: one table feeds the parser, the help, the manual and completions.

A hot command finds its own half of the table through `find`: reading all of it would cost every
call.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lmctl.table import Command

_GENERATION = ("ask", "complete", "embed")
_SHELL = ("suggest", "explain", "fix", "init")


def find(name: str) -> "Command | None":
    """The command of this name, if it is one of those that run without typer."""
    if name in _GENERATION:
        from lmctl import generation_options

        return generation_options.COMMANDS[name]
    if name in _SHELL:
        from lmctl import shell_options

        return shell_options.COMMANDS[name]
    return None


def all_commands() -> "dict[str, Command]":
    """Every command that runs without typer, in the order of the help."""
    from lmctl import generation_options, shell_options

    return generation_options.COMMANDS | shell_options.COMMANDS
