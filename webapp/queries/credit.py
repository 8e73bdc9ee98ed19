"""Store credit: what a person has of it, and whether what was redeemed agrees with the books."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from sqlalchemy import Executable, and_, case, func, or_, select
from sqlalchemy.orm import Session

from webapp.domain.credit import available_minor
from webapp.models import Redemption, RedemptionPart, Reward, RewardEvent
from webapp.queries.rewards import balances_of


@dataclass(frozen=True, slots=True)
class CreditBalance:
    """A person's store credit in one currency, in minor units. `redeemed` was spent; `clawback` is not above zero."""

    currency: str
    pending: int
    held: int
    approved: int
    redeemed: int
    clawback: int

    @property
    def available(self) -> int:
        """What can be spent now."""
        return available_minor(self.approved, self.clawback)


def credit_of(session: Session, user_id: UUID) -> list[CreditBalance]:
    """Return a person's store credit, by currency; nothing for someone who never earned any."""
    return [
        CreditBalance(
            currency,
            pending=accounts.get("pending", 0),
            held=accounts.get("held", 0),
            approved=accounts.get("approved", 0),
            redeemed=accounts.get("paid", 0),
            clawback=accounts.get("clawback", 0),
        )
        for currency, accounts in balances_of(session, user_id, "credit").items()
    ]


def redeemed_of(session: Session, reward_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return what is redeemed of each of these rewards of which anything ever was, in minor units."""
    if not reward_ids:
        return {}
    parts = select(RedemptionPart.reward_id, func.sum(RedemptionPart.amount_minor))
    rows = session.execute(parts.where(RedemptionPart.reward_id.in_(reward_ids)).group_by(RedemptionPart.reward_id))
    return {reward_id: int(minor) for reward_id, minor in rows}


@cache
def _redeemed_asked() -> Executable:
    redeemed = func.sum(RedemptionPart.amount_minor).label("redeemed")
    of_reward = select(RedemptionPart.reward_id, redeemed).group_by(RedemptionPart.reward_id).subquery()
    taken = select(func.coalesce(func.sum(RewardEvent.taken_minor), 0)).where(
        RewardEvent.reward_id == Reward.id, RewardEvent.taken_as == "reversal"
    )
    left = Reward.amount_minor - taken.correlate(Reward).scalar_subquery()
    spent = func.coalesce(of_reward.c.redeemed, 0)
    return (
        select(Reward.id, Reward.kind, Reward.status, left, spent)
        .outerjoin(of_reward, of_reward.c.reward_id == Reward.id)
        .where(
            or_(
                and_(Reward.kind != "credit", spent != 0),
                and_(
                    Reward.kind == "credit",
                    or_(
                        spent < 0,
                        spent > left,
                        and_(spent > 0, Reward.status.not_in(("approved", "paid"))),
                        (Reward.status == "paid") != and_(spent == left, spent > 0),
                    ),
                ),
            )
        )
    )


def _redeemed(session: Session) -> Iterator[str]:
    """Rewards of which more was redeemed than there is, or of which the status says something else."""
    for reward_id, kind, status, rest, minor in session.execute(_redeemed_asked()):
        yield f"reward {reward_id}: {minor} of the {rest} that are left of it were redeemed, and the {kind} is {status}"


@cache
def _redemptions_asked() -> Executable:
    total = func.coalesce(func.sum(RedemptionPart.amount_minor), 0)
    foreign = or_(
        Reward.beneficiary_id != Redemption.user_id,
        Reward.currency != Redemption.currency,
        Reward.program_id != Redemption.program_id,
    )
    strangers = func.coalesce(func.sum(case((foreign, 1), else_=0)), 0)
    parts = func.count(RedemptionPart.redemption_id)
    return (
        select(Redemption.id, Redemption.amount_minor, total, strangers)
        .outerjoin(RedemptionPart, RedemptionPart.redemption_id == Redemption.id)
        .outerjoin(Reward, Reward.id == RedemptionPart.reward_id)
        .group_by(Redemption.id, Redemption.amount_minor)
        .having(or_(strangers > 0, parts == 0, and_(total != 0, total != Redemption.amount_minor)))
    )


def _redemptions(session: Session) -> Iterator[str]:
    """Redemptions that did not take exactly what they say, or were undone in part, or of somebody else's rewards."""
    for redemption_id, minor, taken, strange in session.execute(_redemptions_asked()):
        if strange:
            yield f"redemption {redemption_id}: it took of rewards of another person, currency or program"
        if taken not in (0, minor) or not strange:
            yield f"redemption {redemption_id}: it is of {minor}, and {taken} were taken"


# What `ledger verify` asks too.
CHECKS = (_redeemed, _redemptions)
