"""What may stand on a command line, and how the rest is shown: the last hop before a shell.

The daemon has decided this before. It is decided again here, because what comes over a socket is
not what a shell should have to trust.
"""

MAX_COMMAND_BYTES = 4096


def is_insertable(command: str) -> bool:
    """Whether a text is one line of visible characters, short enough, that begins with one."""
    if (
        not command
        or command[0] == " "
        or len(command.encode(errors="replace")) > MAX_COMMAND_BYTES
    ):
        return False
    if not command.isprintable():
        return False
    if command.isascii():
        return True
    from lmctl.sanitize import sanitize

    return sanitize(command) == command


def shown(text: str, limit: int, newline: str = " ") -> str:
    """A text on one line, safe to show, of at most ``limit`` characters."""
    if not (text.isascii() and text.isprintable()):
        from lmctl.sanitize import sanitize

        text = sanitize(text).replace("\n", newline)
        text = "".join(
            c if c.isprintable() else " " for c in text
        )  # tabs, and blanks of all widths
    return text if len(text) <= limit else text[: limit - 1] + "\N{HORIZONTAL ELLIPSIS}"
