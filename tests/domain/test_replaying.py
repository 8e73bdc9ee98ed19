"""Replays decide without words: what they say has to be what the rules say in words."""

from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import money
from tests.factories import NOON
from webapp.config import ROOT
from webapp.domain.conditions import read_conditions
from webapp.domain.facts import Earned, Facts, Used
from webapp.domain.limits import SCOPES, read_limits
from webapp.domain.money import Money
from webapp.domain.periods import PERIODS, Window
from webapp.domain.replaying.deciding import worth_of
from webapp.domain.replaying.editions import Asked, Edition, History, Live, with_draft
from webapp.domain.replaying.happened import Happened, Refunded
from webapp.domain.replaying.quick_conditions import quick
from webapp.domain.replaying.replay import Replay
from webapp.domain.replaying.room import kept_after_refunds
from webapp.domain.replaying.told import Pair

DAY = timedelta(days=1)
CURRENCIES = ("USD", "EUR")

_AMOUNTS = st.builds(
    lambda op, value, currency: {"field": "amount", "op": op, "value": value, "currency": currency},
    st.sampled_from(("=", "!=", ">=", ">", "<=", "<")),
    st.integers(0, 4),
    st.sampled_from(CURRENCIES),
)
_NUMBERS = st.builds(
    lambda op, value: {"field": "nth_purchase", "op": op, "value": value},
    st.sampled_from(("=", "!=", ">=", "<")),
    st.integers(1, 4),
)
_DETAILS = st.builds(
    lambda op, value: {"field": "metadata.plan", "op": op, "value": value},
    st.sampled_from(("=", "!=")),
    st.sampled_from(("pro", "team", 1, True)),
)
_LISTS = st.builds(
    lambda field, op, value: {"field": field, "op": op, "value": value},
    st.just("metadata.plan"),
    st.sampled_from(("in", "not_in")),
    st.sampled_from((["pro"], ["pro", "team"], [1, 2])),
)
_CONDITIONS = st.lists(st.one_of(_AMOUNTS, _NUMBERS, _DETAILS, _LISTS), min_size=1, max_size=3)
WHEN = st.one_of(
    st.builds(lambda all_of: {"all": all_of}, _CONDITIONS),
    st.builds(lambda any_of: {"any": any_of}, _CONDITIONS),
    st.builds(lambda all_of, any_of: {"all": all_of, "any": any_of}, _CONDITIONS, _CONDITIONS),
)
FACTS = st.builds(
    lambda amount, nth, details: Facts("purchase", NOON, amount, nth, details),
    st.none() | st.builds(Money, st.integers(0, 4), st.sampled_from(CURRENCIES)),
    st.integers(1, 4),
    st.dictionaries(st.just("plan"), st.sampled_from(("pro", "team", "free", 1, 2, True, None)), max_size=1),
)
LIMIT = st.one_of(
    st.builds(lambda count, period: {"count": count, "period": period}, st.integers(1, 3), st.sampled_from(PERIODS)),
    st.builds(
        lambda amount, currency, period: {"amount": amount, "currency": currency, "period": period},
        st.integers(1, 9),
        st.sampled_from(CURRENCIES),
        st.sampled_from(PERIODS),
    ),
)


@given(WHEN, FACTS)
def test_conditions_without_words_say_what_they_say_in_words(when, facts):
    conditions = read_conditions(when)
    assert quick(conditions)(facts) is (conditions.check(facts).unmet is None)


@given(
    st.dictionaries(st.sampled_from(SCOPES), LIMIT, min_size=1),
    st.builds(Money, st.integers(1, 12), st.sampled_from(CURRENCIES)),
    st.integers(0, 12),
)
def test_limits_without_words_leave_what_they_leave_in_words(limits, reward, used):
    read = read_limits(limits)
    said = read.apply(Earned(reward, ()), {scope: Used(used, Window()) for scope in SCOPES})
    left = reward.minor
    for limit in read.each:
        left = limit.leaves(left, reward.currency, used)
    assert left == (said.amount.minor if isinstance(said, Earned) else 0)


@given(WHEN, FACTS, st.sampled_from((None, -1, 0, 1)), st.sampled_from((None, -1, 0, 1)))
def test_what_a_rule_is_worth_without_words_is_what_it_says_in_words(when, facts, starts, ends):
    ends = None if ends is None or (starts is not None and ends <= starts) else NOON + ends * DAY
    starts = None if starts is None else NOON + starts * DAY
    moments = {name: at for name, at in (("starts_at", starts), ("ends_at", ends)) if at is not None}
    rule = money.rule(when=when, **moments)
    said = rule.worth(facts)
    asked = Asked(0, Edition(1, NOON, True, rule), quick(rule.when))
    assert worth_of(asked, facts) == (said.amount if isinstance(said, Earned) else None)


def test_a_draft_takes_the_place_of_its_rule_from_its_day_on_and_other_rules_stay():
    first, second, third = (Edition(number, NOON + number * DAY, True, money.rule()) for number in (1, 2, 3))
    other = History("other", (first,))
    (changed, same) = with_draft(
        [History("twenty-percent", (first, second, third)), other], [money.rule()], NOON + 2 * DAY
    )
    assert [(one.number, one.live_from) for one in changed.editions] == [(1, NOON + DAY), (None, NOON + 2 * DAY)]
    assert same is other
    (*_before, new) = with_draft([other], [money.rule(key="new")], NOON)
    assert (new.key, new.editions[0].live_from) == ("new", NOON)


def test_what_is_live_changes_at_the_very_moment():
    paused = Edition(2, NOON, False, money.rule())
    live = Live([History("twenty-percent", (Edition(1, NOON - DAY, True, money.rule()), paused))])
    a_moment_before = NOON - timedelta(microseconds=1)
    at = [NOON - 2 * DAY, NOON - DAY, a_moment_before, NOON]
    assert [[one.edition.number for one in live.at(moment, "purchase")] for moment in at] == [[], [1], [1], []]
    assert list(live.at(NOON, "signup")) == []


@given(st.integers(1, 500), st.lists(st.integers(1, 60), min_size=1, max_size=5))
def test_what_is_kept_after_refunds_never_rises_and_ends_where_one_refund_would(granted, parts):
    parts = parts if sum(parts) <= 100 else [100]
    bought = _bought(amount=100, refunds=tuple(Refunded(NOON, minor) for minor in parts))
    edition = Edition(1, NOON, True, money.rule())
    kept = [minor for _at, minor in kept_after_refunds(granted, edition, Facts("purchase", NOON), bought)]
    assert kept == sorted(kept, reverse=True)
    left = Fraction(granted * (100 - sum(parts)), 100)
    assert kept[-1] == int(left + Fraction(1, 2))


@given(
    st.lists(
        st.tuples(
            st.integers(0, 3), st.integers(1, 9_000), st.sampled_from(CURRENCIES), st.none() | st.integers(1, 99)
        ),
        max_size=25,
    ),
    st.integers(1, 5_000),
)
def test_the_parts_of_the_difference_add_up_to_it(purchases, most):
    limits = {"per_referrer": {"amount": most, "currency": "USD", "period": "month"}}
    rules = [History("twenty-percent", (Edition(1, NOON - DAY, True, money.rule()),))]
    draft = with_draft(rules, [money.rule(settings={"percent": "30", "first_purchases": 2}, limits=limits)], NOON)
    replay = Replay(rules, draft, since=NOON, until=NOON + 90 * DAY, time_zone="UTC", currency="USD")
    for number, (friend, amount, currency, refund) in enumerate(purchases):
        at = NOON + number * DAY
        refunds = () if refund is None else (Refunded(at + 2 * DAY, amount * refund // 100),)
        replay.take([_bought(friend=friend, amount=amount, currency=currency, at=at, refunds=refunds)])
    told = replay.result()
    for pair in told.totals:
        assert sum(part.minor for part in told.steps if part.currency == pair.currency) == pair.difference
        sums = [one.pair for one in told.months if one.pair.currency == pair.currency]
        assert (sum(one.paid for one in sums), sum(one.draft for one in sums)) == (pair.paid, pair.draft)
        people = [one.pair for one in told.referrers if one.pair.currency == pair.currency]
        assert (sum(one.paid for one in people), sum(one.draft for one in people)) == (pair.paid, pair.draft)


def test_the_example_of_the_documentation_is_true():
    limits = {"per_referrer": {"amount": 1200, "currency": "USD", "period": "month"}}
    rules = [History("twenty-percent", (Edition(1, NOON - DAY, True, money.rule()),))]
    draft = with_draft(rules, [money.rule(settings={"percent": "30", "first_purchases": 1}, limits=limits)], NOON)
    replay = Replay(rules, draft, since=NOON, until=NOON + DAY, time_zone="UTC", currency="USD")
    replay.take([_bought(amount=5000)])
    told = replay.result()
    parts = {part.step: f"{part.minor / 100:+.2f}".replace("-", "−") for part in told.steps}
    said = f"first purchases **{parts['first_purchases']}**, limits **{parts['limits']}**"
    assert f"{said}, together **{told.totals[0].difference / 100:+.2f}**" in (ROOT / "docs/rules-lab.md").read_text()


def test_a_signup_counts_once_and_what_is_outside_of_the_period_is_not_summed():
    rule = money.rule(**{**money.TEN_DOLLARS, "trigger": "signup"})
    rules = [History(rule.key, (Edition(1, NOON - DAY, True, rule),))]
    replay = Replay(rules, rules, since=NOON, until=NOON + 2 * DAY, time_zone="UTC", currency="USD")
    for friend, days in (("old", -1), ("new", 0), ("old", 1), ("new", 1), ("late", 2)):
        replay.take([_bought(friend=friend, type="signup", amount=None, currency=None, at=NOON + days * DAY)])
    told = replay.result()
    assert told.totals == (Pair("USD", 1000, 1000),)
    assert (told.counts.conversions, told.counts.before) == (3, 2)


@pytest.mark.parametrize(("more", "kept"), [(9, 9), (10, 10), (30, 10)])
def test_the_ten_that_change_most_are_kept_the_earlier_of_those_that_change_as_much(more, kept):
    rules = [History("twenty-percent", (Edition(1, NOON, True, money.rule()),))]
    draft = with_draft(rules, [money.rule(settings={"percent": "30"})], NOON)
    replay = Replay(rules, draft, since=NOON, until=NOON + DAY, time_zone="UTC", currency="USD")
    amounts = [1000 + 100 * (number // 2) for number in range(more)]
    for number, amount in enumerate(amounts):
        replay.take([_bought(friend=number, amount=amount, at=NOON + timedelta(minutes=number))])
    changed = replay.result().changed
    expected = sorted(range(more), key=lambda number: (-amounts[number], number))[:kept]
    assert [one.friend for one in changed] == expected


def _bought(*, friend="bob", amount=5000, currency="USD", at=NOON, type="purchase", refunds=()):
    return Happened("id", "evt_1", None, type, friend, "ada", amount, currency, at, None, refunds)


def test_a_coupon_has_no_amount_and_is_left_out():
    coupon = {"key": "coupon", "kind": "coupon_from_pool", "settings": {"pool": "autumn"}, "reward": "coupon"}
    asked = Asked(0, Edition(1, NOON, True, money.rule(**coupon)), None)
    assert worth_of(asked, Facts("purchase", NOON, Money(5000, "USD"), 1)) is None
