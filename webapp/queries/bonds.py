"""Who is credited for whom, now and before: the changes of a friend's referral, and what breaks their order."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from uuid import UUID

from sqlalchemy import Executable, Subquery, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from webapp.domain.referral_changes import Kind, Mailbox
from webapp.models import Conversion, Link, Referral, ReferralChange, ReferralChangeNote, Reward, RewardEvent, User


@dataclass(frozen=True, slots=True)
class MadeChange:
    """One change of a referral, with the names of today. A referrer and a code are None where there is nobody."""

    sequence: int
    kind: Kind
    from_name: str | None
    from_code: str | None
    to_name: str | None
    to_code: str | None
    reason: str
    by_name: str
    at: datetime
    note: str | None


def count_changes(session: Session, friend_id: UUID) -> int:
    """Return how often the referral of someone was changed: the number of the last change."""
    newest = select(func.max(ReferralChange.sequence)).where(ReferralChange.friend_id == friend_id)
    return session.scalar(newest) or 0


def changes_of(session: Session, friend_id: UUID) -> list[MadeChange]:
    """Return the changes of someone's referral, the first one first."""
    left, right, by = aliased(User), aliased(User), aliased(User)
    left_link, right_link = aliased(Link), aliased(Link)
    noted = and_(
        ReferralChangeNote.friend_id == ReferralChange.friend_id,
        ReferralChangeNote.sequence == ReferralChange.sequence,
    )
    rows = session.execute(
        select(
            ReferralChange.sequence,
            ReferralChange.kind,
            left.name.label("from_name"),
            left_link.code.label("from_code"),
            right.name.label("to_name"),
            right_link.code.label("to_code"),
            ReferralChange.reason,
            by.name.label("by_name"),
            ReferralChange.at,
            ReferralChangeNote.text.label("note"),
        )
        .join(by, by.id == ReferralChange.by)
        .outerjoin(left, left.id == ReferralChange.from_referrer_id)
        .outerjoin(left_link, left_link.id == ReferralChange.from_link_id)
        .outerjoin(right, right.id == ReferralChange.to_referrer_id)
        .outerjoin(right_link, right_link.id == ReferralChange.to_link_id)
        .outerjoin(ReferralChangeNote, noted)
        .where(ReferralChange.friend_id == friend_id)
        .order_by(ReferralChange.sequence)
    )
    return [MadeChange(**row._mapping) for row in rows]


@dataclass(frozen=True, slots=True)
class OwnChange:
    """The last change that was about one referrer: to them, or away from them."""

    kind: Kind
    to_them: bool
    at: datetime


def own_changes(referrer_id: UUID) -> Subquery:
    """Return, for each friend of whom there is one, the last change that was about a referrer."""
    change = ReferralChange
    nth = func.row_number().over(partition_by=change.friend_id, order_by=change.sequence.desc())
    ranked = (
        select(
            change.friend_id,
            change.kind,
            (change.to_referrer_id == referrer_id).label("to_them"),
            change.at,
            nth.label("nth"),
        )
        .where(or_(change.from_referrer_id == referrer_id, change.to_referrer_id == referrer_id))
        .subquery()
    )
    return select(ranked).where(ranked.c.nth == 1).subquery()


def those_above(session: Session, person: User) -> list[Mailbox]:
    """Return who brought someone, who brought those, and so on, whichever account of theirs it was."""
    found: list[Mailbox] = []
    seen, keys = {person.mailbox_key}, {person.mailbox_key}
    while keys:
        # Several accounts can be one person's, and each may have come through somebody.
        brought = select(User.referred_by).where(User.program_id == person.program_id, User.mailbox_key.in_(keys))
        rows = session.execute(select(User.id, User.mailbox_key).where(User.id.in_(brought)).order_by(User.id)).all()
        found += [Mailbox(id_, key) for id_, key in rows]
        keys = {key for _id, key in rows} - seen
        seen |= keys
    return found


@cache
def _several_asked() -> Executable:
    key = (Reward.conversion_id, Reward.rule_id, Reward.side, Reward.correction)
    return select(*key, func.count()).where(Reward.ended_bond.is_(None)).group_by(*key).having(func.count() > 1)


def _several(session: Session) -> Iterator[str]:
    """The unique index refuses these; it could have been dropped."""
    for conversion_id, rule_id, side, _correction, count in session.execute(_several_asked()):
        yield f"conversion {conversion_id}: {count} rewards of rule {rule_id} hold for the {side}"


@cache
def _ended_asked() -> Executable:
    taken = select(func.coalesce(func.sum(RewardEvent.taken_minor), 0)).where(
        RewardEvent.reward_id == Reward.id, func.coalesce(RewardEvent.taken_as, "") != "write_off"
    )
    kept = Reward.amount_minor - taken.correlate(Reward).scalar_subquery()
    ended = (Reward.ended_bond.is_not(None), Reward.status != "rejected")
    return select(Reward.id, Reward.ended_bond, kept).where(*ended, kept != 0)


def _ended(session: Session) -> Iterator[str]:
    """Rewards that a change ended and of which something is kept all the same, but for what was written off."""
    for reward_id, bond, minor in session.execute(_ended_asked()):
        yield f"reward {reward_id}: change {bond} of the referral ended it, and {minor} of it are kept"


@cache
def _strangers_asked() -> Executable:
    return (
        select(Reward.id, Reward.beneficiary_id)
        .join(Conversion, Conversion.id == Reward.conversion_id)
        .outerjoin(Referral, Referral.id == Conversion.referral_id)
        .where(
            Reward.side == "referrer",
            Reward.ended_bond.is_(None),
            func.coalesce(Referral.referrer_id, Conversion.id) != Reward.beneficiary_id,
        )
    )


def _strangers(session: Session) -> Iterator[str]:
    """Rewards that hold for someone who is not credited for the friend."""
    for reward_id, beneficiary_id in session.execute(_strangers_asked()):
        yield f"reward {reward_id}: it holds for {beneficiary_id}, who is not credited for the friend"


@cache
def _referrals_asked() -> tuple[Executable, Executable]:
    numbers = (
        select(
            ReferralChange.friend_id.label("friend_id"),
            func.max(ReferralChange.sequence).label("newest"),
            func.count().label("changes"),
        )
        .group_by(ReferralChange.friend_id)
        .subquery()
    )
    last = and_(ReferralChange.friend_id == numbers.c.friend_id, ReferralChange.sequence == numbers.c.newest)
    of = and_(Referral.friend_id == ReferralChange.friend_id, Referral.program_id == ReferralChange.program_id)
    query = (
        select(
            *(numbers, ReferralChange.kind, ReferralChange.to_referrer_id, ReferralChange.to_link_id),
            *(Referral.bond, Referral.referrer_id, Referral.link_id),
        )
        .select_from(numbers)
        .join(ReferralChange, last)
        .outerjoin(Referral, of)
    )
    unchanged = (
        select(Referral.friend_id, Referral.bond)
        .outerjoin(ReferralChange, ReferralChange.friend_id == Referral.friend_id)
        .where(Referral.bond != 0, ReferralChange.friend_id.is_(None))
    )
    return query, unchanged


def _referrals(session: Session) -> Iterator[str]:
    """Referrals that are not what their last change made of them, and changes that are missing."""
    query, unchanged = _referrals_asked()
    for friend_id, newest, changes, kind, *rest in session.execute(query):
        to_referrer, to_link, bond, referrer_id, link_id = rest
        if newest != changes:
            yield f"friend {friend_id}: the referral has {changes} changes, and the last one is number {newest}"
        expected = (None, None, None) if kind == "remove" else (newest, to_referrer, to_link)
        if (bond, referrer_id, link_id) != expected:
            yield f"friend {friend_id}: the referral is not what change {newest} made of it"
    for friend_id, bond in session.execute(unchanged):
        yield f"friend {friend_id}: the referral says that change {bond} made it, and there is none"


# What `ledger verify` asks too: a reward is somebody's because they are credited for the friend.
CHECKS = (_several, _ended, _strangers, _referrals)
