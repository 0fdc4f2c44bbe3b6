"""Frames between the daemon and a worker process: u32 big-endian length, then MessagePack."""

import msgspec

from lmd.protocol.limits import MAX_WORKER_FRAME_BYTES
from lmd.protocol.worker import FromWorker, ToWorker

_encoder = msgspec.msgpack.Encoder()
decode_to_worker = msgspec.msgpack.Decoder(ToWorker).decode
decode_from_worker = msgspec.msgpack.Decoder(FromWorker).decode


def encode_frame(message: ToWorker | FromWorker) -> bytes:
    """One frame, length prefix included. Raises ValueError past `MAX_WORKER_FRAME_BYTES`."""
    body = _encoder.encode(message)
    if len(body) > MAX_WORKER_FRAME_BYTES:
        raise ValueError(f"a frame of {len(body)} bytes is over {MAX_WORKER_FRAME_BYTES}")
    return len(body).to_bytes(4, "big") + body


class FrameSplitter:
    """Cuts a byte stream into frame bodies. Raises ValueError on an oversized length."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Add bytes; return the bodies that are now complete."""
        self._buffer += data
        bodies: list[bytes] = []
        start = 0
        while len(self._buffer) - start >= 4:
            size = int.from_bytes(self._buffer[start : start + 4], "big")
            if size > MAX_WORKER_FRAME_BYTES:
                raise ValueError(f"a frame of {size} bytes is over {MAX_WORKER_FRAME_BYTES}")
            if len(self._buffer) - start - 4 < size:
                break
            bodies.append(bytes(self._buffer[start + 4 : start + 4 + size]))
            start += 4 + size
        del self._buffer[:start]
        return bodies
