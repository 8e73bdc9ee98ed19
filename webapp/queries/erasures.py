"""Who had everything about themselves erased, and what somebody gives up who wants that."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session, aliased

from webapp.domain.codes import code_key
from webapp.domain.money import Money
from webapp.domain.seals import Sealer
from webapp.domain.worth import Worth
from webapp.models import Link, Model, Referral, Reward, RewardEvent, SealedCode, User

# Nobody has them yet, and nobody would get them any more.
OPEN = ("pending", "held", "approved")


def is_erased(user_id: Any) -> ColumnElement[bool]:
    """Return the part of a query that tells whether somebody, an id or a column of ids, was erased."""
    users = Model.metadata.tables["users"].alias()
    erased = select(users.c.erased_at.is_not(None)).where(users.c.id == user_id)
    return func.coalesce(erased.scalar_subquery(), False)


@dataclass(frozen=True, slots=True)
class Left:
    """What somebody leaves behind: rewards that are open or on their way, what they owe, and how many came by them.

    `sequence` is the sum of the numbers of the newest events of open rewards: another one tells that something
    happened to one of them since. `is_only_admin`: nobody else could run the program.
    """

    open: list[Worth]
    in_payout: list[Worth]
    owes: list[Money]
    friends: int
    links: int
    sequence: int
    is_only_admin: bool


def left_by(session: Session, user_id: UUID) -> Left:
    """Return what somebody leaves behind who is erased now."""
    taken = select(func.coalesce(func.sum(RewardEvent.taken_minor), 0)).where(RewardEvent.reward_id == Reward.id)
    spent = Model.metadata.tables["redemption_parts"]
    redeemed = select(func.coalesce(func.sum(spent.c.amount_minor), 0)).where(spent.c.reward_id == Reward.id)
    kept = Reward.amount_minor - taken.correlate(Reward).scalar_subquery()
    left = kept - redeemed.correlate(Reward).scalar_subquery()
    columns = (Reward.kind, Reward.currency, Reward.status == "in_payout")
    rows = session.execute(
        select(*columns, func.sum(left), func.count(), func.sum(Reward.sequence))
        .where(Reward.beneficiary_id == user_id, Reward.status.in_((*OPEN, "in_payout")))
        .group_by(*columns)
        .order_by(*columns)
    ).all()
    worths = [
        (is_on_its_way, Worth(kind, Money(int(minor), currency), count))
        for kind, currency, is_on_its_way, minor, count, _sequence in rows
    ]
    return Left(
        open=[worth for is_on_its_way, worth in worths if not is_on_its_way],
        in_payout=[worth for is_on_its_way, worth in worths if is_on_its_way],
        owes=_owed(session, user_id),
        friends=_count(session, select(func.count()).where(Referral.referrer_id == user_id)),
        links=_count(session, select(func.count()).where(Link.referrer_id == user_id, Link.retired_at.is_(None))),
        sequence=sum(int(row[5]) for row in rows if not row[2]),
        is_only_admin=_is_only_admin(session, user_id),
    )


def is_code_sealed(session: Session, program_id: UUID, sealer: Sealer, code: str) -> bool:
    """Say whether a code was that of somebody who left."""
    seal = sealer.seal("code", code_key(code) or "")
    return session.get(SealedCode, (program_id, seal)) is not None


def _owed(session: Session, user_id: UUID) -> list[Money]:
    entries = Model.metadata.tables["ledger_entries"]
    total = func.sum(entries.c.amount_minor)
    rows = session.execute(
        select(entries.c.currency, total)
        .where(entries.c.user_id == user_id, entries.c.kind == "cash", entries.c.account == "clawback")
        .group_by(entries.c.currency)
        .having(total < 0)
        .order_by(entries.c.currency)
    )
    return [Money(-int(minor), currency) for currency, minor in rows]


def _is_only_admin(session: Session, user_id: UUID) -> bool:
    """Say what `services.roles.is_last_admin` will, unless it changes before."""
    others = aliased(User)
    another = exists().where(
        others.program_id == User.program_id,
        others.role == "admin",
        others.id != User.id,
        others.password_hash.is_not(None),
        others.erased_at.is_(None),
    )
    return session.scalar(select(~another).where(User.id == user_id, User.role == "admin")) or False


def _count(session: Session, query: Any) -> int:
    return session.scalar(query) or 0
