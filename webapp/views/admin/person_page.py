"""Everything about one person, for the page that an admin sees."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from webapp.domain.money import Money
from webapp.domain.periods import local_day
from webapp.domain.rewards import IN_LEDGER
from webapp.domain.roles import ROLE_MEANINGS, ROLE_NAMES
from webapp.domain.sentences import N_
from webapp.formatting import money
from webapp.forms.coupon_code import CouponForm
from webapp.models import Program, User
from webapp.queries.bans import ban_of
from webapp.queries.coupon_codes import list_coupons
from webapp.queries.directory import account_of, links_of
from webapp.queries.figures import referrer_figures
from webapp.queries.rewards import balances_by_form
from webapp.queries.signups import signup_of
from webapp.queries.standing import standings_of
from webapp.views.figures import clicks_figure, purchases_figure, signups_figure
from webapp.views.worth import form_label
from webapp.web import absolute_url

# The accounts that are somebody's money, in the order in which it goes through them.
ACCOUNTS: Mapping[str, str] = {
    "pending": N_("Pending"),
    "held": N_("Held"),
    "approved": N_("Approved"),
    "in_payout": N_("In payout"),
    "paid": N_("Paid"),
    "clawback": N_("Clawback"),
}
STATUSES: Mapping[str, str] = {
    **{status: label for status, label in ACCOUNTS.items() if status != "clawback"},
    "rejected": N_("Rejected"),
    "reversed": N_("Reversed"),
}


@dataclass(frozen=True, slots=True)
class Balance:
    """What stands in each account of one form in one currency, in the order of ACCOUNTS; None for nothing."""

    currency: str
    form: str
    amounts: list[str | None]


def page_of(
    session: Session, program: Program, person: User, *, now: datetime, coupon_form: CouponForm | None = None
) -> dict[str, Any]:
    """Return what the page of a person needs. `coupon_form` is one that was sent and not taken."""
    figures = referrer_figures(session, person.id, local_day(now, program.time_zone))
    links = links_of(session, person.id)
    # By their ids, which is by their age.
    working = sorted((row.id, row.code) for row in links if row.retired_at is None)
    account = account_of(session, person.id, now)
    signup = signup_of(session, program.id, person.id)
    return {
        "person": person,
        "role_name": ROLE_NAMES[person.role],
        "role_meaning": ROLE_MEANINGS[person.role],
        "signup": signup,
        "invitation": signup if signup and signup.referrer_id else None,
        "friends": account.friends,
        "figures": [clicks_figure(figures), signups_figure(figures), purchases_figure(figures)],
        "shared_links": [(row, absolute_url(f"/r/{row.code}")) for row in links],
        "coupons": list_coupons(session, person.id),
        "coupon_form": (coupon_form or CouponForm(formdata=None)).offer(working),
        "accounts": ACCOUNTS,
        "balances": _balances(session, person, program.currency),
        "rewards": _rewards(session, person),
        "sessions": account.sessions,
        "account_invitation": account.invitation,
        "now": now,
        "banned": ban_of(session, person.id),
        "this_month": f"{local_day(now, program.time_zone):%Y-%m}",
    }


def _balances(session: Session, person: User, first: str) -> list[Balance]:
    balances, by_form = [], balances_by_form(session, person.id)
    for form in IN_LEDGER:
        found = by_form.get(form, {})
        for currency in sorted(found, key=lambda one: (one != first, one)):
            amounts = [Money(found[currency].get(account, 0), currency) for account in ACCOUNTS]
            shown = [money(amount) if amount.minor else None for amount in amounts]
            balances.append(Balance(currency, form_label(form), shown))
    return balances


def _rewards(session: Session, person: User) -> list[tuple[str, str, int]]:
    """Return status, its word and how many rewards have it, in whatever currency."""
    counts: dict[str, int] = {}
    for standing in standings_of(session, person.id):
        counts[standing.status] = counts.get(standing.status, 0) + standing.count
    return [(status, label, counts[status]) for status, label in STATUSES.items() if status in counts]
