"""What the daemon sets up for its process: streams, limits, and what a crash leaves behind."""

import faulthandler
import os
import resource
import sys

from lmd.logs import open_unbuffered

DESCRIPTORS = 10_000
"""As many as macOS lets a process have; more than `limits.connections` needs by default."""


def prepare_process() -> None:
    """To be called once, before anything is opened. Raises OSError."""
    os.umask(0o077)
    _mend_standard_streams()
    # A watchdog's SIGABRT, and a crash, leave on stderr what every thread was doing.
    faulthandler.enable()
    _raise_descriptor_limit()
    _forbid_core_files()


def _mend_standard_streams() -> None:
    """Have 0, 1 and 2 open, so that no socket of ours takes their place, and stderr unbuffered."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        continue
    os.close(descriptor)
    sys.stderr = open_unbuffered(2, "w")


def _forbid_core_files() -> None:
    """Prompts and secrets are in our memory; a core file would keep them."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _raise_descriptor_limit() -> None:
    """Connections cost descriptors, and the usual soft limit is lower than our own."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # macOS calls its hard limit infinite and refuses to set it.
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, DESCRIPTORS)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
