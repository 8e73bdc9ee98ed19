"""A person's money as it stands now: the headline figures, and the card that says what is ready, what waits and why."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import ngettext

from webapp.domain import names
from webapp.domain.money import Money
from webapp.formatting import day_short, money, number
from webapp.queries.credit import CreditBalance
from webapp.queries.standing import Standing, StandingReward
from webapp.views.figures import Figure, money_figure

# What stands in each account at the end of each of the last days and of the day before them, by currency.
Balances = dict[str, dict[str, list[int]]]

WAITING = ("pending", "held")


@dataclass(frozen=True, slots=True)
class EarningsLine:
    """One kind of money in one currency: how many rewards, and from when on."""

    status: str
    count_text: str
    since_text: str
    amount: str


@dataclass(frozen=True, slots=True)
class WaitingLine:
    """What one reward that is not ready waits for; or, as the last of its kind, how many more there are."""

    status: str
    what: str
    why: str
    amount: str


@dataclass(frozen=True, slots=True)
class BesidesLine:
    """What somebody has besides money, of one form: what they can do with it, how much, and what is not ready yet."""

    form: str
    what: str
    amount: str
    note: str


@dataclass(frozen=True, slots=True)
class Earnings:
    """What a person has earned. `ready` is the amount that can be paid now; `owed` what a refund left behind,
    `came_back` what a dispute that was won brings with the next payment.

    `not_yet` is what cannot be paid yet, and `waiting` says why. All of that is money; `besides` is all else.
    """

    figures: list[Figure]
    ready: list[str]
    has_ready: bool
    lines: list[EarningsLine] = field(default_factory=list)
    not_yet: list[str] = field(default_factory=list)
    waiting: list[WaitingLine] = field(default_factory=list)
    owed: list[str] = field(default_factory=list)
    came_back: list[str] = field(default_factory=list)
    besides: list[BesidesLine] = field(default_factory=list)


def earnings_of(
    balances: Balances, all_standings: Sequence[Standing], credit: Sequence[CreditBalance] = (), *, currency: str
) -> Earnings:
    """Put a person's balances into words; `currency` is the program's, which comes first."""
    standings = [one for one in all_standings if one.kind == "cash"]
    currencies = [currency, *sorted(set(balances) - {currency})]

    def in_accounts(*accounts: str) -> list[Money]:
        amounts = [Money(sum(_last(balances, one, account) for account in accounts), one) for one in currencies]
        return [amounts[0], *(amount for amount in amounts[1:] if amount.minor)]

    def days_of(account: str) -> list[int]:
        return balances.get(currency, {}).get(account, [])

    def of_status(*statuses: str) -> list[Standing]:
        found = [one for one in standings if one.status in statuses]
        return sorted(found, key=lambda one: (statuses.index(one.status), currencies.index(one.currency)))

    paid = in_accounts("paid")
    pending_days, approved_days, paid_days = (days_of(account)[1:] for account in ("pending", "approved", "paid"))
    return Earnings(
        figures=[
            money_figure("pending", _("Pending"), in_accounts("pending"), _next_ready(standings), pending_days),
            money_figure("approved", _("Approved"), in_accounts("approved"), _("ready to be paid"), approved_days),
            money_figure("paid", _("Paid"), paid, _paid_lately(days_of("paid"), currency), paid_days),
        ],
        ready=[money(amount) for amount in in_accounts("approved")],
        has_ready=any(amount.minor > 0 for amount in in_accounts("approved")),
        lines=[
            _line(one, Money(_last(balances, one.currency, one.status), one.currency))
            for one in of_status("approved", "pending", "held", "in_payout")
        ],
        not_yet=[money(amount) for amount in in_accounts(*WAITING) if amount.minor],
        waiting=[line for one in of_status(*WAITING) for line in _waiting(one)],
        owed=[money(Money(-amount.minor, amount.currency)) for amount in in_accounts("clawback") if amount.minor < 0],
        came_back=[money(amount) for amount in in_accounts("clawback") if amount.minor > 0],
        besides=[*map(_credit_line, sorted(credit, key=lambda one: (one.currency != currency, one.currency)))],
    )


def _credit_line(balance: CreditBalance) -> BesidesLine:
    """Say what store credit there is to spend, and what is on its way."""
    not_yet = balance.pending + balance.held
    return BesidesLine(
        "credit",
        _("Store credit you can spend"),
        money(Money(balance.available, balance.currency)),
        _("%(amount)s more is not ready yet", amount=money(Money(not_yet, balance.currency))) if not_yet else "",
    )


def what_for(type_: str, side: str, friend_name: str | None) -> str:
    """Say what a reward is for, in the middle of a sentence."""
    if side == "friend":
        return _("joining") if type_ == "signup" else _("your order")
    name = names.first_name(friend_name or "")
    if not name:
        return _("a friend who joined") if type_ == "signup" else _("a friend’s order")
    if type_ == "signup":
        return _("%(name)s, who joined", name=name)
    return _("%(name)s’s order", name=name)


def capital(text: str) -> str:
    """Return words as they begin a sentence."""
    return text[:1].upper() + text[1:]


def _last(balances: Balances, currency: str, account: str) -> int:
    return balances.get(currency, {}).get(account, [0])[-1]


def _next_ready(standings: Sequence[Standing]) -> str:
    moments = [one.first_matures_at for one in standings if one.status == "pending"]
    return _("the next on %(day)s", day=_day(min(moments))) if moments else _("nothing waits")


def _paid_lately(days: Sequence[int], currency: str) -> str:
    lately = days[-1] - days[0] if days else 0
    return _("%(amount)s in 30 days", amount=money(Money(lately, currency))) if lately > 0 else _("in all")


def _line(standing: Standing, amount: Money) -> EarningsLine:
    since = {
        "approved": lambda: _("Ready"),
        "pending": lambda: _("Ready from %(day)s on", day=_day(standing.first_matures_at)),
        "held": lambda: _("We’re checking"),
        "in_payout": lambda: _("On its way"),
    }[standing.status]()
    return EarningsLine(standing.status, _count(standing.count), since, money(amount))


def _waiting(standing: Standing) -> list[WaitingLine]:
    lines = [
        WaitingLine(
            status=standing.status,
            what=capital(what_for(one.type, one.side, one.friend_name)),
            why=_why(standing.status, one),
            amount=money(one.kept),
        )
        for one in standing.nearest
    ]
    if more := standing.count - len(lines):
        text = ngettext("and %(count)s more", "and %(count)s more", more, count=number(more))
        until = (
            _("the last is ready on %(day)s", day=_day(standing.last_matures_at))
            if standing.status == "pending"
            else _("we’re checking")
        )
        lines.append(WaitingLine(standing.status, text, until, ""))
    return lines


def _why(status: str, one: StandingReward) -> str:
    if status == "held":
        return _("A person looks at it; nothing is lost meanwhile.")
    if one.type == "signup":
        return _("Waits until %(day)s.", day=_day(one.matures_at))
    return _("Waits until %(day)s, in case the order is sent back.", day=_day(one.matures_at))


def _count(count: int) -> str:
    return ngettext("%(count)s reward", "%(count)s rewards", count, count=number(count))


def _day(moment: datetime) -> str:
    return str(day_short(moment).striptags())
