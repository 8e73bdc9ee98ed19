"""Looking at a referred friend once, when they sign up; what they do is rewarded as that comes out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from webapp.domain.evidence import Evidence, to_stored
from webapp.domain.signal_registry import FINDING_OF_FAILURE, Finding, FraudSignal, Verdict, look_at, verdict
from webapp.ids import new_id
from webapp.logs import log
from webapp.models import Screening, ScreeningFinding
from webapp.queries.evidence import Arrived, evidence_of
from webapp.services.rows import append


@dataclass(frozen=True, slots=True)
class Screened:
    """How a look at a friend came out."""

    verdict: Verdict
    findings: list[Finding]


def screen_friend(session: Session, arrived: Arrived, signals: Mapping[str, FraudSignal], *, now: datetime) -> Screened:
    """Gather what is known of a friend who was just referred, ask the signals, and keep all of it.

    A check that cannot be made holds. Only a database that fails ends the
    signup, and with it everything else that was about to be written.
    """
    known: Evidence | None = None
    try:
        known = evidence_of(session, arrived)
        findings = look_at(known, signals)
    except SQLAlchemyError:
        raise
    except Exception as error:
        log.error("screening_failed", error=type(error).__name__)
        findings = [FINDING_OF_FAILURE]
    outcome = verdict(findings)
    screening_id = new_id()
    row = _row(arrived, screening_id, 1, outcome, now) | {"evidence": to_stored(known) if known else None}
    append(session, Screening, [row])
    heaviest_first = sorted(findings, key=lambda one: (-one.weight, one.signal))
    append(
        session,
        ScreeningFinding,
        [
            {
                "screening_id": screening_id,
                "position": position,
                "signal": found.signal,
                "weight": int(found.weight),
                "denies": found.denies,
                "saw": dict(found.saw),
            }
            for position, found in enumerate(heaviest_first, 1)
        ],
    )
    return Screened(outcome, heaviest_first)


def clear_friends(session: Session, friend_ids: list[UUID], *, by: UUID, now: datetime) -> None:
    """Keep that a person looked at friends and found nothing wrong: what they do from now on is not held."""
    newest = (
        select(Screening.friend_id, func.max(Screening.sequence).label("sequence"))
        .where(Screening.friend_id.in_(friend_ids))
        .group_by(Screening.friend_id)
        .subquery()
    )
    held = session.scalars(
        select(Screening)
        .join(newest, (newest.c.friend_id == Screening.friend_id) & (newest.c.sequence == Screening.sequence))
        .where(Screening.verdict != "clear")
        .order_by(Screening.friend_id)
    ).all()
    append(
        session,
        Screening,
        [
            {
                "id": new_id(),
                "program_id": one.program_id,
                "friend_id": one.friend_id,
                "sequence": one.sequence + 1,
                "referrer_id": one.referrer_id,
                "bond": one.bond,
                "verdict": "clear",
                "decided_by": by,
                "screened_at": now,
                "evidence": None,
            }
            for one in held
        ],
    )


def _row(arrived: Arrived, screening_id: UUID, sequence: int, outcome: Verdict, now: datetime) -> dict[str, Any]:
    return {
        "id": screening_id,
        "program_id": arrived.program_id,
        "friend_id": arrived.friend_id,
        "sequence": sequence,
        "referrer_id": arrived.referrer_id,
        "bond": 0,
        "verdict": outcome,
        "decided_by": None,
        "screened_at": now,
    }
