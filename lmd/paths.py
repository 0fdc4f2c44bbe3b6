"""Where things live. ``lmctl`` pays for this module on every call: only ``os`` at the top.

The socket is ``$LMD_SOCKET``, else ``$XDG_RUNTIME_DIR/lmd/lmd.sock``, else
``${TMPDIR:-/tmp}/lmd-$UID/lmd.sock``. Empty variables count as unset, as the XDG base directory
specification asks.
"""

import os

MAX_SOCKET_PATH = 103
"""Bytes that fit into ``sun_path`` on every supported system (macOS 104, Linux 108, less NUL)."""


def socket_path() -> str:
    """The socket that daemon and clients agree on."""
    explicit = os.environ.get("LMD_SOCKET")
    return explicit if explicit else os.path.join(runtime_directory(), "lmd.sock")


def runtime_directory() -> str:
    """The private directory of the default socket."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if os.path.isabs(runtime):
        return os.path.join(runtime, "lmd")
    return os.path.join(os.environ.get("TMPDIR") or "/tmp", f"lmd-{os.getuid()}")


def config_path() -> str:
    """The configuration: ``$LMD_CONFIG``, else ``lmd/lmd.toml`` in the user's config folder."""
    explicit = os.environ.get("LMD_CONFIG")
    if explicit:
        return explicit
    import platformdirs

    return os.path.join(platformdirs.user_config_dir("lmd", appauthor=False), "lmd.toml")


def state_directory() -> str:
    """Logs and what survives a restart."""
    import platformdirs

    return platformdirs.user_state_dir("lmd", appauthor=False)


def cache_directory() -> str:
    """What can be made again."""
    import platformdirs

    return platformdirs.user_cache_dir("lmd", appauthor=False)


def saved_state_directory() -> str:
    """What models had read, kept for their next load; private, and no loss when it goes."""
    return os.path.join(cache_directory(), "kv")


def builtin_model_path() -> str:
    """The GGUF that ships inside the package."""
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "shell.gguf")


def lexicon_path() -> str:
    """What is known of program names, beside the model that was trained with it."""
    return os.path.join(os.path.dirname(builtin_model_path()), "shell.db")
