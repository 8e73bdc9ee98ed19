"""How a signup was attributed: every touch that was weighed, for the page of a referral and for traces."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import gettext as _
from flask_babel import ngettext

from webapp.domain.explain import attribution_for_admin
from webapp.domain.explain_for_staff import TOUCH_KINDS, touch_result
from webapp.domain.names import first_name
from webapp.formatting import number, say
from webapp.queries.signups import ListedSignup, WeighedTouch


@dataclass(frozen=True, slots=True)
class TouchRow:
    """One row of the table: when, how, through which link, how long before the signup, and won or lost.

    `told` is what its owner calls the link, and what was told of where the visitor came from.
    """

    at: datetime
    kind: str
    referrer: str
    code: str
    told: str
    before: str
    result: str
    won: bool


def touch_rows(signup: ListedSignup, touches: Sequence[WeighedTouch]) -> list[TouchRow]:
    """Put touches into words, in the order of time, the latest first."""
    return [
        TouchRow(
            at=touch.touched_at,
            kind=_(TOUCH_KINDS[touch.kind]),
            referrer=touch.referrer_name,
            code=touch.code,
            told=", ".join((*((touch.label,) if touch.label else ()), *touch.source)),
            before=_before(signup.signed_up_at - touch.touched_at),
            result=say(touch_result(touch.outcome, touch.kind, model=signup.model, window_days=signup.window_days)),
            won=touch.outcome == "credited",
        )
        for touch in sorted(touches, key=lambda touch: touch.touched_at, reverse=True)
    ]


def credit_heading(signup: ListedSignup) -> str:
    """Say who gets the credit, and why, in one line."""
    why = say(attribution_for_admin(signup.reason, signup.method, model=signup.model, window_days=signup.window_days))
    if signup.referrer_name is None:
        return _("Nobody gets the credit: %(why)s", why=_small(why))
    name = first_name(signup.referrer_name) or signup.referrer_name
    return _("%(name)s gets the credit: %(why)s", name=name, why=_small(why))


def credit_text(signup: ListedSignup, touches: Sequence[WeighedTouch]) -> str:
    """Say what there was to weigh, and by which terms."""
    if not touches:
        return _("No link was opened by this visitor, and no code was typed.")
    typed = any(touch.kind == "typed_code" for touch in touches)
    count = len(touches)
    weighed = ngettext("One touch is on record.", "%(count)s touches are on record.", count, count=number(count))
    if typed:
        terms = _("A code was typed, and it comes before every link.")
    elif signup.model == "first":
        terms = ngettext(
            "No code was typed, so the links decide: the first one within a day.",
            "No code was typed, so the links decide: the first one within %(num)d days.",
            signup.window_days,
        )
    else:
        terms = ngettext(
            "No code was typed, so the links decide: the last one within a day.",
            "No code was typed, so the links decide: the last one within %(num)d days.",
            signup.window_days,
        )
    return f"{terms} {weighed}"


def _before(distance: timedelta) -> str:
    if distance < timedelta(0):
        return _("after it")
    minutes = distance // timedelta(minutes=1)
    if minutes < 1:
        return _("at once")
    if minutes < 60:
        return _("%(count)s min", count=number(minutes))
    if minutes < 48 * 60:
        return ngettext("%(num)d hour", "%(num)d hours", minutes // 60)
    return ngettext("%(num)d day", "%(num)d days", minutes // (24 * 60))


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]
