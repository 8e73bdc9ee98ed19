"""What a replay told, in words, figures and rows for the page."""

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from webapp.domain.chosen_period import Period
from webapp.domain.money import Money, rounded_half_up
from webapp.domain.replaying.told import BudgetUse, Changed, Pair, Replayed, Step
from webapp.domain.rules import RuleDefinition
from webapp.formatting import (
    days_short,
    exact_decimal,
    exact_moment,
    money,
    money_whole,
    month,
    month_short,
    number,
    percent,
)
from webapp.queries.replays import id_of, names_of
from webapp.views.admin.lab_charts import Drawn, months_drawn, people_drawn, steps_drawn
from webapp.views.admin.lab_traces import SideBySide, side_by_side
from webapp.views.admin.reward_words import type_label

# How many people a chart shows at either end.
MOST_SHOWN = 6


@dataclass(frozen=True, slots=True)
class LabFigure:
    """A headline figure; `change` is what it changes by, said as a good thing when it is one for the program."""

    label: str
    value: str
    note: str = ""
    change: str = ""
    is_good: bool = False


@dataclass(frozen=True, slots=True)
class PairRow:
    """A row of a table with both sides."""

    name: str
    paid: str
    draft: str
    difference: str


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """A conversion that changes, with both traces."""

    id: UUID
    name: str
    about: str
    paid: str
    draft: str
    is_more: bool
    traces: SideBySide


@dataclass(frozen=True, slots=True)
class LabResult:
    """All that the page shows of a replay. Lists are empty and charts None where there is nothing to show."""

    heading: str
    summary: str
    looked_at: str
    figures: list[LabFigure]
    months: list[PairRow]
    months_drawn: Drawn | None
    steps: list[tuple[str, str]]
    steps_drawn: Drawn | None
    people: list[PairRow]
    people_drawn: Drawn | None
    people_said: str
    changed: list[ChangedRow]
    currencies: list[PairRow]
    limits: list[str]
    notes: list[str]
    is_empty: bool


STEP_LABELS: Mapping[Step, Callable[[], str]] = {
    "first_purchases": lambda: _("First orders"),
    "later_purchases": lambda: _("Later orders"),
    "signups": lambda: _("Signups"),
    "others": lambda: _("Other events"),
    "limits": lambda: _("Limits"),
}


def signed(minor: int, currency: str, *, whole: bool = False) -> str:
    """Say an amount with its sign; a minus as people write it."""
    said = (money_whole if whole else money)(Money(abs(minor), currency))
    return f"+{said}" if minor > 0 else f"−{said}" if minor < 0 else said


def result_of(
    session: Session, told: Replayed, draft: Sequence[RuleDefinition], period: Period, own: str, seconds: float
) -> LabResult:
    """Put a replay into words. Charts and headline figures are in the program's currency, or the only one there is."""
    currency = told.totals[0].currency if told.totals else own
    total = told.total(currency)
    ours = [one for one in told.referrers if one.pair.currency == currency]
    gaining = [one for one in ours if one.pair.difference > 0][:MOST_SHOWN]
    losing = [one for one in ours if one.pair.difference < 0][-MOST_SHOWN:]
    changed = [one for one in told.changed if one.pair.currency == currency]
    shown = [id_of(one.referrer) for one in (*gaining, *losing)]
    met = (*told.limits, *told.steps_reached)
    limited = [id_of(key) for one in met for key in one.referrers[:MOST_SHOWN]]
    names = names_of(session, list(dict.fromkeys([*shown, *limited])))
    people = [(names.get(id_of(one.referrer), ""), one.pair) for one in (*gaining, *losing)]
    steps = [(STEP_LABELS[one.step](), one.minor) for one in told.steps if one.currency == currency]
    months = [(one.month, one.pair) for one in told.months if one.pair.currency == currency]
    rules = {rule.key: rule.name for rule in draft}
    return LabResult(
        heading=_heading(told, total),
        summary=_summary(told, draft, period),
        looked_at=_looked_at(told, seconds),
        figures=_figures(told, total, months),
        months=[_row(month(day), pair) for day, pair in months] + [_row(_("In all"), total)],
        months_drawn=_months_drawn(months) if months else None,
        steps=[
            (_("Paid"), money(Money(total.paid, currency))),
            *((name, signed(minor, currency)) for name, minor in steps),
            (_("Draft"), money(Money(total.draft, currency))),
        ],
        steps_drawn=steps_drawn(total, steps) if steps else None,
        people=[_row(name, pair) for name, pair in people],
        people_drawn=people_drawn(people, _standing(told, currency)) if people else None,
        people_said=_standing(told, currency),
        changed=[_changed_row(one) for one in changed],
        currencies=[_row(pair.currency, pair) for pair in told.totals] if len(told.totals) > 1 else [],
        limits=[*_steps_reached(told, rules, names), *_limits(told, rules, names), *_budgets(told, rules)],
        notes=_notes(draft, told),
        is_empty=not told.counts.conversions,
    )


def _months_drawn(months: Sequence[tuple[date, Pair]]) -> Drawn:
    is_long = len({day.month for day, _pair in months}) < len(months)
    return months_drawn([(month_short(day, year=is_long), pair) for day, pair in months])


def _row(name: str, pair: Pair) -> PairRow:
    paid, draft = (money(Money(minor, pair.currency)) for minor in (pair.paid, pair.draft))
    return PairRow(name, paid, draft, signed(pair.difference, pair.currency))


def _heading(told: Replayed, total: Pair) -> str:
    if not told.counts.conversions:
        return _("Nothing happened in these days")
    amount = money_whole(Money(abs(total.difference), total.currency))
    if total.difference > 0:
        return _("It would have cost %(amount)s more", amount=amount)
    if total.difference < 0:
        return _("It would have cost %(amount)s less", amount=amount)
    return _("It would have cost the same")


def _summary(told: Replayed, draft: Sequence[RuleDefinition], period: Period) -> str:
    what = (
        _("“%(name)s”", name=draft[0].name)
        if len(draft) == 1
        else ngettext("%(num)s rule", "%(num)s rules", len(draft))
    )
    count = told.counts.conversions
    on = ngettext("%(count)s conversion", "%(count)s conversions", count, count=number(count))
    days = days_short(period.first, period.last)
    return _(
        "%(what)s against what was really paid, on %(on)s of friends, %(days)s. Nothing was written.",
        what=what,
        on=on,
        days=days,
    )


def _looked_at(told: Replayed, seconds: float) -> str:
    count = told.counts.conversions + told.counts.before
    return ngettext(
        "%(count)s stored conversion, computed in %(seconds)s s",
        "%(count)s stored conversions, computed in %(seconds)s s",
        count,
        count=number(count),
        seconds=exact_decimal(f"{max(seconds, 0.1):.1f}"),
    )


def _figures(told: Replayed, total: Pair, months: Sequence[tuple[date, Pair]]) -> list[LabFigure]:
    currency, counts = total.currency, told.counts
    paid, draft = (money_whole(Money(minor, currency)) for minor in (total.paid, total.draft))
    part = percent(abs(total.difference), total.paid, decimals=1) if total.paid else ""
    if total.difference:
        note = _("%(part)s less", part=part) if total.difference < 0 else _("%(part)s more", part=part)
    else:
        note = _("the same")
    count = counts.rewards_paid
    rewards = ngettext("%(count)s reward", "%(count)s rewards", count, count=number(count))
    figures = [
        LabFigure(_("Paid"), paid, rewards),
        LabFigure(
            _("Draft would have paid"),
            draft,
            note if part or not total.difference else "",
            signed(total.difference, currency, whole=True) if total.difference else "",
            total.difference < 0,
        ),
    ]
    if counts.purchases:
        was, would = (
            money(Money(rounded_half_up(minor, counts.purchases), currency)) for minor in (total.paid, total.draft)
        )
        figures.append(LabFigure(_("Cost per purchase"), would, _("was %(amount)s", amount=was)))
    figures.append(_budget_figure(told) or LabFigure(_("Conversions that change"), number(counts.changed)))
    return figures


def _budget_figure(told: Replayed) -> LabFigure | None:
    """Return how much of the last budget of the draft is used, if it has one."""
    uses = [one for one in told.budgets if one.side == "draft"]
    if not uses:
        return None
    use = uses[-1]
    before = next(
        (one for one in told.budgets if one.side == "paid" and (one.key, one.since) == (use.key, use.since)), None
    )
    said = [_("was %(part)s", part=percent(before.used, before.most))] if before else []
    ran_out = [one for one in uses if one.ran_out_at]
    said.append(_("it ran out") if use.ran_out_at else _("it ran out before") if ran_out else _("it never runs out"))
    return LabFigure(_("Last budget used"), percent(use.used, use.most), "; ".join(said))


def _standing(told: Replayed, currency: str) -> str:
    more, less, same = told.standing(currency)
    first = ngettext(
        "%(count)s referrer would have earned more",
        "%(count)s referrers would have earned more",
        more,
        count=number(more),
    )
    return _("%(more)s, %(less)s less, %(same)s the same.", more=first, less=number(less), same=number(same))


def _people(keys: Sequence[Hashable], names: Mapping[UUID, str]) -> str:
    who = [names[id_of(key)] for key in keys[:MOST_SHOWN] if id_of(key) in names]
    if len(keys) > MOST_SHOWN:
        more = len(keys) - MOST_SHOWN
        who.append(ngettext("and %(count)s more", "and %(count)s more", more, count=number(more)))
    return ", ".join(who)


def _steps_reached(told: Replayed, rules: Mapping[str, str], names: Mapping[UUID, str]) -> list[str]:
    said = []
    sides = Counter((one.key, one.friends, one.referrers) for one in told.steps_reached)
    for one in told.steps_reached:
        if sides[one.key, one.friends, one.referrers] > 1:
            # The same with the draft and without it.
            continue
        words = {
            "rule": rules.get(one.key, one.key),
            "friends": number(one.friends),
            "who": _people(one.referrers, names),
        }
        if not one.referrers:
            if one.side == "draft":
                said.append(_("With the draft, nobody comes to the step of “%(rule)s” at %(friends)s.", **words))
        elif one.side == "draft":
            said.append(_("With the draft, these come to the step of “%(rule)s” at %(friends)s: %(who)s.", **words))
        else:
            said.append(_("As it was, these came to the step of “%(rule)s” at %(friends)s: %(who)s.", **words))
    return said


def _limits(told: Replayed, rules: Mapping[str, str], names: Mapping[UUID, str]) -> list[str]:
    said = []
    for one in told.limits:
        words = {
            "rule": rules.get(one.key, one.key),
            "amount": money(Money(one.minor, one.currency)),
            "count": number(one.times),
            "who": _people(one.referrers, names),
        }
        if one.side == "draft":
            said.append(
                ngettext(
                    "With the draft, limits of “%(rule)s” take %(amount)s off %(count)s reward: %(who)s.",
                    "With the draft, limits of “%(rule)s” take %(amount)s off %(count)s rewards: %(who)s.",
                    one.times,
                    **words,
                )
            )
        else:
            said.append(
                ngettext(
                    "As it was, limits of “%(rule)s” took %(amount)s off %(count)s reward: %(who)s.",
                    "As it was, limits of “%(rule)s” took %(amount)s off %(count)s rewards: %(who)s.",
                    one.times,
                    **words,
                )
            )
    return said


def _budgets(told: Replayed, rules: Mapping[str, str]) -> list[str]:
    return [_ran_out(one, one.ran_out_at, rules) for one in told.budgets if one.ran_out_at is not None]


def _ran_out(use: BudgetUse, at: datetime, rules: Mapping[str, str]) -> str:
    words = {"rule": rules.get(use.key, use.key), "moment": exact_moment(at)}
    if use.side == "draft":
        return _("With the draft, the budget of “%(rule)s” runs out on %(moment)s.", **words)
    return _("As it was, the budget of “%(rule)s” ran out on %(moment)s.", **words)


def _notes(draft: Sequence[RuleDefinition], told: Replayed) -> list[str]:
    """Say what may make the figures other than one expects."""
    notes = []
    for rule in draft:
        if rule.starts_at is not None and rule.starts_at > told.since:
            words = {"rule": rule.name, "day": exact_moment(rule.starts_at)}
            notes.append(_("“%(rule)s” starts on %(day)s, so it pays nothing here for what happened before.", **words))
        if rule.ends_at is not None and rule.ends_at < told.until:
            words = {"rule": rule.name, "day": exact_moment(rule.ends_at)}
            notes.append(_("“%(rule)s” ends on %(day)s, so it pays nothing here for what happened since.", **words))
    return notes


def _changed_row(one: Changed) -> ChangedRow:
    currency = one.pair.currency
    name = _("Order %(id)s", id=one.order_id) if one.order_id else one.event_id or type_label(one.type)
    nth = _("the first") if one.nth == 1 else _("number %(count)s", count=number(one.nth))
    about = ", ".join(part for part in (money(one.amount) if one.amount else "", nth) if part)
    return ChangedRow(
        id=id_of(one.id),
        name=name,
        about=about,
        paid=money(Money(one.pair.paid, currency)),
        draft=money(Money(one.pair.draft, currency)),
        is_more=one.pair.difference > 0,
        traces=side_by_side(one),
    )
