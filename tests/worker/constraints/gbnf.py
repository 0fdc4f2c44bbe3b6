"""Grammar expressions without rules, as regular expressions: to try them without a model."""

import re

PART = re.compile(r'"((?:\\.|[^"\\])*)"|(\[(?:\\.|[^\]\\])*\])|([ \n])|(.)')


def matches(expression: str, text: str) -> bool:
    """Whether the whole text is an instance of the expression."""
    return re.fullmatch(_to_regex(expression), text) is not None


def _to_regex(expression: str) -> str:
    parts: list[str] = []
    for match in PART.finditer(expression):
        literal, characters, space, other = match.groups()
        if literal is not None:
            parts.append(f"(?:{re.escape(_unescape(literal))})")
        elif characters is not None:
            parts.append(characters)
        elif space is None:
            parts.append("(?:" if other == "(" else other)
    return "".join(parts)


def _unescape(literal: str) -> str:
    return re.sub(
        r"\\(x[0-9A-F]{2}|.)",
        lambda found: chr(int(found[1][1:], 16)) if len(found[1]) > 1 else found[1],
        literal,
    )
