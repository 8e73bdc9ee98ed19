"""Banning somebody from earning rewards, and letting them in again."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.domain.reward_decisions import REJECTIONS
from webapp.domain.suspicion import BANNED
from webapp.models import Ban, Reward
from webapp.queries.bans import is_banned
from webapp.services.audit import record_act
from webapp.services.queues import queue_for
from webapp.services.reward_steps import Actor, lock_rewards
from webapp.services.rewards import change_statuses
from webapp.services.rows import append
from webapp.services.rules import RULES

_OPEN = ("pending", "approved")


def ban(session: Session, program_id: UUID, user_id: UUID, *, reason: str, by: UUID, now: datetime) -> int:
    """Stop somebody's new rewards and hold those that are not paid yet; what was paid stays. Returns how many are held.

    `reason` is one of REJECTIONS. Who is banned already is left alone.
    """
    if reason not in REJECTIONS:
        raise ValueError(f"{reason} is not a reason that is known")
    if not _is_new(session, program_id, user_id, is_now_banned=True):
        return 0
    open_ = (Reward.beneficiary_id == user_id, Reward.program_id == program_id, Reward.ended_bond.is_(None))
    ids = session.scalars(select(Reward.id).where(*open_, Reward.status.in_(_OPEN))).all()
    # Before the audit log, as whoever decides about rewards does. What became of them meanwhile counts; and of store
    # credit of which a part is spent there is nothing to be held any more.
    whole = [one.id for one in lock_rewards(session, ids) if one.status in _OPEN and not one.redeemed_minor]
    _keep(session, program_id, user_id, is_now_banned=True, reason=reason, by=by, now=now)
    change_statuses(session, whole, "held", reason=BANNED, actor=Actor("person", by), now=now)
    return len(whole)


def unban(session: Session, program_id: UUID, user_id: UUID, *, by: UUID, now: datetime) -> None:
    """Let somebody earn rewards again. What is held stays so until a person decides."""
    if _is_new(session, program_id, user_id, is_now_banned=False):
        _keep(session, program_id, user_id, is_now_banned=False, reason="checked", by=by, now=now)


def _is_new(session: Session, program_id: UUID, user_id: UUID, *, is_now_banned: bool) -> bool:
    """Say whether somebody is not banned yet, or still, once nothing else happens."""
    # Not while anything is recorded: what was granted or came back meanwhile would neither be held nor refused.
    queue_for(session, program_id, RULES)
    return session.scalar(select(is_banned(user_id))) != is_now_banned


def _keep(
    session: Session, program_id: UUID, user_id: UUID, *, is_now_banned: bool, reason: str, by: UUID, now: datetime
) -> None:
    """Write that somebody is banned, or no longer."""
    newest = session.scalar(select(func.max(Ban.sequence)).where(Ban.user_id == user_id)) or 0
    row = {
        "user_id": user_id,
        "sequence": newest + 1,
        "program_id": program_id,
        "is_banned": is_now_banned,
        "reason": reason,
        "decided_by": by,
        "decided_at": now,
    }
    append(session, Ban, [row])
    action = "person_banned" if is_now_banned else "person_unbanned"
    details = {"reason": reason}
    record_act(session, program_id, action, subject="user", subject_id=user_id, by=by, now=now, details=details)
