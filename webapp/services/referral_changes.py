"""Changing who is credited for a friend: assigned, moved or removed by a person, as often as needed.

The change is a row of a history, its money new rows only: what the former
referrer has of it is taken back, and what the new one earns is granted.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from webapp.domain.referral_changes import ACTIONS, REASONS, Kind, Mailbox, Problem, problem_with
from webapp.ids import new_id
from webapp.models import (
    AttributionDecision,
    AttributionTouch,
    Conversion,
    Link,
    Program,
    Referral,
    ReferralChange,
    ReferralChangeNote,
    User,
)
from webapp.queries.bonds import count_changes, those_above
from webapp.queries.clicks import campaign_of, country_of
from webapp.queries.links import referrer_of
from webapp.queries.origins import COUNTRY
from webapp.queries.rules import rule_set
from webapp.services.audit import record_act
from webapp.services.friend_counts import forget_friend
from webapp.services.limits import queue_for_counts, queue_for_limits
from webapp.services.queues import queue_for
from webapp.services.referral_money import Moved, money_of
from webapp.services.referral_rewards import SIGNUP, Bond, conversions_of, end_rewards, grant_anew
from webapp.services.refunds import lock_conversions
from webapp.services.reward_steps import Actor, watched
from webapp.services.rollups import add_counts, take_counts_off
from webapp.services.rows import append
from webapp.services.rules import RULES


class ChangedMeanwhileError(Exception):
    """The referral is not what was looked at any more."""


class ReferralProblemError(Exception):
    """This person cannot be credited for the friend; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Wanted:
    """A change as it is asked for. `link` is the new referrer's, None to credit nobody.

    `seen` is the number of changes there were when `by` looked at the referral.
    """

    kind: Kind
    link: Link | None
    seen: int
    reason: str
    by: UUID
    note: str = ""


def change_referral(session: Session, program: Program, friend: User, wanted: Wanted, *, now: datetime) -> Moved:
    """Credit someone else, or nobody, for a friend, and let the rewards of all that the friend did follow.

    Raises ChangedMeanwhileError or ReferralProblemError, and then nothing was
    written.
    """
    if wanted.reason not in REASONS or (wanted.kind == "remove") != (wanted.link is None):
        raise ValueError("a change needs a reason that is known, and a link unless it removes")
    # One change at a time, so that two of them cannot close a ring; and none while the friend does something.
    queue_for(session, program.id, "referrals", f"conversions:{friend.id}", beside=RULES)
    session.refresh(program)
    before = _before(session, friend, wanted)
    if wanted.link is not None:
        _check(session, friend, wanted.link, before)
    conversions = conversions_of(session, friend.id)
    rules = rule_set(session, program.id, program.rules_revision)
    if wanted.link is not None:
        queue_for_limits(session, program.id, rules, {one.type for one in conversions}, wanted.link.referrer_id)
    ends = [before.referrer_id] if before else []
    queue_for_counts(session, program.id, rules, [*ends, *([wanted.link.referrer_id] if wanted.link else [])])
    lock_conversions(session, {one.id for one in conversions})
    bond = Bond(
        number=wanted.seen + 1,
        kind=wanted.kind,
        program=program,
        friend_id=friend.id,
        referrer_id=wanted.link.referrer_id if wanted.link else None,
        actor=Actor("person", wanted.by),
        now=now,
    )
    with watched(session) as steps:
        # While the rewards still hold: what somebody else's bonus rests on is known by them.
        forget_friend(session, bond.terms, rules, friend.id)
        end_rewards(session, bond, conversions)
        if before is not None:
            take_counts_off(session, before.id)
        _append_change(session, bond, wanted, before)
        referral_id = _write(session, bond, wanted.link, before)
        session.expire(friend, ["referred_by"])
        grant_anew(session, bond, rules, conversions)
    if referral_id is not None:
        add_counts(session, referral_id)
    _record(session, bond, wanted, before)
    return money_of(
        *(session, bond.kind, bond.number, [one.id for one in conversions], steps),
        former_id=before.referrer_id if before else None,
        referrer_id=bond.referrer_id,
    )


@dataclass(frozen=True, slots=True)
class _Before:
    """The referral as it is found."""

    id: UUID
    referrer_id: UUID
    link_id: UUID


def _before(session: Session, friend: User, wanted: Wanted) -> _Before | None:
    found = session.execute(
        select(Referral.id, Referral.referrer_id, Referral.link_id).where(
            Referral.program_id == friend.program_id, Referral.friend_id == friend.id
        )
    ).one_or_none()
    if count_changes(session, friend.id) != wanted.seen or (found is None) != (wanted.kind == "assign"):
        raise ChangedMeanwhileError
    return None if found is None else _Before(*found)


def _check(session: Session, friend: User, link: Link, before: _Before | None) -> None:
    referrer = referrer_of(session, link)
    me, other = (Mailbox(person.id, person.mailbox_key) for person in (friend, referrer))
    if problem := problem_with(me, other, those_above(session, referrer)):
        raise ReferralProblemError(problem)
    if before is not None and before.referrer_id == link.referrer_id:
        raise ReferralProblemError("same_referrer")
    if link.program_id != friend.program_id or link.retired_at is not None:
        raise ReferralProblemError("retired_link")
    if before is None and _decision_of(session, friend.id) is None:
        raise ReferralProblemError("never_signed_up")


def _append_change(session: Session, bond: Bond, wanted: Wanted, before: _Before | None) -> None:
    key = {"friend_id": bond.friend_id, "sequence": bond.number}
    row = {
        **key,
        "program_id": bond.program.id,
        "kind": bond.kind,
        "from_referrer_id": before.referrer_id if before else None,
        "from_link_id": before.link_id if before else None,
        "to_referrer_id": bond.referrer_id,
        "to_link_id": wanted.link.id if wanted.link else None,
        "reason": wanted.reason,
        "by": wanted.by,
        "at": bond.now,
    }
    append(session, ReferralChange, [row])
    if wanted.note:
        note = {**key, "text": wanted.note, "written_by": wanted.by, "written_at": bond.now}
        append(session, ReferralChangeNote, [note])


def _write(session: Session, bond: Bond, link: Link | None, before: _Before | None) -> UUID | None:
    """Make the referral what it is now, and let all that the friend did count for it. Returns its id, if there is one.

    What the database itself keeps in step, `users.referred_by`, follows a move by itself.
    """
    session.flush()
    theirs = update(Conversion).where(Conversion.user_id == bond.friend_id)
    brought = update(User).where(User.id == bond.friend_id)
    if link is None:
        session.execute(brought.values(referred_by=None))
        session.execute(theirs.values(referral_id=None))
        _keep_country(session, bond.friend_id, None)
        session.execute(delete(Referral).where(Referral.friend_id == bond.friend_id))
        return None
    credit = {"referrer_id": link.referrer_id, "link_id": link.id, "method": "assigned", "bond": bond.number}
    click_id = _click_of(session, bond.friend_id, link.id)
    none = dict.fromkeys(("utm_source", "utm_medium", "utm_campaign"))
    campaign = none | (campaign_of(session, click_id) if click_id else {})
    _keep_country(session, bond.friend_id, country_of(session, click_id) if click_id else None)
    if before is not None:
        session.execute(update(Referral).where(Referral.id == before.id).values(**credit, **campaign))
        return before.id
    decision_id, signed_up_at = _decision_of(session, bond.friend_id) or (None, None)
    referral_id = new_id()
    row = {
        "id": referral_id,
        "program_id": bond.program.id,
        "friend_id": bond.friend_id,
        "decision_id": decision_id,
        "created_at": signed_up_at,
        **credit,
        **campaign,
    }
    append(session, Referral, [row])
    session.execute(brought.values(referred_by=link.referrer_id))
    session.execute(theirs.values(referral_id=referral_id))
    return referral_id


def _decision_of(session: Session, friend_id: UUID) -> tuple[UUID, datetime] | None:
    """Return how the signup of someone was attributed, and when it was; None for an account made by hand."""
    row = session.execute(
        select(AttributionDecision.id, AttributionDecision.signed_up_at)
        .where(AttributionDecision.friend_id == friend_id)
        .order_by(AttributionDecision.signed_up_at)
        .limit(1)
    ).one_or_none()
    return None if row is None else (row[0], row[1])


def _keep_country(session: Session, friend_id: UUID, country: str | None) -> None:
    """Keep with the signup which country the credit came from, as signing up does; see queries.origins."""
    own = (Conversion.user_id == friend_id, Conversion.type == SIGNUP, Conversion.event_id.is_(None))
    session.execute(update(Conversion).where(*own).values(details={COUNTRY: country} if country else None))


def _click_of(session: Session, friend_id: UUID, link_id: UUID) -> UUID | None:
    """Return the friend's own click on a link, the last one before they signed up."""
    return session.scalar(
        select(AttributionTouch.click_id)
        .join(AttributionDecision, AttributionDecision.id == AttributionTouch.decision_id)
        .where(
            AttributionDecision.friend_id == friend_id,
            AttributionTouch.link_id == link_id,
            AttributionTouch.click_id.is_not(None),
        )
        .order_by(AttributionTouch.position)
        .limit(1)
    )


def _record(session: Session, bond: Bond, wanted: Wanted, before: _Before | None) -> None:
    ends = {"referrer_before": before.referrer_id if before else None, "referrer_after": bond.referrer_id}
    record_act(
        session,
        bond.program.id,
        ACTIONS[bond.kind],
        subject="user",
        subject_id=bond.friend_id,
        by=wanted.by,
        now=bond.now,
        details={
            **{name: str(id_) for name, id_ in ends.items() if id_},
            "change": bond.number,
            "reason": wanted.reason,
        },
    )
