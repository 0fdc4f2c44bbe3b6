"""What is known, and said, of a daemon that takes connections and does not answer."""

from lmctl.failures import EXIT_BUSY, Failure


def silent_daemon(pid: "int | None") -> Failure:
    """What is known of it, and what to type next."""
    if pid is None:
        return Failure(
            "the daemon takes connections and does not answer", EXIT_BUSY, "lmctl doctor"
        )
    if is_stopped(pid):
        return Failure(
            f"the daemon (pid {pid}) is stopped: somebody sent it SIGSTOP",
            EXIT_BUSY,
            f"let it go on with: kill -CONT {pid}",
        )
    return Failure(
        f"the daemon (pid {pid}) takes connections and does not answer",
        EXIT_BUSY,
        f"if it stays so, end it with: kill -KILL {pid}",
    )


def is_stopped(pid: int) -> bool:
    """Whether a process is stopped by a signal or a debugger; False where that is not known."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read(4096).rpartition(b") ")[2][:1] in (b"T", b"t")
    except OSError:
        return False
