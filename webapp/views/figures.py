"""Headline figures as pages show them: the value, the last 30 days against the 30 before, and a small line."""

from dataclasses import dataclass

from flask_babel import gettext as _

from webapp.formatting import number
from webapp.queries.figures import Figures

# Percentages of fewer things than this say nothing.
FEWEST_FOR_PERCENT = 20


@dataclass(frozen=True, slots=True)
class Figure:
    """One headline figure. `change` is words; `direction` is "up", "down" or "same"."""

    metric: str
    label: str
    value: int
    display: str
    note: str
    change: str
    direction: str
    spark: list[int]


def clicks_figure(figures: Figures) -> Figure:
    days = [day.clicks for day in figures.days]
    return _figure("clicks", _("Clicks"), figures.clicks, figures.recent_clicks, figures.clicks_before, days)


def signups_figure(figures: Figures) -> Figure:
    days = [day.signups for day in figures.days]
    return _figure("signups", _("Signups"), figures.signups, figures.recent_signups, figures.signups_before, days)


def _figure(metric: str, label: str, total: int, recent: int, before: int, days: list[int]) -> Figure:
    return Figure(
        metric=metric,
        label=label,
        value=total,
        display=number(total),
        note=_("%(count)s in 30 days", count=number(recent)),
        change=_change(recent, before),
        direction="same" if recent == before else "up" if recent > before else "down",
        spark=days,
    )


def _change(recent: int, before: int) -> str:
    """Say the difference to the period before: in percent only where there is enough to compare."""
    difference = recent - before
    if not recent and not before:
        # Nothing beside nothing is no trend.
        return ""
    if difference == 0:
        return _("same")
    if before >= FEWEST_FOR_PERCENT:
        return _("%(percent)s%%", percent=number(round(abs(difference) * 100 / before)))
    if difference > 0:
        return _("%(count)s more", count=number(difference))
    return _("%(count)s fewer", count=number(-difference))
