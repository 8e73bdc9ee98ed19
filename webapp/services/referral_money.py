"""What a changed referral does in money, told from all that happened to rewards by it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.ledger import Account
from webapp.domain.money import Money
from webapp.domain.referral_changes import Kind
from webapp.domain.rewards import Form, Status, Taking
from webapp.domain.worth import Worth
from webapp.models import Reward
from webapp.services.reward_steps import Step, lock_rewards

# What people are owed and owe, and what waits for a decision; not whether it is ready yet.
_TOLD: tuple[Account, ...] = ("expense", "clawback", "held")


@dataclass(frozen=True, slots=True)
class Ended:
    """What was taken back of one reward, and as what."""

    reward_id: UUID
    beneficiary_id: UUID
    side: str
    amount: Money
    taken_as: Taking
    form: Form

    @property
    def worth(self) -> Worth:
        return Worth(self.form, self.amount)


@dataclass(frozen=True, slots=True)
class Granted:
    """A new reward as it stands, `kept` after refunds, and when its hold is over."""

    reward_id: UUID
    beneficiary_id: UUID
    side: str
    kept: Money
    status: Status
    matures_at: datetime
    form: Form

    @property
    def worth(self) -> Worth:
        return Worth(self.form, self.kept)

    @property
    def is_kept(self) -> bool:
        """Whether anything of it is left; a coupon has no amount."""
        return self.status != "reversed" if self.form == "coupon" else self.kept.minor > 0


@dataclass(frozen=True, slots=True)
class Beside:
    """By how much what one person keeps of other friends changed, in one form and currency; below zero by less."""

    beneficiary_id: UUID
    form: Form
    currency: str
    minor: int

    @property
    def worth(self) -> Worth:
        return Worth(self.form, Money(abs(self.minor), self.currency))


@dataclass(frozen=True, slots=True)
class Moved:
    """What a change did, `number` being the change's, and `former_id` and `referrer_id` who was credited and who is.

    `taken` and `granted` are of all that the friend did, `beside` of what others did. `sums` is what it changed for
    anybody, in the accounts of people.
    """

    kind: Kind
    number: int
    former_id: UUID | None
    referrer_id: UUID | None
    taken: list[Ended]
    granted: list[Granted]
    beside: list[Beside]
    sums: tuple[str, ...]

    @property
    def terms(self) -> str:
        """Tell what it does in money from all else that it could do: what was looked at is what may be done."""
        taken = sorted(f"{one.reward_id} {one.amount} {one.taken_as} {one.form}" for one in self.taken)
        granted = sorted(
            f"{one.beneficiary_id} {one.side} {one.form} {one.kept} {one.status} {one.matures_at.astimezone(UTC)}"
            for one in self.granted
        )
        return sha256("\n".join((self.kind, *taken, *granted, *self.sums)).encode("ascii")).hexdigest()


def money_of(
    session: Session,
    kind: Kind,
    number: int,
    conversion_ids: Sequence[UUID],
    steps: Sequence[Step],
    *,
    former_id: UUID | None,
    referrer_id: UUID | None,
) -> Moved:
    """Return what a change did to rewards, by its steps; the conversions are those of the friend."""
    new = {step.reward.id for step in steps if step.reward.sequence == 0}
    rows = session.execute(
        select(Reward.id, Reward.side, Reward.matures_at)
        .where(Reward.conversion_id.in_(conversion_ids), Reward.id.in_({step.reward.id for step in steps}))
        .order_by(Reward.id)
    ).all()
    sides = {row.id: row.side for row in rows}
    granted = [
        Granted(
            *(reward.id, reward.beneficiary_id, sides[reward.id]),
            Money(reward.kept_minor, reward.amount.currency),
            reward.status,
            next(row.matures_at for row in rows if row.id == reward.id),
            reward.kind,
        )
        for reward in lock_rewards(session, [row.id for row in rows if row.id in new])
    ]
    taken = _ended([step for step in steps if step.reward.id in sides and step.reward.id not in new], sides)
    beside = _beside([step for step in steps if step.reward.id not in sides])
    return Moved(kind, number, former_id, referrer_id, taken, granted, beside, _sums(steps))


def _ended(steps: Sequence[Step], sides: dict[UUID, str]) -> list[Ended]:
    taken: Counter[tuple[UUID, Taking]] = Counter()
    for step in steps:
        if step.change.taken_as in ("reversal", "clawback"):
            taken[step.reward.id, step.change.taken_as] += step.change.taken_minor
    rewards = {step.reward.id: step.reward for step in steps}
    return [
        Ended(
            *(id_, rewards[id_].beneficiary_id, sides[id_]),
            Money(minor, rewards[id_].amount.currency),
            taken_as,
            rewards[id_].kind,
        )
        for (id_, taken_as), minor in sorted(taken.items(), key=lambda one: one[0])
        if minor > 0
    ]


def _beside(steps: Sequence[Step]) -> list[Beside]:
    more: Counter[tuple[UUID, Form, str]] = Counter()
    for step in steps:
        key = (step.reward.beneficiary_id, step.reward.kind, step.reward.amount.currency)
        more[key] += step.reward.amount.minor if step.reward.sequence == 0 else 0
        more[key] -= step.change.taken_minor
    return [Beside(*key, minor) for key, minor in sorted(more.items(), key=lambda one: one[0]) if minor]


def _sums(steps: Sequence[Step]) -> tuple[str, ...]:
    """Add up what changed in the accounts of anybody, and which coupons came and went."""
    sums: Counter[str] = Counter()
    for step in steps:
        about = f"{step.reward.beneficiary_id} {step.reward.kind}"
        if step.reward.kind == "coupon":
            sums[f"{about} {step.change.status}"] += 1
        for posting in step.postings:
            if posting.account in _TOLD:
                sums[f"{about} {posting.account} {posting.amount.currency}"] += posting.amount.minor
    return tuple(sorted(f"{what} {count}" for what, count in sums.items() if count))
