"""Appeals in words for staff, to be shown beside the decision about them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from webapp.clock import utc_now
from webapp.domain.explain_for_staff import reason_label
from webapp.domain.money import Money
from webapp.domain.suspicion import BANNED, FRIEND_REJECTED
from webapp.formatting import money, number, say
from webapp.models import Program
from webapp.queries.appeals import AppealRow, appeals_about, kept_from
from webapp.views.worth import worth_together

_BEFORE = {
    FRIEND_REJECTED: lambda: _("the friend was rejected before"),
    BANNED: lambda: _("whoever earns it is banned"),
}


@dataclass(frozen=True, slots=True)
class AppealAnswer:
    """How a part of an appeal was answered; `note` is for staff."""

    what: str
    at: datetime
    note: str | None


@dataclass(frozen=True, slots=True)
class AppealCard:
    """An appeal: what was written by whom, what about, what was decided before, and how it was answered.

    `for_another` says why whoever looks cannot reject it, empty when they can.
    """

    who: str
    text: str
    appealed_at: datetime
    about: str
    before: str
    is_open: bool
    for_another: str
    answers: list[AppealAnswer]


def appeal_cards(session: Session, program: Program, reward_ids: Collection[UUID], *, by: UUID) -> list[AppealCard]:
    """Return the appeals about any of these rewards, as the admin `by` looks at them."""
    appeals = appeals_about(session, reward_ids)
    held = {one.reward_id for appeal in appeals for one in appeal.rewards if one.status == "held"}
    others = kept_from(session, program, appeals, held, by=by, now=utc_now()) if held else set()
    return [_card(program, appeal, others) for appeal in appeals]


def second_admin_text(program: Program) -> str:
    """Say which rejections are for another admin."""
    limit = money(Money(program.second_admin_from_minor or 0, program.currency))
    return _(
        "What was appealed and comes to %(limit)s or more is rejected again only by another admin than the one who"
        " rejected it before.",
        limit=limit,
    )


def _card(program: Program, appeal: AppealRow, others: set[UUID]) -> AppealCard:
    count = len(appeal.rewards)
    label = reason_label(appeal.rejected_as)
    why = _BEFORE[appeal.rejected_as]() if appeal.rejected_as in _BEFORE else say(label) if label else ""
    who = appeal.rejected_by or _("Grapevine itself")
    return AppealCard(
        who=appeal.user_name,
        text=appeal.text,
        appealed_at=appeal.appealed_at,
        about=ngettext(
            "About %(count)s reward, %(amount)s.",
            "About %(count)s rewards, %(amount)s.",
            count,
            count=number(count),
            amount=worth_together([one.worth for one in appeal.rewards]),
        ),
        before=_("Rejected before by %(who)s: %(why)s", who=who, why=why)
        if why
        else _("Rejected before by %(who)s", who=who),
        is_open=appeal.is_open,
        for_another=second_admin_text(program) if others & {one.reward_id for one in appeal.rewards} else "",
        answers=_answers(appeal),
    )


def _answers(appeal: AppealRow) -> list[AppealAnswer]:
    """Return each answer once, however many rewards it was given for."""
    found: dict[AppealAnswer, None] = {}
    for one in appeal.rewards:
        answer = one.answer
        if answer is None:
            continue
        label = reason_label(answer.reason)
        who = answer.by or _("Grapevine itself")
        what = (
            _("Rejected again by %(who)s", who=who)
            if answer.status == "rejected"
            else _("Released by %(who)s", who=who)
        )
        said = _("%(what)s: %(why)s", what=what, why=say(label)) if label else what
        found[AppealAnswer(said, answer.at, answer.note)] = None
    return list(found)
