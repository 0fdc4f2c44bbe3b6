"""How much memory there is to take a percentage of."""

import os

_CGROUPS = "/sys/fs/cgroup"


def memory_bytes() -> int:
    """The machine's memory, or what a container or unit around us is limited to."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([physical, *_cgroup_limits()])


def _cgroup_limits() -> list[int]:
    """Limits of our control group and those around it (Linux, cgroup v2)."""
    try:
        with open("/proc/self/cgroup", encoding="ascii", errors="replace") as file:
            groups = [line[3:].strip() for line in file if line.startswith("0::")]
    except OSError:
        return []
    limits = []
    parts = [part for part in (groups[0] if groups else "").split("/") if part not in ("", "..")]
    for depth in range(len(parts) + 1):
        try:
            with open(os.path.join(_CGROUPS, *parts[:depth], "memory.max"), "rb") as file:
                text = file.read(32).strip()
        except OSError:
            continue
        if text.isdigit():
            limits.append(int(text))
    return limits
