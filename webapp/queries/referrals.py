"""Who came, and why they count or do not."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Subquery, Text, and_, case, func, literal, or_, select, union_all
from sqlalchemy.orm import Session, aliased

from webapp.domain.attribution import TouchKind, TouchOutcome
from webapp.models import (
    AttributionDecision,
    AttributionTouch,
    Conversion,
    Link,
    Referral,
    ReferralChange,
    Reward,
    User,
)
from webapp.queries.bonds import OwnChange, own_changes
from webapp.queries.paging import older_than

PAGE = 20
# More touches than one signup can have.
_BEHIND = 1_000_000

# Of the people who came: those with a reward that waits, and those who brought none and have had their occasion.
Which = Literal["waiting", "nothing"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One signup as one referrer may know it. The friend is None unless they are credited to this referrer.

    `kind` is "assigned" where only a person with rights ever brought the two together. `change` is the last change of
    the referral that was about this referrer.
    """

    decision_id: UUID
    friend_id: UUID | None
    friend_name: str | None
    signed_up_at: datetime
    window_days: int
    kind: TouchKind | Literal["assigned"]
    touched_at: datetime
    outcome: TouchOutcome
    change: OwnChange | None = None

    @property
    def counts(self) -> bool:
        """Whether this referrer is credited for the friend now."""
        return self.outcome == "credited" if self.change is None else self.change.to_them


@dataclass(frozen=True, slots=True)
class Signup:
    """One signup as an admin sees it. `referrer_name` is None when nobody was credited."""

    friend_name: str
    referrer_name: str | None
    signed_up_at: datetime
    reason: str
    method: str | None
    model: str
    window_days: int


@dataclass(frozen=True, slots=True)
class ListedReferral:
    """A referral with the code of its link and what the business calls the friend."""

    referral: Referral
    code: str
    friend_external_id: str | None


def count_friends(session: Session, referrer_id: UUID) -> int:
    """Return how many friends were credited to a referrer."""
    return session.scalar(select(func.count()).where(Referral.referrer_id == referrer_id)) or 0


@dataclass(frozen=True, slots=True)
class OutcomeCounts:
    """How many people came, and how many of them are of each kind."""

    everyone: int
    waiting: int
    nothing: int


def count_outcomes(session: Session, referrer_id: UUID) -> OutcomeCounts:
    """Count the signups that a referrer's links had a part in."""
    kinds = [func.coalesce(func.sum(case((_is(which, referrer_id), 1), else_=0)), 0) for which in _KINDS]
    row = session.execute(_people(referrer_id, _telling_touches(referrer_id), func.count(), *kinds)).one()
    return OutcomeCounts(*map(int, row))


_KINDS: tuple[Which, ...] = ("waiting", "nothing")


def list_outcomes(
    session: Session,
    referrer_id: UUID,
    *,
    which: Which | None = None,
    before: UUID | None = None,
    limit: int = PAGE,
) -> tuple[list[Outcome], UUID | None]:
    """Return the signups that a referrer's links had a part in, the latest first, and where the next page begins.

    `before` is the cursor that the page before answered with.
    """
    hers, changes = _telling_touches(referrer_id), own_changes(referrer_id)
    columns = (hers.c.kind, hers.c.touched_at, hers.c.outcome, changes.c.kind, changes.c.to_them, changes.c.at)
    page = (
        _people(referrer_id, hers, AttributionDecision, User.id, User.name, *columns)
        .outerjoin(User, User.id == Referral.friend_id)
        .outerjoin(changes, changes.c.friend_id == AttributionDecision.friend_id)
    )
    if which is not None:
        page = page.where(_is(which, referrer_id))
    if before is not None:
        mark = aliased(AttributionDecision)
        page = page.join(mark, mark.id == before).where(
            or_(
                AttributionDecision.signed_up_at < mark.signed_up_at,
                and_(AttributionDecision.signed_up_at == mark.signed_up_at, AttributionDecision.id < mark.id),
            )
        )
    rows = session.execute(
        page.order_by(AttributionDecision.signed_up_at.desc(), AttributionDecision.id.desc()).limit(limit + 1)
    ).all()
    more = rows[limit - 1][0].id if len(rows) > limit else None
    return [_outcome(*row) for row in rows[:limit]], more


def _outcome(
    decision: AttributionDecision,
    friend_id: UUID | None,
    friend_name: str | None,
    kind: Any,
    touched_at: datetime,
    outcome: Any,
    *changed: Any,
) -> Outcome:
    return Outcome(
        decision_id=decision.id,
        friend_id=friend_id,
        friend_name=friend_name,
        signed_up_at=decision.signed_up_at,
        window_days=decision.window_days,
        kind=kind,
        touched_at=touched_at,
        outcome=outcome,
        change=None if changed[0] is None else OwnChange(changed[0], bool(changed[1]), changed[2]),
    )


def list_referrals(
    session: Session, program_id: UUID, *, before: UUID | None = None, limit: int = PAGE
) -> tuple[list[ListedReferral], UUID | None]:
    """Return the referrals of a program, the latest first, and where the next page begins.

    `before` is the cursor that the page before answered with; any other raises UnknownCursorError.
    """
    query = (
        select(Referral, Link.code, User.external_id)
        .join(Link, Link.id == Referral.link_id)
        .join(User, User.id == Referral.friend_id)
        .where(Referral.program_id == program_id)
    )
    if before is not None:
        of = Referral.program_id == program_id
        query = query.where(older_than(session, Referral.created_at, Referral.id, before, of=of))
    found = session.execute(query.order_by(Referral.created_at.desc(), Referral.id.desc()).limit(limit + 1)).all()
    rows = [ListedReferral(*row) for row in found[:limit]]
    return rows, rows[-1].referral.id if len(found) > limit else None


def referral_of(session: Session, friend: User) -> Referral | None:
    """Return the referral by which someone came; None for someone whom nobody referred."""
    return session.scalars(
        select(Referral).where(Referral.program_id == friend.program_id, Referral.friend_id == friend.id)
    ).one_or_none()


def latest_signups(session: Session, program_id: UUID, *, limit: int = PAGE) -> list[Signup]:
    """Return the newest signups of a program with how each was attributed."""
    friend, referrer = aliased(User), aliased(User)
    rows = session.execute(
        select(AttributionDecision, friend.name, referrer.name, Referral.method)
        .join(friend, friend.id == AttributionDecision.friend_id)
        .outerjoin(Referral, Referral.decision_id == AttributionDecision.id)
        .outerjoin(referrer, referrer.id == Referral.referrer_id)
        .where(AttributionDecision.program_id == program_id)
        .order_by(AttributionDecision.signed_up_at.desc(), AttributionDecision.id.desc())
        .limit(limit)
    )
    return [
        Signup(
            friend_name=friend_name,
            referrer_name=referrer_name,
            signed_up_at=decision.signed_up_at,
            reason=decision.reason,
            method=method,
            model=decision.model,
            window_days=decision.window_days,
        )
        for decision, friend_name, referrer_name, method in rows
    ]


def _telling_touches(referrer_id: UUID) -> Subquery:
    """For each decision the referrer's touch that was credited, else the one that came nearest to it.

    Those whom a person credited to the referrer are there without any touch.
    """
    touch, change = AttributionTouch, ReferralChange
    touched = select(touch.decision_id, touch.kind, touch.touched_at, touch.outcome, touch.position).where(
        touch.referrer_id == referrer_id
    )
    assigned = (
        select(
            AttributionDecision.id,
            literal("assigned", Text),
            change.at,
            literal("credited", Text),
            # Behind every touch.
            (change.sequence + _BEHIND).label("position"),
        )
        .join(AttributionDecision, AttributionDecision.friend_id == change.friend_id)
        .where(change.to_referrer_id == referrer_id)
    )
    each = union_all(touched, assigned).subquery()
    credited_first = (case((each.c.kind == "assigned", 2), (each.c.outcome == "credited", 0), else_=1), each.c.position)
    nth = func.row_number().over(partition_by=each.c.decision_id, order_by=credited_first)
    ranked = select(each, nth.label("nth")).subquery()
    return select(ranked).where(ranked.c.nth == 1).subquery()


def _people(referrer_id: UUID, hers: Subquery, *columns: Any) -> Select[Any]:
    """Select from the signups that a referrer's links had a part in, with the referral where there is one."""
    of_hers = and_(Referral.decision_id == AttributionDecision.id, Referral.referrer_id == referrer_id)
    return (
        select(*columns)
        .select_from(AttributionDecision)
        .join(hers, hers.c.decision_id == AttributionDecision.id)
        .outerjoin(Referral, of_hers)
    )


def _is(which: Which, referrer_id: UUID) -> ColumnElement[bool]:
    """Return what is true of the people of one kind; both are about the referral of a row."""
    # By the person first, which has an index.
    theirs = and_(Conversion.user_id == Referral.friend_id, Conversion.referral_id == Referral.id)
    rewarded = (
        select(Reward.id)
        .join(Conversion, Conversion.id == Reward.conversion_id)
        .where(theirs, Reward.beneficiary_id == referrer_id, Reward.ended_bond.is_(None))
    )
    if which == "waiting":
        return rewarded.where(Reward.status.in_(("pending", "held"))).exists()
    bought = select(Conversion.id).where(theirs, Conversion.type != "signup")
    kept = rewarded.where(Reward.status.not_in(("rejected", "reversed")))
    return or_(Referral.id.is_(None), and_(bought.exists(), ~kept.exists()))
