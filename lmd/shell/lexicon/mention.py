"""Where a request names the program to use: "... using git push", "with rsync: ..."."""

import re
from collections.abc import Callable

_NAME = r"[A-Za-z0-9.][\w.+-]*"
_NAMES = rf"`?(?P<name>{_NAME}(?: [\w.+-]+){{0,3}}?)`?"
_TRAILING = re.compile(
    rf"^(?P<rest>.+)[\s,]+(?:using|with|via|through)\s+(?:the\s+)?{_NAMES}(?:\s+command)?[.?!]?$",
    re.IGNORECASE | re.DOTALL,
)
_LEADING = re.compile(
    rf"^(?:(?:use|using|with)\s+)?{_NAMES}(?:\s*[:,]\s*|\s+to\s+)(?P<rest>.+)$",
    re.IGNORECASE | re.DOTALL,
)
_BRACKETED = re.compile(rf"^(?P<rest>.+?)\s*\((?:with |using )?{_NAMES}\)[.?!]?$", re.DOTALL)
_FINAL_USING = re.compile(r"^(?P<rest>.+)\s+using\s+(?P<name>[^\s]{1,64})$", re.DOTALL)
LONGEST_REQUEST = 2000
"""Characters; what is longer is searched for no mention."""


def find_mention(request: str, known: Callable[[str], str | None]) -> tuple[str, str] | None:
    """Return (topic, the request without its mention), or None where no program is named.

    ``known`` returns the topic's own spelling for a name such as ``git push`` or None. One word
    after a final "using" counts as a program even where nobody knows it.
    """
    text = " ".join(request.split())
    if len(text) > LONGEST_REQUEST:
        return None
    for pattern in (_TRAILING, _LEADING, _BRACKETED):
        match = pattern.match(text)
        topic = known(match["name"]) if match else None
        if match and topic:
            return topic, match["rest"]
    match = _FINAL_USING.match(text)
    return (match["name"].strip("`"), match["rest"]) if match else None
