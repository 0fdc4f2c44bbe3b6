"""Help of the hot commands, written from the table of `lmctl.options`."""

from lmctl.table import Command, Option

WIDTH = 80
_INDENT = 26


def render(command: Command) -> str:
    """What ``lmctl COMMAND --help`` prints."""
    lines = [f"Usage: lmctl {command.name} {command.arguments}", "", command.summary, ""]
    lines += [*_wrap(command.notes, WIDTH), ""]
    for title, options in command.groups:
        lines.append(f"{title}:")
        for option in options:
            lines += _entry(option)
        lines.append("")
    return "\n".join(lines)


def spelling(option: Option) -> str:
    """The flag as it is typed: ``-m, --model MODEL``."""
    short = f"-{option.short}, " if option.short else "    "
    return f"{short}--{option.name}" + (f" {option.metavar}" if option.metavar else "")


def description(option: Option) -> str:
    """What an option does, and the variable that sets it."""
    return option.help + (f" [{option.env}]" if option.env else "")


def _entry(option: Option) -> list[str]:
    flag = "  " + spelling(option)
    text = _wrap(description(option), WIDTH - _INDENT)
    if len(flag) > _INDENT - 2:
        return [flag, *(" " * _INDENT + line for line in text)]
    first = flag.ljust(_INDENT) + text[0]
    return [first, *(" " * _INDENT + line for line in text[1:])]


def _wrap(text: str, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
