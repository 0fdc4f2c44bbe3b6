"""Exit statuses and variables, as docs/lmctl.md and the manual page list them."""

EXIT_STATUSES = {
    0: "done; also: the reader of the answer closed the pipe",
    1: "the model failed, or could not be loaded; the installation is broken, or `doctor` found it "
    "so",
    2: "the command line cannot be understood",
    3: "`suggest` and `fix`: nothing suggested, or nothing that is sure enough; stdout is empty",
    65: "bad input: over a bound, unreadable, refused by the daemon; the answer does not fit the "
    "schema",
    69: "the daemon cannot be reached, cannot be started, or went away; there is no service, no "
    "service manager, or no log",
    70: "a defect in lmd",
    74: "the answer, or a file of `init --write` or `service`, cannot be written; or it was edited",
    75: "busy, does not fit into memory, deadline passed: try again later",
    76: "daemon and client do not speak the same protocol",
    77: "not yours: the socket, its directory, or the daemon behind it",
    78: "no such model, or a configuration that cannot work",
    130: "interrupted",
}
VARIABLES = {
    "LMD_SOCKET": "socket of the daemon; default `$XDG_RUNTIME_DIR/lmd/lmd.sock`, else "
    "`${TMPDIR:-/tmp}/lmd-$UID/lmd.sock`",
    "LMD_MODEL": "model of `ask`, `complete` and `embed` where they name none, and no persona",
    "LMD_DEADLINE": "deadline in seconds of requests that name none",
    "LMD_NO_START": "anything but `0`: do not start the daemon",
    "LMD_CONFIG": "configuration file of a daemon that `lmctl` starts",
    "SHELL": "`suggest`, `explain`, `fix`: the shell to write for, where `--shell` is not given",
    "PATH": "`suggest`, `fix`: the names on it are sent, so that what is not installed is marked",
    "XDG_DATA_HOME": "where `init --write` keeps its files, in `lmd/`; default `~/.local/share`",
    "NO_COLOR": "not empty: no colour, unless `--color always` is given",
    "TERM": "`dumb` or unset: no colour, no progress line",
}
HOOK_VARIABLES = {
    "LMD_KEY": "the chord that is bound, `^X a` by default; empty: none",
    "LMD_NOBIND": "`1`: no chord is bound; the widgets are there all the same",
    "LMD_LMCTL": "the `lmctl` to run",
    "LMD_HISTORY": "how many of the latest lines of the history are sent; default `0`",
    "LMD_CAPTURE": "`1`: `fix` sends the last output too, where the terminal can give it",
}
"""Read by the hooks that `init` prints; set them in front of the line that loads them."""


def render_table(heading: str, entries: "dict[str, str] | dict[int, str]") -> str:
    """Entries as a table in Markdown; names of variables in code."""
    rows = [
        f"| {f'`{name}`' if isinstance(name, str) else name} | {text} |"
        for name, text in entries.items()
    ]
    return "\n".join([f"| {heading} | meaning |", "| --- | --- |", *rows])
