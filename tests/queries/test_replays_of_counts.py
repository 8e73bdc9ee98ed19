"""A replay of rules that count friends, or of which one pays, comes to what is kept of them, whatever the order was."""

from datetime import timedelta

import pytest

from tests import factories, money
from tests.factories import NOON
from tests.money import DAY, TEN_DOLLARS, ada_and_bob, buy, publish
from tests.replays import by_rule, replay
from tests.services.test_counted_rewards import BONUS, TIERS, friends_of_ada, purchases
from tests.services.test_random_counts import events, happens, rules, sums, versions
from webapp.database import write_transaction
from webapp.domain.quotes import Quote
from webapp.domain.replaying.told import Pair
from webapp.extensions import db
from webapp.services.quotes import add_quote


@pytest.mark.parametrize(("seed", "newer"), [(7, False), (8, True)])
def test_random_histories_come_to_what_is_kept(in_app, seed, newer):
    _dice, found = events(seed)
    with write_transaction() as session:
        rules(session)
        for at, table in versions(seed) if newer else ():
            publish(session, **table, now=at)
        _ada, friends = friends_of_ada(session)
        for step, what in enumerate(found):
            happens(session, friends, what, now=NOON + 200 * DAY + timedelta(seconds=step))
        kept = sums(session)
    told = replay(db.session(), factories.program(db.session()))
    assert {key: minor for (key, _currency), minor in by_rule(told).items()} == kept
    assert len(kept) > 3


def test_a_draft_of_steps_says_what_it_would_have_cost(in_app):
    with write_transaction() as session:
        publish(session)
        _ada, friends = friends_of_ada(session)
        purchases(session, friends)
    session = db.session()
    whole = {"steps": [{"friends": 1, "percent": "10"}, {"friends": 6, "percent": "30"}], "whole_period": True}
    draft = money.rule(kind="tiered_percent", settings=whole)
    assert replay(session, factories.program(session), draft).totals == (Pair("USD", 12000, 18000),)
    reached = replay(session, factories.program(session), draft).steps_reached
    assert [(one.side, one.friends, len(one.referrers)) for one in reached] == [("draft", 1, 1), ("draft", 6, 1)]
    until = money.rule(kind="tiered_percent", settings={**whole, "whole_period": False})
    assert replay(session, factories.program(session), until).totals == (Pair("USD", 12000, 5000 + 3000),)
    bonus = money.rule(kind="milestone", settings=BONUS["settings"])
    told = replay(session, factories.program(session), bonus)
    assert told.totals == (Pair("USD", 12000, 2500),)
    # Both traces say how many counted.
    trace = next(one for one in told.changed if one.event_id == "evt_2").draft[0]
    assert (trace.facts.friends, trace.facts.is_new_friend, trace.kept_minor) == (2, True, 500)


def test_a_draft_that_leaves_a_group_lets_another_pay(in_app):
    with write_transaction() as session:
        publish(session, **TEN_DOLLARS, exclusive="best")
        publish(session, exclusive="best", now=money.LIVE + timedelta(seconds=1))
        _ada, bob = ada_and_bob(session)
        buy(session, bob, "100.00 USD")
    session = db.session()
    told = replay(session, factories.program(session), money.rule())
    assert told.totals == (Pair("USD", 2000, 3000),)
    assert by_rule(told) == {("twenty-percent", "USD"): 2000}
    less = replay(session, factories.program(session), money.rule(settings={"percent": "1"}, exclusive="best"))
    assert by_rule(less, "draft") == {("ten-dollars", "USD"): 1000}
    beaten = next(one for one in less.changed[0].draft if one.edition.definition.key == "twenty-percent")
    assert beaten.facts.beaten_by.rule == "ten-dollars"


def test_amounts_in_two_currencies_are_compared_by_the_quotes_of_their_day(in_app):
    limits = {"program": {"amount": 2500, "currency": "USD", "period": "lifetime"}}
    when = {"all": [{"field": "amount", "op": ">=", "value": 6000, "currency": "USD"}]}
    with write_transaction() as session:
        ada, bob = ada_and_bob(session)
        add_quote(session, factories.program(session).id, Quote("EUR", "USD", "1.25", money.LIVE), by=ada.id, now=NOON)
        publish(session, limits=limits, when=when)
        for number in range(3):
            buy(session, bob, "50.00 EUR", event_id=f"evt_{number}", at=NOON + number * DAY)
        kept = sums(session)
    # 12.50 and then what the other half of 25.00 USD is in EUR.
    assert kept == {"twenty-percent": 2000}
    told = replay(db.session(), factories.program(db.session()))
    assert by_rule(told) == {("twenty-percent", "EUR"): 2000}


def test_a_quote_that_was_added_later_does_not_count_for_what_was_told_before(in_app):
    when = {"all": [{"field": "amount", "op": ">=", "value": 6000, "currency": "USD"}]}
    with write_transaction() as session:
        ada, bob = ada_and_bob(session)
        publish(session, when=when)
        program_id = factories.program(session).id
        add_quote(session, program_id, Quote("EUR", "USD", "1.10", money.LIVE), by=ada.id, now=NOON - 3 * DAY)
        buy(session, bob, "50.00 EUR", event_id="too little", at=NOON - 2 * DAY)
        add_quote(session, program_id, Quote("EUR", "USD", "1.25", money.LIVE), by=ada.id, now=NOON - DAY)
        buy(session, bob, "50.00 EUR", event_id="told later", at=NOON - 2 * DAY, now=NOON)
        buy(session, bob, "50.00 EUR", event_id="enough", at=NOON)
        kept = sums(session)
    assert kept == {"twenty-percent": 2000}
    told = replay(db.session(), factories.program(db.session()))
    assert by_rule(told) == {("twenty-percent", "EUR"): 2000}


def test_steps_after_a_won_dispute(in_app):
    with write_transaction() as session:
        publish(session, **TIERS)
        _ada, friends = friends_of_ada(session)
        purchases(session, friends[:3])
        money.dispute(session, of="evt_1", at=NOON + 9 * DAY)
        money.decide(session, at=NOON + 10 * DAY)
        money.dispute(session, of="evt_2", event_id="dsp_2", at=NOON + 9 * DAY)
        kept = sums(session)
    assert kept == {"tiers": 1000 + 1000}
    assert by_rule(replay(db.session(), factories.program(db.session()))) == {("tiers", "USD"): 2000}
