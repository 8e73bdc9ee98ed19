"""An event that arrives late, where rules count friends or exclude each other: all ends as if it had come in order."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests import money
from tests.factories import NOON, program
from tests.money import DAY, TEN_DOLLARS, buy, publish, refund
from tests.replays import by_rule, replay
from tests.services.test_counted_rewards import TIERS, WHOLE, friends_of_ada, kept, purchases, whole_books
from webapp.database import write_transaction
from webapp.domain.quotes import Quote
from webapp.models import QualifiedFriend
from webapp.queries.conversions import decisions_of
from webapp.services.quotes import add_quote

__all__ = ["whole_books"]
pytestmark = pytest.mark.usefixtures("whole_books")
LATER = NOON + 20 * DAY


def published(session, *tables):
    """Publish rules one after the other, so that the first is the oldest."""
    for number, table in enumerate(tables):
        publish(session, **table, now=money.LIVE + timedelta(seconds=number))


def nth(op, value):
    return {"all": [{"field": "nth_purchase", "op": op, "value": value}]}


def dollars(key, minor, **more):
    return {**TEN_DOLLARS, "key": key, "settings": {"amount": minor, "currency": "USD"}, "exclusive": "one", **more}


def test_a_reward_ends_with_its_corrections():
    with write_transaction() as session:
        published(session, {**WHOLE, "when": nth("<=", 1)})
        _ada, friends = friends_of_ada(session)
        purchases(session, friends[:3])
        assert kept(session) == {"evt_1": 2000, "evt_2": 2000, "evt_3": 2000}
        buy(session, friends[0], "50.00 USD", event_id="late", at=NOON, now=LATER)
        assert kept(session) == {"late": 1000, "evt_2": 2000, "evt_3": 2000}


def test_a_friend_comes_to_count_by_what_is_their_second_purchase_only_now():
    steps = {"steps": [{"friends": 1, "percent": "10"}, {"friends": 2, "percent": "20"}]}
    with write_transaction() as session:
        published(session, {**TIERS, "settings": steps, "when": nth("=", 2)})
        _ada, (bo, cy, *_rest) = friends_of_ada(session)
        buy(session, cy, "100.00 USD", event_id="cy-1", at=NOON)
        buy(session, cy, "100.00 USD", event_id="cy-2", at=NOON + DAY)
        buy(session, bo, "100.00 USD", event_id="bo-2", at=NOON + 3 * DAY)
        assert kept(session) == {"cy-2": 1000}
        buy(session, bo, "100.00 USD", event_id="bo-1", at=NOON + 2 * DAY, now=LATER)
        assert kept(session) == {"cy-2": 1000, "bo-2": 2000}
        assert session.scalar(select(func.count()).select_from(QualifiedFriend)) == 2


def test_a_friend_counts_no_more_when_it_was_not_their_first_purchase():
    large = {"field": "amount", "op": ">=", "value": 5000, "currency": "USD"}
    with write_transaction() as session:
        published(session, {**TIERS, "when": {"all": [large, *nth("=", 1)["all"]]}})
        _ada, friends = friends_of_ada(session)
        purchases(session, friends[:3])
        assert kept(session) == {"evt_1": 1000, "evt_2": 1000, "evt_3": 2000}
        buy(session, friends[0], "10.00 USD", event_id="late", at=NOON, now=LATER)
        assert kept(session) == {"evt_2": 1000, "evt_3": 1000}


def test_a_bonus_passes_on_when_the_purchase_that_brought_it_is_not_the_second_any_more():
    bonus = {"steps": [{"friends": 1, "amount": 500}], "currency": "USD"}
    with write_transaction() as session:
        published(session, {"key": "bonus", "kind": "milestone", "settings": bonus, "when": nth("=", 2)})
        _ada, (bo, *_rest) = friends_of_ada(session)
        for day in (1, 2):
            buy(session, bo, "100.00 USD", event_id=f"bo-{day}", at=NOON + day * DAY)
        assert kept(session) == {"bo-2": 500}
        buy(session, bo, "100.00 USD", event_id="bo-0", at=NOON, now=LATER)
        assert kept(session) == {"bo-1": 500}


def test_of_a_group_another_pays_where_nothing_is_left_of_a_limit():
    once = {"per_referrer": {"count": 1, "period": "lifetime"}}
    with write_transaction() as session:
        published(
            session,
            dollars("first", 3000, when=nth("=", 1)),
            {"key": "later", "settings": {"percent": "60"}, "exclusive": "one", "when": nth(">=", 2), "limits": once},
            dollars("always", 500),
        )
        _ada, (bo, cy, *_rest) = friends_of_ada(session)
        buy(session, cy, "50.00 USD", event_id="cy-1", at=NOON)
        buy(session, cy, "50.00 USD", event_id="cy-2", at=NOON + DAY)
        buy(session, bo, "50.00 USD", event_id="bo-2", at=NOON + 3 * DAY)
        buy(session, bo, "50.00 USD", event_id="bo-1", at=NOON + 2 * DAY, now=LATER)
        assert kept(session) == {"cy-1": 3000, "cy-2": 3000, "bo-1": 3000, "bo-2": 500}


def test_a_rule_goes_on_paying_when_the_one_that_is_worth_more_has_nothing_left():
    once = {"per_referrer": {"count": 1, "period": "lifetime"}}
    with write_transaction() as session:
        published(session, dollars("always", 500), dollars("later", 2000, when=nth(">=", 2), limits=once))
        _ada, (bo, cy, *_rest) = friends_of_ada(session)
        for day in (1, 2):
            buy(session, cy, "50.00 USD", event_id=f"cy-{day}", at=NOON + day * DAY)
        buy(session, bo, "50.00 USD", event_id="bo-2", at=NOON + 4 * DAY)
        buy(session, bo, "50.00 USD", event_id="bo-1", at=NOON + 3 * DAY, now=LATER)
        assert kept(session) == {"cy-1": 500, "cy-2": 2000, "bo-1": 500, "bo-2": 500}


def test_a_group_is_compared_by_the_quote_that_is_needed_only_now():
    euros = {"amount": 1000, "currency": "EUR"}
    with write_transaction() as session:
        ada, (bo, *_rest) = friends_of_ada(session)
        quote = Quote("EUR", "USD", "1.0842", money.LIVE)
        add_quote(session, program(session).id, quote, by=ada.id, now=money.LIVE)
        published(session, dollars("euros", 1, settings=euros, when=nth("=", 2)), dollars("dollars", 1000))
        second = buy(session, bo, "50.00 USD", event_id="bo-2", at=NOON + 3 * DAY)
        buy(session, bo, "50.00 USD", event_id="bo-1", at=NOON + 2 * DAY, now=LATER)
        decided = decisions_of(session, second.conversion_id)
        assert [(one.rule_key, one.code) for one in decided] == [("euros", "earned"), ("dollars", "exclusive")]


# The third friend is one of the newer version, whichever is told last.
OLDER = {
    "a share": ("tiered_percent", {"steps": [{"friends": 2, "percent": "10"}]}),
    "other steps": ("milestone", {"steps": [{"friends": 2, "amount": 100}], "currency": "USD"}),
    "another amount": ("milestone", {"steps": [{"friends": 3, "amount": 100}], "currency": "USD"}),
    "another period": ("milestone", {"steps": [{"friends": 2, "amount": 100}], "currency": "USD", "period": "day"}),
}


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize("order", ["bo cy di", "cy di bo", "di cy bo", "di bo cy"])
@pytest.mark.parametrize("name", OLDER)
def test_a_bonus_is_that_of_the_version_which_was_live_for_the_friend_who_makes_the_number(name, order):
    kind, settings = OLDER[name]
    with write_transaction() as session:
        publish(session, key="rule", kind=kind, settings=settings)
        bonus = {"steps": [{"friends": 3, "amount": 500}], "currency": "USD"}
        publish(session, key="rule", kind="milestone", settings=bonus, now=NOON)
        _ada, friends = friends_of_ada(session, 3)
        days = {"bo": -1, "cy": 1, "di": 2}
        of = dict(zip(days, friends, strict=True))
        for who in order.split():
            buy(session, of[who], "100.00 USD", event_id=who, at=NOON + days[who] * DAY, now=LATER)
        assert kept(session) in ({"di": 500}, {"cy": 500})
        refund(session, of="bo", at=LATER)
        assert kept(session) == {}


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_no_bonus_of_an_older_version_is_paid_for_a_friend_of_a_newer_one():
    steps = [{"friends": 2, "amount": 500}, {"friends": 3, "amount": 700}]
    with write_transaction() as session:
        publish(session, key="rule", kind="milestone", settings={"steps": steps, "currency": "USD"})
        newer = {"steps": [{"friends": 1, "amount": 100}], "currency": "USD", "period": "month"}
        publish(session, key="rule", kind="milestone", settings=newer, now=NOON)
        _ada, friends = friends_of_ada(session, 3)
        for number, day in enumerate((-40, -39, 1)):
            buy(session, friends[number], "100.00 USD", event_id=f"evt_{number}", at=NOON + day * DAY, now=LATER)
        assert kept(session) == {"evt_1": 500, "evt_2": 100}


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize("order", ["bo cy di", "di cy bo", "cy bo di"])
def test_a_bonus_of_a_group_is_compared_on_the_event_of_the_friend_who_makes_the_number(order):
    bonus = {
        "key": "bonus",
        "kind": "milestone",
        "settings": {"steps": [{"friends": 2, "amount": 900}], "currency": "USD"},
    }
    with write_transaction() as session:
        published(session, {**bonus, "exclusive": "one"}, {"key": "share", "exclusive": "one"})
        _ada, friends = friends_of_ada(session, 3)
        costs = dict(zip(["bo", "cy", "di"], ["10.00 USD", "60.00 USD", "10.00 USD"], strict=True))
        for who in order.split():
            number = list(costs).index(who)
            buy(session, friends[number], costs[who], event_id=who, at=NOON + number * DAY, now=LATER)
        # The second friend's share is worth more than the bonus.
        assert kept(session) == {"bo": 200, "cy": 1200, "di": 200}


DEAR = {"all": [{"field": "amount", "op": ">=", "value": 5000, "currency": "USD"}]}


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize("whole", [False, True])
def test_what_is_left_of_a_friend_who_does_not_count_follows_those_who_do(whole):
    """Of what a refund has left, which meets the conditions no more, a share stays; the one who paid is one of them."""
    from_two = {"steps": [{"friends": 2, "percent": "10"}], "whole_period": whole}
    with write_transaction() as session:
        publish(session, key="rule", kind="tiered_percent", settings=from_two, when=DEAR)
        _ada, (bo, cy, di) = friends_of_ada(session, 3)
        buy(session, bo, "100.00 USD", event_id="bo", at=NOON + DAY)
        buy(session, cy, "100.00 USD", event_id="cy", at=NOON + 2 * DAY)
        refund(session, "60.00 USD", of="cy", event_id="part", at=NOON + 3 * DAY)
        assert kept(session) == {"cy": 400}
        told = replay(session, program(session))
        assert by_rule(told) == {("rule", "USD"): 400}
        refund(session, of="bo", event_id="all", at=NOON + 4 * DAY)
        assert kept(session) == {}
        buy(session, di, "100.00 USD", event_id="di", at=NOON, now=LATER)
        assert kept(session) == {"cy": 400}


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_friend_who_counts_no_more_is_again_one_of_those_of_a_later_period():
    monthly = {"steps": [{"friends": 2, "percent": "10"}], "period": "month", "whole_period": True}
    with write_transaction() as session:
        publish(session, key="rule", kind="tiered_percent", settings=monthly, when=DEAR)
        _ada, (bo, cy) = friends_of_ada(session, 2)
        buy(session, bo, "100.00 USD", event_id="before", at=NOON - 40 * DAY)
        buy(session, bo, "100.00 USD", event_id="bo", at=NOON)
        refund(session, "60.00 USD", of="bo", event_id="part", at=NOON + DAY)
        buy(session, cy, "100.00 USD", event_id="cy", at=NOON + DAY)
        assert kept(session) == {}
        refund(session, of="before", event_id="all", at=NOON + 2 * DAY)
        assert kept(session) == {"bo": 400}
        assert by_rule(replay(session, program(session))) == {("rule", "USD"): 400}


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize("whole", [False, True], ids=["until then", "whole period"])
@pytest.mark.parametrize("refunded", ["first", "last"])
def test_who_pays_is_one_of_the_friends_also_where_refunds_leave_too_little_to_count(whole, refunded):
    steps = {"steps": [{"friends": 2, "percent": "10"}, {"friends": 3, "percent": "20"}], "whole_period": whole}
    dear = {"all": [{"field": "amount", "op": ">=", "value": 5000, "currency": "USD"}]}
    with write_transaction() as session:
        publish(session, key="tiers", kind="tiered_percent", settings=steps, when=dear)
        _ada, (bo, cy, di, *_rest) = friends_of_ada(session)
        buy(session, bo, "100.00 USD", event_id="bo", at=NOON + 3 * DAY)
        if refunded == "first":
            refund(session, "60.00 USD", of="bo", at=NOON + 4 * DAY)
        buy(session, cy, "100.00 USD", event_id="cy", at=NOON + DAY, now=LATER)
        if refunded == "last":
            refund(session, "60.00 USD", of="bo", at=LATER)
        # Of Bo's purchase 40.00 USD are left, for which Cy and he himself are two.
        assert kept(session)["bo"] == 400
        buy(session, di, "100.00 USD", event_id="di", at=NOON + 2 * DAY, now=LATER)
        assert kept(session)["bo"] == 800
        refund(session, of="cy", event_id="ref_2", at=LATER + DAY)
        assert kept(session)["bo"] == 400
        refund(session, of="di", event_id="ref_3", at=LATER + DAY)
        assert kept(session) == {}
