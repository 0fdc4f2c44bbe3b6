"""The composition root: builds every object, nests the nurseries, and so defines the drain.

workers        end last: what still runs needs them
  connections  get ``daemon.drain`` seconds to finish what is in flight
    accepts    end first: nobody new comes in
"""

import os
import resource
import sys
from dataclasses import dataclass
from pathlib import Path

import structlog
import trio

import lmd
from lmd import paths
from lmd.backend.launch import Launcher
from lmd.config.diff import Change, renewed_models
from lmd.config.schema import Config
from lmd.events import Bus
from lmd.logs import open_logs, open_unbuffered, set_level
from lmd.metrics.http import run_http
from lmd.models.catalogue import Catalogue
from lmd.models.probe import Probe
from lmd.protocol.events import DaemonDraining, DaemonStarted
from lmd.reload.reloader import Apply, Reloader
from lmd.reload.watch import run_watch
from lmd.rpc import socket_file
from lmd.rpc.dispatch import Dispatcher, Handler
from lmd.rpc.handlers.embed import EmbedHandlers
from lmd.rpc.handlers.generate import GenerateHandlers
from lmd.rpc.handlers.metrics import MetricsHandlers
from lmd.rpc.handlers.models import ModelsHandlers
from lmd.rpc.handlers.personas import PersonasHandlers
from lmd.rpc.handlers.reload import ReloadHandlers
from lmd.rpc.handlers.requests import RequestsHandlers
from lmd.rpc.handlers.shell import ShellHandlers
from lmd.rpc.handlers.status import ServerFacts, StatusHandlers
from lmd.rpc.outlets import Outlets, open_outlets
from lmd.rpc.requests import Requests
from lmd.rpc.server import Server
from lmd.rpc.telemetry import Telemetry
from lmd.rpc.view import Models
from lmd.scheduler.broker import Broker
from lmd.scheduler.configured import model_limits, shared_limits
from lmd.scheduler.core import Scheduler
from lmd.shell.documentation import Library
from lmd.shell.lexicon.store import Lexicon as StoredLexicon
from lmd.shell.lexicon.store import LexiconError
from lmd.shell.service import ShellService
from lmd.shell.suggest.knowledge import Lexicon, NoLexicon
from lmd.signals import run_signals

log = structlog.get_logger("lmd")

DESCRIPTORS = 10_000
"""As many as macOS lets a process have; more than `limits.connections` needs by default."""
LAST_WORDS_SECONDS = 2.0
"""What the final messages of requests that outlived the drain get to be sent."""


def run(config: Config, config_path: str, socket: str, fake: str | None, *, required: bool) -> None:
    """Serve until SIGTERM or SIGINT. Blocks; owns the process.

    ``config`` is what ``config_path`` said a moment ago, or the defaults where there is no such
    file; with ``required`` it is missed when it goes.

    Raises `socket_file.AlreadyRunning`, `LmdError` for an unsafe socket path, and OSError.
    """
    os.umask(0o077)
    _mend_standard_streams()
    socket_file.prepare_directory(os.path.dirname(socket))
    _raise_descriptor_limit()
    _forbid_core_files()
    with (
        open_logs(config.log) as lines,
        socket_file.own(socket),
        open_outlets(config, config_path, lines) as outlets,
    ):
        listener = socket_file.bind(socket)
        identity = socket_file.file_identity(socket)
        try:
            stream_listener = trio.SocketListener(trio.socket.from_stdlib_socket(listener))
            origin = Origin(config, config_path, required)
            trio.run(_serve, origin, socket, stream_listener, identity, fake, outlets)
        finally:
            socket_file.unlink_if_ours(socket, identity)


@dataclass(frozen=True, slots=True)
class Origin:
    """The configuration to start with, and where the next one comes from."""

    config: Config
    path: str
    required: bool


async def _serve(
    origin: Origin,
    socket: str,
    listener: trio.SocketListener,
    identity: tuple[int, int],
    fake: str | None,
    outlets: Outlets,
) -> None:
    config = origin.config
    server = Server(listener, config.limits)
    catalogue = Catalogue(config, check_files=fake is None)
    limits = config.limits
    launcher = Launcher(config.daemon.load_timeout, limits.stall_timeout, fake, limits.saved_state)
    bus = Bus()
    scheduler = Scheduler(model_limits(config), shared_limits(config))
    broker = Broker(scheduler, catalogue, launcher, bus)
    reloader = Reloader(
        origin.path, config, _applying(server, broker), bus, required=origin.required
    )
    broker.on_roll_back = reloader.roll_back
    facts = ServerFacts(
        socket=socket,
        config=lambda: reloader.source,
        started=trio.current_time(),
        connections=lambda: server.connections,
        in_flight=lambda: server.requests_in_flight,
        draining=server.draining.is_set,
        generation=lambda: reloader.generation,
        config_error=lambda: reloader.error,
        measure=Probe().look,
    )
    telemetry = Telemetry(bus, broker, catalogue, facts, outlets)
    handlers = handlers_of(broker, catalogue, facts, reloader, _open_lexicon(), telemetry)
    dispatcher = Dispatcher(handlers, lambda: reloader.config.limits.deadline, bus)
    async with trio.open_nursery() as workers:
        await workers.start(broker.run)
        if scrapes := outlets.scrapes:
            log.info("metrics over HTTP", address=str(scrapes.address))
            render = telemetry.metrics.render
            workers.start_soon(run_http, scrapes.listener, scrapes.rules, render)
        async with trio.open_nursery() as connections:
            async with trio.open_nursery() as accepts:

                def drain() -> None:
                    log.info("draining", in_flight=server.requests_in_flight)
                    bus.publish(DaemonDraining(in_flight=server.requests_in_flight))
                    socket_file.unlink_if_ours(socket, identity)
                    server.draining.set()
                    accepts.cancel_scope.cancel(reason="draining")

                await workers.start(
                    run_signals,
                    drain,
                    lambda: workers.cancel_scope.cancel(reason="second signal"),
                    reloader.request,
                )
                accepts.start_soon(reloader.run)
                accepts.start_soon(run_watch, reloader.files, reloader.notice)
                bus.publish(DaemonStarted(version=lmd.__version__, pid=os.getpid()))
                log.info("serving", version=lmd.__version__, socket=socket, pid=os.getpid())
                await server.run_accepts(dispatcher, connections)
            await server.accept_backlog(dispatcher, connections)
            await listener.aclose()
            grace = reloader.config.daemon.drain
            drained_by = trio.current_time() + grace
            connections.start_soon(_end_drain, grace, server, connections)
        with trio.move_on_at(max(drained_by, trio.current_time() + LAST_WORDS_SECONDS)):
            await broker.save_all()
        workers.cancel_scope.cancel(reason="drained")
    log.info("stopped")


async def _end_drain(grace: float, server: Server, connections: trio.Nursery) -> None:
    """Give running requests their grace, then their final messages, then nothing."""
    with trio.move_on_after(grace):
        while server.connections:
            await server.wait_connection_closed()
    server.cancel_requests()
    connections.cancel_scope.deadline = trio.current_time() + LAST_WORDS_SECONDS


def _open_lexicon() -> Lexicon:
    """What ships with lmd of program names; suggestions do without where it cannot be read."""
    path = paths.lexicon_path()
    try:
        return StoredLexicon(Path(path))
    except LexiconError as error:
        log.warning("no lexicon", reason=str(error))
        return NoLexicon()


def _applying(server: Server, broker: Broker) -> Apply:
    """What makes another configuration hold, everywhere that asks for it."""

    def apply(config: Config, changes: list[Change]) -> None:
        server.reconfigure(config.limits)
        set_level(config.log.level)
        broker.reconfigure(config, renewed_models(changes))

    return apply


def handlers_of(
    broker: Broker,
    catalogue: Catalogue,
    facts: ServerFacts,
    reloader: Reloader,
    lexicon: Lexicon,
    telemetry: Telemetry,
) -> dict[str, Handler]:
    """What answers each method."""
    requests = Requests()
    view = Models(broker, catalogue, requests.meter, facts.measure)
    generate = GenerateHandlers(broker, catalogue, requests)
    embed = EmbedHandlers(broker, catalogue, requests)
    models = ModelsHandlers(broker, catalogue, requests, view)
    personas = PersonasHandlers(catalogue)
    shell = ShellHandlers(ShellService(broker, catalogue, lexicon, Library()), catalogue, requests)
    status = StatusHandlers(broker, catalogue, facts, requests, view, telemetry.bus)
    return {
        "hello": status.hello,
        "ask": generate.ask,
        "complete": generate.complete,
        "embed": embed.embed,
        "tokenize": embed.tokenize,
        "suggest": shell.suggest,
        "explain": shell.explain,
        "fix": shell.fix,
        "models.list": models.list,
        "models.show": models.show,
        "models.load": models.load,
        "models.unload": models.unload,
        "models.forget": models.forget,
        "events": telemetry.events.events,
        "metrics": MetricsHandlers(telemetry.metrics).metrics,
        "requests.cancel": RequestsHandlers(requests).cancel,
        "personas.list": personas.list,
        "reload": ReloadHandlers(reloader, broker).reload,
        "status": status.status,
    }


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
