"""Running the application: one process, or several that share one listening socket."""

from __future__ import annotations

import gc
import ipaddress
import logging
import math
import multiprocessing
import os
import resource
import signal
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path

import uvicorn
from prometheus_client.multiprocess import mark_process_dead

from carnet.audit.signed_note import COSIGNATURE, read_verifier_key
from carnet.config import Settings, load
from carnet.errors import ConfigurationError
from carnet.kill_points import arm
from carnet.platform import build
from carnet.server.accepting import Server
from carnet.server.application import application
from carnet.server.figures_folder import figures_folder
from carnet.server.logs import configure_logs
from carnet.server.operation import SHARED
from carnet.server.peers import MutualTlsProtocol
from carnet.server.supervision import Supervisor
from carnet.server.transport import tls_context
from carnet.soap.ebrim_render import EbrimRenderer

forget_figures: Callable[[int, str], None] = mark_process_dead
"""The library's function carries no types."""
FILES_OF_OUR_OWN = 512
IN_THE_KERNEL = 1024
"""Connections that may wait to be accepted: whoever finds no place knocks again after a second, then three, by TCP's own rules."""
LAST_SEALING = 20.0
"""Seconds that a worker has for what it does after the last answer before it is killed; nothing acknowledged depends on it."""
_LOG = logging.getLogger("carnet.server")


def serve(home: Path, *, ready: bool = True) -> None:
    """Serves a home until told to stop (SIGINT, SIGTERM). Raises ConfigurationError when it is not fit to be served."""
    settings = load(home)
    check(settings)
    configure_logs(settings.log_level)
    listening = listen(settings)
    if ready:
        _LOG.info("listening", extra={"host": settings.host, "port": listening.getsockname()[1]})
    if settings.workers == 1:
        serve_worker(home, listening, "w0", sealer=True)
        return
    with figures_folder(settings.home) as figures:
        os.environ[SHARED] = str(figures)
        _serve_together(home, listening, settings, figures)


def check(settings: Settings) -> None:
    """Opens everything that a worker opens and closes it again, so that what is wrong is told once, before anybody is let in."""
    build(settings, EbrimRenderer(), worker="check").close()
    if settings.tls_enabled:
        tls_context(settings)
    if settings.witness_url:
        read_verifier_key(settings.witness_key, COSIGNATURE)
    for proxy in settings.declared_proxies:
        try:
            ipaddress.ip_network(proxy)
        except ValueError as error:
            raise ConfigurationError(f"declared_proxies holds what is no address or network: {error}.") from error


def _serve_together(home: Path, listening: socket.socket, settings: Settings, figures: Path) -> None:
    context = multiprocessing.get_context("spawn")

    def worker(number: int, restarts: int) -> BaseProcess:
        how = {"sealer": number == 0, "restarts": restarts}
        return context.Process(target=serve_worker, args=(home, listening, f"w{number}"), kwargs=how)

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    Supervisor(
        worker,
        settings.workers,
        ended=lambda pid: forget_figures(pid, str(figures)),
        stopping=listening.close,
        patience=settings.stop_notice_seconds + settings.stop_seconds + LAST_SEALING,
    ).run()


def listen(settings: Settings) -> socket.socket:
    """The listening socket of the settings' host and port (0 lets the system choose). Raises ConfigurationError when it is taken."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
        listening.listen(IN_THE_KERNEL)
    except OSError as error:
        listening.close()
        where = f"{settings.host} port {settings.port}"
        raise ConfigurationError(f"Nothing can be served at {where}: {error.strerror or error}.") from error
    return listening


def serve_worker(home: Path, listening: socket.socket, worker: str, *, sealer: bool, restarts: int = 0) -> None:
    """One worker process: builds its platform and answers from the shared socket. `restarts`: how often it was started again."""
    settings = load(home)
    configure_logs(settings.log_level)
    _stop_with_the_parent()
    arm(settings.kill_at_for_tests)
    platform = build(settings, EbrimRenderer(), worker=worker)
    settle_memory()
    settings = replace(settings, maximum_connections=allow_files(settings.maximum_connections))
    served = application(platform, sealer=sealer)
    served.state.operation.restarts.set(restarts)
    configuration = uvicorn.Config(
        served,
        http=MutualTlsProtocol,
        loop="uvloop",
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        date_header=True,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=math.ceil(settings.stop_seconds),
        ssl_context_factory=(lambda _config, _default: tls_context(settings)) if settings.tls_enabled else None,
    )
    state = served.state
    Server(configuration, settings, state.operation, state.admission, state.away).run(sockets=[listening])


def _stop_with_the_parent() -> None:
    """Stops this worker when the process that started it is gone, killed perhaps: nobody else would."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def allow_files(connections: int) -> int:
    """Raises this process's limit of open files so that it can have so many connections beside its own files, as far as the system lets it.

    Returns how many connections that leaves: a document or a database that cannot be opened is worse than a caller who waits.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + FILES_OF_OUR_OWN
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    left = max(1, min(connections, max(allowed - FILES_OF_OUR_OWN, allowed // 2)))
    if left < connections:
        _LOG.warning(
            "the system's limit of open files leaves fewer connections than the setting", extra={"reason": left}
        )
    return left


def settle_memory() -> None:
    """Takes what was made at start out of the cycle collector's rounds and makes them rarer.

    Requests make many short-lived objects and no cycles to speak of; at the default thresholds a fifth of a submission's CPU goes into looking
    for cycles among the tables and modules that never change (measured: 4.2 against 3.1 ms of preparation).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
