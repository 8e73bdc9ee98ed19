"""What a conversion meets when it happens, and what is known of it afterwards."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests import factories, money
from tests.factories import NOON, join
from tests.money import DAY, ada_and_bob, buy, publish, refund
from webapp.database import write_transaction
from webapp.domain.facts import Facts
from webapp.domain.money import Money
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import Program, Referral
from webapp.queries.conversions import (
    _SURROUNDINGS,
    decisions_of,
    decisions_of_many,
    find_by_event,
    list_by_order,
    refunds_of,
    surroundings,
)
from webapp.queries.origins import came_of
from webapp.services.signups import CameBy

pytestmark = pytest.mark.usefixtures("in_app")

INSTANT = timedelta(microseconds=1)


def meets(session, user, *, type="purchase", at=NOON, event_id="evt_m", order_id=None, program=None):
    return surroundings(
        session,
        (program or factories.program(session)).id,
        user_id=user.id if user else None,
        type=type,
        occurred_at=at,
        event_id=event_id,
        order_id=order_id,
    )


def test_a_friend_meets_their_referral_and_the_rules():
    with write_transaction() as session:
        publish(session)
        ada, bob = ada_and_bob(session)
        about = meets(session, bob)
        referral = session.scalars(select(Referral)).one()
        assert (about.referral_id, about.referrer_id, about.link_id) == (referral.id, ada.id, referral.link_id)
        assert about.rules_revision == session.scalar(select(Program.rules_revision))
        assert (about.earlier, about.later, about.waiting_refunds) == (0, 0, 0)
        came = came_of(session, factories.program(session).id, bob.id)
        assert about.origin == came.origin == {"link": factories.link_of(session, ada).code}
        assert about.signed_up_at == came.signed_up_at == money.JOINED


@pytest.mark.parametrize("who", ["a referrer", "a stranger", "a friend in another program"])
def test_whoever_nobody_referred_meets_no_referral(who):
    with write_transaction() as session:
        ada, bob = ada_and_bob(session)
        user = {"a referrer": ada, "a stranger": None, "a friend in another program": bob}[who]
        other = money.another_program(session) if who == "a friend in another program" else None
        about = meets(session, user, program=other)
        assert user is None or came_of(session, (other or factories.program(session)).id, user.id) is None
    assert (about.referral_id, about.referrer_id, about.link_id, about.rules_revision) == (None, None, None, None)
    assert (about.origin, about.signed_up_at) == ({}, None)


def test_what_happened_before_and_after_is_counted_and_ids_settle_the_same_moment():
    with write_transaction() as session:
        ada, bob = ada_and_bob(session)
        eve, _referral = join(session, CameBy(typed=factories.link_of(session, ada)), email="eve@example.org")
        for event_id, at in [
            ("evt_z", NOON - INSTANT),
            ("evt_l", NOON),
            ("evt_n", NOON),
            ("evt_o", NOON),
            ("evt_a", NOON + INSTANT),
        ]:
            buy(session, bob, event_id=event_id, at=at)
        buy(session, bob, event_id="evt_1", at=NOON - DAY, type="renewal")
        buy(session, eve, event_id="evt_2", at=NOON - DAY)
        buy(session, None, event_id="evt_3", at=NOON - DAY)
        about = meets(session, bob, event_id="evt_m")
        assert (about.earlier, about.later) == (2, 3)
        assert (meets(session, bob, event_id=None).earlier, meets(session, bob, event_id=None).later) == (1, 4)
        assert (meets(session, None).earlier, meets(session, None).later) == (0, 0)
        renewal = meets(session, bob, type="renewal")
        assert (renewal.earlier, renewal.later) == (1, 0)


@pytest.mark.parametrize(
    ("event_id", "order_id", "waiting"),
    [
        pytest.param("evt_9", "o_1", 2, id="by its order"),
        pytest.param("evt_1", None, 1, id="by its event"),
        pytest.param("evt_1", "o_1", 3, id="by both"),
        pytest.param("o_1", "evt_1", 0, id="an order is no event"),
        pytest.param("evt_9", None, 0, id="by neither"),
        pytest.param(None, None, 0, id="without a name"),
    ],
)
def test_refunds_that_wait_for_it_are_counted(event_id, order_id, waiting):
    with write_transaction() as session:
        buy(session, None, event_id="evt_0", order_id="o_0")
        refund(session, of="evt_0", event_id="applied")
        refund(session, of="evt_1", event_id="ref_1")
        refund(session, order_id="o_1", event_id="ref_2")
        refund(session, order_id="o_1", event_id="ref_3")
        assert meets(session, None, event_id=event_id, order_id=order_id).waiting_refunds == waiting
        other = money.another_program(session)
        assert meets(session, None, event_id=event_id, order_id=order_id, program=other).waiting_refunds == 0


def test_an_event_is_found_by_its_id_in_its_program():
    with write_transaction() as session:
        recorded = buy(session, None, event_id="evt_1")
        program = factories.program(session)
        assert find_by_event(session, program.id, "evt_1").id == recorded.conversion_id
        assert find_by_event(session, program.id, "EVT_1") is None
        assert find_by_event(session, money.another_program(session).id, "evt_1") is None


def test_an_order_has_one_conversion_of_each_type():
    with write_transaction() as session:
        ids = {
            buy(session, None, event_id=f"evt_{type}", order_id="o_1", type=type).conversion_id
            for type in ("purchase", "renewal")
        }
        buy(session, None, event_id="evt_2", order_id="o_2")
        buy(session, None, event_id="evt_3")
        program_id = factories.program(session).id
        assert {conversion.id for conversion in list_by_order(session, program_id, "o_1")} == ids
        assert list_by_order(session, program_id, "o_9") == []
        assert list_by_order(session, money.another_program(session).id, "o_1") == []


def test_refunds_are_summed_and_counted():
    with write_transaction() as session:
        one = buy(session, None, event_id="evt_1").conversion_id
        two = buy(session, None, event_id="evt_2").conversion_id
        assert refunds_of(session, one) == (0, 0)
        refund(session, "20.00 USD", of="evt_1", event_id="ref_1")
        refund(session, "0.01 USD", of="evt_1", event_id="ref_2")
        refund(session, of="evt_2", event_id="ref_3")
        assert refunds_of(session, one) == (2001, 2)
        assert refunds_of(session, two) == (4999, 1)


def test_of_each_rule_the_newest_decision_holds_in_the_order_of_the_first():
    with write_transaction() as session:
        publish(session, settings={"percent": "20", "first_purchases": 1}, now=NOON - 9 * DAY)
        publish(session, **money.TEN_DOLLARS, now=NOON - 8 * DAY)
        _ada, bob = ada_and_bob(session)
        late = buy(session, bob, event_id="evt_2", at=NOON + DAY).conversion_id
        early = buy(session, bob, event_id="evt_1", at=NOON).conversion_id
        stranger = buy(session, None, event_id="evt_3").conversion_id
        found = decisions_of_many(session, [late, stranger, early])
        assert decisions_of(session, early) == found[early]
    assert [(one.rule_key, one.code, one.facts.nth_purchase) for one in found[late]] == [
        ("twenty-percent", "purchase_limit", 2),
        ("ten-dollars", "earned", 2),
    ]
    assert [(one.rule_key, one.code, one.facts.nth_purchase) for one in found[early]] == [
        ("twenty-percent", "earned", 1),
        ("ten-dollars", "earned", 1),
    ]
    (unknown,) = found[stranger]
    assert (unknown.rule_key, unknown.version, unknown.code) == (None, None, "unknown_person")
    assert unknown.facts == Facts("purchase", NOON, Money(4999, "USD"), 1)


def test_about_something_that_never_happened_nothing_was_decided():
    assert decisions_of(db.session(), new_id()) == []
    assert decisions_of_many(db.session(), []) == {}


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_what_a_conversion_meets_is_found_by_the_person_however_many_there_are():
    statement = _SURROUNDINGS.compile(dialect=db.engine.dialect)
    values = tuple(None for _name in statement.positiontup or ())
    with db.engine.connect() as connection:
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
    assert [line for line in plan if line.startswith("SCAN") and "anon_" not in line] == []
    by_person = "USING INDEX ix_conversions_user_id_type_occurred_at (user_id=? AND type=?)"
    assert {line for line in plan if line.startswith(("SEARCH signups", "SEARCH conversions USING INDEX ix"))} == {
        f"SEARCH signups {by_person}",
        f"SEARCH conversions {by_person}",
    }
