"""For machines: is the process alive, is it ready to serve, and what has it counted."""

import hmac
import os
import shutil
import threading
import time
from contextlib import suppress
from queue import Empty, SimpleQueue

from flask import Blueprint, Response, abort, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from webapp.clock import utc_now
from webapp.config import ROOT, Config
from webapp.database import stands_at_head
from webapp.extensions import db
from webapp.metrics import Seen, current_metrics
from webapp.queries.watched import Watched, watched
from webapp.services.outbox import mails_waiting
from webapp.version import version

bp = Blueprint("machines", __name__)

LEAST_FREE_BYTES = 50 * 1024 * 1024
# Whoever asks hears within two seconds that the database is gone.
PATIENCE_SECONDS = 1.5
AWAY, UNKNOWN = "does not answer", "unknown"


@bp.get("/healthz")
def healthz() -> ResponseReturnValue:
    return jsonify(status="ok")


@bp.get("/readyz")
def readyz() -> ResponseReturnValue:
    """Say whether the database answers, stands at this version's migration, and has room."""
    database, migrations = _asked_in_time()
    checks = {"database": database, "migrations": migrations, "disk": _disk()}
    ready = all(state == "ok" for state in checks.values())
    response = jsonify(status="ok" if ready else "not ready", checks=checks)
    response.status_code = 200 if ready else 503
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("/metrics")
def metrics() -> ResponseReturnValue:
    """Answer in Prometheus' format to whoever has the token; for everybody else there is no such page.

    Nobody is believed to be on this machine: behind a proxy that runs on it everybody seems to be.
    """
    if not _has_metrics_token():
        abort(404)
    lines = current_metrics().as_text(version=version(), seen=_seen())
    response = Response(lines, content_type=CONTENT_TYPE_PLAIN_0_0_4)
    response.headers["Cache-Control"] = "no-store"
    return response


def _has_metrics_token() -> bool:
    token: str = current_app.config["METRICS_TOKEN"]
    scheme, _space, given = request.headers.get("Authorization", "").partition(" ")
    right = hmac.compare_digest(given.strip().encode(), token.encode())
    return bool(token) and scheme.lower() == "bearer" and right


def _seen() -> list[Seen]:
    """Return what only the database knows; nothing when it does not answer, when the rest is needed most."""
    try:
        waiting, found = mails_waiting(db.session()), watched(db.session(), utc_now())
    except SQLAlchemyError:
        db.session.rollback()
        return []
    return as_seen(waiting, found)


def as_seen(waiting: int, found: Watched) -> list[Seen]:
    """Return what was looked up as metrics."""
    ledger, backup = found.ledger_verified, found.backed_up
    return [
        Seen("grapevine_outbox_waiting", "Mails that have not left yet.", waiting),
        Seen("grapevine_outbox_oldest_seconds", "How long the oldest of them waits.", found.oldest_mail_seconds),
        Seen("grapevine_held_oldest_seconds", "Age of the oldest reward that is held.", found.oldest_held_seconds),
        Seen("grapevine_database_bytes", "What the database takes on its disk.", found.database_bytes),
        Seen("grapevine_ledger_breaches", "Breaches when the ledger was last verified.", ledger and ledger.found),
        Seen("grapevine_ledger_verified_timestamp_seconds", "When that was.", ledger and ledger.at.timestamp()),
        Seen("grapevine_backup_timestamp_seconds", "When the last backup was taken.", backup and backup.at.timestamp()),
    ]


def _asked_in_time() -> tuple[str, str]:
    """Ask the database in a thread, so that one that hangs is said not to answer while it does."""
    app, deadline = current_app._get_current_object(), time.monotonic() + PATIENCE_SECONDS  # type: ignore[attr-defined]
    asking: threading.Lock = app.extensions.setdefault("grapevine_readiness", threading.Lock())
    # One at a time: of many that ask a database that hangs, one waits for it.
    if not asking.acquire(timeout=PATIENCE_SECONDS):
        return AWAY, UNKNOWN
    told: SimpleQueue[tuple[str, str]] = SimpleQueue()

    def ask() -> None:
        answer = AWAY, UNKNOWN
        try:
            # What hung may also fail in the end, also while its connection is given back.
            with suppress(SQLAlchemyError), app.app_context():
                answer = _database(), _migrations()
        finally:
            asking.release()
            told.put(answer)

    threading.Thread(target=ask, name="grapevine-readiness", daemon=True).start()
    try:
        return told.get(timeout=max(0.0, deadline - time.monotonic()))
    except Empty:
        return AWAY, UNKNOWN


def _database() -> str:
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        db.session.rollback()
        return AWAY
    return "ok"


def _migrations() -> str:
    return "ok" if stands_at_head() else "not at this version: run `flask --app wsgi db upgrade`"


def _disk() -> str:
    config: Config = current_app.extensions["grapevine_config"]
    folder = config.database_url.database if config.database_url.get_backend_name() == "sqlite" else None
    try:
        free = shutil.disk_usage(folder or ROOT).free
    except OSError:
        return "cannot be read"
    if os.statvfs(folder or ROOT).f_flag & os.ST_RDONLY and folder:
        return "can only be read"
    return "ok" if free >= LEAST_FREE_BYTES else "almost full"
