"""Trying other settings of the signals on the friends who signed up in a period. Nothing is written."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import Session, aliased

from webapp.domain.screening_lists import ListName
from webapp.domain.screening_trial import Fate, Looked, Tried, try_settings
from webapp.domain.signal_registry import ON_ALLOW_LIST, ON_BLOCK_LIST
from webapp.domain.signal_settings import SignalSettings
from webapp.models import Conversion, Reward, RewardEvent, Screening, ScreeningFinding

# Of so many friends, the newest ones, a page tells within some seconds.
MOST_TRIED = 50_000
AT_ONCE = 1_000

_LISTS: dict[str, ListName] = {ON_ALLOW_LIST.name: "allow", ON_BLOCK_LIST.name: "block"}
_FATES: dict[str, Fate] = {"clear": "released", "deny": "rejected"}


def try_on_past(
    session: Session,
    program_id: UUID,
    draft: SignalSettings,
    stored: SignalSettings,
    *,
    since: datetime,
    until: datetime,
    most: int = MOST_TRIED,
) -> Tried:
    """Return what a draft would have made of whoever was looked at from `since` until just before `until`.

    Of more than `most` friends only the newest count. They are read in one
    stream: memory stays the same however many there are.
    """
    return try_settings(_looks(session, program_id, since, until, most), draft, stored)


def _looks(session: Session, program_id: UUID, since: datetime, until: datetime, most: int) -> Iterator[Looked]:
    query = _query().where(
        Screening.program_id == program_id,
        Screening.screened_at >= since,
        Screening.screened_at < until,
        # The look at the signup; people decide after it.
        Screening.sequence == 1,
        Screening.decided_by.is_(None),
    )
    newest = query.order_by(Screening.screened_at.desc(), Screening.id.desc()).limit(most)
    for evidence, listed, decided in session.execute(newest.execution_options(yield_per=AT_ONCE)):
        yield Looked(evidence, _LISTS.get(listed), _FATES.get(decided))


def _query() -> Select[Any]:
    """Return what is read of a look: its evidence, which list the friend stood on, and what people made of them.

    That is the newest decision about the friend; without one, what people made
    of the rewards for what the friend did: one that was rejected says more than
    those that were let go after they were held.
    """
    later = aliased(Screening)
    about_friend = (
        select(later.verdict)
        .where(
            later.friend_id == Screening.friend_id,
            later.bond == Screening.bond,
            later.decided_by.is_not(None),
        )
        .order_by(later.sequence.desc())
        .limit(1)
        .correlate(Screening)
        .scalar_subquery()
    )
    by_person = (
        select(RewardEvent.reward_id)
        .join(Reward, Reward.id == RewardEvent.reward_id)
        .join(Conversion, Conversion.id == Reward.conversion_id)
        .where(
            Conversion.user_id == Screening.friend_id,
            Reward.bond == Screening.bond,
            RewardEvent.actor == "person",
        )
        .correlate(Screening)
    )
    before = aliased(RewardEvent)
    was_held = (before.reward_id == RewardEvent.reward_id) & (before.sequence == RewardEvent.sequence - 1)
    rejected = by_person.where(RewardEvent.status == "rejected").exists()
    released = (
        by_person.join(before, was_held)
        .where(RewardEvent.status.in_(("pending", "approved")), before.status == "held")
        .exists()
    )
    listed = (
        select(ScreeningFinding.signal)
        .where(
            ScreeningFinding.screening_id == Screening.id,
            ScreeningFinding.signal.in_(_LISTS),
        )
        .limit(1)
        .correlate(Screening)
        .scalar_subquery()
    )
    about_rewards = case((rejected, "deny"), (released, "clear"))
    return select(Screening.evidence, listed, func.coalesce(about_friend, about_rewards))
