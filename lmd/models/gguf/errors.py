"""The one error of the GGUF reader, and what makes text from a file fit for a message."""

from __future__ import annotations

from pathlib import Path

DOWNLOAD_AGAIN = "download it again"
CONVERT_AGAIN = "convert it again with a current converter"
NAME_SHOWN = 64


class BadModel(Exception):
    """A model file that lmd refuses to hand to llama.cpp.

    Attributes:
        message: what is wrong and why it matters; printable, one line, no raw bytes of the file.
        hint: what the user can do about it.
        where: the metadata key or tensor at fault, made printable; empty for the file as a whole.
        path: the file, if the bytes came from one.
    """

    def __init__(
        self, message: str, hint: str = DOWNLOAD_AGAIN, *, where: str = "", path: Path | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.where = where
        self.path = path

    def at(self, path: Path) -> BadModel:
        """The same refusal, naming the file."""
        return BadModel(self.message, self.hint, where=self.where, path=path)

    def __str__(self) -> str:
        subject = [printable(str(self.path), 4096)] if self.path else []
        subject += [self.where] if self.where else []
        return ": ".join([*subject, f"{self.message}; {self.hint}"])


def printable(text: str | bytes, limit: int = NAME_SHOWN) -> str:
    """`text` with everything but printable characters replaced by `?`, cut to `limit` characters.

    A model file is downloaded from strangers, and these strings reach terminals and logs.
    """
    if isinstance(text, bytes):
        text = text[: limit * 4].decode("utf-8", "replace")
    shown = "".join(char if char.isprintable() else "?" for char in text[:limit])
    return shown + "..." if len(text) > limit else shown
