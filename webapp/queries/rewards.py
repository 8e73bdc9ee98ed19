"""Rewards and balances."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, func, select
from sqlalchemy.orm import Session, aliased

from webapp.domain.money import Money
from webapp.domain.rewards import Form
from webapp.domain.worth import Worth
from webapp.models import Conversion, LedgerEntry, RedemptionPart, Refund, Reward, RewardEvent, User
from webapp.queries.paging import older_than
from webapp.queries.rules import Version, find_versions

PAGE = 50


@dataclass(frozen=True, slots=True)
class RewardRow:
    """A reward as it stands. `reason` is the last event's, `since` is when it came to its status.

    `reversed_minor` was taken back before a payout was frozen, `clawed_back_minor` afterwards, of which nobody asks for
    `written_off_minor` any more. `bond` is that of the friend for which it was granted, `ended_bond` the change of the
    referral that ended it. From 1, `correction` says that it adds to another reward of the same conversion.
    """

    id: UUID
    conversion_id: UUID
    event_id: str | None
    beneficiary_id: UUID
    side: str
    kind: str
    amount_minor: int
    reversed_minor: int
    clawed_back_minor: int
    currency: str
    status: str
    reason: str
    since: datetime
    matures_at: datetime
    granted_at: datetime
    version: Version
    bond: int = 0
    ended_bond: int | None = None
    correction: int = 0
    written_off_minor: int = 0

    @property
    def holds(self) -> bool:
        """Whether no change of the referral ended it."""
        return self.ended_bond is None

    @property
    def worth(self) -> Worth:
        """What is kept of it, in its form: nothing of what was rejected."""
        kept = 0 if self.status == "rejected" else self.amount_minor - self.taken_minor
        return Worth(self.kind, Money(kept, self.currency))

    @property
    def taken_minor(self) -> int:
        """What was taken back in all and is not written off."""
        return self.reversed_minor + self.clawed_back_minor - self.written_off_minor

    @property
    def owed_minor(self) -> int:
        """What the person owes for it; below zero what is owed to them. What was rejected is settled."""
        return 0 if self.status == "rejected" else self.clawed_back_minor - self.written_off_minor


def rewards_of_conversion(session: Session, conversion_id: UUID) -> list[RewardRow]:
    """Return the rewards of one conversion, in the order in which they were granted."""
    return rewards_of_conversions(session, [conversion_id])


def rewards_of_conversions(session: Session, conversion_ids: Sequence[UUID]) -> list[RewardRow]:
    """Return the rewards of several conversions, in the order in which they were granted."""
    query = _rewards().where(Reward.conversion_id.in_(conversion_ids)).order_by(Reward.granted_at, Reward.id)
    return _rows(session, query)


def list_rewards(
    session: Session,
    program_id: UUID,
    *,
    beneficiary_id: UUID | None = None,
    status: str | None = None,
    currency: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: UUID | None = None,
    limit: int = PAGE,
) -> tuple[list[RewardRow], UUID | None]:
    """Return rewards of a program or of one person, the latest first, and where the next page begins.

    `since`, inclusive, and `until`, exclusive, are about what the rewards are for. `before` is the cursor that the
    page before answered with; any other raises UnknownCursorError.
    """
    whose = Reward.program_id == program_id
    if beneficiary_id is not None:
        whose = and_(whose, Reward.beneficiary_id == beneficiary_id)
    query = _rewards().where(whose)
    if status is not None:
        query = query.where(Reward.status == status)
    if currency is not None:
        query = query.where(Reward.currency == currency)
    if since is not None:
        query = query.where(Conversion.occurred_at >= since)
    if until is not None:
        query = query.where(Conversion.occurred_at < until)
    if before is not None:
        query = query.where(older_than(session, Reward.granted_at, Reward.id, before, of=whose))
    rows = _rows(session, query.order_by(Reward.granted_at.desc(), Reward.id.desc()).limit(limit + 1))
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None


def find_reward(session: Session, beneficiary_id: UUID, reward_id: UUID) -> RewardRow | None:
    """Return a reward of a person; None when they have none with this id."""
    rows = _rows(session, _rewards().where(Reward.id == reward_id, Reward.beneficiary_id == beneficiary_id))
    return rows[0] if rows else None


def find_rewards(session: Session, beneficiary_id: UUID, reward_ids: Collection[UUID]) -> list[RewardRow]:
    """Return those of these rewards that a person has, in the order in which they were granted."""
    wanted = _rewards().where(Reward.id.in_(reward_ids), Reward.beneficiary_id == beneficiary_id)
    return _rows(session, wanted.order_by(Reward.granted_at, Reward.id))


def parts_of(session: Session, reward: RewardRow) -> list[RewardRow]:
    """Return the reward for the same thing by the same rule that was first, and all that was added to it, in order."""
    same = (
        Reward.conversion_id == reward.conversion_id,
        Reward.rule_id == reward.version.rule_id,
        Reward.beneficiary_id == reward.beneficiary_id,
        Reward.side == reward.side,
        Reward.bond == reward.bond,
    )
    return _rows(session, _rewards().where(*same).order_by(Reward.correction))


@dataclass(frozen=True, slots=True)
class RewardContext:
    """What a reward is for: the conversion, and the name of whoever it is of."""

    type: str
    occurred_at: datetime
    amount: Money | None
    refunded_minor: int
    friend_name: str | None


def contexts_of(session: Session, conversion_ids: Sequence[UUID]) -> dict[UUID, RewardContext]:
    """Return what the rewards of these conversions are for."""
    went_back = func.coalesce(func.sum(Refund.applied_minor - Refund.restored_minor), 0)
    refunded = select(went_back).where(Refund.conversion_id == Conversion.id)
    rows = session.execute(
        select(
            Conversion.id,
            Conversion.type,
            Conversion.occurred_at,
            Conversion.amount_minor,
            Conversion.currency,
            refunded.scalar_subquery(),
            User.name,
        )
        .outerjoin(User, User.id == Conversion.user_id)
        .where(Conversion.id.in_(conversion_ids))
    )
    return {
        conversion_id: RewardContext(
            type=type_,
            occurred_at=occurred_at,
            amount=None if minor is None or currency is None else Money(minor, currency),
            refunded_minor=int(refunded_minor or 0),
            friend_name=name,
        )
        for conversion_id, type_, occurred_at, minor, currency, refunded_minor, name in rows
    }


@dataclass(frozen=True, slots=True)
class RewardStep:
    """One event of a reward's history."""

    status: str
    reason: str
    taken_minor: int
    taken_as: str | None
    at: datetime
    redeemed_minor: int | None = None


def of_event(part: type[RedemptionPart]) -> ColumnElement[bool]:
    """Return what is true of the part of a redemption that an event of a reward is about."""
    return and_(part.reward_id == RewardEvent.reward_id, part.reward_sequence == RewardEvent.sequence)


def history_of(session: Session, reward_id: UUID) -> list[RewardStep]:
    """Return what happened to a reward, from its beginning."""
    rows = session.execute(
        select(
            *(RewardEvent.status, RewardEvent.reason, RewardEvent.taken_minor, RewardEvent.taken_as, RewardEvent.at),
            RedemptionPart.amount_minor,
        )
        .outerjoin(RedemptionPart, of_event(RedemptionPart))
        .where(RewardEvent.reward_id == reward_id)
        .order_by(RewardEvent.sequence)
    )
    return [RewardStep(*row) for row in rows]


def balances_of(session: Session, user_id: UUID, kind: Form = "cash") -> dict[str, dict[str, int]]:
    """Return what stands in each account of a person, by currency, in minor units. A balance is a sum of entries.

    Money, unless another `kind` is asked for: they are never added up.
    """
    return balances_by_form(session, user_id).get(kind, {})


def balances_by_form(session: Session, user_id: UUID) -> dict[str, dict[str, dict[str, int]]]:
    """Return what stands in each account of a person, by form and currency."""
    rows = session.execute(
        select(LedgerEntry.kind, LedgerEntry.currency, LedgerEntry.account, func.sum(LedgerEntry.amount_minor))
        .where(LedgerEntry.user_id == user_id)
        .group_by(LedgerEntry.kind, LedgerEntry.currency, LedgerEntry.account)
        .order_by(LedgerEntry.kind, LedgerEntry.currency)
    )
    balances: dict[str, dict[str, dict[str, int]]] = {}
    for kind, currency, account, minor in rows:
        balances.setdefault(kind, {}).setdefault(currency, {})[account] = int(minor)
    return balances


def came_to_status() -> ScalarSelect[Any]:
    """When a reward came to the status that it has, whatever else happened to it since: paid ones may be owed."""
    earlier, first = aliased(RewardEvent), aliased(RewardEvent)
    last_of_another = (
        select(func.coalesce(func.max(earlier.sequence), 0))
        .where(earlier.reward_id == Reward.id, earlier.status != Reward.status)
        .correlate(Reward)
        .scalar_subquery()
    )
    at = select(first.at).where(first.reward_id == Reward.id, first.sequence == last_of_another + 1)
    return at.correlate(Reward).scalar_subquery()


def _rewards() -> Select[Any]:
    def taken_as(what: str) -> ScalarSelect[Any]:
        minor = func.coalesce(func.sum(RewardEvent.taken_minor), 0)
        query = select(minor).where(RewardEvent.reward_id == Reward.id, RewardEvent.taken_as == what)
        return query.correlate(Reward).scalar_subquery()

    last = and_(RewardEvent.reward_id == Reward.id, RewardEvent.sequence == Reward.sequence)
    return (
        select(
            Reward,
            taken_as("reversal"),
            taken_as("clawback"),
            taken_as("write_off"),
            RewardEvent.reason,
            came_to_status(),
            Conversion.event_id,
        )
        .join(Conversion, Conversion.id == Reward.conversion_id)
        .join(RewardEvent, last)
    )


def _rows(session: Session, query: Select[Any]) -> list[RewardRow]:
    # What the services wrote past the session's objects is read anew.
    found = session.execute(query.execution_options(populate_existing=True)).all()
    versions = find_versions(session, [reward.rule_version_id for reward, *_ in found])
    return [
        RewardRow(
            id=reward.id,
            conversion_id=reward.conversion_id,
            event_id=event_id,
            beneficiary_id=reward.beneficiary_id,
            side=reward.side,
            kind=reward.kind,
            amount_minor=reward.amount_minor,
            reversed_minor=int(reversed_minor),
            clawed_back_minor=int(clawed_back_minor),
            written_off_minor=-int(written_off_minor),
            currency=reward.currency,
            status=reward.status,
            reason=reason,
            since=since,
            matures_at=reward.matures_at,
            granted_at=reward.granted_at,
            version=versions[reward.rule_version_id],
            bond=reward.bond,
            ended_bond=reward.ended_bond,
            correction=reward.correction,
        )
        for reward, reversed_minor, clawed_back_minor, written_off_minor, reason, since, event_id in found
    ]
