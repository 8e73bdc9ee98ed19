"""Money operations at the same moment: the same cents, whoever is first at whichever statement."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import factories
from tests.factories import NOON, join
from tests.money import DAY, TEN_DOLLARS, accounts, buy, publish, refund, send
from tests.services.turns import Plan, turns_on_postgresql
from webapp.database import write_transaction
from webapp.domain.reward_decisions import CHOICES
from webapp.extensions import db
from webapp.models import Conversion, Reward, User
from webapp.queries import rollups
from webapp.queries.ledger import breaches
from webapp.queries.people import find_by_email
from webapp.services.reward_decisions import decide_rewards
from webapp.services.rewards import mature_rewards
from webapp.services.signups import CameBy

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("in_app")]

# Every pair gets every single switch (long steps every third or so); with GRAPEVINE_RACE_ALL every one and every two.
EVERY_TWO = "GRAPEVINE_RACE_ALL" in os.environ
LONG = 12
ROUNDS = int(os.environ.get("GRAPEVINE_RACE_ROUNDS", "3"))

_numbers = count(1)


@dataclass(frozen=True)
class Case:
    """A referrer and her friend, and how what he buys is called."""

    ada: UUID
    bob: UUID
    number: int

    def buys(self, session: Session, name: str = "first", *, days_ago: int = 20, order: str | None = None) -> None:
        at = NOON - days_ago * DAY
        bob = session.get_one(User, self.bob)
        buy(session, bob, event_id=self.named(name), order_id=self.named(order or name), at=at, now=NOON)

    def gets_back(self, session: Session, amount: str | None = None, *, of: str = "first", **how: Any) -> None:
        named = {key: self.named(value) for key, value in how.items()}
        refund(session, amount, of=self.named(of), **{"event_id": self.named("back"), **named})

    def send(self, session: Session, *statuses: str, of: str = "first") -> None:
        # Ada's, whoever has been credited since.
        found = select(Reward.id).join(Conversion, Conversion.id == Reward.conversion_id).where(Reward.bond == 0)
        send(session, session.execute(found.where(Conversion.event_id == self.named(of))).scalar_one(), *statuses)

    def named(self, name: str) -> str:
        return f"{self.number} {name}"


def a_case(session: Session) -> Case:
    number = next(_numbers)
    ada = factories.person(session, now=NOON - 100 * DAY)
    came_by = CameBy(typed=factories.link_of(session, ada))
    bob, _referral = join(session, came_by, email=f"bob{number}@example.org", now=NOON - 90 * DAY)
    return Case(ada.id, bob.id, number)


def nothing(_case: Case, _session: Session) -> None:
    """Nothing happened before."""


def bought(case: Case, session: Session) -> None:
    case.buys(session)


def approved(case: Case, session: Session) -> None:
    case.buys(session)
    case.send(session, "approved")


def frozen(case: Case, session: Session) -> None:
    case.buys(session)
    case.send(session, "approved", "in_payout")


def bought_twice(case: Case, session: Session) -> None:
    case.buys(session)
    case.buys(session, "second", days_ago=15)


def bought_twice_and_approved(case: Case, session: Session) -> None:
    bought_twice(case, session)
    case.send(session, "approved", of="second")


def a_second_friend(case: Case, session: Session) -> None:
    came_by = CameBy(typed=factories.link_of(session, session.get_one(User, case.ada)))
    join(session, came_by, email=f"eve{case.number}@example.org", now=NOON - 90 * DAY)


def a_limit(_case: Case, session: Session) -> None:
    """Ten dollars more, once for each referrer."""
    limits = {"per_referrer": {"count": 1, "period": "lifetime"}}
    publish(session, **TEN_DOLLARS, hold_days=10, limits=limits)


def a_second_friend_and_a_limit(case: Case, session: Session) -> None:
    a_second_friend(case, session)
    a_limit(case, session)


def bought_before_a_condition(case: Case, session: Session) -> None:
    """Ten dollars more for the second purchase; so far there is one."""
    second = {"all": [{"field": "nth_purchase", "op": "=", "value": 2}]}
    publish(session, **TEN_DOLLARS, hold_days=10, when=second)
    bought(case, session)


def half_back(case: Case, session: Session) -> None:
    case.gets_back(session, "25.00 USD")


def all_back(case: Case, session: Session) -> None:
    case.gets_back(session)


def second_back(case: Case, session: Session) -> None:
    case.gets_back(session, of="second")


def most_back_by_order(case: Case, session: Session) -> None:
    case.gets_back(session, "30.00 USD", order_id="first", event_id="back by order")


def most_back_by_event(case: Case, session: Session) -> None:
    case.gets_back(session, "30.00 USD", event_id="back by event")


def half_back_by_order(case: Case, session: Session) -> None:
    case.gets_back(session, "25.00 USD", order_id="first")


def maturing(_case: Case, session: Session) -> None:
    mature_rewards(session, NOON)


def hold(case: Case, session: Session) -> None:
    case.send(session, "held")


def freeze(case: Case, session: Session) -> None:
    case.send(session, "in_payout")


def freeze_of_the_second(case: Case, session: Session) -> None:
    case.send(session, "in_payout", of="second")


def payment(case: Case, session: Session) -> None:
    case.send(session, "paid")


def failed_payout(case: Case, session: Session) -> None:
    case.send(session, "approved")


def bought_twice_where_only_the_first_counts_too(case: Case, session: Session) -> None:
    """Five dollars more for the first purchase; they moved from the one that was reported first to the other."""
    publish(session, key="first", settings={"percent": "10", "first_purchases": 1}, hold_days=10)
    case.buys(session, "second", days_ago=15)
    case.buys(session)


def decision_about_all(case: Case, session: Session) -> None:
    found = select(Reward.id, Reward.sequence).where(Reward.beneficiary_id == case.ada, Reward.status == "pending")
    seen = dict(session.execute(found).all())
    decide_rewards(session, factories.program(session).id, CHOICES["hold"], seen, by=case.ada, now=NOON)


def second_purchase(case: Case, session: Session) -> None:
    case.buys(session, "second", days_ago=15)


def purchase_of_the_second_friend(case: Case, session: Session) -> None:
    eve = find_by_email(session, f"eve{case.number}@example.org")
    buy(session, eve, event_id=case.named("second"), at=NOON - 20 * DAY, now=NOON)


def publication(_case: Case, session: Session) -> None:
    """A rule that no purchase here is in time for: something new at every turn."""
    publish(session, key="another", settings={"percent": str(next(_numbers) % 90 + 1)}, now=NOON)


def same_order(case: Case, session: Session) -> None:
    case.buys(session, "other", order="first")


def late_purchase(case: Case, session: Session) -> None:
    case.buys(session, "late", days_ago=30)


def later_purchase(case: Case, session: Session) -> None:
    case.buys(session, "less late", days_ago=29)


Step = Callable[[Case, Session], None]
Pair = tuple[Step, Step, Step, int, set[str]]

# Of 49.99 dollars Ada earns 20%, 10.00, by Bob's first two purchases; half of it when 25.00 went back.
# What happened before, the two that race, what Ada keeps in the end, and how one of them may be refused.
PAIRS: dict[str, Pair] = {
    "half a refund, maturing": (bought, half_back, maturing, 500, {""}),
    "a whole refund, maturing": (bought, all_back, maturing, 0, {""}),
    "a refund, a hold": (bought, half_back, hold, 500, {""}),
    "a hold, maturing": (bought, hold, maturing, 1000, {""}),
    "a refund, a freeze": (approved, all_back, freeze, 0, {"", "StatusError"}),
    "a refund, a payment": (frozen, all_back, payment, 0, {""}),
    "a refund, a payout that fails": (frozen, half_back, failed_payout, 500, {""}),
    "two refunds of more than all": (bought, most_back_by_order, most_back_by_event, 0, {""}),
    "the same refund twice": (bought, half_back, half_back, 500, {"RefundTakenError"}),
    "a purchase, its refund": (nothing, bought, half_back, 500, {""}),
    "a purchase, its refund by order": (nothing, bought, half_back_by_order, 500, {""}),
    "the same purchase twice": (nothing, bought, bought, 1000, {"EventTakenError"}),
    "an order twice": (nothing, bought, same_order, 1000, {"OrderTakenError"}),
    "two purchases": (nothing, bought, second_purchase, 2000, {""}),
    "purchases of two friends": (a_second_friend, bought, purchase_of_the_second_friend, 2000, {""}),
    "two purchases, a limit of one": (a_limit, bought, second_purchase, 3000, {""}),
    "purchases of two friends, a limit of one": (
        *(a_second_friend_and_a_limit, bought, purchase_of_the_second_friend, 3000, {""}),
    ),
    "a late purchase, the refund of what it begins": (bought_before_a_condition, late_purchase, all_back, 1000, {""}),
    "a purchase, a publication": (nothing, bought, publication, 1000, {""}),
    "a late purchase, the refund of what it ends": (bought_twice, late_purchase, second_back, 2000, {""}),
    "a late purchase, maturing": (bought_twice, late_purchase, maturing, 2000, {""}),
    "a late purchase, a freeze of what it ends": (
        *(bought_twice_and_approved, late_purchase, freeze_of_the_second, 2000, {"", "StatusError"}),
    ),
    "a late purchase, a decision about all that it ends": (
        *(bought_twice_where_only_the_first_counts_too, late_purchase, decision_about_all, 2500, {""}),
    ),
    "two late purchases": (bought_twice, late_purchase, later_purchase, 2000, {""}),
}


# A few more than most pairs need, of whom nobody did anything yet.
MADE_BEFORE = {"postgresql": 40, "sqlite": 2}


@pytest.fixture
def beginning(databases):
    return BEGINNINGS[databases.name]


def a_rule(cases):
    """The rule, and people for whom it holds."""
    with write_transaction() as session:
        publish(session, settings={"percent": "20", "first_purchases": 2}, hold_days=10)
        return [a_case(session) for _ in range(cases)]


BEGINNINGS = {name: partial(a_rule, cases) for name, cases in MADE_BEFORE.items()}


@pytest.fixture
def cases(began):
    return list(began)


SERIALLY: list[Plan] = [[(0, None), (1, None)], [(1, None), (0, None)]]


@pytest.mark.parametrize("pair", PAIRS)
def test_two_at_once_end_at_the_same_cents_in_every_interleaving(pair, in_app, databases, cases, record_property):
    record_property("interleavings", race(PAIRS[pair], in_app, databases, cases))


def race(pair: Pair, in_app: Any, databases: Any, cases: list[Case], *, every: int = 3) -> int:
    """Let the two of a pair happen in every order (see LONG about `every`), each with one of the cases as long as there
    are any. Returns how many there were.
    """
    if databases.name == "sqlite":
        # It has one writer at a time, so that there is an order and nothing between.
        for plan in SERIALLY:
            ends(pair, plan, one_after_the_other, cases)
        done = len(SERIALLY)
    else:
        with turns_on_postgresql(in_app) as turns:
            taken = [ends(pair, plan, turns.take, cases) for plan in SERIALLY]
            plans = list(interleavings(*(max(both) for both in zip(*taken, strict=True)), every=every))
            for plan in plans:
                ends(pair, plan, turns.take, cases)
        done = len(SERIALLY) + len(plans)
        assert done > 10
    assert list(breaches(db.session())) == []
    assert list(rollups.breaches(db.session())) == []
    return done


def ends(pair: Pair, plan: Plan, take: Callable[..., Any], cases: list[Case]) -> list[int]:
    """Let both happen by the plan, and look how it ends. Returns how many turns each took."""
    before, first, second, kept, refusals = pair
    with write_transaction() as session:
        case = cases.pop(0) if cases else a_case(session)
        before(case, session)
    taken = take([lambda step=step: carry_out(step, case) for step in (first, second)], plan)
    carry_out(maturing, case)
    refused = " ".join(type(one.result).__name__ for one in taken if one.result is not None)
    assert refused in refusals, f"{plan}: {[one.result for one in taken]}"
    assert -accounts(db.session(), db.session.get_one(User, case.ada)).get("expense", 0) == kept, plan
    db.session.rollback()
    return [one.turns for one in taken]


@dataclass
class Done:
    """What became of a call: what it returned, or the exception that it raised."""

    result: Any
    turns: int = 1


def one_after_the_other(calls: Sequence[Callable[[], Any]], plan: Plan) -> list[Done]:
    results: list[Any] = [None, None]
    for number, _turns in plan:
        try:
            results[number] = calls[number]()
        except Exception as error:
            results[number] = error
    return [Done(result) for result in results]


def interleavings(*turns: int, every: int) -> Iterator[Plan]:
    """Yield plans with a switch after statements of either, and a second one after all or some of the other's."""
    for leader in (0, 1):
        others = turns[1 - leader]
        for before in range(1, turns[leader], 1 if EVERY_TWO or turns[leader] < LONG else every):
            for between in range(1 if EVERY_TWO else others, others + 1):
                yield [(leader, before), (1 - leader, between), (leader, None)]


def carry_out(step: Step, case: Case) -> None:
    with write_transaction() as session:
        step(case, session)
