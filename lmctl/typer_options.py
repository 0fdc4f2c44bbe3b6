"""Options and arguments that several typer commands share, or that say much about one."""

from collections.abc import Callable
from typing import Annotated, Literal

import typer

JsonFlag = Annotated[bool, typer.Option("--json", help="print the reply as one line of JSON")]
SocketOption = Annotated[
    str | None,
    typer.Option("--socket", metavar="PATH", envvar="LMD_SOCKET", help="socket of the daemon"),
]
NoStartFlag = Annotated[
    bool,
    typer.Option("--no-start", help="do not start a daemon that is not running [LMD_NO_START]"),
]
DeadlineOption = Annotated[
    float | None,
    typer.Option("--deadline", metavar="SECONDS", min=0.001, help="longest time to wait"),
]
IntervalOption = Annotated[
    float,
    typer.Option("--interval", metavar="SECONDS", min=0.25, max=60, help="time between two looks"),
]
ModelArgument = Annotated[str, typer.Argument(metavar="MODEL", help="name or alias")]
RequestsArgument = Annotated[
    list[int], typer.Argument(metavar="ID...", min=1, help="ids of requests, from `lmctl status`")
]
ShellArgument = Annotated[
    Literal["bash", "zsh", "fish"],
    typer.Argument(metavar="bash|zsh|fish", show_choices=False, help="your shell"),
]


def choose(context: typer.Context, run: Callable[[], int]) -> None:
    """Note what to do: it is done after typer has returned, see `lmctl.cli`."""
    context.obj.append(run)
