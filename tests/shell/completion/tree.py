"""lmctl's commands as the shells see them: words, options, and what each of them takes.

The hot commands come from `lmctl.options`, the others from typer's tree; both become `Node`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from lmctl.cli import HOT, root_command
from lmctl.table import Command, Option
from lmd.protocol.events import KINDS

_KINDS: dict[str, Literal["model", "persona", "request", "key", "path"]] = {
    "MODEL": "model", "PERSONA": "persona", "KEY": "key", "FILE": "path", "PATH": "path",
    "ID...": "request",
}  # fmt: skip


@dataclass(frozen=True)
class Value:
    """What an option or argument takes. ``words`` is free text that may name a file."""

    kind: Literal["choice", "model", "persona", "request", "key", "path", "text", "words"]
    label: str
    choices: tuple[str, ...] = ()
    many: bool = False
    """Whether more of them may follow; of arguments only."""


@dataclass(frozen=True)
class Flag:
    """An option under all its spellings, the short one first; a switch has no value."""

    spellings: tuple[str, ...]
    help: str
    value: Value | None = None
    repeat: bool = False
    ends: bool = False
    """Nothing makes sense beside it."""


@dataclass(frozen=True)
class Node:
    """A command or a group of commands; ``path`` is what is typed behind ``lmctl``."""

    path: tuple[str, ...]
    help: str
    flags: tuple[Flag, ...]
    argument: Value | None = None
    children: tuple["Node", ...] = ()

    @property
    def name(self) -> str:
        """The last word of the path."""
        return self.path[-1] if self.path else "lmctl"

    @property
    def summary(self) -> str:
        """The first line of the help: more has no place in a menu."""
        return self.help.partition("\n")[0]

    def walk(self) -> Iterator["Node"]:
        """This node and all below it, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()


HELP = Flag(("-h", "--help"), "show help and exit", ends=True)


def command_tree() -> Node:
    """The whole of lmctl, without what is hidden."""
    return _from_typer((), root_command())


def all_flags(root: Node) -> list[Flag]:
    """Every option once. One spelling means the same kind of value in all commands.

    Raises ValueError where it does not: the scripts read a line before they know its command. The
    `exceptions` are left out of that, and of the list where another option has their spelling.
    """
    values: dict[str, Value | None] = {}
    excepted = exceptions(root)
    flags: dict[tuple[str, ...], Flag] = {}
    for node in root.walk():
        for flag in node.flags:
            if flag.value or flag.spellings not in flags:
                flags[flag.spellings] = flag
            for spelling in flag.spellings:
                first = values.setdefault(spelling, flag.value)
                if not _same_kind(first, flag.value) and (node.path, spelling) not in excepted:
                    raise ValueError(f"{spelling} of {' '.join(node.path)} takes something else")
    return list(flags.values())


def exceptions(root: Node) -> list[tuple[tuple[str, ...], str]]:
    """Switches whose spelling takes a value in an earlier command, by path and spelling.

    Only in commands without arguments: what is read wrongly there leads to no other command.
    """
    valued = {
        s for node in root.walk() for flag in node.flags if flag.value for s in flag.spellings
    }
    return [
        (node.path, spelling)
        for node in root.walk()
        if node.path and not node.children and not node.argument
        for flag in node.flags
        for spelling in flag.spellings
        if flag.value is None and spelling in valued
    ]


def _same_kind(first: Value | None, second: Value | None) -> bool:
    """Whether both are completed alike; what the value is called makes no difference."""
    if first is None or second is None:
        return first is second
    return (first.kind, first.choices) == (second.kind, second.choices)


def _from_typer(path: tuple[str, ...], command: Any) -> Node:
    if len(path) == 1 and path[0] in HOT:
        return _from_table(HOT[path[0]])
    options = [param for param in command.params if param.param_type_name == "option"]
    arguments = [_value(param) for param in command.params if param.param_type_name == "argument"]
    children = getattr(command, "commands", {})
    return Node(
        path,
        str(command.help),
        (*map(_typer_flag, options), HELP),
        arguments[0] if arguments else None,
        tuple(_from_typer((*path, name), child) for name, child in children.items()),
    )


def _typer_flag(option: Any) -> Flag:
    value = None if option.is_flag else _value(option)
    ends = option.opts == ["--version"]
    return Flag(tuple(option.opts), option.help, value, repeat=option.multiple, ends=ends)


def _value(param: Any) -> Value:
    label, many = param.name.replace("_", "-"), param.nargs == -1
    choices = KINDS if param.metavar == "[KIND]..." else getattr(param.type, "choices", ())
    if choices:
        return Value("choice", label, tuple(choices), many=many)
    return Value(_kind(param.metavar), label, many=many)


def _from_table(command: Command) -> Node:
    flags = tuple(map(_table_flag, command.options()))
    if command.choices:
        argument = Value("choice", "shell", command.choices)
    else:
        argument = Value("words", command.arguments.split()[-1].strip("[].").lower())
    return Node((command.name,), command.summary, flags, argument)


def _table_flag(option: Option) -> Flag:
    if option.name == "help":
        return HELP
    short = (f"-{option.short}",) if option.short else ()
    value = None
    if option.choices:
        value = Value("choice", option.name, option.choices)
    elif option.kind != "flag":
        # A KEY of these commands is a word of the user's; elsewhere it is one of the configuration.
        kind = "text" if option.metavar == "KEY" else _kind(option.metavar)
        value = Value(kind, option.name)
    return Flag((*short, f"--{option.name}"), option.help, value, repeat=option.repeat)


def _kind(metavar: str) -> Literal["model", "persona", "request", "key", "path", "text"]:
    return _KINDS.get((metavar or "").strip("[]"), "text")
