"""Conversions of a whole program, as staff look for them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session, aliased

from webapp.domain.money import Money
from webapp.models import Conversion, Referral, Reward, RewardDecision, User
from webapp.queries.conversions import Decided, decisions_of_many
from webapp.queries.people_search import people_called
from webapp.queries.rewards import RewardRow, rewards_of_conversions

PAGE = 30


@dataclass(frozen=True, slots=True)
class ConversionFilter:
    """What is looked for; None is without that condition. `since` is inclusive, `until` exclusive.

    `code` is the reason why a rule, or the program, paid nothing, or less. `doer_id` is who did it, `person_id` who did
    it or referred them; `text` may also be the id of an order or an event.
    """

    type: str | None = None
    referred: bool | None = None
    paid: bool | None = None
    code: str | None = None
    doer_id: UUID | None = None
    person_id: UUID | None = None
    text: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ListedConversion:
    """One conversion, who did it for whom, what holds for it and what it earned.

    `person_name` is None for someone without an account, `referrer_name` when nobody referred them.
    """

    id: UUID
    type: str
    occurred_at: datetime
    amount: Money | None
    order_id: str | None
    event_id: str | None
    person_name: str | None
    referrer_name: str | None
    decisions: tuple[Decided, ...]
    rewards: tuple[RewardRow, ...]


def list_conversions(
    session: Session, program_id: UUID, wanted: ConversionFilter, *, before: UUID | None = None, limit: int = PAGE
) -> tuple[list[ListedConversion], UUID | None]:
    """Return the conversions that are looked for, the one reported last first, and where the next page begins.

    `before` is the cursor that the page before answered with. Ids are made as conversions arrive, so their order is
    that of arrival, and needs no index of its own.
    """
    person, referrer = aliased(User), aliased(User)
    query = (
        select(
            Conversion.id,
            Conversion.type,
            Conversion.occurred_at,
            Conversion.amount_minor,
            Conversion.currency,
            Conversion.order_id,
            Conversion.event_id,
            person.name.label("person_name"),
            referrer.name.label("referrer_name"),
        )
        .outerjoin(person, person.id == Conversion.user_id)
        .outerjoin(Referral, Referral.id == Conversion.referral_id)
        .outerjoin(referrer, referrer.id == Referral.referrer_id)
        .where(*_conditions(program_id, wanted))
    )
    if before is not None:
        query = query.where(Conversion.id < before)
    found = session.execute(query.order_by(Conversion.id.desc()).limit(limit + 1)).all()
    ids = [row.id for row in found[:limit]]
    decisions = decisions_of_many(session, ids) if ids else {}
    rewards: dict[UUID, list[RewardRow]] = {}
    for reward in rewards_of_conversions(session, ids) if ids else []:
        if reward.holds:
            rewards.setdefault(reward.conversion_id, []).append(reward)
    rows = [
        ListedConversion(
            id=row.id,
            type=row.type,
            occurred_at=row.occurred_at,
            amount=None if row.amount_minor is None else Money(row.amount_minor, row.currency),
            order_id=row.order_id,
            event_id=row.event_id,
            person_name=row.person_name,
            referrer_name=row.referrer_name,
            decisions=tuple(decisions.get(row.id, ())),
            rewards=tuple(rewards.get(row.id, ())),
        )
        for row in found[:limit]
    ]
    return rows, ids[-1] if len(found) > limit else None


def _conditions(program_id: UUID, wanted: ConversionFilter) -> list[ColumnElement[bool]]:
    conditions = [Conversion.program_id == program_id]
    if wanted.type is not None:
        conditions.append(Conversion.type == wanted.type)
    if wanted.referred is not None:
        conditions.append(Conversion.referral_id.is_not(None) if wanted.referred else Conversion.referral_id.is_(None))
    if wanted.paid is not None:
        rewarded = exists().where(Reward.conversion_id == Conversion.id, Reward.ended_bond.is_(None))
        conditions.append(rewarded if wanted.paid else ~rewarded)
    if wanted.code is not None:
        conditions.append(_says(wanted.code))
    if wanted.doer_id is not None:
        conditions.append(Conversion.user_id == wanted.doer_id)
    if wanted.person_id is not None:
        conditions.append(or_(Conversion.user_id == wanted.person_id, Referral.referrer_id == wanted.person_id))
    if wanted.text:
        called = people_called(program_id, wanted.text)
        conditions.append(
            or_(
                Conversion.user_id.in_(called),
                Referral.referrer_id.in_(called),
                Conversion.order_id == wanted.text,
                Conversion.event_id == wanted.text,
            )
        )
    if wanted.since is not None:
        conditions.append(Conversion.occurred_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(Conversion.occurred_at < wanted.until)
    return conditions


def _says(code: str) -> ColumnElement[bool]:
    """Whether a code holds for a conversion: none that a newer decision of the same rule replaced does."""
    later = aliased(RewardDecision)
    replaced = exists().where(
        later.conversion_id == RewardDecision.conversion_id,
        # Of one rule only one version is ever asked about a conversion. One without a rule is about all of it.
        or_(
            later.rule_version_id == RewardDecision.rule_version_id,
            later.rule_version_id.is_(None),
            RewardDecision.rule_version_id.is_(None),
        ),
        later.sequence > RewardDecision.sequence,
    )
    return exists().where(RewardDecision.conversion_id == Conversion.id, RewardDecision.code == code, ~replaced)
