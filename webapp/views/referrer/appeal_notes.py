"""What whoever earns a reward reads of their appeal, and what one would be about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from webapp.domain.appeals import RELEASES
from webapp.domain.money import Money
from webapp.domain.reward_decisions import REJECTIONS
from webapp.queries.appeals import AppealRow, refusals_with
from webapp.queries.rewards import RewardContext, RewardRow, find_rewards
from webapp.views.referrer.earnings import capital, what_for
from webapp.views.worth import worth_text


@dataclass(frozen=True, slots=True)
class CoveredReward:
    """A reward that an appeal is about."""

    url: str
    what: str
    occurred_at: datetime
    amount: str


def rewards_to_appeal(session: Session, row: RewardRow) -> list[RewardRow]:
    """Return what an appeal against the decision about a reward would be about; nothing where there can be none."""
    if row.status != "rejected" or not row.holds:
        return []
    refusals = refusals_with(session, row.beneficiary_id, row.id)
    if not any(one.can_be_appealed for one in refusals):
        return []
    ids = [one.reward_id for one in refusals if not one.is_appealed and not one.has_ended]
    return [row] if ids == [row.id] else find_rewards(session, row.beneficiary_id, ids)


def covered_rewards(rows: Sequence[RewardRow], contexts: Mapping[UUID, RewardContext]) -> list[CoveredReward]:
    """Put what an appeal would be about into words."""
    return [
        _covered(one, what_for(of.type, one.side, of.friend_name), of.occurred_at)
        for one in rows
        for of in [contexts[one.conversion_id]]
    ]


def _covered(row: RewardRow, what: str, occurred_at: datetime) -> CoveredReward:
    kept = worth_text(Money(row.amount_minor - row.taken_minor, row.currency), row.kind)
    return CoveredReward(url_for("referrer.rewards.show", reward_id=row.id), capital(what), occurred_at, kept)


@dataclass(frozen=True, slots=True)
class AppealNote:
    """An appeal as its author reads it: their words, and how it was answered; `answered_at` is None before that."""

    text: str
    appealed_at: datetime
    others: int
    title: str
    answer: str
    answered_at: datetime | None


def appeal_note(appeal: AppealRow, reward_id: UUID) -> AppealNote:
    """Put an appeal into words for whoever made it."""
    one = appeal.of(reward_id)
    title, answer = _("We are looking at it again"), ""
    if one.answer is not None:
        is_rejected = one.answer.status == "rejected"
        title = _("We looked at it again: it does not count") if is_rejected else _("We looked at it again: it counts")
        answer = _(_reason(one.answer.reason, is_rejected=is_rejected))
    elif one.status != "held":
        title = _("There is nothing left to look at")
    return AppealNote(
        text=appeal.text,
        appealed_at=appeal.appealed_at,
        others=len(appeal.rewards) - 1,
        title=title,
        answer=answer,
        answered_at=one.answer.at if one.answer else None,
    )


def _reason(code: str, *, is_rejected: bool) -> str:
    if is_rejected:
        return REJECTIONS.get(code, REJECTIONS["other"]).for_owner
    return RELEASES.get(code, RELEASES["appeal_other"]).for_owner
