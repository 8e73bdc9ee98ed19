"""The production server: granian's workers for requests, and one process beside them for the background jobs."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

from flask import Flask

from webapp.config import ROOT, Config
from webapp.extensions import db
from webapp.logs import log

# Ten seconds from SIGTERM to the end of everything: this long for requests, the rest for the jobs.
WORKERS_END_SECONDS = 6
JOBS_END_SECONDS = 3
_PR_SET_PDEATHSIG = 1


def serve(app: Flask, *, host: str, port: int, workers: int, with_jobs: bool) -> None:
    """Serve until SIGTERM or SIGINT. Requests that were accepted are answered; then queued mail leaves."""
    # Every command would wait for this import, and only this one needs it.
    from granian.constants import Interfaces, Loops
    from granian.server import Server

    config: Config = app.extensions["grapevine_config"]
    _warn(config, workers)
    # Connections are not shared between processes: the workers make their own.
    with app.app_context():
        db.engine.dispose()
    jobs = _JobsProcess() if with_jobs else None
    server = Server(
        "wsgi:app",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        # Hashing and waiting for the database leave the interpreter to others; more threads than this only queue.
        blocking_threads=2 * (os.cpu_count() or 1) + 1,
        loop=Loops.asyncio,
        log_access=False,
        respawn_failed_workers=True,
        workers_kill_timeout=WORKERS_END_SECONDS,
        websockets=False,
    )
    if jobs:
        jobs.start()
    try:
        server.serve(target_loader=_loader(app))
    finally:
        if jobs:
            jobs.end()


def die_with_parent() -> None:
    """Have the kernel end this process when the one that started it dies, however it dies. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _loader(app: Flask) -> Callable[..., Any]:
    def load(_target: str) -> Flask:
        die_with_parent()
        return app

    return load


def _warn(config: Config, workers: int) -> None:
    if workers > 1 and config.rate_limit_url.startswith("memory:"):
        log.warning("rate_limits_per_worker", hint="set RATE_LIMIT_URL, so that the workers count together")
    if config.production and not config.base_url_given:
        log.warning("base_url_missing", hint="set BASE_URL: links and mails begin with it", base_url=config.base_url)


class _JobsProcess:
    """Runs `flask jobs run` beside the server, and starts it again should it die."""

    def __init__(self) -> None:
        self.ending = threading.Event()
        self.process: subprocess.Popen[bytes] | None = None
        self.watcher = threading.Thread(target=self._watch, daemon=True)

    def start(self) -> None:
        self._spawn()
        self.watcher.start()

    def end(self) -> None:
        self.ending.set()
        process = self.process
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(JOBS_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()

    def _spawn(self) -> None:
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "jobs", "run", "--die-with-parent"]
        self.process = subprocess.Popen(command, cwd=ROOT, env=os.environ)  # noqa: S603 - nothing of it comes from outside

    def _watch(self) -> None:
        while self.process is not None:
            self.process.wait()
            if self.ending.wait(1):
                return
            log.error("jobs_process_died", exit_code=self.process.returncode)
            self._spawn()
