"""lmd(1), from the parser of the command line."""

import argparse

from lmd.__main__ import parser
from tests.manual.roff import Page, bold, placeholder

_DESCRIPTION = (
    "`lmd` keeps language models warm and answers on a private Unix socket, in MessagePack-RPC and "
    "in JSON-RPC 2.0, one object a line. Each model runs in a process of its own. Without a "
    "configuration it serves the small model for shell commands that ships with it."
)
_SIGNALS = {
    "TERM, INT": "stop: no new requests; running ones get the seconds of `drain` to finish",
}
_STATUSES = {
    0: "stopped as asked",
    2: "the command line cannot be understood",
    65: "the service manager handed over a socket that cannot be served",
    70: "the socket cannot be served",
    75: "another daemon serves the socket",
    77: "the socket's directory is not private",
    78: "the configuration is not valid",
    130: "interrupted",
}


def render(page: Page) -> str:
    """The page."""
    root = parser()
    commands = _commands(root)
    page.heading("NAME")
    page.paragraph("lmd - keep language models warm behind a Unix socket")
    page.heading("SYNOPSIS")
    page.line(f"{bold('lmd')} {'|'.join(map(bold, commands))} [{placeholder('OPTION')}]...")
    page.heading("DESCRIPTION")
    page.paragraph(_DESCRIPTION)
    page.heading("COMMANDS")
    for name, (text, command) in commands.items():
        arguments = [action for action in _shown(command) if not action.option_strings]
        usage = " ".join(f"[{action.metavar}]" for action in arguments)
        page.subheading(f"lmd {name} {usage}".rstrip())
        page.paragraph(f"{text[:1].upper()}{text[1:]}.")
        for action in _shown(command):
            if action.option_strings:
                page.tagged(_spellings(action), action.help or "")
    page.heading("SIGNALS")
    for name, meaning in _SIGNALS.items():
        page.tagged(bold(name), meaning)
    page.heading("EXIT STATUS")
    for status, meaning in _STATUSES.items():
        page.tagged(bold(str(status)), meaning)
    page.heading("ENVIRONMENT")
    page.tagged(bold("LMD_CONFIG"), "the configuration, where `--config` is not given")
    page.tagged(bold("LMD_SOCKET"), "the socket, where `--socket` is not given")
    page.tagged(bold("LISTEN_FDS, LISTEN_PID"), "the socket that systemd hands over")
    page.tagged(
        bold("NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID"),
        "the service manager that is told of start, reload, end, and that the daemon is alive",
    )
    page.heading("FILES")
    page.tagged(placeholder("$XDG_CONFIG_HOME/lmd/lmd.toml"), "the configuration")
    page.tagged(placeholder("$XDG_RUNTIME_DIR/lmd/lmd.sock"), "the socket")
    page.heading("SEE ALSO")
    page.line(f"{bold('lmctl')}(1), {bold('lmd.toml')}(5)")
    return page.render()


def _commands(root: argparse.ArgumentParser) -> dict[str, tuple[str, argparse.ArgumentParser]]:
    group = next(a for a in root._actions if isinstance(a, argparse._SubParsersAction))
    texts = {choice.dest: choice.help or "" for choice in group._choices_actions}
    return {name: (texts[name], command) for name, command in group.choices.items()}


def _shown(command: argparse.ArgumentParser) -> list[argparse.Action]:
    return [action for action in command._actions if action.help != argparse.SUPPRESS]


def _spellings(action: argparse.Action) -> str:
    names = ", ".join(map(bold, action.option_strings))
    return f"{names} {placeholder(str(action.metavar))}" if action.metavar else names
