"""How looks at referred friends came out, and what was found."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import ScalarSelect, select
from sqlalchemy.orm import Session

from webapp.domain.screening import score
from webapp.domain.signal_registry import Finding, Weight
from webapp.domain.suspicion import Doubts
from webapp.models import Model, Referral, Screening, ScreeningFinding
from webapp.queries.bans import is_banned


@dataclass(frozen=True, slots=True)
class ScreeningRow:
    """A look at a friend: by the signals, with what they found, the heaviest first; or by a person, `decided_by`."""

    verdict: str
    decided_by: UUID | None
    screened_at: datetime
    findings: tuple[Finding, ...]

    @property
    def score(self) -> Fraction:
        """How much the findings come to together."""
        return score(self.findings)


def newest_verdict(friend_id: Any, bond: Any) -> ScalarSelect[Any]:
    """Return the part of a query that tells how the newest look at somebody's friend came out; NULL without any."""
    screenings = Model.metadata.tables["screenings"]
    return (
        select(screenings.c.verdict)
        .where(screenings.c.friend_id == friend_id, screenings.c.bond == bond)
        .order_by(screenings.c.sequence.desc())
        .limit(1)
        .scalar_subquery()
    )


def doubts_about(session: Session, friend_id: UUID, bond: int) -> Doubts:
    """Return what is held against a friend, as the friend of whoever brought them by this bond, and against those."""
    referrer_id = select(Referral.referrer_id).where(Referral.friend_id == friend_id).scalar_subquery()
    query = select(newest_verdict(friend_id, bond), is_banned(referrer_id), is_banned(friend_id))
    return Doubts(*session.execute(query).one())


def screenings_of(session: Session, friend_id: UUID, bond: int) -> list[ScreeningRow]:
    """Return every look at a friend, the first one first."""
    of_friend = select(Screening).where(Screening.friend_id == friend_id, Screening.bond == bond)
    rows = session.scalars(of_friend.order_by(Screening.sequence)).all()
    found: dict[UUID, list[Finding]] = {}
    for one in session.scalars(
        select(ScreeningFinding)
        .where(ScreeningFinding.screening_id.in_([row.id for row in rows]))
        .order_by(ScreeningFinding.screening_id, ScreeningFinding.position)
    ):
        finding = Finding(one.signal, Weight(one.weight), one.saw, one.denies)
        found.setdefault(one.screening_id, []).append(finding)
    return [ScreeningRow(row.verdict, row.decided_by, row.screened_at, tuple(found.get(row.id, ()))) for row in rows]
