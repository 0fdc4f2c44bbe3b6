"""References to environment variables in texts of the configuration: ``${NAME}``. Pure.

``${NAME:-default}`` stands for ``default`` where the variable is unset or empty, as in a shell;
``$${`` is a literal ``${``. Paths also take ``$NAME``. A variable that is not set is an error: a
path that loses a part, or a prompt that loses a word, is found too late.
"""

import re
from collections.abc import Mapping

_BRACED = (
    r"\$\$\{|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<default>:-[^${}]*)?\}|(?P<broken>\$\{[^}]*\}?)"
)
_TEXT = re.compile(_BRACED)
_PATH = re.compile(_BRACED + r"|\$(?P<bare>[A-Za-z_][A-Za-z0-9_]*)")


class UnresolvedVariable(ValueError):
    """A reference without a value; ``hint`` says what to write or to set."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def resolve_variables(text: str, environ: Mapping[str, str], *, path: bool = False) -> str:
    """The text with the values of variables in place of references.

    Values are taken as they are: a reference in one is not followed. Raises `UnresolvedVariable`.
    """

    def value_of(found: re.Match[str]) -> str:
        if found[0] == "$${":
            return "${"
        if found["broken"]:
            raise UnresolvedVariable(
                f"{found['broken'][:40]!r} is no reference to a variable",
                "write ${NAME} or ${NAME:-default}; for the characters themselves write $${",
            )
        name = found["name"] or found.groupdict().get("bare") or ""
        value, default = environ.get(name), found["default"]
        if not value and default is not None:
            return default[2:]
        if value is None:
            raise UnresolvedVariable(
                f"the variable {name} is not set", f"set it, or write ${{{name}:-default}}"
            )
        if not value.isascii() and not _is_text(value):
            raise UnresolvedVariable(f"the variable {name} is not UTF-8 text", "set it to text")
        return value

    return (_PATH if path else _TEXT).sub(value_of, text)


def _is_text(value: str) -> bool:
    """Bytes that are no UTF-8 arrive in the environment as lone surrogates."""
    return not any("\ud800" <= character <= "\udfff" for character in value)
