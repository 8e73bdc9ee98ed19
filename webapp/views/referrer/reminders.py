"""A friendly word to those who joined and have not ordered yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import gettext as _
from flask_babel import ngettext

from webapp.models import Program
from webapp.views.offer_words import OfferWords
from webapp.views.referrer.friend_cards import FriendCard

# Later a reminder is no longer a friendly word.
LATEST = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Reminder:
    """Who has not ordered yet, and what one could write to them."""

    heading: str
    text: str


def reminder_of(
    friends: Sequence[FriendCard], program: Program, offer: OfferWords, *, now: datetime
) -> Reminder | None:
    """Return a reminder when some of these friends joined lately without an order that would earn something."""
    quiet = [
        friend.first_name
        for friend in friends
        if friend.state == "joined" and friend.first_name and now - friend.joined_at <= LATEST
    ]
    if not quiet or not offer.pays_for_orders:
        return None
    text = _("Hi, have you had a look at %(program)s yet? Tell me how you like it.", program=program.name)
    if len(quiet) == 1:
        name = quiet[0]
        text = _(
            "Hi %(name)s, have you had a look at %(program)s yet? Tell me how you like it.",
            name=name,
            program=program.name,
        )
    return Reminder(_heading(quiet), text)


def _heading(names: Sequence[str]) -> str:
    if len(names) == 1:
        return _("%(name)s has not ordered yet", name=names[0])
    if len(names) == 2:
        return _("%(first)s and %(second)s have not ordered yet", first=names[0], second=names[1])
    return ngettext(
        "%(first)s, %(second)s and %(num)d more have not ordered yet",
        "%(first)s, %(second)s and %(num)d more have not ordered yet",
        len(names) - 2,
        first=names[0],
        second=names[1],
    )
