"""Frames over the socket that the daemon left open: blocking, one reader, many senders."""

import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from typing import NoReturn, Protocol

import msgspec

from lmd.defects import trace_of
from lmd.protocol.worker import Failed, FromWorker, JobId, ToWorker
from lmd.protocol.worker_frames import FrameSplitter, decode_to_worker, encode_frame

READ_SIZE = 1 << 18


class _Envelope(msgspec.Struct):
    """What is needed of a job that does not fit its type in order to answer it."""

    job: JobId


_decode_envelope = msgspec.msgpack.Decoder(_Envelope).decode


class Send(Protocol):
    """Takes messages to the daemon, together; blocks while the daemon does not read."""

    def __call__(self, *messages: FromWorker) -> None: ...


class Channel:
    """The worker's end of the socketpair. The end of the stream is the end of the process."""

    def __init__(self, sock: socket.socket, leave: Callable[[int], NoReturn] = os._exit) -> None:
        """``leave`` is called with an exit status as soon as the daemon is gone: without clean-up,
        because the main thread may be inside llama.cpp for seconds."""
        self._sock = sock
        self._leave = leave
        self._sending = threading.Lock()
        self._frames = self._read_frames()

    def send(self, *messages: FromWorker) -> None:
        """Send a frame for each. Safe from any thread; a daemon that is gone ends the process."""
        frames = b"".join(map(encode_frame, messages))
        with self._sending:
            try:
                self._sock.sendall(frames)
            except OSError:
                self._leave(0)

    def receive(self) -> ToWorker:
        """The next message, blocking. A job that does not fit its type is answered here."""
        while True:
            body = next(self._frames)
            try:
                message: ToWorker = decode_to_worker(body)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                self._refuse(body, error)
                continue
            return message

    def deliver_to(self, submit: Callable[[ToWorker], None]) -> None:
        """Start the thread that hands every further message to ``submit``."""

        def run_reader() -> NoReturn:
            try:
                while True:
                    submit(self.receive())
            except Exception as error:  # noqa: BLE001 - whatever it was, it is final
                # A worker that cannot be told anything any more is of no use.
                sys.stderr.write(trace_of(error) + "\n")
                self._leave(70)

        threading.Thread(target=run_reader, name="reader", daemon=True).start()

    def _read_frames(self) -> Iterator[bytes]:
        splitter = FrameSplitter()
        while True:
            try:
                data = self._sock.recv(READ_SIZE)
            except OSError:
                data = b""
            if not data:
                self._leave(0)
            yield from splitter.feed(data)

    def _refuse(self, body: bytes, error: Exception) -> None:
        try:
            job = _decode_envelope(body).job
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            sys.stderr.write("lmd worker: a frame is no message of this protocol\n")
            self._leave(76)
        self.send(Failed(job=job, code="invalid_request", message=str(error)))
