"""The production server: granian's workers for requests, and beside them a process for clicks and one for the jobs."""

import ctypes
import errno
import logging
import multiprocessing
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import click
from flask import Flask

from webapp.clicks.writer_process import SOCKET as CLICKS_SOCKET
from webapp.clicks.writer_process import ClickProcess
from webapp.config import SERVER_THREADS, Config
from webapp.database import close_connections, wait_longer
from webapp.jobs.runner import run_jobs, stop_on_signals
from webapp.logs import log
from webapp.metrics import share_in, stop_sharing

# Ten seconds from SIGTERM to the end of everything: this long for requests, the rest for the jobs.
WORKERS_END_SECONDS = 5
JOBS_END_SECONDS = 3
SWITCH_SECONDS = 0.0003
_PR_SET_PDEATHSIG = 1
_NO_HOST = "--host must be an address of this machine, or a name of one, as in 127.0.0.1."
# Whoever listens everywhere is reached here too.
_HERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - a comparison


def serve(app: Flask, *, host: str, port: int, workers: int, with_jobs: bool) -> None:
    """Serve until SIGTERM or SIGINT. Requests that were accepted are answered; then queued mail leaves.

    `app` is the one that wsgi.py makes; the workers take it from there.
    """
    # Every command would wait for this import, and only this one needs it.
    from granian.constants import Interfaces, Loops
    from granian.server import Server

    from webapp.draining import drain_before_the_end

    config: Config = app.extensions["grapevine_config"]
    address = _address(host, port)
    _refuse_taken_port(address, port)
    _warn(config, workers)
    # A line of Python's own would be none of ours.
    logging.captureWarnings(True)
    if not config.production and not config.base_url_given:
        # An IPv6 address in its short form, as browsers write it.
        _call_oneself(app, address if ":" in host else host, port)
    # The workers make their own.
    with app.app_context():
        close_connections()
    share_in(Path(tempfile.mkdtemp(prefix="grapevine-metrics-")))
    # In a folder that nobody else may enter.
    folder = tempfile.mkdtemp(prefix="grapevine-clicks-")
    os.environ[CLICKS_SOCKET] = f"{folder}/socket"
    beside = [_ProcessBeside("clicks", _store_clicks), *([_ProcessBeside("jobs", _run_jobs)] if with_jobs else [])]
    server = Server(
        "wsgi:app",
        address=address,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=SERVER_THREADS,
        loop=Loops.asyncio,
        log_access=False,
        # Its lines go the way of all others.
        log_dictconfig={"loggers": {}},
        respawn_failed_workers=True,
        workers_kill_timeout=WORKERS_END_SECONDS,
        websockets=False,
    )
    logging.getLogger("_granian").addFilter(_is_news)
    drain_before_the_end(server)
    for process in beside:
        process.start()
    try:
        server.serve(target_loader=_load_app)
    finally:
        # All are told before any is waited for: what stops one may stop the others, and there are not ten seconds each.
        for process in beside:
            process.tell_to_end()
        for process in beside:
            process.wait_for_end(JOBS_END_SECONDS)
        shutil.rmtree(folder, ignore_errors=True)
        stop_sharing()


def _is_news(record: logging.LogRecord) -> bool:
    """Leave out what granian says of the number of threads: most of ours wait for a commit, and need no core for it."""
    return not record.getMessage().startswith("Configuration allows spawning up to")


def die_with_parent(parent: int) -> None:
    """Have the kernel end this process when the one with that id, which started it, dies, however it dies.

    Other systems than Linux only notice a parent that is dead by now.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        # It died before the kernel was asked.
        os._exit(1)


def _load_app(_target: str) -> Flask:
    """Return the application to a worker: the parent's own when it was forked, a new one when it was spawned."""
    parent = multiprocessing.parent_process()
    if parent and parent.pid:
        die_with_parent(parent.pid)
    from webapp.draining import turn_away_when_told

    turn_away_when_told()
    # A click needs the interpreter for moments only, and must not wait long each time for pages that are being made.
    sys.setswitchinterval(SWITCH_SECONDS)
    from wsgi import app

    return app


def _address(host: str, port: int) -> str:
    """Return the address that `--host` names: of several, one that everybody can reach."""
    try:
        if not host:
            raise OSError("no host at all")
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise click.ClickException(_NO_HOST) from error
    addresses = [place for family, *_rest, place in found if family == socket.AF_INET] or [found[0][-1]]
    return str(addresses[0][0])


def _refuse_taken_port(address: str, port: int) -> None:
    """Granian's listeners share their port, so a second server would quietly get half of the visitors."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                raise click.ClickException(_NO_HOST) from error
            raise click.ClickException(
                f"--port must name a free port: {address}:{port} is not ({error.strerror})."
            ) from error


def _call_oneself(app: Flask, host: str, port: int) -> None:
    """On a developer's machine links lead to the port that is served, here and in the processes started from here."""
    name = _HERE.get(host, host).lower().removesuffix(".")
    app.config["BASE_URL"] = os.environ["BASE_URL"] = f"http://{f'[{name}]' if ':' in name else name}:{port}"
    app.config["OWN_HOSTS"] = [*app.config["OWN_HOSTS"], name]


def _warn(config: Config, workers: int) -> None:
    if workers > 1 and config.rate_limit_url.startswith("memory:"):
        log.warning("rate_limits_per_worker", hint="set RATE_LIMIT_URL, so that the workers count together")
    if config.production and not config.base_url_given:
        log.warning("base_url_missing", hint="set BASE_URL: links and mails begin with it", base_url=config.base_url)
    if config.production and config.base_url_given:
        _warn_of_the_way_here(config)
    if config.production and config.mail_url.startswith("console:"):
        log.warning("mail_goes_to_the_log", hint="set MAIL_URL, so that mails reach people instead of this log")


def _warn_of_the_way_here(config: Config) -> None:
    """This server speaks no HTTPS, so whoever is reached by it has a proxy in front."""
    if config.base_url.startswith("http:"):
        hint = "cookies travel over HTTPS only, so nobody can sign in: put a proxy in front, and https:// into BASE_URL"
        log.warning("base_url_without_https", hint=hint)
    elif not config.trusted_proxies:
        hint = "set TRUSTED_PROXIES: without, all visitors have the proxy's address, and one of them uses up all limits"
        log.warning("proxies_not_counted", hint=hint)


class _ProcessBeside:
    """Runs something beside the server, and starts it again should it die."""

    def __init__(self, name: str, target: Callable[[int], None]) -> None:
        self.name = name
        self.target = target
        self.ending = threading.Event()
        self.watcher = threading.Thread(target=self._watch, daemon=True)

    def start(self) -> None:
        self._spawn()
        self.watcher.start()

    def tell_to_end(self) -> None:
        self.ending.set()
        self.process.terminate()
        self.told_at = time.monotonic()

    def wait_for_end(self, seconds: float) -> None:
        """Wait until it has been told so long ago, and no longer."""
        self.watcher.join(max(0.0, self.told_at + seconds - time.monotonic()))
        if self.watcher.is_alive():
            self.process.kill()

    def _spawn(self) -> None:
        # Forked it is there at once, with everything imported; a fork server would be its parent in our place.
        method = "fork" if multiprocessing.get_start_method() == "fork" else "spawn"
        self.process = multiprocessing.get_context(method).Process(  # type: ignore[attr-defined]
            name=f"grapevine-{self.name}", target=self.target, args=(os.getpid(),)
        )
        self.process.start()

    def _watch(self) -> None:
        while True:
            self.process.join()
            if self.ending.wait(1):
                return
            log.error(f"{self.name}_process_died", exit_code=self.process.exitcode)
            self._spawn()


def _store_clicks(parent: int) -> None:
    die_with_parent(parent)
    stop = stop_on_signals()
    # It ends after the workers, when the server says so.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from wsgi import app

    wait_longer(app, None)
    ClickProcess(app, os.environ[CLICKS_SOCKET]).run(stop)


def _run_jobs(parent: int) -> None:
    die_with_parent(parent)
    stop = stop_on_signals()
    # Ctrl-C reaches every process of a terminal; this one ends last, when the server says so.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from wsgi import app

    wait_longer(app)
    with app.app_context():
        run_jobs(stop)
