"""Conversions as lists show them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask_babel import gettext as _

from webapp.domain.explain_for_staff import REASON_LABELS
from webapp.domain.money import Money
from webapp.domain.worth import Worth
from webapp.formatting import money
from webapp.queries.conversion_lists import ListedConversion
from webapp.views.admin.reward_words import count_of_rewards, type_label
from webapp.views.worth import worth_together


@dataclass(frozen=True, slots=True)
class ConversionLine:
    """One row: what happened, who did it, and what it earned; `reason` says why nothing was earned."""

    id: UUID
    what: str
    order: str
    person: str
    referrer: str | None
    occurred_at: datetime
    earned: str
    count: str
    reason: str
    code: str


def conversion_line(row: ListedConversion) -> ConversionLine:
    """Put one conversion into words."""
    # What keeps somebody from being paid; where several rules were asked, the first one's reason.
    code = next((decided.code for decided in row.decisions if decided.amount is None), "")
    what = type_label(row.type)
    return ConversionLine(
        id=row.id,
        what=what if row.amount is None else _("%(type)s of %(amount)s", type=what, amount=money(row.amount)),
        order=_("Order %(id)s", id=row.order_id) if row.order_id else row.event_id or "",
        person=row.person_name or _("Someone unknown"),
        referrer=row.referrer_name,
        occurred_at=row.occurred_at,
        earned=worth_together(Worth(one.kind, Money(one.amount_minor, one.currency)) for one in row.rewards),
        count=count_of_rewards(len(row.rewards)) if row.rewards else "",
        reason="" if row.rewards else code_label(code),
        code="" if row.rewards else code,
    )


def code_label(code: str) -> str:
    """Return what a reason code means; one that has no words yet is its own."""
    return _(REASON_LABELS[code]) if code in REASON_LABELS else code
