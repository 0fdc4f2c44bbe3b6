"""What is written to a socket without a turn of the event loop."""

import os

import trio


def try_write(socket: trio.socket.SocketType, data: bytes) -> int:
    """Hand the kernel what it takes at once of a stream; how many bytes that was.

    None of a connection that is broken: whoever waits to write the rest finds that out. Must not
    be called while another task writes to the socket.
    """
    try:
        # trio's own send goes through the event loop first; the descriptor does not block.
        return os.write(socket.fileno(), data)
    except OSError:
        return 0
