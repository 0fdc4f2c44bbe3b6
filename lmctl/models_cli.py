"""The commands of ``lmctl models`` as typer reads them; `lmctl.commands` does the work."""

from functools import partial
from typing import Annotated

import typer

from lmctl.typer_options import (
    DeadlineOption,
    JsonFlag,
    ModelArgument,
    NoStartFlag,
    SocketOption,
    choose,
)

models_app = typer.Typer(
    help="List, show, load and unload models; forget what was asked of them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@models_app.command("list")
def models_list(
    context: typer.Context,
    json: JsonFlag = False,
    no_start: NoStartFlag = False,
    socket: SocketOption = None,
) -> None:
    """List the configured models and their states."""
    from lmctl.commands.connection import Target
    from lmctl.commands.models import list_models

    choose(context, partial(list_models, Target(socket, may_start=not no_start), json))


@models_app.command("show")
def models_show(
    context: typer.Context,
    model: ModelArgument,
    json: JsonFlag = False,
    no_start: NoStartFlag = False,
    socket: SocketOption = None,
) -> None:
    """Show one model with what its GGUF header says."""
    from lmctl.commands.connection import Target
    from lmctl.commands.models import show_model

    choose(context, partial(show_model, Target(socket, may_start=not no_start), model, json))


@models_app.command("memory")
def models_memory(
    context: typer.Context,
    json: JsonFlag = False,
    no_start: NoStartFlag = False,
    socket: SocketOption = None,
) -> None:
    """Show what each model takes of the memory, and what is left."""
    from lmctl.commands.connection import Target
    from lmctl.commands.memory import show_memory

    choose(context, partial(show_memory, Target(socket, may_start=not no_start), json))


@models_app.command("load")
def models_load(
    context: typer.Context,
    model: ModelArgument,
    deadline: DeadlineOption = None,
    json: JsonFlag = False,
    no_start: NoStartFlag = False,
    socket: SocketOption = None,
) -> None:
    """Load a model and wait until it is ready."""
    from lmctl.commands.connection import Target
    from lmctl.commands.models import load_model

    target = Target(socket, may_start=not no_start)
    choose(context, partial(load_model, target, model, deadline, json))


@models_app.command("unload")
def models_unload(
    context: typer.Context,
    model: ModelArgument,
    deadline: DeadlineOption = None,
    json: JsonFlag = False,
    socket: SocketOption = None,
) -> None:
    """Unload a model when its requests are done."""
    from lmctl.commands.connection import Target
    from lmctl.commands.models import unload_model

    choose(context, partial(unload_model, Target(socket), model, deadline, json))


@models_app.command("forget")
def models_forget(
    context: typer.Context,
    model: Annotated[
        str | None, typer.Argument(metavar="[MODEL]", help="name or alias; default: all of them")
    ] = None,
    json: JsonFlag = False,
    socket: SocketOption = None,
) -> None:
    """Drop what finished requests left in the KV cache and on disk."""
    from lmctl.commands.connection import Target
    from lmctl.commands.models import forget_model

    choose(context, partial(forget_model, Target(socket), model, json))
