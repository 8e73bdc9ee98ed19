"""What happens to rewards: granted, matured, decided, taken back. Each step is an event with its ledger entries."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.credit import credit_taken_back
from webapp.domain.ledger import Posting, move, undone
from webapp.domain.money import Money
from webapp.domain.rewards import (
    FROZEN,
    Change,
    Status,
    StatusError,
    account_of,
    granted,
    moved,
    taken_back,
)
from webapp.domain.suspicion import BANNED, ERASED, REFUSED
from webapp.ids import new_id
from webapp.models import Refund, Reward
from webapp.queries.bans import is_banned
from webapp.queries.erasures import is_erased
from webapp.queries.rewards import RewardRow
from webapp.queries.rules import Version
from webapp.services.reward_steps import (
    SYSTEM,
    Actor,
    Standing,
    Step,
    append_events,
    lock_rewards,
    take_changes,
    take_steps,
)
from webapp.services.rollups import count_grant, count_withdrawal
from webapp.services.rows import append

MATURE_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Grant:
    """A reward to be; from 1, `correction` says that it adds to another one of the same conversion."""

    conversion_id: UUID
    event_id: str | None
    version: Version
    beneficiary_id: UUID
    amount: Money
    occurred_at: datetime
    hold_days: int
    bond: int
    # Why it is held, see domain.suspicion; None: it is not.
    doubt: str | None
    correction: int = 0


def grant_rewards(
    session: Session, program_id: UUID, grants: Sequence[Grant], *, time_zone: str, actor: Actor, now: datetime
) -> list[RewardRow]:
    """Write new rewards: held, pending, or approved at once where the rule has no hold. Returns them in order.

    `time_zone` is the program's.
    """
    rows, steps, rewards = [], [], []
    for grant in grants:
        rule = grant.version.definition
        status: Status = "held" if grant.doubt else "pending" if grant.hold_days else "approved"
        reward = RewardRow(
            id=new_id(),
            conversion_id=grant.conversion_id,
            event_id=grant.event_id,
            beneficiary_id=grant.beneficiary_id,
            side=rule.beneficiary,
            kind=rule.reward,
            amount_minor=grant.amount.minor,
            reversed_minor=0,
            clawed_back_minor=0,
            currency=grant.amount.currency,
            status=status,
            reason=grant.doubt or ("corrected" if grant.correction else "granted"),
            since=now,
            matures_at=grant.occurred_at + timedelta(days=grant.hold_days),
            granted_at=now,
            version=grant.version,
            bond=grant.bond,
            correction=grant.correction,
        )
        rewards.append(reward)
        count_grant(session, program_id, grant.version.rule_id, grant.amount, rule.reward, grant.occurred_at, time_zone)
        rows.append(_reward_row(program_id, reward))
        stands = Standing(
            *(reward.id, program_id, grant.beneficiary_id, grant.version.rule_id, grant.version.id),
            *(grant.amount, status, 0, 0, 0),
            kind=rule.reward,
        )
        steps.append(Step(stands, Change(status), reward.reason, granted(grant.amount, status)))
    append(session, Reward, rows)
    append_events(session, steps, actor=actor, now=now)
    return rewards


def change_status(
    session: Session, reward_id: UUID, status: Status, *, reason: str, actor: Actor, now: datetime
) -> None:
    """Take a reward to another status. Raises StatusError when that is not a step it can take, and writes nothing."""
    change_statuses(session, [reward_id], status, reason=reason, actor=actor, now=now)


def change_statuses(
    session: Session, reward_ids: Sequence[UUID], status: Status, *, reason: str, actor: Actor, now: datetime
) -> None:
    """Take rewards to another status. Raises StatusError when one of them cannot take the step, and writes nothing."""
    rewards = lock_rewards(session, reward_ids)
    steps = [Step(reward, Change(status), reason, _postings_to(status, reward)) for reward in rewards]
    take_steps(session, steps, actor=actor, now=now)
    if status == "rejected":
        for reward in rewards:
            kept = Money(reward.kept_minor, reward.amount.currency)
            count_withdrawal(session, reward.program_id, reward.rule_id, kept, reward.kind, now)


def hold_rejected(session: Session, rewards: Sequence[Standing], *, reason: str, actor: Actor, now: datetime) -> None:
    """Let locked rewards that were rejected be held again, each exactly as it stood before: by an appeal only.

    What went back meanwhile has to be taken off by whoever calls. What was withdrawn by the rejection counts less on
    the day of `now`. Raises StatusError for a reward that is not rejected, and writes nothing.
    """
    steps = []
    for reward in rewards:
        if reward.status != "rejected":
            raise StatusError(f"a reward that is {reward.status} was not rejected")
        before = replace(reward, status="held")
        steps.append(Step(reward, Change("held"), reason, undone(_postings_to("rejected", before))))
    take_steps(session, steps, actor=actor, now=now)
    for reward in rewards:
        back = Money(-reward.kept_minor, reward.amount.currency)
        count_withdrawal(session, reward.program_id, reward.rule_id, back, reward.kind, now)


def reject_refused(session: Session, rewards: Sequence[RewardRow], *, now: datetime) -> bool:
    """Reject what was granted just now for a friend whom a person rejected, or to somebody who is banned.

    It is granted all the same, so that it can be appealed. Returns whether there is any.
    """
    refused = {one.id: one.reason for one in rewards if one.reason in REFUSED}
    held = [one.id for one in lock_rewards(session, list(refused)) if one.status == "held"] if refused else []
    for reason in sorted(REFUSED):
        ids = [id_ for id_ in held if refused[id_] == reason]
        change_statuses(session, ids, "rejected", reason=reason, actor=SYSTEM, now=now)
    return bool(held)


def hold_of_banned(session: Session, reward_ids: Collection[UUID], *, now: datetime) -> set[UUID]:
    """Hold what came back to somebody who was banned when there was nothing of it to be held. Returns what is held."""
    open_ = (Reward.id.in_(reward_ids), Reward.status.in_(("pending", "approved")))
    banned = session.scalars(select(Reward.id).where(*open_, is_banned(Reward.beneficiary_id))).all()
    whole = [one.id for one in lock_rewards(session, banned) if not one.redeemed_minor]
    change_statuses(session, whole, "held", reason=BANNED, actor=SYSTEM, now=now)
    return set(whole) | _hold_of_erased(session, reward_ids, now=now)


def _hold_of_erased(session: Session, reward_ids: Collection[UUID], *, now: datetime) -> set[UUID]:
    """Hold what came back to somebody of whom everything was erased, so that it is never paid by itself."""
    open_ = (Reward.id.in_(reward_ids), Reward.status.in_(("pending", "approved")))
    found = session.scalars(select(Reward.id).where(*open_, is_erased(Reward.beneficiary_id))).all()
    whole = [one.id for one in lock_rewards(session, found) if not one.redeemed_minor]
    change_statuses(session, whole, "held", reason=ERASED, actor=SYSTEM, now=now)
    return set(whole)


def _postings_to(status: Status, reward: Standing) -> tuple[Posting, ...]:
    if "reversed" in (reward.status, status) or reward.status == "rejected":
        # Only what is taken back ends a reward, and only what is given back revives it: never a status alone. Likewise
        # an appeal: what went back while a reward was rejected has to be taken off when it returns.
        raise StatusError(f"a reward that is {reward.status} cannot become {status} by a decision")
    if reward.redeemed_minor:
        raise StatusError("a part of the reward was redeemed already")
    if status == "paid" and reward.kind in ("credit", "coupon"):
        raise StatusError(f"a {reward.kind} becomes paid by being redeemed or handed out")
    postings = moved(reward.left, reward.status, status, reward.kind)
    if status == "rejected" and reward.owed_minor > 0:
        # A payout failed after the clawback, so nothing was paid: what is left settles it, and nothing is owed for it.
        owed, kept = (Money(minor, reward.amount.currency) for minor in (reward.owed_minor, reward.kept_minor))
        postings = (*moved(kept, reward.status, status), *move(owed, account_of(reward.status), "clawback"))
    elif status == "rejected" and reward.owed_minor < 0:
        postings = (*postings, *move(Money(-reward.owed_minor, reward.amount.currency), "clawback", "expense"))
    return postings


def take_back(
    session: Session,
    reward: Standing,
    amount_minor: int,
    *,
    reason: str,
    refund_id: UUID | None,
    actor: Actor,
    now: datetime,
) -> list[Change]:
    """Take back an amount above zero of a locked reward: a reversal, or a clawback once it is frozen.

    Of store credit that was spent in part it can be both, one after the other.
    It counts as withdrawn on the day of the refund, if there is one.
    Raises StatusError when nothing, or less than that, is left to take back.
    """
    if amount_minor <= 0:
        raise ValueError("only an amount above zero can be taken back")
    if amount_minor > reward.earned_minor:
        # Also what was clawed back before is taken; it only stands in another account.
        raise StatusError("more would be taken back than the person keeps")
    amount = Money(amount_minor, reward.amount.currency)
    changes = _taken(amount, reward)
    refunded_at = session.scalar(select(Refund.occurred_at).where(Refund.id == refund_id)) if refund_id else None
    count_withdrawal(session, reward.program_id, reward.rule_id, amount, reward.kind, refunded_at or now)
    take_changes(session, reward, changes, reason=reason, refund_id=refund_id, actor=actor, now=now)
    return [change for change, _postings in changes]


def _taken(amount: Money, reward: Standing) -> list[tuple[Change, tuple[Posting, ...]]]:
    if reward.kind == "credit":
        return credit_taken_back(amount, reward.left, reward.redeemed_minor, reward.status)
    if reward.status in FROZEN:
        return [taken_back(amount, Money(reward.earned_minor, amount.currency), reward.status)]
    if amount.minor <= reward.left.minor:
        return [taken_back(amount, reward.left, reward.status)]
    # A payout failed after a dispute was won: what that gave back stands in the account of clawbacks.
    over = Money(amount.minor - reward.left.minor, amount.currency)
    changes: list[tuple[Change, tuple[Posting, ...]]] = [
        (Change(reward.status, over.minor, "clawback"), move(over, "clawback", "expense"))
    ]
    if reward.left.minor:
        changes.append(taken_back(reward.left, reward.left, reward.status))
    return changes


def mature_rewards(session: Session, now: datetime, *, limit: int = MATURE_AT_ONCE) -> int:
    """Approve pending rewards whose hold period is over, at most `limit`. Returns how many.

    Those that another transaction is busy with are left for the next time.
    """
    due = session.scalars(
        select(Reward.id)
        .where(Reward.status == "pending", Reward.matures_at <= now)
        .order_by(Reward.matures_at, Reward.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    steps = [
        Step(reward, Change("approved"), "matured", moved(reward.left, reward.status, "approved", reward.kind))
        for reward in lock_rewards(session, due)
    ]
    take_steps(session, steps, actor=SYSTEM, now=now)
    return len(steps)


def end_coupons(
    session: Session, rewards: Sequence[Standing], *, reason: str, refund_id: UUID | None, actor: Actor, now: datetime
) -> int:
    """End locked rewards that are coupons of which none was handed out: they have no amount to be taken back.

    Returns how many.
    """
    steps = [
        Step(reward, Change("reversed"), reason, (), refund_id)
        for reward in rewards
        if reward.kind == "coupon" and reward.status in ("pending", "held", "approved")
    ]
    take_steps(session, steps, actor=actor, now=now)
    return len(steps)


def _reward_row(program_id: UUID, reward: RewardRow) -> dict[str, Any]:
    return {
        "id": reward.id,
        "program_id": program_id,
        "conversion_id": reward.conversion_id,
        "rule_id": reward.version.rule_id,
        "rule_version_id": reward.version.id,
        "beneficiary_id": reward.beneficiary_id,
        "side": reward.side,
        "kind": reward.kind,
        "amount_minor": reward.amount_minor,
        "currency": reward.currency,
        "status": reward.status,
        "sequence": 1,
        "matures_at": reward.matures_at,
        "granted_at": reward.granted_at,
        "bond": reward.bond,
        "correction": reward.correction,
    }
