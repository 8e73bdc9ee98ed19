"""Appeals: which rewards one decision was about, what somebody wrote against it, and what became of that."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, or_, select
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
    own, its = aliased(Reward), aliased(RewardEvent)
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
    """A reward that an appeal is about, as it stands; `answer` is None as long as nobody has decided."""

    reward_id: UUID
    status: str
    worth: Worth
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
    wanted = select(AppealedReward.appeal_id).where(AppealedReward.reward_id.in_(reward_ids))
    appeals = session.execute(
        select(Appeal, User.name)
        .join(User, User.id == Appeal.user_id)
        .where(Appeal.id.in_(wanted))
        .order_by(Appeal.appealed_at, Appeal.id)
    ).all()
    if not appeals:
        return []
    stands = _stands(session, [appeal.id for appeal, _name in appeals])
    return [
        AppealRow(
            id=appeal.id,
            user_id=appeal.user_id,
            user_name=name,
            text=appeal.text,
            appealed_at=appeal.appealed_at,
            rejected_as=stands[appeal.id][0].rejected_as,
            rejected_by=stands[appeal.id][0].rejected_by,
            rewards=tuple(
                Appealed(
                    reward_id=row.id,
                    status=row.status,
                    worth=Worth(row.kind, Money(row.amount_minor - int(row.taken_minor), row.currency)),
                    answer=Answer(row.answered, row.reason, row.at, row.by, row.note) if row.answered else None,
                )
                for row in stands[appeal.id]
            ),
        )
        for appeal, name in appeals
    ]


def appealed_among(session: Session, reward_ids: Collection[UUID]) -> set[UUID]:
    """Return which of these rewards somebody has appealed about, whatever became of that."""
    if not reward_ids:
        return set()
    return set(session.scalars(select(AppealedReward.reward_id).where(AppealedReward.reward_id.in_(reward_ids))))


def _stands(session: Session, appeal_ids: Collection[UUID]) -> dict[UUID, list[Any]]:
    """Return how each reward of these appeals stands, what was decided before it was appealed, and first since then."""
    appealed, before, answer, later = (aliased(RewardEvent) for _number in range(4))
    rejecter, decider = aliased(User), aliased(User)
    first = (
        select(func.min(later.sequence))
        .where(later.reward_id == Reward.id, later.sequence > appealed.sequence, later.status.in_(_DECIDED))
        .correlate(Reward, appealed)
        .scalar_subquery()
    )
    taken = select(func.coalesce(func.sum(RewardEvent.taken_minor), 0)).where(RewardEvent.reward_id == Reward.id)
    rows = session.execute(
        select(
            *(AppealedReward.appeal_id, Reward.id, Reward.status, Reward.kind, Reward.amount_minor, Reward.currency),
            taken.correlate(Reward).scalar_subquery().label("taken_minor"),
            before.reason.label("rejected_as"),
            rejecter.name.label("rejected_by"),
            *(answer.status.label("answered"), answer.reason, answer.at, decider.name.label("by")),
            RewardNote.text.label("note"),
        )
        .join(Reward, Reward.id == AppealedReward.reward_id)
        .join(appealed, and_(appealed.reward_id == Reward.id, appealed.reason == APPEALED))
        .join(before, and_(before.reward_id == Reward.id, before.sequence == appealed.sequence - 1))
        .outerjoin(rejecter, rejecter.id == before.actor_id)
        .outerjoin(answer, and_(answer.reward_id == Reward.id, answer.sequence == first))
        .outerjoin(decider, decider.id == answer.actor_id)
        .outerjoin(RewardNote, and_(RewardNote.reward_id == Reward.id, RewardNote.sequence == answer.sequence))
        .where(AppealedReward.appeal_id.in_(appeal_ids))
        .order_by(Reward.granted_at, Reward.id)
    )
    found: dict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.appeal_id].append(row)
    return found


def rejected_before_by(session: Session, reward_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Return who had rejected each of these rewards when it was appealed, where a person had.

    What was rejected by itself because a person had rejected the friend before, or banned whoever earns it, was
    rejected by that person.
    """
    appealed, before = aliased(RewardEvent), aliased(RewardEvent)
    rows = session.execute(
        select(Reward.id, Reward.beneficiary_id, Conversion.user_id, before.actor_id, before.reason, before.at)
        .join(Conversion, Conversion.id == Reward.conversion_id)
        .join(appealed, and_(appealed.reward_id == Reward.id, appealed.reason == APPEALED))
        .join(before, and_(before.reward_id == Reward.id, before.sequence == appealed.sequence - 1))
        .where(Reward.id.in_(reward_ids))
    )
    found: dict[UUID, UUID] = {}
    for reward_id, beneficiary_id, friend_id, actor_id, reason, at in rows:
        person = actor_id
        if person is None and reason == FRIEND_REJECTED:
            person = session.scalar(
                select(Screening.decided_by)
                .where(Screening.friend_id == friend_id, Screening.verdict == "deny", Screening.screened_at <= at)
                .order_by(Screening.sequence.desc())
                .limit(1)
            )
        elif person is None and reason == BANNED:
            person = session.scalar(
                select(Ban.decided_by)
                .where(Ban.user_id == beneficiary_id, Ban.is_banned, Ban.decided_at <= at)
                .order_by(Ban.sequence.desc())
                .limit(1)
            )
        if person is not None:
            found[reward_id] = person
    return found


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
    rejecters = rejected_before_by(session, rejected)
    found: set[UUID] = set()
    for appeal in appeals:
        own = {one.reward_id for one in appeal.rewards if rejecters.get(one.reward_id) == by}
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
