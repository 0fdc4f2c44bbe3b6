"""The commands around a shell's command line: suggest, explain, fix, and init for its hooks."""

from lmctl.table import COLOR, DAEMON, HELP, QUIET, VERBOSE, Command, Option

SHELLS = ("bash", "zsh", "fish")
"""The shells that have hooks."""

MODEL = Option(
    "model",
    "text",
    "model or alias; default: suggest_model of the configuration",
    short="m",
    metavar="MODEL",
    wire="model",
)
COUNT = Option(
    "candidates", "int", "most candidates, 1 to 10 (default 5)", short="n", metavar="N", wire="n"
)
SHELL = Option(
    "shell",
    "choice",
    "shell that the command is for; default: your login shell, else bash",
    choices=("bash", "zsh", "fish", "sh"),
)
SUPERSEDE = Option(
    "supersede",
    "text",
    "cancel an unfinished request of the same key",
    metavar="KEY",
    wire="supersede",
)
WIDGET = Option(
    "widget",
    "flag",
    "for shell hooks: the line on stdin, lines of fixed form on stdout (see WIDGETS in lmctl(1))",
)
OUTPUT = (
    Option("json", "flag", "print the whole result as one line of JSON"),
    WIDGET,
    Option(
        "verbose",
        "flag",
        "all candidates with their confidence, then a receipt, on stderr",
        short="v",
    ),
    QUIET,
    COLOR,
    HELP,
)
EXPLAIN_OUTPUT = (
    Option("json", "flag", "print the whole result as one line of JSON"),
    Option("no-stream", "flag", "print the answer when it is complete"),
    WIDGET,
    VERBOSE,
    QUIET,
    COLOR,
    HELP,
)
_DAEMON = (*DAEMON, SUPERSEDE)
_LINE = (
    "Options stand in front of COMMAND: what follows its first word is its own, unless COMMAND is "
    "one quoted word with spaces. Several words are quoted as the shell needs it. "
)

SUGGEST = Command(
    "suggest",
    "Turn a request in words into a shell command; nothing is run.",
    "[OPTION]... [TEXT]...",
    (
        (
            "Input",
            (
                MODEL,
                COUNT,
                SHELL,
                Option(
                    "history",
                    "path",
                    "file with the latest lines of the shell's history, oldest first",
                    metavar="FILE",
                ),
            ),
        ),
        ("Output", OUTPUT),
        ("Daemon", _DAEMON),
    ),
    "The command is on stdout when it is likely enough. Otherwise stdout stays empty, the "
    "candidates are on stderr, and the exit status is 3. Without TEXT, or with '-', stdin is the "
    "request; that text counts as untrusted, and what it leads to is shown on stderr only.",
)
EXPLAIN = Command(
    "explain",
    "Say what a command line does, piece by piece; nothing is run.",
    "[OPTION]... [COMMAND]...",
    (("Input", (MODEL, SHELL)), ("Output", EXPLAIN_OUTPUT), ("Daemon", _DAEMON)),
    _LINE + "Without COMMAND, or with '-', stdin is the command line.",
    takes_line=True,
)
FIX = Command(
    "fix",
    "Repair a command line that failed; nothing is run.",
    "[OPTION]... [COMMAND]...",
    (
        (
            "Input",
            (
                MODEL,
                COUNT,
                SHELL,
                Option(
                    "status", "int", "its exit status, 0 to 255", metavar="STATUS", wire="status"
                ),
                Option(
                    "error",
                    "path",
                    "file with what it wrote to stderr; '-' is stdin; the end of a long one counts",
                    metavar="FILE",
                ),
            ),
        ),
        ("Output", OUTPUT),
        ("Daemon", _DAEMON),
    ),
    _LINE + "What is printed where, and the exit statuses, are those of suggest.",
    takes_line=True,
)
INIT = Command(
    "init",
    "Print the hooks of a shell, or keep them in a file.",
    "[OPTION]... bash|zsh|fish",
    (
        (
            "Output",
            (
                Option("no-bind", "flag", "define the widgets, bind no keys"),
                Option("key", "text", "bind this chord; an empty one binds none", metavar="CHORD"),
                Option("write", "flag", "write a file and print the line that sources it"),
                QUIET,
                COLOR,
                HELP,
            ),
        ),
    ),
    'In a start-up file: eval "$(lmctl init bash)", eval "$(lmctl init zsh)", lmctl init fish | '
    "source. With --write the text is kept in $XDG_DATA_HOME/lmd (~/.local/share/lmd), so that a "
    "new shell only has to source it; run that again after an update.",
    choices=SHELLS,
)
COMMANDS = {command.name: command for command in (SUGGEST, EXPLAIN, FIX, INIT)}
