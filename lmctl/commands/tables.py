"""Plain text: facts, sizes and durations."""


def render_facts(facts: object, indent: str = "") -> str:
    """``key: value`` lines; nested maps are indented."""
    if not isinstance(facts, dict):
        return ""
    lines = []
    for key, value in facts.items():
        if isinstance(value, dict):
            lines += [f"{indent}{key}:", render_facts(value, indent + "  ")]
        else:
            shown = ", ".join(map(str, value)) if isinstance(value, list) else value
            lines.append(f"{indent}{key}: {shown}")
    return "\n".join(lines)


def size(count: object) -> str:
    """Bytes in the largest binary unit that leaves a number of at least one."""
    if not isinstance(count, (int, float)):
        return "-"
    for unit, scale in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count >= scale:
            return f"{count / scale:.1f} {unit}"
    return f"{count:.0f} B"


def duration(seconds: object) -> str:
    """Seconds as ``3d 4h``, ``5h 12m``, ``7m 3s`` or ``9s``."""
    if not isinstance(seconds, (int, float)):
        return "-"
    left = int(seconds)
    parts = []
    for unit, scale in (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)):
        count, left = divmod(left, scale)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2]) or "0s"
