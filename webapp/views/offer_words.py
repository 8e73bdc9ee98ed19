"""What the program offers, in the words of its pages and of the message that people send."""

from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import ngettext

from webapp.domain.money import Money
from webapp.domain.offers import Offer, Promise, offer_of
from webapp.extensions import db
from webapp.formatting import money_brief, number, percentage
from webapp.models import Program
from webapp.queries.rules import rule_set


@dataclass(frozen=True, slots=True)
class OfferWords:
    """The offer as a heading, in sentences about the friend and about oneself, and as the friend is told: "" for none.

    `pays_for_orders` says whether a friend's orders earn anything, however particular the rule.
    """

    heading: str
    friend_gets: str
    you_get: str
    told_friend: str
    pays_for_orders: bool


def offer_words(program: Program) -> OfferWords:
    """Put the live rules of a program into words; where they are too many for that, only ask to share."""
    live = [version.definition for version in rule_set(db.session(), program.id, program.rules_revision).live()]
    pays_for_orders = any(rule.beneficiary == "referrer" and rule.trigger != "signup" for rule in live)
    offer = offer_of(live)
    if offer is None:
        return OfferWords(_("Share your link"), "", "", "", pays_for_orders)
    return OfferWords(
        _heading(offer),
        _friend_gets(offer.give) if offer.give else "",
        _you_get(offer.get) if offer.get else "",
        _told_friend(offer.give) if offer.give else "",
        pays_for_orders,
    )


def _heading(offer: Offer) -> str:
    if offer.give and offer.get:
        return _("Give %(give)s, get %(get)s", give=_worth(offer.give), get=_worth(offer.get))
    if offer.get:
        return _("Get %(get)s for your friends", get=_worth(offer.get))
    return _("Give your friends %(give)s", give=_worth(offer.give)) if offer.give else _("Share your link")


def _friend_gets(give: Promise) -> str:
    worth = _worth(give)
    if give.trigger == "signup":
        return _("A friend gets %(worth)s for joining.", worth=worth)
    if give.orders is None:
        return _("A friend gets %(worth)s for each order.", worth=worth)
    return ngettext(
        "A friend gets %(worth)s back on their first order.",
        "A friend gets %(worth)s back on their first %(count)s orders.",
        give.orders,
        worth=worth,
        count=number(give.orders),
    )


def _you_get(get: Promise) -> str:
    worth = _worth(get)
    if get.trigger == "signup":
        return _("You get %(worth)s for each friend who joins.", worth=worth)
    if get.orders is None:
        return _("You get %(worth)s for each order of a friend.", worth=worth)
    return ngettext(
        "You get %(worth)s of their first order.",
        "You get %(worth)s of their first %(count)s orders.",
        get.orders,
        worth=worth,
        count=number(get.orders),
    )


def _told_friend(give: Promise) -> str:
    worth = _worth(give)
    if give.trigger == "signup":
        return _("You get %(worth)s for joining.", worth=worth)
    if give.orders is None:
        return _("You get %(worth)s for each order.", worth=worth)
    return ngettext(
        "You get %(worth)s back on your first order.",
        "You get %(worth)s back on your first %(count)s orders.",
        give.orders,
        worth=worth,
        count=number(give.orders),
    )


def _worth(promise: Promise) -> str:
    if not isinstance(promise.what, Money):
        return percentage(promise.what)
    amount = money_brief(promise.what)
    return _("%(amount)s store credit", amount=amount) if promise.form == "credit" else amount
