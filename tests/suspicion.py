"""Whom a program suspects in tests.

Tests do within a second what people do within days, from one machine: their
programs suspect nobody, unless a test says so.
"""

from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from webapp.domain.screening import SUSPECTS_NOBODY
from webapp.models import Program


def suspect(session: Session, *names: str, **settings: dict[str, Any]) -> None:
    """Let the programs suspect by these signals as they are by default, or by settings; without any, by all of them."""
    on = {*names, *settings}
    off = {name: weights for name, weights in SUSPECTS_NOBODY.items() if on and name not in on}
    session.execute(update(Program).values(signals=off | settings))
