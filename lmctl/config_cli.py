"""The commands of ``lmctl config`` as typer reads them; `lmctl.commands.config` does the work."""

from functools import partial
from typing import Annotated

import typer

from lmctl.typer_options import choose

FileOption = Annotated[
    str | None,
    typer.Option(
        "--file", metavar="FILE", envvar="LMD_CONFIG", help="the file; default: lmctl config path"
    ),
]
JsonFlag = Annotated[bool, typer.Option("--json", help="print it as one line of JSON")]
KeyArgument = Annotated[
    str, typer.Argument(metavar="KEY", help="with dots: daemon.drain, models.shell.slots")
]

config_app = typer.Typer(
    help="Show, change and check the configuration.", no_args_is_help=True, rich_markup_mode=None
)


@config_app.command("show")
def config_show(
    context: typer.Context,
    key: Annotated[str | None, typer.Argument(metavar="[KEY]", help="this table only")] = None,
    file: FileOption = None,
    json: JsonFlag = False,
) -> None:
    """Show what holds, and which line of which file says so."""
    from lmctl.commands.config.showing import show

    choose(context, partial(show, file, key, json))


@config_app.command("get")
def config_get(
    context: typer.Context, key: KeyArgument, file: FileOption = None, json: JsonFlag = False
) -> None:
    """Print the value of a key, or the keys of a table."""
    from lmctl.commands.config.showing import get

    choose(context, partial(get, file, key, json))


@config_app.command("set")
def config_set(
    context: typer.Context,
    key: KeyArgument,
    value: Annotated[
        str, typer.Argument(metavar="VALUE", help="as in TOML, or text; '-' is stdin")
    ],
    file: FileOption = None,
) -> None:
    """Change a key where it stands, or add it; comments and order stay."""
    from lmctl.commands.config.changing import set_key

    choose(context, partial(set_key, file, key, value))


@config_app.command("unset")
def config_unset(context: typer.Context, key: KeyArgument, file: FileOption = None) -> None:
    """Take a key or a table out; its default holds then."""
    from lmctl.commands.config.changing import unset_key

    choose(context, partial(unset_key, file, key))


@config_app.command("edit")
def config_edit(
    context: typer.Context,
    part: Annotated[
        str | None, typer.Argument(metavar="[PART]", help="a file of conf.d, without .toml")
    ] = None,
    file: FileOption = None,
) -> None:
    """Open it in your editor; what does not load is not saved."""
    from lmctl.commands.config.editing import edit

    choose(context, partial(edit, file, part))


@config_app.command("path")
def config_path(
    context: typer.Context,
    file: FileOption = None,
    every: Annotated[bool, typer.Option("--all", help="every file that is read")] = False,
) -> None:
    """Print where the configuration is."""
    from lmctl.commands.config.showing import path

    choose(context, partial(path, file, every))


@config_app.command("init")
def config_init(
    context: typer.Context,
    file: FileOption = None,
    force: Annotated[bool, typer.Option("--force", help="replace a file that exists")] = False,
    stdout: Annotated[bool, typer.Option("--stdout", help="print it, write nothing")] = False,
) -> None:
    """Write a commented file to start from."""
    from lmctl.commands.config.initial import init

    choose(context, partial(init, file, force, stdout))
