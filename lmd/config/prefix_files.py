"""Prefixes that are kept in files of their own: read with the configuration, and part of it."""

import os
import stat

import msgspec

from lmd.config.problems import Problem, spelled
from lmd.config.schema import MOST_PREFIX_BYTES, Config, PrefixConfig


def with_prefix_files(config: Config) -> tuple[Config, list[Problem]]:
    """The configuration with the text of every file, and what is wrong with them. Blocks."""
    prefixes, problems = dict(config.prefixes), []
    for name, prefix in config.prefixes.items():
        if not prefix.file or prefix.text:
            continue
        try:
            prefixes[name] = msgspec.structs.replace(prefix, text=_read(prefix))
        except (OSError, ValueError) as error:
            key = ("prefixes", name, "file")
            reason = getattr(error, "strerror", None) or str(error)
            hint = "name a readable text file, or write the text itself: text = '''...'''"
            problems.append(Problem(key, f"{spelled(key)}: {prefix.file}: {reason}", hint))
    return msgspec.structs.replace(config, prefixes=prefixes), problems


def _read(prefix: PrefixConfig) -> str:
    descriptor = os.open(prefix.file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("it is no file")
        data = file.read(MOST_PREFIX_BYTES + 1)
    if len(data) > MOST_PREFIX_BYTES:
        raise ValueError(f"it has more than {MOST_PREFIX_BYTES >> 10} KiB")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"it is no UTF-8 from byte {error.start} on") from error
    if not text.strip():
        raise ValueError("it is empty")
    return text
