"""Friends who count for the same referrer at the same moment: the same cents in every interleaving."""

from functools import partial

import pytest
from sqlalchemy.orm import Session

from tests import factories
from tests.factories import NOON
from tests.money import TEN_DOLLARS, publish
from tests.services.test_counted_rewards import BONUS, WHOLE
from tests.services.test_money_races import (
    MADE_BEFORE,
    Case,
    Pair,
    a_case,
    a_second_friend,
    all_back,
    bought,
    decision_about_all,
    late_purchase,
    purchase_of_the_second_friend,
    race,
)
from tests.services.test_money_races import cases as cases
from webapp.database import write_transaction
from webapp.models import User
from webapp.queries.bonds import count_changes
from webapp.services.referral_changes import Wanted, change_referral

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("in_app")]

# These are long: a switch after each so many statements tells enough.
EVERY = 9


@pytest.fixture
def beginning(databases):
    return BEGINNINGS[databases.name]


def rules(cases):
    """7.00 for each purchase, or from the second friend on 20% of all; and 5.00 for the second friend."""
    steps = [{"friends": 1, "percent": "10"}, {"friends": 2, "percent": "20"}]
    with write_transaction() as session:
        settings = {"amount": 700, "currency": "USD"}
        publish(session, **{**TEN_DOLLARS, "settings": settings}, hold_days=10, exclusive="best")
        settings = {"steps": steps, "whole_period": True}
        publish(session, **{**WHOLE, "settings": settings}, hold_days=10, exclusive="best")
        publish(session, **BONUS, hold_days=10)
        return [a_case(session) for _ in range(cases)]


BEGINNINGS = {name: partial(rules, cases) for name, cases in MADE_BEFORE.items()}


def one_has_bought(case: Case, session: Session) -> None:
    a_second_friend(case, session)
    bought(case, session)


def both_have_bought(case: Case, session: Session) -> None:
    one_has_bought(case, session)
    purchase_of_the_second_friend(case, session)


def removal(case: Case, session: Session) -> None:
    bob = session.get_one(User, case.bob)
    wanted = Wanted("remove", None, count_changes(session, bob.id), "terms", by=case.ada)
    change_referral(session, factories.program(session), bob, wanted, now=NOON)


# Each purchase is of 49.99 dollars; see the other races.
COUNTED: dict[str, Pair] = {
    "purchases of two friends": (a_second_friend, bought, purchase_of_the_second_friend, 2500, {""}),
    "a purchase, the refund of another friend": (
        *(one_has_bought, purchase_of_the_second_friend, all_back, 700, {""}),
    ),
    "a refund, a decision about all": (both_have_bought, all_back, decision_about_all, 700, {""}),
    "a purchase, another friend's removal": (one_has_bought, purchase_of_the_second_friend, removal, 700, {""}),
    "a late purchase, one of another friend": (
        *(one_has_bought, late_purchase, purchase_of_the_second_friend, 3500, {""}),
    ),
}


@pytest.mark.parametrize("pair", COUNTED)
def test_two_friends_at_once_end_at_the_same_cents_in_every_interleaving(
    pair, in_app, databases, cases, record_property
):
    record_property("interleavings", race(COUNTED[pair], in_app, databases, cases, every=EVERY))
