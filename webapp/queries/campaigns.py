"""Campaigns of a period, by the UTM fields of their clicks, from the roll-ups."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from webapp.domain.chosen_period import Period
from webapp.models import CampaignDay

_COUNTED = ("clicks", "visitors", "signups", "purchases")


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """One campaign; an empty field was not told."""

    source: str
    medium: str
    name: str
    clicks: int
    visitors: int
    signups: int
    purchases: int


def list_campaigns(session: Session, program_id: UUID, period: Period, *, limit: int) -> list[CampaignRow]:
    """Return campaigns with anything in the period, those with the most signups first."""
    return [_row(found) for found in session.execute(_query(program_id, period).limit(limit))]


def each_campaign(session: Session, program_id: UUID, period: Period) -> Iterator[CampaignRow]:
    """Yield every campaign with anything in the period, without holding them all."""
    for found in session.execute(_query(program_id, period).execution_options(yield_per=500)):
        yield _row(found)


def count_campaigns(session: Session, program_id: UUID, period: Period) -> int:
    """Return how many campaigns have anything in the period."""
    found = _query(program_id, period).order_by(None).subquery()
    return session.scalar(select(func.count()).select_from(found)) or 0


def _query(program_id: UUID, period: Period) -> Select[Any]:
    fields = (CampaignDay.utm_source, CampaignDay.utm_medium, CampaignDay.utm_campaign)
    sums = {name: func.sum(getattr(CampaignDay, name)).label(name) for name in _COUNTED}
    return (
        select(*fields, *sums.values())
        .where(CampaignDay.program_id == program_id, CampaignDay.day.between(period.first, period.last))
        .group_by(*fields)
        .order_by(*(sums[name].desc() for name in ("signups", "purchases", "visitors", "clicks")), *fields)
    )


def _row(found: Any) -> CampaignRow:
    source, medium, name, *counts = found
    return CampaignRow(source, medium, name, *(int(count) for count in counts))
