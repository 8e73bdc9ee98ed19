"""Appeals: which rewards one decision was about, what somebody wrote against it, and what became of that."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, Select, and_, bindparam, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from webapp.domain.appeals import APPEALED, needs_second_admin
from webapp.domain.money import Money
from webapp.domain.suspicion import BANNED, FRIEND_REJECTED, REFUSED
from webapp.domain.worth import Worth
from webapp.models import (
    Appeal,
    AppealedReward,
    Ban,
    Conversion,
    Program,
    Reward,
    RewardEvent,
    RewardNote,
    Screening,
    User,
)
from webapp.queries.quotes import quotes_at

# What a person makes of a reward that is held.
_DECIDED = ("pending", "approved", "rejected")
# Made once: SQLAlchemy makes an alias anew as slowly as all the rest of a question.
_OWN, _ITS = aliased(Reward), aliased(RewardEvent)


@dataclass(frozen=True, slots=True)
class Refusal:
    """The decision by which a reward is rejected: when, why and by whom; and whether it was appealed, or has ended."""

    reward_id: UUID
    conversion_id: UUID
    at: datetime
    reason: str
    actor: str
    actor_id: UUID | None
    is_appealed: bool
    has_ended: bool

    @property
    def can_be_appealed(self) -> bool:
        """Whether a person stands behind it, at once or beforehand."""
        return self.actor == "person" or self.reason in REFUSED


def refusals_with(session: Session, beneficiary_id: UUID, reward_id: UUID) -> list[Refusal]:
    """Return all rewards of a person that were rejected by the decision that rejected this one, by age.

    That is in the same moment, for the same reason, by the same actor. Nothing for a reward that is not rejected.
    """
    own, its = _OWN, _ITS
    rows = session.execute(
        select(
            *(Reward.id, Reward.conversion_id, RewardEvent.at, RewardEvent.reason, RewardEvent.actor),
            *(RewardEvent.actor_id, AppealedReward.reward_id.is_not(None), Reward.ended_bond.is_not(None)),
        )
        .select_from(own)
        .join(its, and_(its.reward_id == own.id, its.sequence == own.sequence))
        .join(Reward, and_(Reward.beneficiary_id == own.beneficiary_id, Reward.status == own.status))
        .join(RewardEvent, and_(RewardEvent.reward_id == Reward.id, RewardEvent.sequence == Reward.sequence))
        .outerjoin(AppealedReward, AppealedReward.reward_id == Reward.id)
        .where(
            *(own.id == reward_id, own.beneficiary_id == beneficiary_id, own.status == "rejected"),
            *(RewardEvent.at == its.at, RewardEvent.reason == its.reason, RewardEvent.actor == its.actor),
            RewardEvent.actor_id.is_not_distinct_from(its.actor_id),
        )
        .order_by(Reward.id)
    )
    return [Refusal(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Answer:
    """What was decided about a reward after its appeal, by whom; `note` is for staff."""

    status: str
    reason: str
    at: datetime
    by: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Appealed:
    """A reward that an appeal is about, as it stands; `answer` is None as long as nobody has decided.

    `rejecter_id` is who had rejected it: also by having rejected the friend before, or banned whoever earns it. None
    where Grapevine itself found the friend to be nobody new.
    """

    reward_id: UUID
    status: str
    worth: Worth
    rejecter_id: UUID | None
    answer: Answer | None


@dataclass(frozen=True, slots=True)
class AppealRow:
    """An appeal: who wrote what and when, about which rewards, the oldest first.

    `rejected_as` is the reason that was given before, `rejected_by` who gave it, None for Grapevine itself.
    """

    id: UUID
    user_id: UUID
    user_name: str
    text: str
    appealed_at: datetime
    rejected_as: str
    rejected_by: str | None
    rewards: tuple[Appealed, ...]

    @property
    def is_open(self) -> bool:
        """Whether a reward of it still waits for a decision."""
        return any(one.answer is None and one.status == "held" for one in self.rewards)

    def of(self, reward_id: UUID) -> Appealed:
        """Return one of its rewards."""
        return next(one for one in self.rewards if one.reward_id == reward_id)


def appeals_about(session: Session, reward_ids: Collection[UUID]) -> list[AppealRow]:
    """Return the appeals that are about any of these rewards, each with all of its rewards, the oldest first."""
    if not reward_ids:
        return []
    rows = session.execute(_stands(), {"reward_ids": list(reward_ids)})
    return [_appeal(list(rewards)) for _id, rewards in groupby(rows, key=lambda row: row.appeal_id)]


def _appeal(rows: Sequence[Any]) -> AppealRow:
    first = rows[0]
    return AppealRow(
        id=first.appeal_id,
        user_id=first.user_id,
        user_name=first.user_name,
        text=first.text,
        appealed_at=first.appealed_at,
        rejected_as=first.rejected_as,
        rejected_by=first.rejected_by,
        rewards=tuple(
            Appealed(
                reward_id=row.reward_id,
                status=row.status,
                worth=Worth(row.kind, Money(row.amount_minor - int(row.taken_minor), row.currency)),
                rejecter_id=row.rejecter_id,
                answer=Answer(row.answered, row.reason, row.at, row.by, row.note) if row.answered else None,
            )
            for row in rows
        ),
    )


def appealed_among(session: Session, reward_ids: Collection[UUID]) -> set[UUID]:
    """Return which of these rewards somebody has appealed about, whatever became of that."""
    if not reward_ids:
        return set()
    return set(session.scalars(select(AppealedReward.reward_id).where(AppealedReward.reward_id.in_(reward_ids))))


@cache
def _stands() -> Select[*tuple[Any, ...]]:
    """Ask how each reward of the appeals about any of `reward_ids` stands.

    Also what was decided before it was appealed, and first since then.
    """
    asked: BindParameter[UUID] = bindparam("reward_ids", expanding=True)
    about_any = select(AppealedReward.appeal_id).where(AppealedReward.reward_id.in_(asked))
    appealed, before, answer, later = (aliased(RewardEvent) for _number in range(4))
    author, rejecter, decider = (aliased(User) for _number in range(3))
    first = (
        select(func.min(later.sequence))
        .where(later.reward_id == Reward.id, later.sequence > appealed.sequence, later.status.in_(_DECIDED))
        .correlate(Reward, appealed)
        .scalar_subquery()
    )
    taken = select(func.coalesce(func.sum(RewardEvent.taken_minor), 0)).where(RewardEvent.reward_id == Reward.id)
    of_friend = (Screening.friend_id == Conversion.user_id, Screening.verdict == "deny")
    of_owner = (Ban.user_id == Reward.beneficiary_id, Ban.is_banned)
    beforehand = case(
        (
            before.reason == FRIEND_REJECTED,
            select(Screening.decided_by)
            .where(*of_friend, Screening.screened_at <= before.at)
            .order_by(Screening.sequence.desc())
            .limit(1)
            .correlate(Conversion, before)
            .scalar_subquery(),
        ),
        (
            before.reason == BANNED,
            select(Ban.decided_by)
            .where(*of_owner, Ban.decided_at <= before.at)
            .order_by(Ban.sequence.desc())
            .limit(1)
            .correlate(Reward, before)
            .scalar_subquery(),
        ),
    )
    rejecter_id = func.coalesce(before.actor_id, beforehand)
    return (
        select(
            *(Appeal.id.label("appeal_id"), Appeal.user_id, Appeal.text, Appeal.appealed_at),
            *(author.name.label("user_name"), Reward.id.label("reward_id")),
            *(Reward.status, Reward.kind, Reward.amount_minor, Reward.currency),
            taken.correlate(Reward).scalar_subquery().label("taken_minor"),
            *(before.reason.label("rejected_as"), rejecter.id.label("rejecter_id")),
            rejecter.name.label("rejected_by"),
            *(answer.status.label("answered"), answer.reason, answer.at, decider.name.label("by")),
            RewardNote.text.label("note"),
        )
        .select_from(Appeal)
        .join(author, author.id == Appeal.user_id)
        .join(AppealedReward, AppealedReward.appeal_id == Appeal.id)
        .join(Reward, Reward.id == AppealedReward.reward_id)
        .join(appealed, and_(appealed.reward_id == Reward.id, appealed.reason == APPEALED))
        .join(before, and_(before.reward_id == Reward.id, before.sequence == appealed.sequence - 1))
        .join(Conversion, Conversion.id == Reward.conversion_id)
        .outerjoin(rejecter, rejecter.id == rejecter_id)
        .outerjoin(answer, and_(answer.reward_id == Reward.id, answer.sequence == first))
        .outerjoin(decider, decider.id == answer.actor_id)
        .outerjoin(RewardNote, and_(RewardNote.reward_id == Reward.id, RewardNote.sequence == answer.sequence))
        .where(Appeal.id.in_(about_any))
        .order_by(Appeal.appealed_at, Appeal.id, Reward.granted_at, Reward.id)
    )


def kept_from(
    session: Session,
    program: Program,
    appeals: Collection[AppealRow],
    rejected: Collection[UUID],
    *,
    by: UUID,
    now: datetime,
) -> set[UUID]:
    """Return which of the rewards that are to be `rejected` somebody must leave to another admin.

    They had rejected them before these appeals, and all of such an appeal that is rejected, or may be yet, comes to the
    program's limit or more: in parts it is as much.
    """
    if program.second_admin_from_minor is None or not appeals:
        return set()
    limit = Money(program.second_admin_from_minor, program.currency)
    found: set[UUID] = set()
    for appeal in appeals:
        own = {one.reward_id for one in appeal.rewards if one.rejecter_id == by and one.reward_id in rejected}
        amounts = [
            one.worth.amount
            for one in appeal.rewards
            if one.reward_id in rejected or one.status in ("held", "rejected")
        ]
        pairs = {frozenset((one.currency, limit.currency)) for one in amounts if one.currency != limit.currency}
        if own and needs_second_admin(amounts, limit, quotes_at(session, program.id, pairs, now, known_at=now)):
            found |= own
    return found


def count_open_appeals(session: Session, program_id: UUID) -> int:
    """Return how many appeals of a program have a reward that waits for a decision."""
    appealed, later = aliased(RewardEvent), aliased(RewardEvent)
    decided = (
        select(later.reward_id)
        .where(
            later.reward_id == Reward.id,
            later.sequence > appealed.sequence,
            or_(*(later.status == status for status in _DECIDED)),
        )
        .correlate(Reward, appealed)
        .exists()
    )
    query = (
        select(func.count(AppealedReward.appeal_id.distinct()))
        .join(Reward, Reward.id == AppealedReward.reward_id)
        .join(appealed, and_(appealed.reward_id == Reward.id, appealed.reason == APPEALED))
        .where(Reward.program_id == program_id, Reward.status == "held", ~decided)
    )
    return session.scalar(query) or 0
