"""What becomes payable in the next weeks, as a sentence, a picture and a table."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from babel import numbers
from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from webapp.charts.figure import Chart
from webapp.charts.owed_weeks import OwedWeek, owed_weeks
from webapp.domain.money import Money, rounded_half_up
from webapp.formatting import day_short, money, number
from webapp.models import Program
from webapp.queries.money_figures import CurrencyFigures
from webapp.queries.owed import Maturing, maturing_rewards
from webapp.views.admin.reward_words import amounts, by_currency
from webapp.views.figures import FEWEST_FOR_PERCENT

WEEKS = 6


@dataclass(frozen=True, slots=True)
class OwedRow:
    """One week of the table."""

    week: date
    count: str
    amount: str
    usually_lost: str


@dataclass(frozen=True, slots=True)
class OwedCard:
    """What waits, week by week. `chart` is None when nothing in the program's currency does."""

    sentence: str
    chart: Chart | None
    names: tuple[str, str]
    has_losses: bool
    rows: list[OwedRow] = field(default_factory=list)


def owed_card(session: Session, program: Program, *, today: date, cash: CurrencyFigures | None) -> OwedCard:
    """Read what matures in this week and the five after it. Weeks begin on Monday, in the program's time zone."""
    monday = today - timedelta(days=today.weekday())
    starts = [monday + timedelta(weeks=number) for number in range(WEEKS + 1)]
    zone = ZoneInfo(program.time_zone)
    ends = [datetime.combine(start, time.min, zone) for start in starts[1:]]
    found = maturing_rewards(session, program.id, ends)
    lost_of_thousand = _lost_of_thousand(cash)
    weeks = []
    for span, start in enumerate(starts[:WEEKS]):
        minor = sum(one.amount.minor for one in found if one.span == span and one.amount.currency == program.currency)
        lost = rounded_half_up(minor * lost_of_thousand, 1000)
        label = str(day_short(start).striptags())
        weeks.append(OwedWeek(label, Money(minor, program.currency), Money(lost, program.currency)))
    names = (_("Expected to be paid"), _("Usually taken back before"))
    drawn = any(week.amount.minor for week in weeks)
    return OwedCard(
        sentence=_sentence(found, weeks, lost_of_thousand),
        chart=owed_weeks(weeks, names=names, exact=money, whole=_whole) if drawn else None,
        names=names,
        has_losses=any(week.usually_lost.minor for week in weeks),
        rows=[_row(starts[span], week, [one for one in found if one.span == span]) for span, week in enumerate(weeks)]
        if found
        else [],
    )


def _lost_of_thousand(cash: CurrencyFigures | None) -> int:
    """Return how many of a thousand are taken back as a rule; 0 where too little was granted to say."""
    if cash is None or cash.rewards < FEWEST_FOR_PERCENT or cash.granted <= 0:
        return 0
    return min(1000, rounded_half_up(max(0, cash.withdrawn) * 1000, cash.granted))


def _sentence(found: list[Maturing], weeks: list[OwedWeek], lost_of_thousand: int) -> str:
    if not found:
        return _("Nothing becomes payable in the next six weeks.")
    total = amounts(by_currency([one.amount for one in found]))
    percent = rounded_half_up(lost_of_thousand, 10)
    if percent:
        return _(
            "%(amount)s becomes payable in the next six weeks; about %(percent)s%% of it is usually taken back before.",
            amount=total,
            percent=number(percent),
        )
    most = max(weeks, key=lambda week: week.amount.minor)
    if not most.amount.minor:
        return _("%(amount)s becomes payable in the next six weeks.", amount=total)
    return _(
        "%(amount)s becomes payable in the next six weeks, most of it in the week of %(day)s.",
        amount=total,
        day=most.label,
    )


def _row(monday: date, week: OwedWeek, found: list[Maturing]) -> OwedRow:
    return OwedRow(
        week=monday,
        count=number(sum(one.count for one in found)),
        amount=amounts([one.amount for one in found]) or money(week.amount),
        usually_lost=money(week.usually_lost),
    )


def _whole(amount: Money) -> str:
    """Say a round amount without the decimals that it has not."""
    symbol = numbers.get_decimal_symbol(get_locale())
    said = money(amount)
    decimals = -int(amount.decimal.as_tuple().exponent)
    return said.replace(symbol + "0" * decimals, "", 1) if decimals else said
