"""What the machine and its processes use; the only place that asks psutil."""

import psutil


def resident_bytes(pid: int) -> int | None:
    """Resident memory of a process, its mapped weights included; None when it is gone."""
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return None


def open_descriptors() -> int:
    """How many files, sockets and pipes this process has open."""
    return int(psutil.Process().num_fds())
