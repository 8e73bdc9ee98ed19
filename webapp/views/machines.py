"""For machines: is the process alive, is it ready to serve, and what has it counted."""

import hmac
import shutil

from flask import Blueprint, Response, abort, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from webapp.config import ROOT, Config
from webapp.database import stands_at_head
from webapp.extensions import db
from webapp.metrics import current_metrics
from webapp.services.outbox import mails_waiting
from webapp.version import version

bp = Blueprint("machines", __name__)

LEAST_FREE_BYTES = 50 * 1024 * 1024


@bp.get("/healthz")
def healthz() -> ResponseReturnValue:
    return jsonify(status="ok")


@bp.get("/readyz")
def readyz() -> ResponseReturnValue:
    """Say whether the database answers, stands at this version's migration, and has room."""
    checks = {"database": _database(), "migrations": _migrations(), "disk": _disk()}
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
    lines = current_metrics().as_text(version=version(), outbox_waiting=_outbox_waiting())
    response = Response(lines, content_type=CONTENT_TYPE_PLAIN_0_0_4)
    response.headers["Cache-Control"] = "no-store"
    return response


def _has_metrics_token() -> bool:
    token: str = current_app.config["METRICS_TOKEN"]
    scheme, _space, given = request.headers.get("Authorization", "").partition(" ")
    right = hmac.compare_digest(given.strip().encode(), token.encode())
    return bool(token) and scheme.lower() == "bearer" and right


def _outbox_waiting() -> int | None:
    """Return how many mails have not left; None when the database does not answer, when the rest is needed most."""
    try:
        return mails_waiting(db.session())
    except SQLAlchemyError:
        db.session.rollback()
        return None


def _database() -> str:
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        db.session.rollback()
        return "does not answer"
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
    return "ok" if free >= LEAST_FREE_BYTES else "almost full"
