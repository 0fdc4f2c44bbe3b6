"""Reading a reply of `status`: fields may be missing, newer or older than this client."""

from collections.abc import Mapping

Reply = Mapping[str, object]


def number(values: Reply, key: str) -> float | None:
    """A number; None for anything else."""
    value = values.get(key)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def count(values: Reply, key: str) -> int:
    """A whole number; 0 for anything else."""
    return int(number(values, key) or 0)


def text(values: Reply, key: str) -> str:
    """A text; empty for anything else."""
    value = values.get(key)
    return value if isinstance(value, str) else ""


def nested(values: Reply, key: str) -> Reply:
    """A map; an empty one for anything else."""
    value = values.get(key)
    return value if isinstance(value, dict) else {}


def items(values: Reply, key: str) -> list[Reply]:
    """A list of maps; what is no map is left out."""
    value = values.get(key)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
