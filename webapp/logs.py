"""Structured logs: one line a request, with an id and without personal data. Requests are counted here too.

A line names the route, never the path or query as they were sent: those may
hold a code, an address or something hostile. A failure is logged by its kind
and its place; its message may repeat what somebody typed. What libraries log
becomes such a line too: the sentence as it stands in their code, without what
they put into it.
"""

import logging
import sys
import threading
import time
import traceback
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import structlog
from flask import Flask, Response, g, request

from webapp.ids import new_id
from webapp.metrics import metrics_of

log = structlog.get_logger()
DEEPEST_FRAMES = 12
SAID_AGAIN_SECONDS = 60.0
OVER_AFTER_SECONDS = 2.0


def init_app(app: Flask) -> None:
    """Configure logging and give every request its id."""
    _configure(app.config["LOG_FORMAT"])
    # Flask would print the path and the message of every failure; webapp.errors logs them.
    app.log_exception = lambda _info: None  # type: ignore[method-assign]

    @app.before_request
    def _begin() -> None:
        g.request_id = str(new_id())
        g.began = time.perf_counter()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    @app.after_request
    def _end(response: Response) -> Response:
        # A request that was refused before it had a route (a foreign Host) has no id yet.
        request_id = g.get("request_id") or str(new_id())
        response.headers["X-Request-ID"] = request_id
        took = time.perf_counter() - g.began if "began" in g else 0.0
        route = str(request.url_rule) if request.url_rule else None
        method = request.method if request.method in _METHODS else "other"
        structlog.contextvars.bind_contextvars(request_id=request_id)
        log.info(
            "request",
            method=method,
            route=route,
            status=response.status_code,
            took_ms=round(took * 1000, 1),
        )
        metrics_of(app).count_request(route=route, method=method, status=response.status_code, seconds=took)
        return response

    @app.teardown_request
    def _forget(_error: BaseException | None) -> None:
        structlog.contextvars.clear_contextvars()


def log_failure(event: str, error: BaseException, **more: object) -> None:
    """Log what kind of failure it was and where, from the outside in."""
    log.error(event, **what_failed(error), **more)


def what_failed(error: BaseException) -> dict[str, Any]:
    """Return what a line says of a failure: its kind, and the way to it from the outside in."""
    return {"error": type(error).__name__, "where": _frames(error)}


class SparingLine:
    """A line that every request would write while something fails: said at once, then once a minute until it is over.

    `times` says how often it would have been written since the line before.
    """

    def __init__(self, event: str, **about: object) -> None:
        self._event, self._over, self._about = event, f"{event}_over", about
        self._lock = threading.Lock()
        self._times = 0
        self._quiet_until = self._failed_at = 0.0

    def write(self, *, times: int = 1, **about: Any) -> None:
        """Say that it failed."""
        with self._lock:
            self._times += times
            self._failed_at = now = time.monotonic()
            if now < self._quiet_until:
                return
            said, self._times, self._quiet_until = self._times, 0, now + SAID_AGAIN_SECONDS
        # A log that cannot be written, on the disk that is full, must not fail whoever wanted to write it.
        with suppress(Exception):
            log.error(self._event, **self._about, **about, times=said)

    def over(self) -> None:
        """Say that it works again, once, when it has for a moment: what fails now and then is not over each time."""
        if not self._failed_at or time.monotonic() - self._failed_at < OVER_AFTER_SECONDS:
            return
        with self._lock:
            said, self._times, self._quiet_until, self._failed_at = self._times, 0, 0.0, 0.0
        with suppress(Exception):
            log.info(self._over, **self._about, times=said)


def sparing_line(app: Flask, event: str, **about: object) -> SparingLine:
    """Return the line of an application that says this."""
    lines: dict[str, SparingLine] = app.extensions.setdefault("grapevine_sparing_lines", {})
    key = " ".join([event, *(str(value) for value in about.values())])
    return lines.get(key) or lines.setdefault(key, SparingLine(event, **about))


class LibraryLines(logging.Handler):
    """Writes what libraries log as lines of ours, on the one stream that all lines go to."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        failure = {"error": type(error).__name__} if error else {}
        where = _frames(error) if error else [f"{record.filename}:{record.lineno} {record.funcName}"]
        # A line that cannot be written is lost: logging would repeat it on the same stream, arguments and all.
        with suppress(Exception):
            log.log(record.levelno // 10 * 10, self._sentence(record), logger=record.name, where=where, **failure)

    def _sentence(self, record: logging.LogRecord) -> str:
        """Without arguments there is no telling a sentence of the code from one that was put together."""
        if record.name.partition(".")[0] in _ABOUT_THE_MACHINE:
            return record.getMessage()
        return str(record.msg) if record.args else "library"


class _Lines(structlog.PrintLogger):
    """Writes lines; on a disk that is full they are lost, and nobody's request with them."""

    def msg(self, message: str) -> None:
        with suppress(OSError):
            super().msg(message)

    log = debug = info = warn = warning = error = critical = fatal = failure = msg


def _line_writer(stream: TextIO, *_: Any) -> _Lines:
    return _Lines(stream)


# These speak of ports, processes, migrations and code, and of no person.
_ABOUT_THE_MACHINE = {"_granian", "alembic", "py"}
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


def _frames(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)[-DEEPEST_FRAMES:]
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]


def _configure(form: str) -> None:
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    if not any(isinstance(handler, LibraryLines) for handler in root.handlers):
        root.addHandler(LibraryLines())
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # Says in a line of its own what the line of the request says too.
    logging.getLogger("flask_wtf.csrf").setLevel(logging.WARNING)
    # Of statements that were sent together and failed it tells besides raising the failure.
    logging.getLogger("psycopg").setLevel(logging.ERROR)
    renderer = structlog.dev.ConsoleRenderer(colors=False) if form == "console" else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=partial(_line_writer, sys.stderr),
        cache_logger_on_first_use=False,
    )
