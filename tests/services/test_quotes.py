"""Exchange quotes: which one counts, that a decision keeps it, and that a later one changes nothing."""

import pytest
from sqlalchemy import select

from tests import factories, money
from tests.factories import NOON
from tests.money import DAY, ada_and_bob, buy, publish, refund, rewards
from tests.services.test_referral_changes import change
from webapp.database import write_transaction
from webapp.domain.quotes import Quote
from webapp.domain.recomputing import Price, differs
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import AuditEntry
from webapp.queries.conversions import decisions_of
from webapp.queries.ledger import breaches
from webapp.queries.quotes import list_quotes, quotes_at
from webapp.services.quotes import add_quote
from webapp.services.signups import CameBy

pytestmark = pytest.mark.usefixtures("in_app")

FIFTY_DOLLARS = {"all": [{"field": "amount", "op": ">=", "value": 5000, "currency": "USD"}]}
PAIR = frozenset({"EUR", "USD"})


def add(session, text, valid_from, *, now=NOON):
    """Add a quote such as "EUR 1.0842 USD"."""
    base, rate, counter = text.split()
    marta = factories.person(session, name="Marta Voss", role="admin")
    return add_quote(
        session, factories.program(session).id, Quote(base, counter, rate, valid_from), by=marta.id, now=now
    )


def decided(conversion_id):
    (found,) = decisions_of(db.session(), conversion_id)
    assert differs(found.version.definition, found.facts, Price(found.code, found.amount)) is None
    return found.code, [f"{one.base} {one.rate} {one.counter}" for one in found.facts.quotes]


def test_the_newest_quote_that_is_valid_counts_whichever_way_round_and_of_one_moment_the_later_added():
    with write_transaction() as session:
        program_id = factories.program(session).id
        add(session, "EUR 1.1 USD", NOON - 10 * DAY)
        add(session, "USD 0.8 EUR", NOON - 5 * DAY)
        add(session, "EUR 1.3 USD", NOON - 7 * DAY)
        add(session, "EUR 1.4 USD", NOON)
        add(session, "EUR 1.5 USD", NOON)
        add(session, "EUR 160 JPY", NOON - 20 * DAY)

    def at(days, pair=PAIR, of=program_id):
        return [one.rate for one in quotes_at(db.session(), of, [pair], NOON + days * DAY, known_at=NOON)]

    assert [at(days) for days in (-11, -10, -7, -6, -5, 0, 9)] == [
        *([], ["1.1"], ["1.3"], ["1.3"]),
        *(["0.8"], ["1.5"], ["1.5"]),
    ]
    assert at(0, frozenset({"USD", "JPY"})) == []
    assert at(0, of=new_id()) == []
    listed, _more = list_quotes(db.session(), program_id, now=NOON - DAY)
    assert {one.quote.rate for one in listed if one.counts} == {"0.8", "160"}
    assert {one.added_by for one in listed} == {"Marta Voss"}


def test_adding_one_is_an_act_on_record():
    with write_transaction() as session:
        quote_id = add(session, "EUR 1.0842 USD", NOON)
    (act,) = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "quote_added"))
    assert (act.subject_id, act.details) == (quote_id, {"base": "EUR", "counter": "USD", "rate": "1.0842"})


def test_a_condition_in_another_currency_is_judged_by_the_quote_of_the_event_s_moment():
    with write_transaction() as session:
        publish(session, when=FIFTY_DOLLARS)
        _ada, bob = ada_and_bob(session)
        before = buy(session, bob, "48.00 EUR", event_id="before", at=NOON - 20 * DAY)
        add(session, "EUR 1.05 USD", NOON - 10 * DAY)
        add(session, "EUR 1 USD", NOON - 2 * DAY)
        # Reported only now, when another quote counts: the one of its own moment does.
        late = buy(session, bob, "48.00 EUR", event_id="late", at=NOON - 5 * DAY, now=NOON)
        lower = buy(session, bob, "48.00 EUR", event_id="lower", at=NOON)
        same = buy(session, bob, "50.00 USD", event_id="same", at=NOON)
        # Recorded after the fact, for the moment of an event that was decided: what was decided stays.
        add(session, "EUR 2 USD", NOON - 30 * DAY, now=NOON + DAY)
    assert decided(before.conversion_id) == ("currency_differs", [])
    assert decided(late.conversion_id) == ("earned", ["EUR 1.05 USD"])
    assert decided(lower.conversion_id) == ("condition_false", ["EUR 1 USD"])
    assert decided(same.conversion_id) == ("earned", [])
    assert list(breaches(db.session())) == []


def test_a_late_event_counts_others_higher_by_the_quotes_that_they_were_decided_by():
    with write_transaction() as session:
        publish(session, when=FIFTY_DOLLARS, settings={"percent": "20", "first_purchases": 1})
        _ada, bob = ada_and_bob(session)
        add(session, "EUR 1.05 USD", NOON - 10 * DAY)
        first = buy(session, bob, "48.00 EUR", event_id="first", at=NOON)
        add(session, "EUR 0.5 USD", NOON - 10 * DAY)
        buy(session, bob, "60.00 USD", event_id="earlier", at=NOON - DAY, now=NOON + DAY)
    assert decided(first.conversion_id) == ("purchase_limit", ["EUR 1.05 USD"])


def test_what_refunds_leave_is_judged_by_the_quote_that_was_kept():
    with write_transaction() as session:
        publish(session, **money.TEN_DOLLARS, when=FIFTY_DOLLARS)
        _ada, bob = ada_and_bob(session)
        add(session, "EUR 1.05 USD", NOON - 10 * DAY)
        buy(session, bob, "50.00 EUR")
        add(session, "EUR 9 USD", NOON - 10 * DAY)
        refund(session, "2.00 EUR", event_id="ref_1")
        assert rewards(session) == [("referrer", "10.00 USD", "pending")]
        # 47.00 EUR are 49.35 USD.
        refund(session, "1.00 EUR", event_id="ref_2")
        assert rewards(session) == [("referrer", "10.00 USD", "reversed")]


def test_a_limit_takes_rewards_of_all_currencies_together_by_their_own_quotes():
    limit = {"program": {"amount": 3000, "currency": "USD", "period": "lifetime"}}
    with write_transaction() as session:
        publish(session, limits=limit, hold_days=0)
        _ada, bob = ada_and_bob(session)
        add(session, "EUR 1.1 USD", NOON - 10 * DAY)
        # 10.00 EUR, which are 11.00 USD; then 4.00 USD.
        buy(session, bob, "50.00 EUR", event_id="one", at=NOON)
        buy(session, bob, "20.00 USD", event_id="two", at=NOON + DAY)
        # A later quote says nothing about what was decided before: 15.00 USD are used, not 24.00.
        add(session, "USD 0.5 EUR", NOON + 2 * DAY)
        third = buy(session, bob, "40.00 EUR", event_id="three", at=NOON + 3 * DAY)
        # 8.00 EUR would be 16.00 USD, of which 15.00 are left.
        assert rewards(session)[-1] == ("referrer", "7.50 EUR", "approved")
        fourth = buy(session, bob, "1.00 USD", event_id="four", at=NOON + 4 * DAY)
        # What goes back gives its room back as it was counted: of 5.00 EUR at 1.1.
        refund(session, "25.00 EUR", of="one", event_id="ref", at=NOON + 5 * DAY)
        fifth = buy(session, bob, "100.00 USD", event_id="five", at=NOON + 6 * DAY)
        assert rewards(session)[-1] == ("referrer", "5.50 USD", "approved")
    assert decided(third.conversion_id) == ("limit_cut", ["USD 0.5 EUR"])
    assert decided(fourth.conversion_id) == ("limit_reached", [])
    assert decided(fifth.conversion_id) == ("limit_cut", [])
    assert list(breaches(db.session())) == []


def test_what_was_decided_without_a_quote_uses_nothing_of_a_limit_in_another_currency():
    limit = {"program": {"amount": 1000, "currency": "USD", "period": "lifetime"}}
    with write_transaction() as session:
        publish(session, hold_days=0)
        _ada, bob = ada_and_bob(session)
        buy(session, bob, "50.00 EUR", event_id="before", at=NOON - 3 * DAY)
        publish(session, hold_days=0, limits=limit, now=NOON - 2 * DAY)
        refused = buy(session, bob, "50.00 EUR", event_id="refused", at=NOON - DAY)
        add(session, "EUR 1 USD", NOON)
        buy(session, bob, "50.00 EUR", event_id="after", at=NOON)
        assert [amount for _side, amount, _status in rewards(session)] == ["10.00 EUR", "10.00 EUR"]
    assert decided(refused.conversion_id) == ("currency_differs", [])


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize("comes", ["a friend", "a move"])
def test_a_quote_that_is_added_later_changes_nothing_of_a_group_that_is_decided_about_anew(comes):
    best = {"exclusive": "best", "hold_days": 0}
    steps = [{"friends": 1, "percent": "10"}, {"friends": 2, "percent": "12"}]
    with write_transaction() as session:
        publish(session, **best, key="tiers", kind="tiered_percent", settings={"steps": steps, "whole_period": True})
        publish(session, **best, key="twenty", kind="fixed_amount", settings={"amount": 2000, "currency": "USD"})
        ada, bob = ada_and_bob(session)
        cy, _referral = factories.join(session, CameBy(typed=factories.link_of(session, ada)), email="cy@example.org")
        told = buy(session, bob, "100.00 EUR")
        add(session, "EUR 1.0842 USD", NOON - DAY, now=NOON + DAY)
        if comes == "a friend":
            buy(session, cy, "100.00 EUR", event_id="evt_2", at=NOON + 2 * DAY)
        else:
            change(session, bob, factories.person(session, email="eve@example.org"), now=NOON + 2 * DAY)
        codes = [one.code for one in decisions_of(session, told.conversion_id)]
        assert codes == ["earned", "exclusive"]
        amounts = {amount for _side, amount, _status in rewards(session)}
        assert amounts == ({"10.00 EUR", "2.00 EUR", "20.00 USD"} if comes == "a friend" else {"10.00 EUR"})
