"""How rewards stand, locked, and the writing of what happens to them: events, each with its ledger entries."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, cast
from uuid import UUID

from sqlalchemy import BindParameter, bindparam, func, select, update
from sqlalchemy.orm import Session

from webapp.domain.ledger import Posting
from webapp.domain.money import Money
from webapp.domain.rewards import Change, Form, Status
from webapp.ids import new_id
from webapp.models import LedgerEntry, LedgerTransaction, Model, Reward, RewardEvent
from webapp.queries.credit import redeemed_of
from webapp.services.rows import append
from webapp.transactions import before_the_end, connection_of, note


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something: the system itself, a key of the API, or a signed-in person."""

    kind: Literal["system", "api", "person"]
    id: UUID | None = None


SYSTEM = Actor("system")
# Where in a session's `info` stands what happens to rewards, while somebody watches it.
_WATCHED = "watched_steps"


@dataclass(frozen=True, slots=True)
class Standing:
    """A reward as it stands, locked. `reversed_minor` was taken back before, `clawed_back_minor` after a freeze.

    Of what was clawed back nobody asks for `written_off_minor` any more. More than was clawed back can have been given
    back after a freeze, of what was reversed before it: then it is below zero.
    Of store credit `redeemed_minor` is spent, and stands in the account `paid` whatever the status.
    """

    id: UUID
    program_id: UUID
    beneficiary_id: UUID
    rule_id: UUID
    rule_version_id: UUID
    amount: Money
    status: Status
    sequence: int
    reversed_minor: int
    clawed_back_minor: int
    written_off_minor: int = 0
    kind: Form = "cash"
    redeemed_minor: int = 0

    @property
    def left(self) -> Money:
        """What stands in the account of its status; of store credit what was redeemed too."""
        return Money(self.amount.minor - self.reversed_minor, self.amount.currency)

    @property
    def earned_minor(self) -> int:
        """What the person keeps by right, and what can be taken back: not what was written off."""
        return self.amount.minor - self.reversed_minor - self.clawed_back_minor

    @property
    def kept_minor(self) -> int:
        """What the person keeps in the end."""
        return self.earned_minor + self.written_off_minor

    @property
    def owed_minor(self) -> int:
        """What they owe for it, taken off what they earn next; below zero what we owe them. What ended is settled."""
        return 0 if self.status == "rejected" else self.clawed_back_minor - self.written_off_minor


@dataclass(frozen=True, slots=True)
class Step:
    """The next event of a reward and the entries that go with it."""

    reward: Standing
    change: Change
    reason: str
    postings: tuple[Posting, ...]
    refund_id: UUID | None = None


# Written once, since nearly all that happens to money asks these. In one order for everybody, so that two transactions
# never wait for each other.
_ids: BindParameter[UUID] = bindparam("ids", expanding=True)
_LOCKED = (
    select(
        Reward.id,
        Reward.program_id,
        Reward.beneficiary_id,
        Reward.rule_id,
        Reward.rule_version_id,
        Reward.amount_minor,
        Reward.currency,
        Reward.status,
        Reward.sequence,
        Reward.kind,
    )
    .where(Reward.id.in_(_ids))
    .order_by(Reward.id)
    .with_for_update()
)
_TAKEN = (
    select(RewardEvent.reward_id, RewardEvent.taken_as, func.sum(RewardEvent.taken_minor))
    .where(RewardEvent.reward_id.in_(_ids), RewardEvent.taken_minor != 0)
    .group_by(RewardEvent.reward_id, RewardEvent.taken_as)
)


def lock_rewards(session: Session, ids: Sequence[UUID]) -> list[Standing]:
    """Return rewards as they stand, by id; until the transaction ends nobody else changes them."""
    if not ids:
        return []
    rows = session.execute(_LOCKED, {"ids": list(ids)}).all()
    # Asked after the lock, when nobody can add to it any more.
    taken: dict[UUID, dict[str, int]] = {}
    for reward_id, taken_as, minor in session.execute(_TAKEN, {"ids": list(ids)}):
        taken.setdefault(reward_id, {})[str(taken_as)] = int(minor)
    redeemed = redeemed_of(session, [row.id for row in rows if row.kind == "credit"])
    return [
        Standing(
            id=row.id,
            program_id=row.program_id,
            beneficiary_id=row.beneficiary_id,
            rule_id=row.rule_id,
            rule_version_id=row.rule_version_id,
            amount=Money(row.amount_minor, row.currency),
            status=cast(Status, row.status),
            sequence=row.sequence,
            reversed_minor=taken.get(row.id, {}).get("reversal", 0),
            clawed_back_minor=taken.get(row.id, {}).get("clawback", 0),
            written_off_minor=-taken.get(row.id, {}).get("write_off", 0),
            kind=cast(Form, row.kind),
            redeemed_minor=redeemed.get(row.id, 0),
        )
        for row in rows
    ]


_REWARDS = Model.metadata.tables["rewards"]
_UPDATE_REWARD = (
    update(_REWARDS)
    .where(_REWARDS.c.id == bindparam("reward_id"), _REWARDS.c.sequence == bindparam("sequence_before"))
    .values(status=bindparam("new_status"), sequence=bindparam("new_sequence"))
)


def take_steps(session: Session, steps: list[Step], *, actor: Actor, now: datetime) -> None:
    """Write the next event of each of these locked rewards, with its entries."""
    if not steps:
        return
    connection_of(session).execute(
        _UPDATE_REWARD,
        [
            {
                "reward_id": step.reward.id,
                "sequence_before": step.reward.sequence,
                "new_status": step.change.status,
                "new_sequence": step.reward.sequence + 1,
            }
            for step in steps
        ],
    )
    append_events(session, steps, actor=actor, now=now)


def take_changes(
    session: Session,
    reward: Standing,
    changes: Sequence[tuple[Change, tuple[Posting, ...]]],
    *,
    reason: str,
    refund_id: UUID | None,
    actor: Actor,
    now: datetime,
) -> Standing:
    """Let what was taken or given back of a locked reward happen, one after the other. Returns how it stands then."""
    for change, postings in changes:
        take_steps(session, [Step(reward, change, reason, postings, refund_id)], actor=actor, now=now)
        more = {"reversal": "reversed_minor", "clawback": "clawed_back_minor"}.get(change.taken_as or "")
        sums = {more: getattr(reward, more) + change.taken_minor} if more else {}
        if change.taken_as == "write_off":
            sums = {"written_off_minor": reward.written_off_minor - change.taken_minor}
        reward = replace(reward, status=change.status, sequence=reward.sequence + 1, **sums)
    return reward


@contextmanager
def watched(session: Session) -> Iterator[list[Step]]:
    """Tell of all that happens to rewards inside, in this order."""
    steps = session.info[_WATCHED] = list[Step]()
    try:
        yield steps
    finally:
        del session.info[_WATCHED]


def append_events(session: Session, steps: list[Step], *, actor: Actor, now: datetime) -> None:
    """Write events of rewards that stand so already, with their entries: the first ones of new rewards."""
    session.info.get(_WATCHED, []).extend(steps)
    for step in steps:
        if step.reward.sequence == 0 or step.change.status != step.reward.status:
            note(session, "rewards_changed", status=step.change.status)
    append(session, RewardEvent, [_event_row(step, actor, now) for step in steps])
    coupons = [step.reward.id for step in steps if step.reward.kind == "coupon" and step.change.status == "approved"]
    if coupons:
        before_the_end(session, lambda session: _hand_out(session, coupons, now))
    transactions: list[dict[str, Any]] = []
    entries: list[dict[str, Any]] = []
    for step in steps:
        if not step.postings:
            continue
        transaction_id = new_id()
        transactions.append(
            {
                "id": transaction_id,
                "program_id": step.reward.program_id,
                "reward_id": step.reward.id,
                "reward_sequence": step.reward.sequence + 1,
                "at": now,
            }
        )
        entries += [
            {
                "transaction_id": transaction_id,
                "position": position,
                "program_id": step.reward.program_id,
                "user_id": step.reward.beneficiary_id,
                "account": posting.account,
                "currency": posting.amount.currency,
                "amount_minor": posting.amount.minor,
                "kind": step.reward.kind,
            }
            for position, posting in enumerate(step.postings, 1)
        ]
    append(session, LedgerTransaction, transactions)
    append(session, LedgerEntry, entries)


def _hand_out(session: Session, reward_ids: Sequence[UUID], now: datetime) -> None:
    # Imported late: whoever hands out takes steps of rewards too.
    from webapp.services.coupon_pools import hand_out

    hand_out(session, reward_ids, now)


def _event_row(step: Step, actor: Actor, now: datetime) -> dict[str, Any]:
    return {
        "reward_id": step.reward.id,
        "sequence": step.reward.sequence + 1,
        "status": step.change.status,
        "reason": step.reason,
        "taken_minor": step.change.taken_minor,
        "taken_as": step.change.taken_as,
        "refund_id": step.refund_id,
        "actor": actor.kind,
        "actor_id": actor.id,
        "at": now,
    }
