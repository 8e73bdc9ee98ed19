"""Rewards and what they are for, in the words of staff."""

from collections.abc import Sequence
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import ngettext

from webapp.clock import utc_now
from webapp.domain.appeals import RELEASES
from webapp.domain.explain_for_staff import event_for_staff, reason_label
from webapp.domain.money import Money
from webapp.formatting import day_short, money, number, say
from webapp.queries.traces import RewardDeed
from webapp.web import load_program

SIDES = {"referrer": lambda: _("referrer"), "friend": lambda: _("friend")}
STATUSES = {
    "held": lambda: _("Held"),
    "pending": lambda: _("Pending"),
    "approved": lambda: _("Approved"),
    "in_payout": lambda: _("In payout"),
    "paid": lambda: _("Paid"),
    "rejected": lambda: _("Rejected"),
    "reversed": lambda: _("Reversed"),
}
TYPES = {"signup": lambda: _("Signup"), "purchase": lambda: _("Purchase"), "renewal": lambda: _("Renewal")}


def status_label(status: str, *, since: datetime, matures_at: datetime) -> str:
    """Say how a reward stands; of one that waits, until or since when."""
    if status == "pending":
        return _("Pending until %(day)s", day=plain_day(matures_at))
    if status == "held":
        days = (utc_now() - since).days
        return ngettext("Held, %(num)d day", "Held, %(num)d days", days) if days > 0 else _("Held since today")
    return STATUSES[status]()


def type_label(name: str) -> str:
    """Return what a type of conversion is called; one of the business's own has only its name."""
    return TYPES[name]() if name in TYPES else name


def correction_label(number_of: int, corrected_minor: int, currency: str) -> str:
    """Say that a reward is a correction, the how manieth, and of which amount."""
    amount = money(Money(corrected_minor, currency))
    return _("Correction %(number)s of the reward of %(amount)s", number=number(number_of), amount=amount)


def plain_day(moment: datetime) -> str:
    return str(day_short(moment).striptags())


def amounts(sums: Sequence[Money]) -> str:
    return " + ".join(money(amount) for amount in sums)


def by_currency(each: Sequence[Money]) -> list[Money]:
    """Add amounts up, those of each currency by themselves, the program's first."""
    sums: dict[str, int] = {}
    for amount in each:
        sums[amount.currency] = sums.get(amount.currency, 0) + amount.minor
    ours = load_program().currency
    return [Money(sums[currency], currency) for currency in sorted(sums, key=lambda one: (one != ours, one))]


def count_of_rewards(count: int) -> str:
    return ngettext("%(count)s reward", "%(count)s rewards", count, count=number(count))


def deed_text(deed: RewardDeed, currency: str) -> str:
    """Say what happened to a reward, with the reason that was given."""
    taken = Money(deed.taken_minor, currency) if deed.taken_minor else None
    redeemed = Money(deed.redeemed_minor, currency) if deed.redeemed_minor else None
    clawed_back = deed.taken_as == "clawback"
    said = say(event_for_staff(deed.status, deed.reason, taken, clawed_back=clawed_back, redeemed=redeemed))
    label = reason_label(deed.reason)
    if label is not None and (deed.status == "rejected" or deed.reason in RELEASES):
        return _("%(what)s: %(why)s", what=said, why=say(label))
    return said


def actor_text(deed: RewardDeed) -> str:
    """Say who did it."""
    if deed.actor == "system":
        return _("Grapevine itself")
    if deed.actor == "api":
        return _("API key “%(name)s”", name=deed.actor_name) if deed.actor_name else _("An API key")
    return deed.actor_name or _("Someone who is gone")
