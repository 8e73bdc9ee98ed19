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
            result=touch_words(signup, touch),
            won=touch.outcome == "credited",
        )
        for touch in sorted(touches, key=lambda touch: touch.touched_at, reverse=True)
    ]


def touch_words(signup: ListedSignup, touch: WeighedTouch) -> str:
    """Say why a touch was credited or not."""
    model, window_days = signup.model, signup.window_days
    words = touch_result(touch.outcome, touch.kind, model=model, window_days=window_days, by_click_id=touch.by_click_id)
    return say(words)


def credit_heading(signup: ListedSignup) -> str:
    """Say who gets the credit, and why, in one line."""
    why = say(attribution_for_admin(signup.reason, signup.method, model=signup.model, window_days=signup.window_days))
    if signup.referrer_name is None:
        return _("Nobody gets the credit: %(why)s", why=_small(why))
    name = first_name(signup.referrer_name) or signup.referrer_name
    return _("%(name)s gets the credit: %(why)s", name=name, why=_small(why))


def first_credit_heading(signup: ListedSignup, touches: Sequence[WeighedTouch]) -> str:
    """Say who got the credit at the signup, where a person changed it since."""
    won = next((touch for touch in touches if touch.outcome == "credited"), None)
    method = won.kind if won else None
    terms = {"model": signup.model, "window_days": signup.window_days}
    why = _small(say(attribution_for_admin(signup.reason, method, **terms)))  # type: ignore[arg-type]
    if won is None:
        return _("At the signup nobody got the credit: %(why)s", why=why)
    name = first_name(won.referrer_name) or won.referrer_name
    return _("At the signup %(name)s got the credit: %(why)s", name=name, why=why)


def credit_text(signup: ListedSignup, touches: Sequence[WeighedTouch]) -> str:
    """Say what there was to weigh, and by which terms."""
    if not touches:
        return _("No link was opened by this visitor, and no code was typed.")
    count = len(touches)
    weighed = ngettext(
        "One link or code is on record.", "%(count)s links and codes are on record.", count, count=number(count)
    )
    return f"{_terms(signup, touches)} {weighed}"


def _terms(signup: ListedSignup, touches: Sequence[WeighedTouch]) -> str:
    """Say by what the touches were told apart: by a code, else by the model within the window."""
    winner = next((touch for touch in touches if touch.outcome == "credited"), None)
    if winner and winner.kind == "typed_code":
        return _("A code was typed, and it comes before everything else.")
    if winner and winner.kind == "coupon_code":
        return _("A coupon code was used, and it comes before every link.")
    if any(touch.kind in ("typed_code", "coupon_code") for touch in touches):
        no_code = _("The code does not count.")
    else:
        no_code = _("No code was typed.")
    if signup.model == "first":
        by_model = ngettext(
            "The links decide: the first one within a day.",
            "The links decide: the first one within %(num)d days.",
            signup.window_days,
        )
    else:
        by_model = ngettext(
            "The links decide: the last one within a day.",
            "The links decide: the last one within %(num)d days.",
            signup.window_days,
        )
    browsers = {touch.by_click_id for touch in touches if touch.kind == "click"}
    if winner and winner.by_click_id and len(browsers) > 1:
        return " ".join(
            (no_code, by_model, _("The signup named a click: links of that browser come before those of the cookie."))
        )
    return f"{no_code} {by_model}"


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
