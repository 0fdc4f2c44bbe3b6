"""Everything that is not hot: typer reads the command line, `lmctl.commands` does the work.

The hot commands stand here too, passed through unread, so that one ``lmctl --help`` shows all.
Commands only note what to do; it is done after typer has returned, so that the exit statuses,
Ctrl-C and a closed pipe are those of `lmctl.__main__` everywhere.
"""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

import typer

from lmctl.config_cli import config_app
from lmctl.failures import EXIT_OK, Failure
from lmctl.models_cli import models_app
from lmctl.options import all_commands
from lmctl.output import Messages
from lmctl.service_cli import logs, service_app
from lmctl.typer_options import (
    IntervalOption,
    JsonFlag,
    NoStartFlag,
    RequestsArgument,
    ShellArgument,
    SocketOption,
    choose,
)
from lmctl.usage import CommandLineError, as_usage_error, check_first_word

Chosen = list[Callable[[], int]]
HOT = all_commands()
"""The commands that typer only lists."""

app = typer.Typer(
    name="lmctl",
    help="Talk to lmd, the daemon that keeps language models warm.",
    epilog="Exit statuses and environment variables: man lmctl, docs/lmctl.md.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def run_typer(argv: list[str]) -> int:
    """Read ``argv`` with typer and run what it chose; returns the exit status."""
    chosen: Chosen = []
    try:
        check_first_word(argv, root_command().commands)
        status = app(args=argv, prog_name="lmctl", obj=chosen, standalone_mode=False)
        return chosen[0]() if chosen else status or EXIT_OK
    except (CommandLineError, Failure) as error:
        failure = error if isinstance(error, Failure) else as_usage_error(error)
        Messages().failure(failure)
        return failure.status


def root_command() -> Any:
    """The tree of typer's commands, for the manual and for completions."""
    return typer.main.get_command(app)


@app.callback()
def lmctl(
    version: Annotated[bool, typer.Option("--version", help="print the version and exit")] = False,
) -> None:
    """The root; ``--version`` alone is served by `lmctl.__main__`."""


def _pass_through(name: str) -> None:
    """Register a hot command, so that the root's help lists it."""
    command = HOT[name]

    def hot(context: typer.Context) -> None:
        from lmctl.__main__ import run_hot

        choose(context, partial(run_hot, command, context.args))

    app.command(
        name,
        help=command.summary,
        add_help_option=False,
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )(hot)


for _name in HOT:
    _pass_through(_name)
app.add_typer(models_app, name="models")
app.add_typer(config_app, name="config")
app.add_typer(service_app, name="service")
app.command("logs")(logs)


@app.command("personas")
def personas(
    context: typer.Context,
    json: JsonFlag = False,
    no_start: NoStartFlag = False,
    socket: SocketOption = None,
) -> None:
    """List the personas that `ask -p` takes."""
    from lmctl.commands.connection import Target
    from lmctl.commands.personas import list_personas

    choose(context, partial(list_personas, Target(socket, may_start=not no_start), json))


@app.command("status")
def status(context: typer.Context, json: JsonFlag = False, socket: SocketOption = None) -> None:
    """Show what the daemon does."""
    from lmctl.commands.connection import Target
    from lmctl.commands.status import show_status

    choose(context, partial(show_status, Target(socket), json))


@app.command("top")
def top(
    context: typer.Context, interval: IntervalOption = 1.0, socket: SocketOption = None
) -> None:
    """Show what the daemon does, live; cancel requests, load and unload models by keys."""
    from lmctl.commands.connection import Target
    from lmctl.commands.top import run_top

    choose(context, partial(run_top, Target(socket), interval))


@app.command("reload")
def reload(
    context: typer.Context,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="do not wait until replaced models have answered")
    ] = False,
    json: JsonFlag = False,
    socket: SocketOption = None,
) -> None:
    """Have the daemon read its configuration again now.

    Models that get another worker are waited for; one whose new configuration does not work runs by
    the one before, and the exit status is 78."""
    from lmctl.commands.connection import Target
    from lmctl.commands.reload import reload_config

    choose(context, partial(reload_config, Target(socket), json, wait=not no_wait))


@app.command("plan")
def plan(
    context: typer.Context,
    file: Annotated[
        str | None, typer.Argument(metavar="[FILE]", help="instead of the daemon's; - is stdin")
    ] = None,
    json: JsonFlag = False,
    socket: SocketOption = None,
) -> None:
    """Show what an edit of the configuration would change, and change nothing."""
    from lmctl.commands.connection import Target
    from lmctl.commands.reload import plan_config

    choose(context, partial(plan_config, Target(socket), file, json))


@app.command("events")
def events(
    context: typer.Context,
    kinds: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KIND]...", help="such as model_loaded; default: all"),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="one JSON object a line, as into a pipe")
    ] = False,
    socket: SocketOption = None,
) -> None:
    """Follow what happens in the daemon, until Ctrl-C.

    On a terminal, calls that only look at the daemon are shown where their KIND is given."""
    from lmctl.commands.connection import Target
    from lmctl.commands.events import follow_events

    choose(context, partial(follow_events, Target(socket), kinds or [], json))


@app.command("metrics")
def metrics(context: typer.Context, json: JsonFlag = False, socket: SocketOption = None) -> None:
    """Print the daemon's figures in the format of Prometheus."""
    from lmctl.commands.connection import Target
    from lmctl.commands.metrics import print_metrics

    choose(context, partial(print_metrics, Target(socket), json))


@app.command("cancel")
def cancel(
    context: typer.Context,
    numbers: RequestsArgument,
    json: JsonFlag = False,
    socket: SocketOption = None,
) -> None:
    """Cancel requests of any client of yours, by the ids that `status` shows."""
    from lmctl.commands.cancel import cancel_requests
    from lmctl.commands.connection import Target

    choose(context, partial(cancel_requests, Target(socket), numbers, json))


@app.command("doctor")
def doctor(context: typer.Context, json: JsonFlag = False, socket: SocketOption = None) -> None:
    """Check the installation and say how to mend what is broken."""
    from lmctl.commands.connection import Target
    from lmctl.commands.doctor import run_doctor

    choose(context, partial(run_doctor, Target(socket), json))


@app.command("version")
def version(context: typer.Context, json: JsonFlag = False, socket: SocketOption = None) -> None:
    """Print the versions of client and daemon."""
    from lmctl.commands.connection import Target
    from lmctl.commands.status import show_version

    choose(context, partial(show_version, Target(socket), json))


@app.command("completion")
def completion(context: typer.Context, shell: ShellArgument) -> None:
    """Print the completion script of a shell."""
    from lmctl.commands.completion import print_completion

    choose(context, partial(print_completion, shell))
