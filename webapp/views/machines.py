"""For machines: is the process alive, is it ready to serve."""

import shutil

from flask import Blueprint, current_app, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from webapp.config import ROOT, Config
from webapp.database import stands_at_head
from webapp.extensions import db

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
