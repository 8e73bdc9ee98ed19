"""A person's money as it stands now: the headline figures, and the card that says what is ready, what waits and why."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from webapp.domain.money import Money
from webapp.formatting import day_short, money, number
from webapp.queries.rewards import StatusSummary, balances_of, summaries_of
from webapp.views.figures import Figure, money_figure


@dataclass(frozen=True, slots=True)
class EarningsLine:
    """One kind of money in one currency: how many rewards, and from when on."""

    status: str
    count_text: str
    since_text: str
    amount: str


@dataclass(frozen=True, slots=True)
class Earnings:
    """What a person has earned. `ready` is the amount that can be paid now; `owed` what a refund left behind."""

    figures: list[Figure]
    ready: list[str]
    lines: list[EarningsLine] = field(default_factory=list)
    owed: list[str] = field(default_factory=list)


def earnings_of(session: Session, user_id: UUID, *, currency: str) -> Earnings:
    """Read a person's balances; `currency` is the program's, which comes first."""
    balances, summaries = balances_of(session, user_id), summaries_of(session, user_id)
    others = sorted(set(balances) - {currency})
    currencies = [currency, *others]

    def in_account(account: str) -> list[Money]:
        amounts = [Money(balances.get(one, {}).get(account, 0), one) for one in currencies]
        return [amounts[0], *(amount for amount in amounts[1:] if amount.minor)]

    return Earnings(
        figures=[
            money_figure("pending", _("Pending"), in_account("pending"), _next_ready(summaries)),
            money_figure("approved", _("Approved"), in_account("approved"), _("ready to be paid")),
            money_figure("paid", _("Paid"), in_account("paid"), _("in all")),
        ],
        ready=[money(amount) for amount in in_account("approved")],
        lines=[
            _line(summary, Money(balances.get(summary.currency, {}).get(summary.status, 0), summary.currency))
            for status in ("approved", "pending", "held", "in_payout")
            for summary in sorted(summaries, key=lambda one: currencies.index(one.currency))
            if summary.status == status
        ],
        owed=[money(Money(-amount.minor, amount.currency)) for amount in in_account("clawback") if amount.minor],
    )


def _next_ready(summaries: Sequence[StatusSummary]) -> str:
    moments = [summary.first_matures_at for summary in summaries if summary.status == "pending"]
    return _("the next on %(day)s", day=_day(min(moments))) if moments else _("nothing waits")


def _line(summary: StatusSummary, amount: Money) -> EarningsLine:
    count = ngettext("%(count)s reward", "%(count)s rewards", summary.count, count=number(summary.count))
    since = {
        "approved": lambda: _("Ready"),
        "pending": lambda: _("Ready from %(day)s on", day=_day(summary.first_matures_at)),
        "held": lambda: _("We’re checking"),
        "in_payout": lambda: _("On its way"),
    }[summary.status]()
    return EarningsLine(status=summary.status, count_text=count, since_text=since, amount=money(amount))


def _day(moment: datetime) -> str:
    return str(day_short(moment).striptags())
