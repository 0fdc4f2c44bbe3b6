"""`lmctl service ...` and `lmctl logs` as typer reads them; `lmctl.commands` does the work."""

from functools import partial
from typing import Annotated

import typer

from lmctl.typer_options import JsonFlag, SocketOption, choose

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="show what would be written and run, and change nothing")
]
Force = Annotated[bool, typer.Option("--force", help="also files that were edited by hand")]

service_app = typer.Typer(
    help="Run lmd as a service of yours: systemd, or launchd on macOS.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@service_app.command("install")
def install(
    context: typer.Context,
    always_on: Annotated[
        bool,
        typer.Option("--always-on", help="run from login on, not from the first connection on"),
    ] = False,
    hardened: Annotated[
        bool, typer.Option("--hardened", help="no network, no GPU, files read-only (systemd)")
    ] = False,
    dry_run: DryRun = False,
    force: Force = False,
) -> None:
    """Write the units and start the service."""
    from lmctl.commands import service
    from lmctl.services.manager import Wanted

    wanted = Wanted(always_on, hardened)
    choose(context, partial(service.install, wanted, dry_run=dry_run, force=force))


@service_app.command("uninstall")
def uninstall(context: typer.Context, dry_run: DryRun = False, force: Force = False) -> None:
    """Stop the service and remove the units."""
    from lmctl.commands import service

    choose(context, partial(service.uninstall, dry_run=dry_run, force=force))


@service_app.command("start")
def start(context: typer.Context) -> None:
    """Start the service now."""
    from lmctl.commands import service

    choose(context, service.start)


@service_app.command("stop")
def stop(context: typer.Context) -> None:
    """Stop the service until the next start or login."""
    from lmctl.commands import service

    choose(context, service.stop)


@service_app.command("restart")
def restart(context: typer.Context) -> None:
    """Replace the daemon by a new one."""
    from lmctl.commands import service

    choose(context, service.restart)


@service_app.command("status")
def status(
    context: typer.Context,
    json: JsonFlag = False,
) -> None:
    """Show whether it is installed and running."""
    from lmctl.commands import service

    choose(context, partial(service.status, json))


def logs(
    context: typer.Context,
    follow: Annotated[
        bool, typer.Option("-f", "--follow", help="go on with what is added, until interrupted")
    ] = False,
    lines: Annotated[
        int | None,
        typer.Option("-n", "--lines", metavar="N", min=0, help="the last N lines; default 100"),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="TIME", help="not older than 10m, 2h, 09:30, or a date"),
    ] = None,
    socket: SocketOption = None,
) -> None:
    """Show the daemon's log, wherever it is kept."""
    from lmctl.commands.connection import Target
    from lmctl.commands.logs import show_logs

    choose(context, partial(show_logs, Target(socket), follow, lines, since))


service_app.command("logs")(logs)
