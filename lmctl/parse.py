"""Command lines of the hot commands, read against the table of `lmctl.options`.

getopt_long's rules: options and words in any order, ``--name=value``, ``--name value``,
``-nVALUE``, ``-n VALUE``, flags in clusters (``-vq``), ``--`` ends options, ``-`` is a word.
Where the words are a command line, its first word ends them too, because what follows is its own.
"""

import os

from lmctl.failures import UsageError
from lmctl.table import Command, Option

TYPE_CHECKING = False  # `typing` costs half as much as the interpreter's own start
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


class Arguments:
    """What was typed: ``values`` by option name (lists for repeatable ones), ``words`` besides."""

    __slots__ = ("values", "words")

    def __init__(self) -> None:
        self.values: dict[str, object] = {}
        self.words: list[str] = []

    def flag(self, name: str) -> bool:
        """Whether a flag was given."""
        return bool(self.values.get(name))

    def text(self, name: str) -> "str | None":
        """The value of a text, path or choice option."""
        value = self.values.get(name)
        return value if isinstance(value, str) else None

    def number(self, name: str) -> "float | None":
        """The value of an int or float option."""
        value = self.values.get(name)
        return value if isinstance(value, (int, float)) else None

    def texts(self, name: str) -> list[str]:
        """The values of a repeatable option, in order."""
        value = self.values.get(name)
        return value if isinstance(value, list) else []


def parse(argv: list[str], command: Command, environ: "Mapping[str, str]") -> Arguments:
    """Read ``argv``; options that are not given come from the environment.

    Raises UsageError for what is no option, has no value, or a value of the wrong kind.
    """
    arguments = Arguments()
    reader = _Reader(command, arguments)
    rest = iter(argv)
    for word in rest:
        if word == "--":
            arguments.words += [clean_text(item) for item in rest]
        elif word.startswith("--"):
            reader.long(word, rest)
        elif word.startswith("-") and word != "-":
            reader.short(word, rest)
        else:
            arguments.words.append(clean_text(word))
            if command.takes_line and word != "-" and not _is_whole_line(word):
                arguments.words += [clean_text(item) for item in rest]
    if not arguments.flag("help"):
        _fill_from_environment(arguments, command, environ)
    return arguments


def wire_options(arguments: Arguments, command: Command) -> dict[str, object]:
    """The options that are parameters of the request, under their wire names."""
    return {
        option.wire: arguments.values[option.name]
        for option in command.options()
        if option.wire and option.name in arguments.values
    }


def in_options(message: str, command: Command) -> str:
    """What the daemon says of a parameter, said of the option that sets it."""
    name, colon, said = message.removeprefix("params.").partition(": ")
    if not colon or not message.startswith("params."):
        return message
    for option in command.options():
        if option.wire == name:
            said = said.replace("expected int", "expected a whole number")
            return f"--{option.name}: {said.replace('expected float', 'expected a number')}"
    return message


def clean_text(value: str) -> str:
    """Bytes of argv that are not UTF-8 arrive as lone surrogates, which no message can carry."""
    return value if value.isascii() else os.fsencode(value).decode(errors="replace")


def _is_whole_line(word: str) -> bool:
    """Quoted in the caller's shell, so that options behind it cannot belong to it."""
    return any(character.isspace() for character in word)


class _Reader:
    def __init__(self, command: Command, arguments: Arguments) -> None:
        options = command.options()
        self.command = command
        self.values = arguments.values
        self.by_name = {option.name: option for option in options}
        self.by_short = {option.short: option for option in options if option.short}

    def long(self, word: str, rest: "Iterator[str]") -> None:
        name, equals, value = word[2:].partition("=")
        option = self.by_name.get(name)
        if option is None:
            raise self._unknown("--" + name)
        if option.kind != "flag":
            self._store(option, "--" + name, value if equals else _next_value("--" + name, rest))
        elif equals:
            raise UsageError(f"--{name} takes no value")
        else:
            self.values[name] = True

    def short(self, word: str, rest: "Iterator[str]") -> None:
        cluster = word[1:]
        while cluster:
            option = self.by_short.get(cluster[0])
            if option is None:
                raise self._unknown("-" + cluster)
            flag, cluster = "-" + cluster[0], cluster[1:]
            if option.kind == "flag":
                self.values[option.name] = True
                continue
            self._store(option, flag, cluster or _next_value(flag, rest))
            return

    def _store(self, option: Option, flag: str, text: str) -> None:
        value = _convert(option, flag, text)
        if not option.repeat:
            self.values[option.name] = value
            return
        values = self.values.setdefault(option.name, [])
        assert isinstance(values, list)
        values.append(value)

    def _unknown(self, flag: str) -> UsageError:
        flags = ["--" + name for name in self.by_name]
        near = [known for known in flags if known.startswith(flag)] if flag != "-" else []
        if not near:
            import difflib

            near = difflib.get_close_matches(flag, flags, n=1)
        name = self.command.name
        hint = f"did you mean {near[0]}?" if near else f"all options: lmctl {name} --help"
        return UsageError(
            f"{name} has no option {flag}", f"{hint}   (words that begin with '-' go behind '--')"
        )


def _next_value(flag: str, rest: "Iterator[str]") -> str:
    value = next(rest, None)
    if value is None:
        raise UsageError(f"{flag} needs a value")
    return value


def _convert(option: Option, source: str, text: str) -> object:
    if option.kind == "text":
        return clean_text(text)
    if option.kind == "choice" and text not in option.choices:
        raise UsageError(f"{source} is one of {', '.join(option.choices)}, not {text!r}")
    if option.kind == "int":
        return _number(source, text, int, "a whole number")
    if option.kind == "float":
        return _number(source, text, _finite, "a number")
    return text


def _number(source: str, text: str, read: "Callable[[str], float]", what: str) -> float:
    try:
        return read(text)
    except ValueError:
        raise UsageError(f"{source} needs {what}, not {text!r}") from None


def _finite(text: str) -> float:
    value = float(text)
    if value - value != 0:
        raise ValueError("infinite or not a number")
    return value


def _fill_from_environment(
    arguments: Arguments, command: Command, environ: "Mapping[str, str]"
) -> None:
    for option in command.options():
        text = environ.get(option.env, "") if option.env else ""
        if not text or option.name in arguments.values or option.env_unless in arguments.values:
            continue
        if option.kind == "flag":
            arguments.values[option.name] = text != "0"
        else:
            arguments.values[option.name] = _convert(option, option.env, text)
