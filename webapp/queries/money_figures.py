"""Revenue, and what rewards cost in money, by day, from the roll-ups."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import func, literal, select, union_all
from sqlalchemy.orm import Session

from webapp.domain.periods import last_days
from webapp.models import ProgramRevenueDay, RuleDay
from webapp.queries.figures import PERIOD_DAYS


@dataclass(frozen=True, slots=True)
class MoneyByDay:
    """One kind of money in one currency: the last `PERIOD_DAYS` days, earliest first, and as many before in one sum."""

    days: tuple[int, ...]
    before: int

    @property
    def recent(self) -> int:
        return sum(self.days)


@dataclass(frozen=True, slots=True)
class CurrencyFigures:
    """What friends paid less what went back to them, and what was granted less what was withdrawn.

    `granted` and `withdrawn` are those of both periods together, with the number of `rewards`.
    """

    revenue: MoneyByDay
    cost: MoneyByDay
    rewards: int
    granted: int
    withdrawn: int


NOTHING = CurrencyFigures(MoneyByDay((0,) * PERIOD_DAYS, 0), MoneyByDay((0,) * PERIOD_DAYS, 0), 0, 0, 0)


def money_figures(session: Session, program_id: UUID, today: date) -> dict[str, CurrencyFigures]:
    """Return the figures of a whole program by currency; a currency with nothing in it is not there."""
    wanted = last_days(today, 2 * PERIOD_DAYS)
    revenue = (
        select(
            literal("revenue").label("kind"),
            ProgramRevenueDay.day.label("day"),
            ProgramRevenueDay.currency.label("currency"),
            ProgramRevenueDay.revenue_minor.label("plus"),
            ProgramRevenueDay.refunded_minor.label("minus"),
            literal(0).label("rewards"),
        )
        .where(ProgramRevenueDay.program_id == program_id)
        .where(ProgramRevenueDay.day.between(wanted[0], wanted[-1]))
    )
    cost = (
        select(
            literal("cost"),
            RuleDay.day,
            RuleDay.currency,
            func.sum(RuleDay.granted_minor),
            func.sum(RuleDay.withdrawn_minor),
            func.sum(RuleDay.rewards),
        )
        .where(
            RuleDay.program_id == program_id,
            RuleDay.kind == "cash",
            RuleDay.day.between(wanted[0], wanted[-1]),
        )
        .group_by(RuleDay.day, RuleDay.currency)
    )
    found: dict[str, dict[tuple[str, date], tuple[int, int, int]]] = {}
    for kind, day, currency, plus, minus, rewards in session.execute(union_all(revenue, cost)):
        found.setdefault(currency, {})[kind, day] = (int(plus), int(minus), int(rewards))
    return {currency: _figures(by_day, wanted) for currency, by_day in found.items()}


def _figures(found: dict[tuple[str, date], tuple[int, int, int]], wanted: list[date]) -> CurrencyFigures:
    def by_day(kind: str) -> MoneyByDay:
        net = [plus - minus for plus, minus, _rewards in (found.get((kind, day), (0, 0, 0)) for day in wanted)]
        return MoneyByDay(tuple(net[PERIOD_DAYS:]), sum(net[:PERIOD_DAYS]))

    costs = [row for (kind, _day), row in found.items() if kind == "cost"]
    granted, withdrawn, rewards = (sum(row[place] for row in costs) for place in range(3))
    return CurrencyFigures(by_day("revenue"), by_day("cost"), rewards, granted, withdrawn)
