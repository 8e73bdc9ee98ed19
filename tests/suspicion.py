"""Whom a program suspects in tests.

Tests do within a second what people do within days, from one machine: their
programs suspect nobody, unless a test says so.
"""

from dataclasses import fields
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from webapp.domain.screening import SIGNALS
from webapp.domain.signal_registry import Weight
from webapp.models import Program

SUSPECTS_NOBODY: dict[str, dict[str, int]] = {
    name: {field.name: 0 for field in fields(kind.signal) if field.type is Weight} for name, kind in SIGNALS.items()
}


def suspect(session: Session, *names: str, **settings: dict[str, Any]) -> None:
    """Let the programs suspect by these signals as they are by default, or by settings; without any, by all of them."""
    on = {*names, *settings}
    off = {name: weights for name, weights in SUSPECTS_NOBODY.items() if on and name not in on}
    session.execute(update(Program).values(signals=off | settings))
