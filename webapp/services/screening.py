"""Looking at a referred friend once, when they sign up; what they do is rewarded as that comes out."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from disposable_email_domains import blocklist
from sqlalchemy import func, or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from webapp.domain.evidence import Evidence, to_stored
from webapp.domain.screening import Verdict, kind_of, look_at, read_signals, verdict
from webapp.domain.screening_lists import Referrer, listed
from webapp.domain.signal_registry import CHECK_FAILED, FINDING_OF_FAILURE, FINDING_OF_LIST, Finding
from webapp.ids import new_id
from webapp.models import Program, Referral, Screening, ScreeningFinding, User
from webapp.queries.evidence import Arrived, evidence_of
from webapp.queries.screening_entries import entries_of
from webapp.services.rows import append
from webapp.transactions import note


@dataclass(frozen=True, slots=True)
class Screened:
    """How a look at a friend came out."""

    verdict: Verdict
    findings: list[Finding]


def screen_friend(
    session: Session,
    program: Program,
    arrived: Arrived,
    *,
    e_mail: str,
    address: str | None,
    now: datetime,
) -> Screened:
    """Gather what is known of somebody who signed up after a referrer's link, ask the signals, and keep all of it.

    The program's lists are asked first, with the `e_mail` and the `address` as they are; neither is kept.
    A check that cannot be made holds. Only a database that fails ends the
    signup, and with it everything else that was about to be written.
    """
    known: Evidence | None = None
    try:
        known = evidence_of(session, arrived, throwaway_domain=throwaway_domain(arrived.friend_mailbox))
        findings = look_at(known, read_signals(program.signals))
        entry = listed(
            entries_of(session, program.id),
            e_mail=e_mail,
            address=address,
            referrer=_referrer(session, arrived.referrer_id),
        )
        if entry is not None:
            proofs = [found for found in findings if found.denies]
            findings = [FINDING_OF_LIST[entry.on], *(proofs if entry.on == "allow" else findings)]
    except SQLAlchemyError:
        raise
    except Exception:
        findings = [FINDING_OF_FAILURE]
    if any(found.signal == CHECK_FAILED.name for found in findings):
        note(session, "fraud_checks_failed")
    outcome = verdict(findings, held_from=program.held_from)
    heaviest_first = sorted(findings, key=lambda one: (not one.denies, -one.weight, one.signal))
    screening_id = new_id()
    row = {
        "id": screening_id,
        "program_id": arrived.program_id,
        "friend_id": arrived.friend_id,
        "sequence": 1,
        "referrer_id": arrived.referrer_id,
        # A change of the referral is looked at by whoever makes it.
        "bond": 0,
        "verdict": outcome,
        "category": kind_of(heaviest_first[0].signal).category if heaviest_first else None,
        "evidence": to_stored(known) if known else None,
        "decided_by": None,
        "screened_at": now,
    }
    append(session, Screening, [row])
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


def _referrer(session: Session, user_id: UUID) -> Referrer:
    external_id, e_mail = session.execute(select(User.external_id, User.email).where(User.id == user_id)).one()
    return Referrer(external_id, e_mail)


def throwaway_domain(mailbox: str) -> str | None:
    """Return the domain of an address when it, or one that it lies in, hands out addresses for minutes."""
    labels = mailbox.rpartition("@")[2].split(".")
    domains = (".".join(labels[first:]) for first in range(len(labels) - 1))
    return next((domain for domain in domains if domain in blocklist), None)


def decide_about_friends(
    session: Session, friend_ids: Collection[UUID], outcome: Literal["clear", "deny"], *, by: UUID, now: datetime
) -> None:
    """Keep what a person made of friends: what they do from now on is not held, or refused, whosever they are by now.

    Of friends about whom that was decided already nothing is written.
    """
    newest = (
        select(Screening.friend_id, func.max(Screening.sequence).label("sequence"))
        .where(Screening.friend_id.in_(friend_ids))
        .group_by(Screening.friend_id)
        .subquery()
    )
    # Somebody else may be credited with a friend since the last look at them.
    bond = func.coalesce(Referral.bond, Screening.bond)
    others = session.execute(
        select(Screening, bond, func.coalesce(Referral.referrer_id, Screening.referrer_id))
        .join(newest, (newest.c.friend_id == Screening.friend_id) & (newest.c.sequence == Screening.sequence))
        .outerjoin(
            Referral, (Referral.program_id == Screening.program_id) & (Referral.friend_id == Screening.friend_id)
        )
        .where(or_(Screening.verdict != outcome, Screening.bond != bond))
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
                "referrer_id": referrer_id,
                "bond": bond,
                "verdict": outcome,
                "category": one.category,
                "decided_by": by,
                "screened_at": now,
                "evidence": None,
            }
            for one, bond, referrer_id in others
        ],
    )
