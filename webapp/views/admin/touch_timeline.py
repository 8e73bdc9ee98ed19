"""How a signup was decided as a timeline: what was opened, the signup, and who gets the credit."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from flask_babel import gettext as _
from flask_babel import ngettext

from webapp.domain.explain import attribution_for_admin
from webapp.domain.explain_for_staff import TOUCH_KINDS
from webapp.formatting import number, say
from webapp.queries.signups import ListedSignup, WeighedTouch
from webapp.views.admin.touches import touch_words

# How an entry looks: the winner, what the decision was about, what frames it, and what came too early or too late.
Look = Literal["won", "beaten", "frame", "outside"]


@dataclass(frozen=True, slots=True)
class TimelineMoment:
    """One entry. `at` is None for the decision, which has no moment of its own.

    `who` and `code` are of the link; `detail` is what else is known of it, `distance` how long before the signup.
    `in_window` says that from here to the next entry a link that is opened counts.
    """

    at: datetime | None
    icon: str
    title: str
    look: Look
    who: str = ""
    code: str = ""
    detail: str = ""
    distance: str = ""
    result: str = ""
    in_window: bool = False


def timeline(
    signup: ListedSignup, touches: Sequence[WeighedTouch], *, was_changed: bool = False
) -> list[TimelineMoment]:
    """Return what happened in the order of time, then the decision. Empty when there was nothing to weigh.

    `was_changed` says that a person changed since who is credited.
    """
    if not touches:
        return []
    begins_at = signup.signed_up_at - timedelta(days=signup.window_days)
    told = [(touch.touched_at, _PLACE_OF_TOUCH, _touch(signup, touch, begins_at)) for touch in touches]
    told.append((signup.signed_up_at, _PLACE_OF_SIGNUP, _signup(signup)))
    # The window is about links: a code counts whenever it was given.
    if any(touch.kind == "click" for touch in touches):
        told.append((begins_at, _PLACE_OF_WINDOW, _window(signup, begins_at)))
    if signup.known_since is not None:
        told.append((signup.known_since, _PLACE_OF_WINDOW, _known(signup.known_since)))
    in_order = [
        replace(moment, in_window=begins_at <= at < signup.signed_up_at)
        for at, _place, moment in sorted(told, key=lambda entry: entry[:2])
    ]
    return [*in_order, _decision(signup, touches, was_changed=was_changed)]


# Of entries at one moment: the window includes its first moment, and a code was given before the signup was sent.
_PLACE_OF_WINDOW, _PLACE_OF_TOUCH, _PLACE_OF_SIGNUP = range(3)
_ICONS = {"typed_code": "pencil", "coupon_code": "discount", "click": "link", "page": "link"}


def _touch(signup: ListedSignup, touch: WeighedTouch, begins_at: datetime) -> TimelineMoment:
    look: Look = "beaten"
    if touch.outcome == "credited":
        look = "won"
    elif touch.touched_at > signup.signed_up_at or touch.touched_at < begins_at:
        look = "outside"
    return TimelineMoment(
        at=touch.touched_at,
        icon=_ICONS[touch.kind],
        title=_(TOUCH_KINDS[touch.kind]),
        look=look,
        who=touch.referrer_name,
        code=touch.code,
        detail=", ".join((*((touch.label,) if touch.label else ()), *touch.source)),
        distance=_distance(signup.signed_up_at - touch.touched_at),
        result=touch_words(signup, touch),
    )


def _signup(signup: ListedSignup) -> TimelineMoment:
    title = _("%(name)s signed up", name=signup.friend_name)
    return TimelineMoment(at=signup.signed_up_at, icon="user-plus", title=title, look="frame")


def _window(signup: ListedSignup, begins_at: datetime) -> TimelineMoment:
    title = ngettext("The window of one day begins", "The window of %(num)d days begins", signup.window_days)
    result = _("A link that was opened from here until the signup can count.")
    return TimelineMoment(at=begins_at, icon="hourglass", title=title, look="frame", result=result)


def _known(since: datetime) -> TimelineMoment:
    title = _("An account with the same mailbox was made")
    result = _("Whoever had an account before is nobody’s new friend.")
    return TimelineMoment(at=since, icon="users", title=title, look="frame", result=result)


def _decision(signup: ListedSignup, touches: Sequence[WeighedTouch], *, was_changed: bool) -> TimelineMoment:
    # As it was made, whatever became of the referral since.
    winner = next((touch for touch in touches if touch.outcome == "credited"), None)
    method = winner.kind if winner else None
    why = say(attribution_for_admin(signup.reason, method, model=signup.model, window_days=signup.window_days))
    if winner is None:
        title = _("Nobody got the credit") if was_changed else _("Nobody gets the credit")
        return TimelineMoment(at=None, icon="circle-x", title=title, look="frame", result=why)
    name = winner.referrer_name
    title = _("%(name)s got the credit", name=name) if was_changed else _("%(name)s gets the credit", name=name)
    return TimelineMoment(at=None, icon="circle-check", title=title, look="won", result=why)


def _distance(before: timedelta) -> str:
    """Say how long before or after the signup, in its largest whole unit."""
    span = abs(before)
    minutes = span // timedelta(minutes=1)
    if minutes < 1:
        return _("at the signup") if before >= timedelta(0) else _("right after the signup")
    if minutes < 60:
        time = _("%(count)s min", count=number(minutes))
    elif minutes < 48 * 60:
        time = ngettext("%(num)d hour", "%(num)d hours", minutes // 60)
    else:
        time = ngettext("%(num)d day", "%(num)d days", minutes // (24 * 60))
    if before < timedelta(0):
        return _("%(time)s after the signup", time=time)
    return _("%(time)s before the signup", time=time)
