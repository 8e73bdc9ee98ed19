"""Deciding about what is held, one case or several at once."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from webapp.domain.reward_decisions import Choice
from webapp.queries.cases import held_rewards
from webapp.services.reward_decisions import Outcome, decide_rewards
from webapp.services.screening import decide_about_friends


def decide_cases(
    session: Session,
    program_id: UUID,
    choice: Choice,
    seen: Mapping[UUID, int],
    *,
    reason: str | None = None,
    note: str = "",
    by: UUID,
    now: datetime,
) -> list[Outcome]:
    """Decide about held rewards as `reward_decisions.decide_rewards` does, and with them about their friends.

    Whoever rejects what is held because of a friend rejects that friend: what they do later is refused as well, until
    it is released after an appeal. Where only an order was doubted, the friend goes on.
    """
    doubted = {one.id: one.friend_id for one in held_rewards(session, list(seen)) if one.key.category != "orders"}
    outcomes = decide_rewards(session, program_id, choice, seen, reason=reason, note=note, by=by, now=now)
    if choice.target == "rejected":
        friends = {doubted[one.reward_id] for one in outcomes if one.result == "done" and one.reward_id in doubted}
        decide_about_friends(session, sorted(friends), "deny", by=by, now=now)
    return outcomes
