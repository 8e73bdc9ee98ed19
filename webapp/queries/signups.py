"""Signups and how each was attributed, as staff look for them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session, aliased

from webapp.domain.money import Money
from webapp.domain.worth import Worth
from webapp.models import (
    AttributionDecision,
    AttributionTouch,
    Click,
    Conversion,
    Link,
    Referral,
    Reward,
    RewardEvent,
    User,
)
from webapp.queries.paging import older_than
from webapp.queries.people_search import people_called

PAGE = 30


@dataclass(frozen=True, slots=True)
class SignupFilter:
    """What is looked for; None is without that condition. `since` is inclusive, `until` exclusive.

    A method of "nobody" is for people who count for nobody. `person_id` and `text` are about friend or referrer.
    """

    method: Literal["typed_code", "coupon_code", "link", "assigned", "nobody"] | None = None
    person_id: UUID | None = None
    text: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ListedSignup:
    """One signup, known by its attribution decision. `referrer_id` and the method are None when nobody was credited.

    `purchases` are the friend's; `earned` is what their referrer keeps of all that the friend did, by form
    and currency.
    """

    decision_id: UUID
    friend_id: UUID
    friend_name: str
    friend_external_id: str | None
    referrer_id: UUID | None
    referrer_name: str | None
    method: str | None
    campaign: tuple[str, ...]
    signed_up_at: datetime
    known_since: datetime | None
    reason: str
    model: str
    window_days: int
    purchases: int = 0
    earned: list[Worth] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class WeighedTouch:
    """One touch that a decision weighed. `source` is what was told of where the visitor came from.

    `by_click_id` says that the click is of the browser that the signup named by a click of it.
    """

    kind: str
    referrer_id: UUID
    referrer_name: str
    code: str
    label: str | None
    touched_at: datetime
    outcome: str
    by_click_id: bool
    source: tuple[str, ...]


def list_signups(
    session: Session, program_id: UUID, wanted: SignupFilter, *, before: UUID | None = None, limit: int = PAGE
) -> tuple[list[ListedSignup], UUID | None]:
    """Return the signups that are looked for, the latest first, and where the next page begins.

    `before` is the cursor that the page before answered with; any other raises UnknownCursorError.
    """
    query = _signups().where(*_conditions(program_id, wanted))
    if before is not None:
        of = AttributionDecision.program_id == program_id
        at, row_id = AttributionDecision.signed_up_at, AttributionDecision.id
        query = query.where(older_than(session, at, row_id, before, of=of))
    order = (AttributionDecision.signed_up_at.desc(), AttributionDecision.id.desc())
    rows = session.execute(query.order_by(*order).limit(limit + 1)).all()
    return _with_deeds(session, rows[:limit]), rows[limit - 1].decision_id if len(rows) > limit else None


def find_signup(session: Session, program_id: UUID, id_: UUID) -> ListedSignup | None:
    """Return the signup of an attribution decision or of a referral; None when the program has none with this id."""
    of_referral = select(Referral.decision_id).where(Referral.program_id == program_id, Referral.id == id_)
    decision_id = session.scalar(of_referral) or id_
    whose = (AttributionDecision.program_id == program_id, AttributionDecision.id == decision_id)
    found = _with_deeds(session, session.execute(_signups().where(*whose)).all())
    return found[0] if found else None


def signup_of(session: Session, program_id: UUID, friend_id: UUID) -> ListedSignup | None:
    """Return the signup by which someone came, without what they did since; None for an account made by staff."""
    whose = (AttributionDecision.program_id == program_id, AttributionDecision.friend_id == friend_id)
    # The one that was credited, if there is one.
    order = (Referral.id.is_(None), AttributionDecision.signed_up_at)
    row = session.execute(_signups().where(*whose).order_by(*order).limit(1)).one_or_none()
    return None if row is None else _signup(row)


def touches_of(session: Session, decision_id: UUID) -> list[WeighedTouch]:
    """Return what a decision weighed, the touch that came nearest to the credit first."""
    rows = session.execute(
        select(
            AttributionTouch.kind,
            AttributionTouch.referrer_id,
            User.name.label("referrer_name"),
            Link.code,
            Link.label,
            AttributionTouch.touched_at,
            AttributionTouch.outcome,
            AttributionTouch.by_click_id,
            Click.utm_source,
            Click.utm_medium,
            Click.utm_campaign,
            Click.source_host,
        )
        .join(Link, Link.id == AttributionTouch.link_id)
        .join(User, User.id == AttributionTouch.referrer_id)
        # Clicks are forgotten one day.
        .outerjoin(Click, Click.id == AttributionTouch.click_id)
        .where(AttributionTouch.decision_id == decision_id)
        .order_by(AttributionTouch.position)
    )
    return [
        WeighedTouch(
            kind=row.kind,
            referrer_id=row.referrer_id,
            referrer_name=row.referrer_name,
            code=row.code,
            label=row.label,
            touched_at=row.touched_at,
            outcome=row.outcome,
            by_click_id=row.by_click_id,
            source=_told(row.utm_source or row.source_host, row.utm_medium, row.utm_campaign),
        )
        for row in rows
    ]


_Friend, _Referrer = aliased(User), aliased(User)


def _signups() -> Select[Any]:
    columns: tuple[Any, ...] = (
        AttributionDecision.id.label("decision_id"),
        AttributionDecision.friend_id,
        _Friend.name.label("friend_name"),
        _Friend.external_id.label("friend_external_id"),
        Referral.referrer_id,
        _Referrer.name.label("referrer_name"),
        Referral.method,
        Referral.utm_source,
        Referral.utm_medium,
        Referral.utm_campaign,
        AttributionDecision.signed_up_at,
        AttributionDecision.known_since,
        AttributionDecision.reason,
        AttributionDecision.model,
        AttributionDecision.window_days,
    )
    return (
        select(*columns)
        .join(_Friend, _Friend.id == AttributionDecision.friend_id)
        .outerjoin(Referral, Referral.decision_id == AttributionDecision.id)
        .outerjoin(_Referrer, _Referrer.id == Referral.referrer_id)
    )


def _conditions(program_id: UUID, wanted: SignupFilter) -> list[ColumnElement[bool]]:
    conditions = [AttributionDecision.program_id == program_id]
    if wanted.method == "nobody":
        conditions.append(Referral.id.is_(None))
    elif wanted.method is not None:
        conditions.append(Referral.method == wanted.method)
    if wanted.person_id is not None:
        theirs = or_(AttributionDecision.friend_id == wanted.person_id, Referral.referrer_id == wanted.person_id)
        conditions.append(theirs)
    if wanted.text:
        called = people_called(program_id, wanted.text)
        conditions.append(or_(AttributionDecision.friend_id.in_(called), Referral.referrer_id.in_(called)))
    if wanted.since is not None:
        conditions.append(AttributionDecision.signed_up_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(AttributionDecision.signed_up_at < wanted.until)
    return conditions


def _with_deeds(session: Session, rows: Sequence[Any]) -> list[ListedSignup]:
    friends = [row.friend_id for row in rows]
    if not friends:
        return []
    bought = session.execute(
        select(Conversion.user_id, func.count())
        .where(Conversion.user_id.in_(friends), Conversion.type == "purchase")
        .group_by(Conversion.user_id)
    )
    purchases: dict[UUID | None, int] = dict(bought.all())
    taken = select(func.coalesce(func.sum(RewardEvent.taken_minor), 0)).where(RewardEvent.reward_id == Reward.id)
    sums = session.execute(
        select(
            Conversion.user_id,
            Reward.kind,
            Reward.currency,
            func.count(),
            func.sum(Reward.amount_minor - taken.correlate(Reward).scalar_subquery()),
        )
        .join(Conversion, Conversion.id == Reward.conversion_id)
        .where(Conversion.user_id.in_(friends), Reward.side == "referrer", Reward.status != "rejected")
        .group_by(Conversion.user_id, Reward.kind, Reward.currency)
        .order_by(Reward.kind, Reward.currency)
    )
    earned: dict[UUID, list[Worth]] = {}
    for friend_id, kind, currency, count, minor in sums:
        if friend_id is not None and (minor or kind == "coupon"):
            earned.setdefault(friend_id, []).append(Worth(kind, Money(int(minor), currency), count))
    return [
        _signup(row, purchases=purchases.get(row.friend_id, 0), earned=earned.get(row.friend_id, [])) for row in rows
    ]


def _signup(row: Any, *, purchases: int = 0, earned: Sequence[Worth] = ()) -> ListedSignup:
    return ListedSignup(
        decision_id=row.decision_id,
        friend_id=row.friend_id,
        friend_name=row.friend_name,
        friend_external_id=row.friend_external_id,
        referrer_id=row.referrer_id,
        referrer_name=row.referrer_name,
        method=row.method,
        campaign=_told(row.utm_source, row.utm_medium, row.utm_campaign),
        signed_up_at=row.signed_up_at,
        known_since=row.known_since,
        reason=row.reason,
        model=row.model,
        window_days=row.window_days,
        purchases=purchases,
        earned=list(earned),
    )


def _told(*words: str | None) -> tuple[str, ...]:
    return tuple(word for word in words if word)
