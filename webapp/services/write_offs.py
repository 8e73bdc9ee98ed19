"""Writing off what a person owes of a reward: nobody asks for it any more."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from webapp.domain.money import Money
from webapp.domain.rewards import written_off
from webapp.domain.settling import to_write_off
from webapp.models import RewardNote
from webapp.services.audit import record_act
from webapp.services.giving_back import taken_by_cause, write_off
from webapp.services.reward_steps import Actor, lock_rewards
from webapp.services.rows import append


class UnknownRewardError(Exception):
    """The program has no such reward."""


class OwedChangedError(Exception):
    """What is owed of the reward is not what was looked at any more, or nothing is."""


@dataclass(frozen=True, slots=True)
class WrittenOff:
    """What was written off of a reward."""

    reward_id: UUID
    amount: Money


def write_off_what_is_owed(
    session: Session, program_id: UUID, reward_id: UUID, *, seen_minor: int, note: str, by: UUID, now: datetime
) -> WrittenOff:
    """Write off all that is owed of a reward, which was `seen_minor` when `by` looked at it. `note` is for staff.

    One event for each refund or dispute that had taken something, so that it is
    known what comes back twice should a dispute be won. Raises UnknownRewardError
    or OwedChangedError, and then nothing was written.
    """
    found = [reward for reward in lock_rewards(session, [reward_id]) if reward.program_id == program_id]
    if not found:
        raise UnknownRewardError
    reward = found[0]
    if reward.owed_minor <= 0 or reward.owed_minor != seen_minor:
        raise OwedChangedError
    currency = reward.amount.currency
    # What was reversed is not owed: only what was clawed back, by whatever, and not written off yet.
    causes = taken_by_cause(session, [reward_id])[reward_id]
    owed = [(cause, taken.clawed_back_minor - taken.written_off_minor) for cause, taken in causes.items()]
    notes = []
    for cause, minor in to_write_off(owed):
        change = written_off(Money(minor, currency), reward.status)
        reward = write_off(
            session, reward, change, reason="written_off", refund_id=cause, actor=Actor("person", by), now=now
        )
        notes.append(reward.sequence)
    append(
        session,
        RewardNote,
        [{"reward_id": reward_id, "sequence": notes[0], "text": note, "written_by": by, "written_at": now}],
    )
    amount = Money(seen_minor, currency)
    record_act(
        session,
        program_id,
        "debt_written_off",
        subject="reward",
        subject_id=reward_id,
        by=by,
        now=now,
        details={"amount": amount.minor, "currency": currency},
    )
    return WrittenOff(reward_id, amount)
