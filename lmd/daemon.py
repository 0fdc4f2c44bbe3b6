"""The composition root: builds every object, nests the nurseries, and so defines the drain.

workers        end last: what still runs needs them
  connections  get ``daemon.drain`` seconds to finish what is in flight
    accepts    end first: nobody new comes in
"""

import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog
import trio

import lmd
from lmd import paths
from lmd.backend.control_groups import open_groups
from lmd.backend.launch import Launcher
from lmd.config.diff import Change, renewed_models
from lmd.config.schema import Config
from lmd.events import Bus
from lmd.logs import destination, open_logs, set_level
from lmd.metrics.http import run_http
from lmd.models.catalogue import Catalogue
from lmd.models.probe import Probe
from lmd.models.records import Kept
from lmd.notify import Notifier, run_watchdog, take_notifier
from lmd.process import prepare_process
from lmd.protocol.events import DaemonDraining, DaemonStarted
from lmd.reload.reloader import Apply, Reloader
from lmd.reload.watch import run_watch
from lmd.rpc.dispatch import Dispatcher, Handler
from lmd.rpc.handlers.commands import CommandAnswers
from lmd.rpc.handlers.embed import EmbedHandlers
from lmd.rpc.handlers.generate import GenerateHandlers
from lmd.rpc.handlers.memory import MemoryHandlers
from lmd.rpc.handlers.metrics import MetricsHandlers
from lmd.rpc.handlers.models import ModelsHandlers
from lmd.rpc.handlers.personas import PersonasHandlers
from lmd.rpc.handlers.reload import ReloadHandlers
from lmd.rpc.handlers.requests import RequestsHandlers
from lmd.rpc.handlers.shell import ShellHandlers
from lmd.rpc.handlers.status import ServerFacts, StatusHandlers
from lmd.rpc.idle import IdleExit
from lmd.rpc.listener import Listener, open_listener
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

LAST_WORDS_SECONDS = 2.0
"""What the final messages of requests that outlived the drain get to be sent."""


def run(config: Config, config_path: str, socket: str, fake: str | None, *, required: bool) -> None:
    """Serve until SIGTERM or SIGINT. Blocks; owns the process.

    ``config`` is what ``config_path`` said a moment ago, or the defaults where there is no such
    file; with ``required`` it is missed when it goes.

    Raises `ConfigError`, `AlreadyRunning`, `LmdError` for an unsafe socket path, and OSError.
    """
    prepare_process()
    with (
        open_logs(config.log, config_path) as lines,
        closing(take_notifier(os.environ, os.getpid())) as notifier,
        open_listener(socket, os.environ, supervised=notifier.connected) as listener,
        open_outlets(config, config_path, lines) as outlets,
    ):
        origin = Origin(config, config_path, required)
        trio.run(_serve, origin, listener, notifier, fake, outlets)


@dataclass(frozen=True, slots=True)
class Origin:
    """The configuration to start with, and where the next one comes from."""

    config: Config
    path: str
    required: bool


async def _serve(
    origin: Origin,
    listener: Listener,
    notifier: Notifier,
    fake: str | None,
    outlets: Outlets,
) -> None:
    config = origin.config
    server = Server(listener, config.limits)
    catalogue = Catalogue(config, check_files=fake is None)
    limits = config.limits
    launcher = Launcher(
        config.daemon.load_timeout,
        limits.stall_timeout,
        fake,
        limits.saved_state,
        open_groups(),
    )
    bus = Bus()
    scheduler = Scheduler(model_limits(config), shared_limits(config))
    kept = Kept(None if fake is not None else Path(paths.cache_directory()))
    broker = Broker(scheduler, catalogue, launcher, bus, kept)
    describe = partial(_describe, server)
    idle = IdleExit(partial(_idle_since, server, broker), config.daemon.idle_exit)
    reloader = Reloader(
        origin.path, config, _applying(server, broker, idle), bus, required=origin.required
    )
    reloader.announced = partial(notifier.reload, describe)
    broker.on_roll_back = reloader.roll_back
    reloader.inspect = broker.inspect
    facts = _facts(server, reloader, listener.path, destination(config.log, os.environ))
    telemetry = Telemetry(bus, broker, catalogue, facts, outlets)
    handlers = handlers_of(broker, catalogue, facts, reloader, _open_lexicon(), telemetry)
    dispatcher = Dispatcher(
        handlers, lambda: reloader.config.limits.deadline, bus, broker.release_all
    )
    parts = Parts(listener, notifier, server, broker, bus, reloader, idle, dispatcher, describe)
    async with trio.open_nursery() as scraping:
        if scrapes := outlets.scrapes:
            log.info("metrics over HTTP", address=str(scrapes.address))
            render = telemetry.metrics.render
            scraping.start_soon(run_http, scrapes.listener, scrapes.rules, render)
        await _run(parts)
        scraping.cancel_scope.cancel(reason="drained")
    log.info("stopped")


def _facts(server: Server, reloader: Reloader, socket: str, log: str) -> ServerFacts:
    return ServerFacts(
        socket=socket,
        config=lambda: reloader.source,
        started=trio.current_time(),
        connections=lambda: server.connections,
        in_flight=lambda: server.requests_in_flight,
        room_for_answers=lambda: server.room_for_answers,
        draining=server.draining.is_set,
        generation=lambda: reloader.generation,
        config_error=lambda: reloader.error,
        measure=Probe().look,
        log=log,
    )


@dataclass(frozen=True, slots=True)
class Parts:
    """What the nurseries of the daemon run."""

    listener: Listener
    notifier: Notifier
    server: Server
    broker: Broker
    bus: Bus
    reloader: Reloader
    idle: IdleExit
    dispatcher: Dispatcher
    describe: Callable[[], str]

    def leave(self, accepts: trio.Nursery) -> None:
        """Let nobody in any more."""
        in_flight = self.server.requests_in_flight
        log.info("draining", in_flight=in_flight)
        self.bus.publish(DaemonDraining(in_flight=in_flight))
        self.listener.remove_file()
        self.server.draining.set()
        accepts.cancel_scope.cancel(reason="draining")


async def _run(parts: Parts) -> None:
    """Serve until a signal, or until there was nothing to do for long enough; then drain."""
    notifier, server = parts.notifier, parts.server
    async with trio.open_nursery() as workers:
        await workers.start(parts.broker.run)
        async with trio.open_nursery() as connections:
            async with trio.open_nursery() as accepts:
                await workers.start(
                    run_signals,
                    partial(parts.leave, accepts),
                    lambda: workers.cancel_scope.cancel(reason="second signal"),
                    parts.reloader.request,
                )
                accepts.start_soon(parts.reloader.run)
                accepts.start_soon(run_watch, parts.reloader.files, parts.reloader.notice)
                pid, path = os.getpid(), parts.listener.path
                parts.bus.publish(DaemonStarted(version=lmd.__version__, pid=pid))
                log.info("serving", version=lmd.__version__, socket=path, pid=pid)
                await notifier.ready(parts.describe())
                workers.start_soon(run_watchdog, notifier, parts.broker.answer, parts.describe)
                await server.run_accepts(parts.dispatcher, connections, parts.idle.wait)
                log.info("leaving: nothing to do")
                parts.leave(accepts)
            await notifier.stopping(parts.describe())
            await server.accept_backlog(parts.dispatcher, connections)
            await parts.listener.aclose()
            grace = parts.reloader.config.daemon.drain
            drained_by = trio.current_time() + grace
            connections.start_soon(_end_drain, grace, server, connections)
        with trio.move_on_at(max(drained_by, trio.current_time() + LAST_WORDS_SECONDS)):
            await parts.broker.save_all()
        workers.cancel_scope.cancel(reason="drained")


def _describe(server: Server) -> str:
    """What the service manager shows of us, in a line."""
    state = "draining" if server.draining.is_set() else "serving"
    return f"{state} {server.connections} connections, {server.requests_in_flight} requests"


def _idle_since(server: Server, broker: Broker) -> float | None:
    """When the last client, or the last model that nobody wants to keep, left."""
    clients, models = server.idle_since, broker.idle_since
    return None if clients is None or models is None else max(clients, models)


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


def _applying(server: Server, broker: Broker, idle: IdleExit) -> Apply:
    """What makes another configuration hold, everywhere that asks for it."""

    def apply(config: Config, changes: list[Change]) -> None:
        server.reconfigure(config.limits)
        set_level(config.log.level)
        idle.reconfigure(config.daemon.idle_exit)
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
    service = ShellService(broker, catalogue, lexicon, Library())
    commands = CommandAnswers(service.suggester, catalogue, requests)
    generate = GenerateHandlers(broker, catalogue, requests, commands)
    embed = EmbedHandlers(broker, catalogue, requests)
    models = ModelsHandlers(broker, catalogue, requests, view)
    personas = PersonasHandlers(catalogue)
    shell = ShellHandlers(service, catalogue, requests)
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
        "models.memory": MemoryHandlers(broker, catalogue).memory,
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
