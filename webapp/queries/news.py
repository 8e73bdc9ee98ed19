"""What is new for people since the last mail that told them: friends who joined, rewards that are ready or decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, literal_column, or_, select
from sqlalchemy.orm import Session, aliased

from webapp.domain.appeals import RELEASES
from webapp.domain.mail_kinds import FRIENDS_JOINED, NEWS_EVERY, NEWS_FOR, REWARDS_DECIDED, REWARDS_READY
from webapp.domain.money import Money
from webapp.domain.worth import Worth
from webapp.models import OutboxMail, Program, Referral, Reward, RewardEvent, User

# A sign-up may be told of later than it happened; after this long nobody takes it for new.
TOLD_LATE = timedelta(days=7)
# So long a mailbox that refused a mail is left in peace.
REFUSED_FOR = timedelta(days=30)
_FRIEND = aliased(User)
# Written out, as the index is that finds them.
_APPROVED: ColumnElement[str] = literal_column("'approved'")
_BY_PERSON: ColumnElement[str] = literal_column("'person'")


@dataclass(frozen=True, slots=True)
class Since:
    """A stretch of time: after `after`, up to and with `until`."""

    after: datetime
    until: datetime


def news_since(session: Session, user_id: UUID, kind: str, until: datetime, mail: OutboxMail | None = None) -> Since:
    """Return which time a mail of news tells of: since the one before it, or since what is no news any more."""
    earlier = [OutboxMail.user_id == user_id, OutboxMail.template == kind, OutboxMail.created_at < until]
    if mail is not None:
        earlier.append(OutboxMail.id != mail.id)
    last = session.scalar(select(func.max(OutboxMail.created_at)).where(*earlier))
    oldest = until - NEWS_FOR
    return Since(max(last, oldest) if last else oldest, until)


def people_with_news(session: Session, kind: str, now: datetime, *, limit: int) -> list[UUID]:
    """Return people, of all programs, for whom there is news of a kind, and who had no mail of this kind within a day.

    Only those who want it and have shown that their address is theirs: others would be mailed because of somebody's
    typing error. And for a while none whose mailbox has refused a mail since then.
    """
    about, at = _ABOUT[kind]
    told = select(OutboxMail.id).where(
        OutboxMail.user_id == User.id,
        OutboxMail.template == kind,
        or_(OutboxMail.created_at > now - NEWS_EVERY, OutboxMail.created_at >= at),
    )
    refused = select(OutboxMail.id).where(
        *(OutboxMail.user_id == User.id, OutboxMail.unsent_because == "refused"),
        *(OutboxMail.created_at > User.email_verified_at, OutboxMail.created_at > now - REFUSED_FOR),
    )
    return list(
        session.scalars(
            about(select(User.id), Since(now - NEWS_FOR, now))
            .where(
                *(User.email_verified_at.is_not(None), User.erased_at.is_(None)),
                User.muted_mails[kind].as_boolean().is_not(True),
                ~told.exists(),
                ~refused.exists(),
            )
            .group_by(User.id)
            .order_by(User.id)
            .limit(limit)
        )
    )


@dataclass(frozen=True, slots=True)
class NewFriends:
    """How many joined, and the names of some of them, the first ones first."""

    count: int
    names: tuple[str, ...]


def new_friends(session: Session, user_id: UUID, since: Since, *, named: int) -> NewFriends:
    """Return who joined through a person."""
    joined = _friends(select(_FRIEND.name), since).where(User.id == user_id)
    counted = session.execute(joined.with_only_columns(func.count())).scalar_one()
    names = session.scalars(joined.order_by(_FRIEND.created_at, _FRIEND.id).limit(named)).all()
    return NewFriends(counted, tuple(names))


def ready_rewards_of(session: Session, user_id: UUID, since: Since) -> list[Worth]:
    """Return what became ready for a person and is still theirs."""
    still = Reward.status.in_(("approved", "in_payout", "paid"))
    return [worth for _status, worth in _worth(session, _ready(_told_of(), since).where(User.id == user_id, still))]


def decided_rewards_of(session: Session, user_id: UUID, since: Since) -> list[tuple[str, Worth]]:
    """Return what people decided about a person's rewards: the status that each has by now, and what is kept of it."""
    stands = Reward.status.in_(("pending", "approved", "in_payout", "paid", "rejected"))
    return _worth(session, _decided(_told_of(), since).where(User.id == user_id, stands))


_TAKEN = (
    select(func.coalesce(func.sum(RewardEvent.taken_minor), 0))
    .where(RewardEvent.reward_id == Reward.id)
    .correlate(Reward)
    .scalar_subquery()
)


def _told_of() -> Select[Any]:
    return select(Reward.id, Reward.status, Reward.kind, Reward.amount_minor, _TAKEN, Reward.currency).distinct()


def _worth(session: Session, query: Select[Any]) -> list[tuple[str, Worth]]:
    rows: Sequence[Any] = session.execute(query.order_by(Reward.id)).all()
    return [
        (status, Worth(kind, Money(amount - int(taken), currency)))
        for _id, status, kind, amount, taken, currency in rows
    ]


def _friends(query: Select[Any], since: Since) -> Select[Any]:
    """Ask for friends, of whom we know since then, and the people through whom they came."""
    return (
        query.select_from(Referral)
        .join(_FRIEND, _FRIEND.id == Referral.friend_id)
        .join(User, User.id == Referral.referrer_id)
        .where(
            # By the program and the time of the sign-up, which have an index.
            *(Referral.program_id.in_(select(Program.id)), Referral.created_at > since.after - TOLD_LATE),
            *(_FRIEND.created_at > since.after, _FRIEND.created_at <= since.until),
        )
    )


def _rewards(query: Select[Any], since: Since, which: ColumnElement[bool]) -> Select[Any]:
    return (
        query.select_from(RewardEvent)
        .join(Reward, Reward.id == RewardEvent.reward_id)
        .join(User, User.id == Reward.beneficiary_id)
        .where(
            *(RewardEvent.at > since.after, RewardEvent.at <= since.until, RewardEvent.taken_minor == 0),
            *(Reward.ended_bond.is_(None), which),
        )
    )


def _ready(query: Select[Any], since: Since) -> Select[Any]:
    """Ask for rewards that became approved; what a person decided so after an appeal is told as that."""
    became = and_(RewardEvent.status == _APPROVED, RewardEvent.reason.not_in(RELEASES))
    return _rewards(query, since, became)


def _decided(query: Select[Any], since: Since) -> Select[Any]:
    """Ask for rewards that people rejected, or released after an appeal."""
    against = and_(RewardEvent.status == "rejected", RewardEvent.actor_id != Reward.beneficiary_id)
    after_appeal = RewardEvent.reason.in_(RELEASES)
    return _rewards(query, since, and_(RewardEvent.actor == _BY_PERSON, or_(against, after_appeal)))


_ABOUT: Mapping[str, tuple[Any, Any]] = {
    FRIENDS_JOINED: (_friends, _FRIEND.created_at),
    REWARDS_READY: (_ready, RewardEvent.at),
    REWARDS_DECIDED: (_decided, RewardEvent.at),
}
