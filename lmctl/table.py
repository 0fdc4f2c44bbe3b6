"""What a command of `lmctl.options` is made of, and the options that several of them share.

Nothing here runs. ``wire`` names the request parameter that an option sets; the daemon checks
its range, so that the bounds stand in one place (`lmd.protocol.params`).
"""


class Option:
    """One flag. ``kind`` is flag, text, int, float, path or choice.

    ``env`` counts where the option is not given, and no option of the name ``env_unless``.
    """

    __slots__ = (
        "choices", "env", "env_unless", "help", "kind",
        "metavar", "name", "repeat", "short", "wire",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        kind: str,
        help: str,
        *,
        short: str = "",
        metavar: str = "",
        wire: str = "",
        repeat: bool = False,
        choices: tuple[str, ...] = (),
        env: str = "",
        env_unless: str = "",
    ) -> None:
        self.name = name
        self.kind = kind
        self.help = help
        self.short = short
        self.metavar = metavar or "|".join(choices)
        self.wire = wire
        self.repeat = repeat
        self.choices = choices
        self.env = env
        self.env_unless = env_unless


class Command:
    """One command: its arguments, its options in groups, and what its help says below them.

    ``takes_line``: its words are a command line with options of its own. ``choices``: what its one
    argument may be.
    """

    __slots__ = ("arguments", "choices", "groups", "name", "notes", "summary", "takes_line")

    def __init__(
        self,
        name: str,
        summary: str,
        arguments: str,
        groups: tuple[tuple[str, tuple[Option, ...]], ...],
        notes: str = "",
        *,
        takes_line: bool = False,
        choices: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.summary = summary
        self.arguments = arguments
        self.groups = groups
        self.notes = notes
        self.takes_line = takes_line
        self.choices = choices

    def options(self) -> list[Option]:
        """All options, in the order of the help."""
        return [option for _, options in self.groups for option in options]


MODEL = Option(
    "model",
    "text",
    "model or alias; default: the daemon's default model",
    short="m",
    metavar="MODEL",
    wire="model",
    env="LMD_MODEL",
    env_unless="persona",  # which may have a model of its own
)
SOCKET = Option("socket", "path", "socket of the daemon", metavar="PATH", env="LMD_SOCKET")
NO_START = Option(
    "no-start", "flag", "do not start a daemon that is not running", env="LMD_NO_START"
)
QUIET = Option("quiet", "flag", "no progress, no warnings; errors only", short="q")
VERBOSE = Option(
    "verbose", "flag", "a receipt on stderr: tokens, cache, where the time went", short="v"
)
COLOR = Option(
    "color",
    "choice",
    "colour on stderr; NO_COLOR is respected",
    choices=("auto", "always", "never"),
)
HELP = Option("help", "flag", "show this help and exit", short="h")
PRIORITY = Option(
    "priority",
    "choice",
    "lane of the request: batch work waits for interactive work",
    wire="priority",
    choices=("interactive", "batch"),
)
DEADLINE = Option(
    "deadline",
    "float",
    "longest time for queue, load, prefill and answer together",
    metavar="SECONDS",
    wire="deadline",
    env="LMD_DEADLINE",
)
DAEMON = (DEADLINE, PRIORITY, NO_START, SOCKET)
