"""Rewards as lists and decisions show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask_babel import gettext as _

from webapp.domain.reward_decisions import choices_for
from webapp.formatting import money, number
from webapp.queries.reward_lists import ListedReward
from webapp.views.admin.reward_words import SIDES, plain_day, status_label, type_label
from webapp.views.worth import form_label, worth_text


@dataclass(frozen=True, slots=True)
class RewardLine:
    """One row: whose it is, what it is for, how it stands. `granted` is empty unless something was taken back."""

    id: UUID
    sequence: int
    owner: str
    side: str
    what: str
    rule: str
    status: str
    state_label: str
    granted_at: datetime
    amount: str
    granted: str
    kind: str
    can_be_decided: bool


def reward_line(row: ListedReward) -> RewardLine:
    """Put one reward into words."""
    return RewardLine(
        id=row.id,
        sequence=row.sequence,
        owner=row.beneficiary_name,
        side=SIDES[row.side](),
        what=what_for(row),
        rule=row.version.definition.name,
        status=row.status,
        state_label=status_label(row.status, since=row.since, matures_at=row.matures_at),
        granted_at=row.granted_at,
        amount=worth_text(row.kept, row.kind),
        granted=money(row.granted) if row.kept != row.granted else "",
        kind=form_label(row.kind),
        can_be_decided=bool(choices_for(row.status)),
    )


def reward_lines(rows: Sequence[ListedReward]) -> list[RewardLine]:
    return [reward_line(row) for row in rows]


def what_for(row: ListedReward) -> str:
    """Say what a reward is for, as in "Purchase of Bob Miller, 16 Nov"."""
    day = plain_day(row.occurred_at)
    if row.friend_name is None:
        what = _("%(type)s, %(day)s", type=type_label(row.type), day=day)
    else:
        what = _("%(type)s of %(name)s, %(day)s", type=type_label(row.type), name=row.friend_name, day=day)
    if not row.correction:
        return what
    return _("%(what)s, correction %(number)s", what=what, number=number(row.correction))
