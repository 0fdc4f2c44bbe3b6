"""Words of a request as index terms: lower case, light stems, no stop words."""

import re

_WORD = re.compile(r"[a-z0-9]+(?:\+\+)?")
_STOP = frozenset(
    {
        "a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "has", "have",
        "how", "i", "if", "in", "into", "is", "it", "its", "me", "my", "of", "on", "or",
        "please", "so", "that", "the", "their", "them", "then", "there", "these", "this",
        "those", "to", "use", "using", "via", "want", "was", "which", "with", "you", "your",
        "command", "bash", "shell", "linux",
    }
)  # fmt: skip
_SUFFIX = re.compile(r"(?:ings?|ers?|ed|es|s|e)$")
LONGEST_STEM = 8
MOST_TERMS = 64


def stem(word: str) -> str:
    """Cut plural and verb endings: ``files`` and ``file``, ``deleting`` and ``delete`` agree."""
    cut = _SUFFIX.sub("", word)
    if len(cut) < 3:
        cut = word.removesuffix("s")
        return cut if len(cut) >= 3 else word
    if len(cut) > 3 and cut[-1] == cut[-2] and cut[-1] not in "ls":
        cut = cut[:-1]
    if cut[-1] == "y":
        cut = cut[:-1] + "i"
    return cut[:LONGEST_STEM]


def terms(text: str) -> tuple[str, ...]:
    """The distinct terms of a text in order, at most `MOST_TERMS`."""
    found = (stem(word) for word in _WORD.findall(text.lower()) if word not in _STOP)
    return tuple(dict.fromkeys(found))[:MOST_TERMS]
