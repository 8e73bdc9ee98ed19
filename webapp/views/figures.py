"""Headline figures as pages show them: the value, the last 30 days against the 30 before, and a small line."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from flask_babel import gettext as _

from webapp.domain.money import Money, rounded_half_up
from webapp.formatting import money, number
from webapp.queries.figures import Figures

# Percentages of fewer things than this say nothing.
FEWEST_FOR_PERCENT = 20


@dataclass(frozen=True, slots=True)
class FurtherAmount:
    """The same figure in another currency than the program's."""

    currency: str
    value: int
    display: str


@dataclass(frozen=True, slots=True)
class Figure:
    """One headline figure. `change` is words; `direction` is "up", "down" or "same"."""

    metric: str
    label: str
    value: int
    display: str
    note: str
    change: str = ""
    direction: str = "same"
    spark: list[int] = field(default_factory=list)
    further: list[FurtherAmount] = field(default_factory=list)


def clicks_figure(figures: Figures) -> Figure:
    return _figure("clicks", _("Clicks"), figures)


def signups_figure(figures: Figures) -> Figure:
    return _figure("signups", _("Signups"), figures)


def purchases_figure(figures: Figures) -> Figure:
    return _figure("purchases", _("Purchases"), figures)


def money_figure(metric: str, label: str, amounts: Sequence[Money], note: str, days: Sequence[int] = ()) -> Figure:
    """Return a figure of money as it stands now: the program's currency first, then the others.

    `days` is what stood there at the end of each of the last days, in the program's currency.
    """
    first, *others = amounts
    return Figure(
        metric=metric,
        label=label,
        value=first.minor,
        display=money(first),
        note=note,
        spark=[max(minor, 0) for minor in days],
        further=[FurtherAmount(amount.currency, amount.minor, money(amount)) for amount in others],
    )


def _figure(metric: str, label: str, figures: Figures) -> Figure:
    total, recent, before = (getattr(counted, metric) for counted in (figures.total, figures.recent, figures.before))
    return Figure(
        metric=metric,
        label=label,
        value=total,
        display=number(total),
        note=_("%(count)s in 30 days", count=number(recent)),
        change=change_in_words(recent, before),
        direction="same" if recent == before else "up" if recent > before else "down",
        spark=[getattr(day.counted, metric) for day in figures.days],
    )


def change_in_words(recent: int, before: int) -> str:
    """Say the difference to the period before: in percent only where there is enough to compare."""
    difference = recent - before
    if not recent and not before:
        # Nothing beside nothing is no trend.
        return ""
    if difference == 0:
        return _("same")
    if before >= FEWEST_FOR_PERCENT:
        return _("%(percent)s%%", percent=number(rounded_half_up(abs(difference) * 100, before)))
    if difference > 0:
        return _("%(count)s more", count=number(difference))
    return _("%(count)s fewer", count=number(-difference))
