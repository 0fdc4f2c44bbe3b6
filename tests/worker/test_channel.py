"""Frames over a socketpair, and what the end of it means."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import pytest

from lmd.protocol.params import Sampling
from lmd.protocol.worker import Failed, Generate, Ping, Pong
from lmd.protocol.worker_frames import FrameSplitter, decode_from_worker, encode_frame
from lmd.worker.channel import Channel


class Left(Exception):
    """The worker would have ended with this status."""


def leave(status: int) -> NoReturn:
    raise Left(status)


@contextmanager
def open_pair() -> Iterator[tuple[socket.socket, Channel]]:
    ours, theirs = socket.socketpair()
    ours.settimeout(10)
    with ours, theirs:
        yield ours, Channel(theirs, leave)


def test_messages_come_in_order_whatever_the_pieces():
    with open_pair() as (ours, channel):
        data = encode_frame(Ping(1)) + encode_frame(Ping(2))
        ours.sendall(data[:3])
        sender = threading.Thread(target=ours.sendall, args=(data[3:],))
        sender.start()
        assert [channel.receive(), channel.receive()] == [Ping(1), Ping(2)]
        sender.join()


def test_the_end_of_the_stream_ends_the_process():
    with open_pair() as (ours, channel):
        ours.close()
        with pytest.raises(Left, match="0"):
            channel.receive()
        with pytest.raises(Left, match="0"):
            channel.send(Pong(1, 0, 0, 0))


def test_a_job_out_of_bounds_is_answered_and_the_next_message_comes():
    with open_pair() as (ours, channel):
        hostile = Generate(job=5, prompt="x", sampling=Sampling(top_p=7.0))
        ours.sendall(encode_frame(hostile) + encode_frame(Ping(2)))
        assert channel.receive() == Ping(2)
        answer = decode_from_worker(FrameSplitter().feed(ours.recv(1 << 16))[0])
        assert isinstance(answer, Failed)
        assert (answer.job, answer.code) == (5, "invalid_request")


@pytest.mark.parametrize("body", [b"\xc1", b"\x80", b"\x90" * 5000, b"\x81\xa4type\xa1X"])
def test_what_is_no_message_ends_the_process_as_a_protocol_error(body: bytes):
    with open_pair() as (ours, channel):
        ours.sendall(len(body).to_bytes(4, "big") + body)
        with pytest.raises(Left, match="76"):
            channel.receive()
