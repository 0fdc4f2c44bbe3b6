"""What is known of one program's flags, whichever documentation says it. Pure."""

import re
from dataclasses import dataclass

from lmd.shell.documentation.records import Documentation
from lmd.shell.explanation.builtins import Builtin

_SAME = re.compile(
    r"(?:identical to|(?:the )?same as|equivalent to|(?:a )?synonym for|shorthand for|see)"
    r" (?P<name>--?\w[\w-]*)\.?",
    re.IGNORECASE,
)
_COUNT = re.compile(r"num|count|lines|\An\Z", re.IGNORECASE)
_SWITCH = re.compile(r"(?:true|false)(?:\W+(?:true|false))?")
_LOOSE = "docker-"
"""Pages that write ``[=value]`` although the value may not be left out."""
_PLACES = {"manual": "the manual page", "help": "the --help", "shell": "the known flags"}


@dataclass(frozen=True, slots=True)
class KnownFlag:
    """A flag under one of its names."""

    name: str
    argument: str
    meaning: str
    source: str

    @property
    def takes_next(self) -> bool:
        """Whether its value is the next word, where none is attached."""
        return bool(self.argument) and not self.is_optional

    @property
    def is_optional(self) -> bool:
        """Whether its value may be left out: ``[=WHEN]``, ``[SUFFIX]``, or true or false."""
        if _SWITCH.fullmatch(self.argument):
            return True
        # Empty brackets are how some pages write a list.
        return self.argument != "[]" and _is_in_brackets(self.argument)

    @property
    def takes_attached(self) -> bool:
        """Whether what follows the letter in the same word is its value."""
        return bool(self.argument) and not (
            self.argument.startswith("[=") or _SWITCH.fullmatch(self.argument)
        )


class Reference:
    """Flags of a program: those of the first documentation that names them."""

    def __init__(self, program: str) -> None:
        self.program = program
        self._flags: dict[str, KnownFlag] = {}
        self._sources: set[str] = set()

    def add_builtin(self, builtin: Builtin) -> None:
        """Flags of a builtin, where there are none of those names yet."""
        for name, meaning in builtin.flags.items():
            bare = name.removesuffix(":")
            argument = "VALUE" if bare != name else ""
            self._flags.setdefault(bare, KnownFlag(bare, argument, meaning, "shell"))
        self._sources.add("shell")

    def add_documentation(self, page: Documentation) -> None:
        """Flags of a page, where there are none of those names yet."""
        is_loose = page.program.startswith(_LOOSE)
        for flag in page.flags:
            argument = flag.argument
            while is_loose and _is_in_brackets(argument) and argument != "[]":
                argument = argument[1:-1].removeprefix("=")
            for name in flag.names:
                known = KnownFlag(name, argument, flag.meaning, page.source)
                self._flags.setdefault(name, known)
        self._sources.add(page.source)

    def flag(self, name: str) -> KnownFlag | None:
        """The flag of that very name."""
        return self._flags.get(name)

    def long_flag(self, name: str) -> KnownFlag | None:
        """A long flag by its name, or by a beginning that no other one has."""
        known = self._flags.get(name)
        if known is None and len(name) > len("--x"):
            found = [flag for other, flag in self._flags.items() if other.startswith(name)]
            known = found[0] if len({flag.meaning for flag in found}) == 1 else None
        return known

    def joined_flag(self, text: str) -> KnownFlag | None:
        """The flag of one dash and several letters, or digits, that a word begins with."""
        for length in range(min(len(text) - 1, 24), 2, -1):
            known = self._flags.get(text[:length])
            if known is not None and (known.argument or text[length] == "="):
                return known
        if text[1:].isdigit():
            counted = self._flags.get("-n")
            is_counted = counted is not None and _COUNT.search(counted.argument)
            return self._flags.get("-NUM") or (counted if is_counted else None)
        return None

    def meaning(self, known: KnownFlag) -> str:
        """What a flag does; where that is what another one does, that one's meaning, too."""
        match = _SAME.fullmatch(known.meaning)
        other = self._flags.get(match["name"]) if match else None
        if other is not None and other.meaning and other is not known:
            return f"{known.meaning.rstrip('.')}: {other.meaning}"
        return known.meaning or "named in the documentation, without a description"

    @property
    def unknown(self) -> str:
        """What is said of a flag that is not known."""
        named = " or ".join(_PLACES[source] for source in sorted(self._sources))
        if named:
            return f"not described in {named} of {self.program}"
        return f"unknown: there is no documentation of {self.program} here"


def _is_in_brackets(argument: str) -> bool:
    """Whether one pair of brackets is around the whole."""
    if argument[:1] != "[" or argument[-1:] != "]":
        return False
    depth = 0
    for index, character in enumerate(argument):
        depth += (character == "[") - (character == "]")
        if depth == 0:
            return index == len(argument) - 1
    return False
