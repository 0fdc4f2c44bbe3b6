"""Secrets of the configuration: the file says where one is kept, never what it is.

A key that takes a secret has the type ``Annotated[SecretReference, SECRET]``; `read_secret` of
`lmd.config.secret_sources` follows it when the secret is needed.
"""

import hmac
from typing import Annotated, NoReturn

from msgspec import Meta, Struct

from lmd.config.values import Path

MAX_SECRET_BYTES = 64 << 10
HIDDEN = "********"
SECRET = Meta(extra={"unit": "secret"}, extra_json_schema={"x-unit": "secret"})
"""Marks a key, so that a plain text in its place is refused with a remedy."""
SPELLINGS = (
    '{ file = "~/.config/lmd/token" }, { credential = "token" }, '
    '{ command = ["pass", "show", "lmd"] }, { keyring = "lmd/token" } or { env = "LMD_TOKEN" }'
)


class SecretError(Exception):
    """A secret that cannot be had; neither ``message`` nor ``hint`` contains any of it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Secret:
    """A secret's text, which only `reveal` shows: no log, no traceback and no encoder does."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def matches(self, other: str) -> bool:
        """Whether it is this text; takes as long for a near miss as for a wild one."""
        return hmac.compare_digest(self._text.encode(), other.encode())

    def __repr__(self) -> str:
        return f"Secret({HIDDEN})"

    def __str__(self) -> str:
        return HIDDEN

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.matches(other._text)

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written anywhere")


class SecretReference(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Where a secret is kept. Exactly one key; the first line there is the secret."""

    file: Path | None = None
    """A file that nobody but its owner, who runs lmd, may read (mode 0600)."""
    credential: (
        Annotated[
            str,
            Meta(
                pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*$",
                extra={"takes": 'a name of letters, digits, dots and dashes, such as "lmd.token"'},
            ),
        ]
        | None
    ) = None
    """The name of a credential that systemd hands over (`LoadCredential=`)."""
    command: Annotated[list[str], Meta(min_length=1, max_length=64)] | None = None
    """A program and its arguments, run without a shell, for 10 seconds at most."""
    env: (
        Annotated[
            str,
            Meta(
                pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
                extra={"takes": 'the name of a variable, such as "LMD_TOKEN"'},
            ),
        ]
        | None
    ) = None
    """The name of an environment variable. Everything that runs as you can read those."""
    keyring: (
        Annotated[
            str,
            Meta(
                pattern=r"^.+/[^/]+$",
                extra={"takes": 'a service and a user, such as "lmd/token"'},
            ),
        ]
        | None
    ) = None
    """`service/user` in the desktop's keyring; needs the extra `lmd[keyring]`."""

    def __post_init__(self) -> None:
        given = [name for name in self.__struct_fields__ if getattr(self, name) is not None]
        if len(given) != 1:
            said = " and ".join(given) if given else "nothing"
            raise ValueError(f"a secret is kept in one place, and this names {said}")
