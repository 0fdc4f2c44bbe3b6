"""`lmctl status` and `lmctl version`."""

import json
from contextlib import closing

from lmctl.client import connect
from lmctl.commands.connection import Target, open_checked
from lmctl.commands.models import render_models
from lmctl.commands.tables import duration
from lmctl.failures import NotRunning
from lmctl.handshake import hello
from lmctl.output import print_text
from lmd import __version__
from lmd.protocol.limits import PROTOCOL_VERSION


def show_status(target: Target, as_json: bool) -> int:
    """One screen about the daemon. Never starts one."""
    with open_checked(target) as connection:
        status = connection.call("status", {})
    print_text(json.dumps(status) if as_json else render_status(status))
    return 0


def render_status(status: dict[str, object]) -> str:
    """The screen of ``lmctl status``."""
    state = "draining" if status.get("draining") else "running"
    return (
        f"lmd {status.get('version')}, {state}, pid {status.get('pid')}, "
        f"up {duration(status.get('uptime_s'))}\n"
        f"socket       {status.get('socket')}\n"
        f"config       {status.get('config') or 'built-in defaults'}\n"
        f"connections  {status.get('connections')}\n"
        f"in flight    {status.get('requests_in_flight')}\n\n"
        f"{render_models(status.get('models'))}"
    )


def show_version(target: Target, as_json: bool) -> int:
    """Versions of client and daemon; without a daemon the client's alone."""
    versions: dict[str, object] = {"client": __version__, "protocol": PROTOCOL_VERSION}
    try:
        with closing(connect(target.path)) as connection:
            greeting = hello(connection)
    except NotRunning:
        versions["daemon"] = None
    else:
        versions |= {"daemon": greeting.get("version"), "daemon_protocol": greeting.get("protocol")}
    print_text(json.dumps(versions) if as_json else render_version(versions))
    return 0


def render_version(versions: dict[str, object]) -> str:
    """Two lines for people."""
    daemon = versions["daemon"]
    shown = f"{daemon} (protocol {versions['daemon_protocol']})" if daemon else "not running"
    return f"lmctl {versions['client']} (protocol {versions['protocol']})\nlmd   {shown}"
