"""First purchases, payments for a while and in stages: events that arrive late, refunds, and a referral that moves."""

from datetime import timedelta
from itertools import permutations

import pytest
from sqlalchemy import select

from tests import money
from tests.factories import NOON, join, link_of, person
from tests.money import DAY, JOINED, accounts, ada_and_bob, buy, publish, refund
from tests.services.test_referral_changes import change
from tests.services.test_rules_of_origin import whole_books  # noqa: F401 - used by every test
from webapp.database import write_transaction
from webapp.domain.periods import months_later
from webapp.models import Reward
from webapp.queries.conversions import decisions_of
from webapp.services.signups import CameBy

pytestmark = pytest.mark.usefixtures("whole_books")

INSTANT = timedelta(microseconds=1)
FIRST = {"kind": "first_purchase", "settings": {"percent": "20"}}
TEN_AT_FIRST = {"kind": "first_purchase", "settings": {"amount": 1000, "currency": "USD"}}
TWICE = {"kind": "recurring", "settings": {"percent": "20", "payments": 2}}
STAGES = {"kind": "staggered", "settings": {"percent": "20", "then_percent": "10", "first_months": 1, "months": 2}}


# What is kept of the rules for 1.00, 2.00 and 3.00 dollars, in whichever order they arrive.
@pytest.mark.parametrize(
    ("kind", "kept"),
    [
        pytest.param(FIRST, 20, id="the first"),
        pytest.param(TEN_AT_FIRST, 1000, id="ten dollars for the first"),
        pytest.param(TWICE, 60, id="the first two"),
        # The second is after the first month, the third after both.
        pytest.param(STAGES, 20 + 20, id="stages"),
    ],
)
def test_late_events_end_where_they_would_have_ended_in_order(kind, kept):
    times = [JOINED + DAY, months_later(JOINED, 1), months_later(JOINED, 2)]
    with write_transaction() as session:
        publish(session, **kind)
        ada, _bob = ada_and_bob(session)
        for number, order in enumerate(permutations(enumerate(times, 1))):
            friend, _ = join(session, CameBy(typed=link_of(session, ada)), email=f"f{number}@example.org", now=JOINED)
            before = -accounts(session, ada).get("expense", 0)
            for name, at in order:
                buy(session, friend, f"{name}.00 USD", event_id=f"{number} {name}", at=at, now=NOON + DAY)
            assert -accounts(session, ada).get("expense", 0) - before == kept, order


@pytest.mark.parametrize(
    ("after", "code", "amount"),
    [
        (months_later(JOINED, 1) - INSTANT, "earned", "10.00 USD"),
        (months_later(JOINED, 1), "earned", "5.00 USD"),
        (months_later(JOINED, 2) - INSTANT, "earned", "5.00 USD"),
        (months_later(JOINED, 2), "months_over", "None"),
        (JOINED - DAY, "earned", "10.00 USD"),
    ],
)
def test_the_months_end_at_the_moment_itself_however_late_it_is_told(after, code, amount):
    with write_transaction() as session:
        publish(session, **STAGES)
        _ada, bob = ada_and_bob(session)
        recorded = buy(session, bob, "50.00 USD", at=after, now=NOON + 400 * DAY)
        (decided,) = decisions_of(session, recorded.conversion_id)
        assert (decided.code, str(decided.amount), decided.facts.signed_up_at) == (code, amount, JOINED)


@pytest.mark.parametrize(
    ("kind", "part", "left"),
    [
        pytest.param(FIRST, "10.00 USD", 800, id="a share goes back in parts"),
        pytest.param(STAGES, "10.00 USD", 800, id="and so does that of a stage"),
        pytest.param(TEN_AT_FIRST, "49.99 USD", 1000, id="an amount stays whole"),
        pytest.param(TEN_AT_FIRST, None, 0, id="until all is sent back"),
    ],
)
def test_what_a_refund_takes_depends_on_what_was_promised(kind, part, left):
    with write_transaction() as session:
        publish(session, **kind)
        ada, bob = ada_and_bob(session)
        buy(session, bob, "50.00 USD", at=JOINED + DAY)
        refund(session, part)
        assert accounts(session, ada).get("pending", 0) == left


def test_a_first_purchase_that_was_sent_back_was_the_first_all_the_same():
    with write_transaction() as session:
        publish(session, **TEN_AT_FIRST)
        ada, bob = ada_and_bob(session)
        buy(session, bob)
        refund(session)
        second = buy(session, bob, event_id="evt_2", at=NOON + 2 * DAY, now=NOON + 2 * DAY)
        assert [one.code for one in second.decisions] == ["purchase_limit"]
        assert accounts(session, ada) == {}


def test_an_earlier_first_purchase_ends_the_reward_of_the_later_one():
    with write_transaction() as session:
        publish(session, **FIRST)
        ada, bob = ada_and_bob(session)
        (later,) = buy(session, bob, "50.00 USD", event_id="evt_2").rewards
        buy(session, bob, "5.00 USD", event_id="evt_1", at=NOON - DAY, now=NOON + DAY)
        assert money.history(session, later.id)[-1] == ("reversed", "purchase_limit", 1000)
        assert accounts(session, ada) == {"expense": -100, "pending": 100}


def test_the_new_referrer_is_granted_by_when_the_friend_signed_up():
    with write_transaction() as session:
        publish(session, **STAGES)
        ada, bob = ada_and_bob(session)
        luca = person(session, name="Luca Rossi", now=JOINED)
        buy(session, bob, "50.00 USD", at=JOINED + DAY)
        buy(session, bob, "50.00 USD", event_id="evt_2", at=months_later(JOINED, 1))
        change(session, bob, luca, now=NOON + 300 * DAY)
        assert accounts(session, ada) == {}
        held = session.scalars(select(Reward).where(Reward.beneficiary_id == luca.id)).all()
        assert sorted(one.amount_minor for one in held) == [500, 1000]
