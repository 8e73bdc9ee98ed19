"""The card of the last days: what happened on each, as a sentence, a picture and a table."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from flask import request
from flask_babel import gettext as _
from flask_babel import ngettext

from webapp.charts.figure import Chart
from webapp.charts.referrer_days import ReferrerDay, ReferrerDaysWords, referrer_days_chart
from webapp.domain.money import Money
from webapp.formatting import day as long_day
from webapp.formatting import day_before_month, day_short, money, money_affixes, number
from webapp.queries.figures import Figures

PERIODS = (7, 30, 90)
USUAL = 30
# A day stands out when it had this share of all clicks, and there were enough of them to tell.
PEAK_SHARE, FEWEST_FOR_PEAK = 8, 10


@dataclass(frozen=True, slots=True)
class DayRow:
    """One line of the table; "" where nothing happened."""

    day: date
    clicks: str
    signups: str
    earned: str


@dataclass(frozen=True, slots=True)
class DaysCard:
    """`chart` is None when nothing happened; `longer` is a period in which something might have."""

    period: int
    periods: list[tuple[int, str]]
    heading: str
    sentence: str
    chart: Chart | None
    rows: list[DayRow]
    longer: int | None


def asked_period() -> int:
    """Return how many days the request asks for by `?days=`; anything else than a period of ours is the usual one."""
    text = request.args.get("days", "")
    return next((period for period in PERIODS if text == str(period)), USUAL)


def days_card(figures: Figures, earned: dict[str, dict[date, Money]], *, period: int, currency: str) -> DaysCard:
    """Return the last `period` days; `currency` is the program's, in which the chart is drawn."""
    days = figures.read[-period:]
    in_all = {one: _sum(by_day.values(), one) for one, by_day in earned.items()}
    main = earned.get(currency, {})
    drawn = [
        ReferrerDay(
            one.day,
            one.counted.clicks,
            one.counted.signups,
            main.get(one.day, Money(0, currency)),
            money(main.get(one.day, Money(0, currency))),
        )
        for one in days
    ]
    nothing = not earned and not any(one.counted.clicks or one.counted.signups for one in days)
    return DaysCard(
        period=period,
        periods=[(count, _("%(count)d days", count=count)) for count in PERIODS],
        heading=_("Your last %(count)d days", count=period),
        sentence=_nothing(days[0].day) if nothing else _sentence(figures, period, in_all, currency),
        chart=None if nothing else referrer_days_chart(drawn, _words(currency)),
        rows=[_row(day, earned, currency) for day in reversed(drawn)],
        longer=next((count for count in PERIODS if count > period), None),
    )


def _words(currency: str) -> ReferrerDaysWords:
    before, behind = money_affixes(currency)
    return ReferrerDaysWords(
        _("Clicks"), _("Signups"), _("Earned"), before, behind, "%-d %b" if day_before_month() else "%b %-d"
    )


def _row(day: ReferrerDay, earned: dict[str, dict[date, Money]], currency: str) -> DayRow:
    amounts = [by_day[day.day] for one in _ordered(earned, currency) if day.day in (by_day := earned[one])]
    return DayRow(
        day=day.day,
        clicks=number(day.clicks) if day.clicks else "",
        signups=number(day.signups) if day.signups else "",
        earned=" + ".join(money(amount) for amount in amounts),
    )


def _sentence(figures: Figures, period: int, in_all: dict[str, Money], currency: str) -> str:
    now = figures.sum_of_days(period)
    amounts = [in_all[one] for one in _ordered(in_all, currency)] or [Money(0, currency)]
    total = _(
        "%(clicks)s, %(signups)s and %(earned)s earned since %(day)s.",
        clicks=ngettext("%(count)s click", "%(count)s clicks", now.clicks, count=number(now.clicks)),
        signups=ngettext("%(count)s signup", "%(count)s signups", now.signups, count=number(now.signups)),
        earned=" + ".join(money(amount) for amount in amounts),
        day=str(day_short(figures.read[-period].day).striptags()),
    )
    return f"{total} {_what_stands_out(figures, period)}"


def _what_stands_out(figures: Figures, period: int) -> str:
    """Name the day of most clicks where it is one by far, else compare with the days before."""
    clicks, before = figures.sum_of_days(period).clicks, figures.sum_of_days(2 * period, period).clicks
    top = max(figures.read[-period:], key=lambda one: one.counted.clicks)
    if clicks >= FEWEST_FOR_PEAK and top.counted.clicks * 100 >= clicks * max(PEAK_SHARE, 300 // period):
        return ngettext(
            "Most clicks came on %(day)s: %(count)s.",
            "Most clicks came on %(day)s: %(count)s.",
            top.counted.clicks,
            day=str(long_day(top.day).striptags()),
            count=number(top.counted.clicks),
        )
    if clicks == before:
        return _("As many clicks as in the %(days)d days before.", days=period)
    difference = abs(clicks - before)
    more = ngettext("%(count)s click more", "%(count)s clicks more", difference, count=number(difference))
    fewer = ngettext("%(count)s click fewer", "%(count)s clicks fewer", difference, count=number(difference))
    return _("%(change)s than in the %(days)d days before.", change=more if clicks > before else fewer, days=period)


def _nothing(first: date) -> str:
    return _("No clicks, signups or earnings since %(day)s.", day=str(day_short(first).striptags()))


def _ordered(currencies: Iterable[str], first: str) -> list[str]:
    return sorted(currencies, key=lambda one: (one != first, one))


def _sum(amounts: Iterable[Money], currency: str) -> Money:
    return Money(sum(amount.minor for amount in amounts), currency)
