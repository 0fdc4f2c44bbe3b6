"""``python -m lmd.worker --fd N [--fake KNOBS | --weigh]``: serve one model over an inherited
socket, or tell what it would take."""

import argparse
import os
import resource
import socket
import sys
from pathlib import Path
from typing import NoReturn

from lmd.defects import hide_messages
from lmd.protocol.worker import Load, LoadFailed
from lmd.worker.channel import Channel, Send
from lmd.worker.service import Engine, LoadError

OOM_SCORE_ADJ = 800
"""Of the processes of a user the kernel shall take a model first, never the daemon."""


def main() -> NoReturn:
    """Load what the first frame names, then serve until the daemon closes the socket."""
    arguments = _parse_arguments()
    hide_messages()
    _confine()
    channel = Channel(socket.socket(fileno=arguments.fd))
    load = channel.receive()
    if not isinstance(load, Load):
        sys.stderr.write(f"lmd worker: expected Load first, got {type(load).__name__}\n")
        os._exit(76)
    if arguments.weigh:
        _weigh(load, channel)
    _limit_data(load.data_limit)
    engine = _make_engine(arguments.fake, channel.send)
    # Before the load, so that a daemon that dies meanwhile takes the worker with it.
    channel.deliver_to(engine.submit)
    try:
        ready = engine.load(load)
    except LoadError as error:
        channel.send(LoadFailed(error.message, error.hint))
        os._exit(1)
    channel.send(ready)
    engine.run()


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m lmd.worker", description=__doc__)
    parser.add_argument("--fd", type=int, required=True, help="inherited end of the socketpair")
    engine = parser.add_mutually_exclusive_group()
    engine.add_argument("--fake", metavar="KNOBS", help="serve without a model: key=value,...")
    engine.add_argument("--weigh", action="store_true", help="allocate nothing, tell the sizes")
    return parser.parse_args()


def _confine() -> None:
    """Die quietly and first: no core file, no debugger forked by ggml, OOM killer first."""
    os.environ["GGML_NO_BACKTRACE"] = "1"
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    score = Path("/proc/self/oom_score_adj")
    if score.exists():
        try:
            score.write_text(str(OOM_SCORE_ADJ), encoding="ascii")
        except OSError as error:
            sys.stderr.write(f"lmd worker: oom_score_adj stays as it is: {error}\n")


def _limit_data(limit: int | None) -> None:
    """A second line behind the daemon's watch, which looks four times a second. What is mapped
    from a file does not count. macOS ignores it."""
    if limit is None:
        return
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    try:
        resource.setrlimit(resource.RLIMIT_DATA, (limit if hard == -1 else min(limit, hard), hard))
    except (ValueError, OSError) as error:
        sys.stderr.write(f"lmd worker: no limit of memory: {error}\n")


def _weigh(load: Load, channel: Channel) -> NoReturn:
    from lmd.worker.dry_run import weigh

    try:
        channel.send(weigh(load))
    except LoadError as error:
        channel.send(LoadFailed(error.message, error.hint))
    # Ends the process when the daemon has measured it, and closes the socket.
    channel.receive()
    os._exit(0)


def _make_engine(fake: str | None, send: Send) -> Engine:
    # Imported late: the fake must not pay for llama.cpp, and the environment is set by now.
    if fake is not None:
        from lmd.worker.fake.engine import FakeEngine
        from lmd.worker.fake.knobs import parse_knobs

        return FakeEngine(parse_knobs(fake), send)
    from lmd.worker.engine import LlamaEngine

    return LlamaEngine(send)


if __name__ == "__main__":
    main()
