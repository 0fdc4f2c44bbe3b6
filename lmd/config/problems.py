"""What is wrong with a configuration: where, what, and what to write instead."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from lmd.config.lines import Key

MOST = 50
"""Problems that are told; whoever has more begins with these."""
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Problem:
    """``hint`` says what to write instead. ``line`` is 0 where no line is to blame, ``source``
    the file where it is not the only one."""

    key: Key
    message: str
    hint: str = ""
    line: int = 0
    source: str = ""


class ConfigError(Exception):
    """A configuration that cannot be used; ``str`` of it has a line for each problem."""

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.source = source
        self.problems = tuple(problems)
        super().__init__("\n".join(map(self.located, problems)))

    def located(self, problem: Problem) -> str:
        """A problem behind the file and line where it stands, as compilers write it."""
        line = f":{problem.line}" if problem.line else ""
        return f"{problem.source or self.source}{line}: {problem.message}"


def at_fault(source: str, message: str, hint: str = "") -> ConfigError:
    """The error of a file that is wrong as a whole."""
    return ConfigError(source, [Problem((), message, hint)])


def spelled(key: Key) -> str:
    """A key path as TOML writes it: ``models."my model".aliases[0]``."""
    text = ""
    for part in key:
        if part.isdigit() and text:
            text += f"[{part}]"
        else:
            bare = part if _BARE_KEY.fullmatch(part) else _quoted(part)
            text += f".{bare}" if text else bare
    return text


def _quoted(part: str) -> str:
    """As JSON, but for the one character that JSON takes as it is and TOML does not."""
    return json.dumps(part, ensure_ascii=False).replace("\x7f", "\\u007F")
