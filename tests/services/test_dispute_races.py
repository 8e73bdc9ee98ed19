"""Disputes, how they ended and refunds at the same moment: the same cents in every interleaving."""

import os
from functools import partial

import pytest
from sqlalchemy.orm import Session

from tests.money import accounts, decide, dispute
from tests.services.test_money_races import (
    Case,
    Pair,
    a_case,
    bought,
    carry_out,
    frozen,
    half_back,
    maturing,
    most_back_by_event,
    payment,
    race,
)
from tests.services.test_money_races import beginning as beginning
from tests.services.test_money_races import cases as cases
from tests.threads import at_once
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import User
from webapp.queries import rollups
from webapp.queries.ledger import breaches

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("in_app")]
ROUNDS = int(os.environ.get("GRAPEVINE_RACE_ROUNDS", "10"))


def disputed(case: Case, session: Session) -> None:
    case.buys(session)
    all_disputed(case, session)


def disputed_and_frozen(case: Case, session: Session) -> None:
    frozen(case, session)
    all_disputed(case, session)


def all_disputed(case: Case, session: Session) -> None:
    dispute(session, of=case.named("first"), event_id=case.named("dispute"))


def won(case: Case, session: Session) -> None:
    decide(session, of=case.named("dispute"), event_id=case.named("won"))


# As in the other races, half is kept of what half was refunded of.
PAIRS: dict[str, Pair] = {
    "a refund, a won dispute": (disputed, half_back, won, 500, {""}),
    "a won dispute, maturing": (disputed, won, maturing, 1000, {""}),
    "a won dispute, a payment": (disputed_and_frozen, won, payment, 1000, {""}),
    "a dispute, how it ended": (bought, all_disputed, won, 1000, {""}),
    "a refund, a dispute": (bought, all_disputed, most_back_by_event, 0, {""}),
    "the end of a dispute twice": (disputed, won, won, 1000, {"OutcomeTakenError"}),
    "a purchase, the end of its dispute": (all_disputed, bought, won, 1000, {""}),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_two_at_once_end_at_the_same_cents_in_every_interleaving(pair, in_app, databases, cases, record_property):
    record_property("interleavings", race(PAIRS[pair], in_app, databases, cases))


def test_a_refund_and_the_end_of_a_dispute_at_once_leave_what_the_refund_leaves(in_app):
    for _ in range(ROUNDS):
        with write_transaction() as session:
            case = a_case(session)
            disputed(case, session)
        db.session.rollback()
        assert at_once(in_app, [partial(carry_out, step, case) for step in (half_back, won)]) == [None, None]
        assert accounts(db.session(), db.session.get_one(User, case.ada)) == {"expense": -500, "pending": 500}
        db.session.rollback()
    assert list(breaches(db.session())) == []
    assert list(rollups.breaches(db.session())) == []
