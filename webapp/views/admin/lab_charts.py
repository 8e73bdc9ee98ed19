"""The charts of a replay with their sentences, made from the rows that also make the tables."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _

from webapp.charts.figure import Chart
from webapp.charts.replays import MonthBars, SignedBar, replay_months_chart, replay_people_chart, replay_steps_chart
from webapp.domain.money import Money
from webapp.domain.replaying.told import Pair
from webapp.formatting import money_affixes, money_whole


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart and the sentence that says the same."""

    chart: Chart
    sentence: str


def months_drawn(months: Sequence[tuple[str, Pair]]) -> Drawn:
    """Draw both sides by month."""
    currency = months[0][1].currency
    bars = [
        MonthBars(name, paid, money_whole(paid), draft, money_whole(draft))
        for name, pair in months
        for paid, draft in [(Money(pair.paid, currency), Money(pair.draft, currency))]
    ]
    prefix, suffix = money_affixes(currency)
    chart = replay_months_chart(bars, paid=_("Paid"), draft=_("Draft"), prefix=prefix, suffix=suffix)
    (first, begins), (last, ends) = months[0], months[-1]
    if len(months) == 1:
        return Drawn(chart, _("The draft costs %(change)s in %(month)s.", change=_change(begins), month=first))
    sentence = _(
        "The draft costs %(change)s in %(month)s and %(last_change)s in %(last)s.",
        change=_change(begins),
        month=first,
        last_change=_change(ends),
        last=last,
    )
    return Drawn(chart, sentence)


def steps_drawn(total: Pair, steps: Sequence[tuple[str, int]]) -> Drawn:
    """Draw how what was paid becomes what the draft pays."""
    currency = total.currency
    ends = [
        SignedBar(name, Money(minor, currency), money_whole(Money(minor, currency)))
        for name, minor in ((_("Paid"), total.paid), (_("Draft"), total.draft))
    ]
    bars = [SignedBar(name, Money(minor, currency), _signed(minor, currency)) for name, minor in steps]
    said = _("; ").join(_("%(what)s: %(amount)s", what=bar.name, amount=bar.text) for bar in bars)
    return Drawn(replay_steps_chart(ends[0], bars, ends[1]), f"{said}.")


def people_drawn(people: Sequence[tuple[str, Pair]], sentence: str) -> Drawn:
    """Draw who gains and who loses most."""
    bars = [
        SignedBar(name, Money(pair.difference, pair.currency), _signed(pair.difference, pair.currency))
        for name, pair in people
    ]
    return Drawn(replay_people_chart(bars), sentence)


def _change(pair: Pair) -> str:
    amount = money_whole(Money(abs(pair.difference), pair.currency))
    if pair.difference > 0:
        return _("%(amount)s more", amount=amount)
    return _("%(amount)s less", amount=amount) if pair.difference else _("the same")


def _signed(minor: int, currency: str) -> str:
    said = money_whole(Money(abs(minor), currency))
    return f"+{said}" if minor > 0 else f"−{said}" if minor < 0 else said
