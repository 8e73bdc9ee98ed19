"""How looks at referred friends came out, and what was found."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, select
from sqlalchemy.orm import Session

from webapp.domain.evidence import Evidence, from_stored
from webapp.domain.screening import score
from webapp.domain.signal_registry import Finding, Weight
from webapp.domain.suspicion import Doubts
from webapp.models import Model, Screening, ScreeningFinding, User
from webapp.queries.bans import is_banned
from webapp.queries.erasures import is_erased


@dataclass(frozen=True, slots=True)
class ScreeningRow:
    """A look at a friend: by the signals, with what they found, the heaviest first; or by a person, `decided_by`.

    `evidence` is what the signals looked at, None for a person and where it could not be gathered.
    """

    verdict: str
    decided_by: UUID | None
    screened_at: datetime
    findings: tuple[Finding, ...]
    evidence: Evidence | None = None

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
    referrer_id = select(User.referred_by).where(User.id == friend_id).scalar_subquery()
    query = select(
        newest_verdict(friend_id, bond), is_banned(referrer_id), is_banned(friend_id), is_erased(referrer_id)
    )
    return Doubts(*session.execute(query).one())


def screenings_of(session: Session, friend_id: UUID, bond: int) -> list[ScreeningRow]:
    """Return every look at a friend, the first one first."""
    return _read(session, Screening.friend_id == friend_id, Screening.bond == bond).get(friend_id, [])


def first_screenings(session: Session, friend_ids: Collection[UUID]) -> dict[UUID, ScreeningRow]:
    """Return the look at each of these friends by the signals; who came before there were any is left out."""
    found = _read(session, Screening.friend_id.in_(friend_ids), Screening.sequence == 1)
    return {friend_id: looks[0] for friend_id, looks in found.items()}


def _read(session: Session, *wanted: ColumnElement[bool]) -> dict[UUID, list[ScreeningRow]]:
    """Return looks by friend, in one question: each with a row for each of its findings, or one without any."""
    rows = session.execute(
        select(Screening, ScreeningFinding)
        .outerjoin(ScreeningFinding, ScreeningFinding.screening_id == Screening.id)
        .where(*wanted)
        .order_by(Screening.friend_id, Screening.sequence, ScreeningFinding.position)
    ).all()
    looks: dict[UUID, Screening] = {}
    found: dict[UUID, list[Finding]] = {}
    for look, one in rows:
        looks[look.id] = look
        if one is not None:
            finding = Finding(one.signal, Weight(one.weight), one.saw, one.denies)
            found.setdefault(look.id, []).append(finding)
    by_friend: dict[UUID, list[ScreeningRow]] = {}
    for look in looks.values():
        by_friend.setdefault(look.friend_id, []).append(
            ScreeningRow(
                verdict=look.verdict,
                decided_by=look.decided_by,
                screened_at=look.screened_at,
                findings=tuple(found.get(look.id, ())),
                evidence=from_stored(look.evidence) if look.evidence else None,
            )
        )
    return by_friend
