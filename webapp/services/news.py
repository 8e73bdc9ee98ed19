"""Queueing mails about what is new."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.models import User
from webapp.services.outbox import queue_mail


def queue_news(session: Session, people: Sequence[UUID], kind: str, now: datetime) -> int:
    """Queue one mail of a kind for each of these people, unless they have one of today. Returns how many."""
    users = session.scalars(select(User).where(User.id.in_(people)).order_by(User.id)).all()
    keys = [queue_mail(session, user, kind, dedupe_key=f"{kind}:{user.id}:{now:%Y-%m-%d}", now=now) for user in users]
    return sum(key is not None for key in keys)
