"""Secrets that have been read are taken out of whatever is written down.

Nothing is meant to say one; a library may, in the message of an error about it.
"""

import base64
import json
from urllib.parse import quote

from lmd.config.secrets import HIDDEN, Secret

SHORTEST = 6
"""Characters: what is shorter would hide ordinary words, and is no secret."""

_spellings: set[str] = set()


def remember(secret: Secret) -> Secret:
    """Have a secret taken out from now on; returns it."""
    text = secret.reveal()
    if len(text) >= SHORTEST:
        data = text.encode()
        _spellings.update(
            {
                text,
                repr(text)[1:-1],
                json.dumps(text)[1:-1],
                json.dumps(text, ensure_ascii=False)[1:-1],
                quote(text),
                quote(text, safe=""),
                base64.b64encode(data).decode(),
                base64.urlsafe_b64encode(data).decode(),
            }
        )
    return secret


def redact(text: str) -> str:
    """A text without any secret that is remembered."""
    # The longest first: one spelling may be a part of another.
    for spelling in sorted(_spellings, key=len, reverse=True):
        text = text.replace(spelling, HIDDEN)
    return text
