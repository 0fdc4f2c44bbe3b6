"""launchd's half of socket activation: launch_activate_socket(3), reached through ctypes.

The function is part of macOS's own C library; no other system has it.
"""

import ctypes
import errno
import os


def activate(name: str, library: str | None = None) -> list[int]:
    """The descriptors that the agent's property list declares under ``name``.

    Empty where launchd did not start this process, or declares none. ``library`` is where the
    function is, the C library unless given. Raises OSError for any other refusal.
    """
    c = ctypes.CDLL(library)
    check_in = c.launch_activate_socket
    check_in.restype = ctypes.c_int
    check_in.argtypes = [
        ctypes.c_char_p,
        ctypes.POINTER(ctypes.POINTER(ctypes.c_int)),
        ctypes.POINTER(ctypes.c_size_t),
    ]
    c.free.restype, c.free.argtypes = None, [ctypes.c_void_p]
    descriptors = ctypes.POINTER(ctypes.c_int)()
    count = ctypes.c_size_t()
    error = check_in(name.encode(), ctypes.byref(descriptors), ctypes.byref(count))
    if error in (errno.ESRCH, errno.ENOENT):
        return []
    if error:
        raise OSError(error, f"launchd does not hand over {name!r}: {os.strerror(error)}")
    try:
        return descriptors[: count.value]
    finally:
        c.free(descriptors)
