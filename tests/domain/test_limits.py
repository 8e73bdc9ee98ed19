"""The limits of a rule: read, refused, and what they leave of a reward."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.facts import Earned, Used
from webapp.domain.limits import Limit, read_limits
from webapp.domain.money import LARGEST, Money
from webapp.domain.periods import PERIODS, Window
from webapp.domain.registry import SettingError
from webapp.domain.sentences import Sentence, plain

FIVE_A_MONTH = {"count": 5, "period": "month"}
ONE_A_DAY = {"count": 1, "period": "day"}
HUNDRED_IN_ALL = {"amount": 10_000, "currency": "USD", "period": "lifetime"}
TWENTY_A_WEEK = {"amount": 2_000, "currency": "USD", "period": "week"}
YEN = {"amount": 500, "currency": "JPY", "period": "year"}
MONTH = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))

# The limits, what was used of each, a reward, and what is paid of it.
EXAMPLES = [
    ({"per_referrer": FIVE_A_MONTH}, {"per_referrer": 0}, "10.00 USD", "10.00 USD"),
    ({"per_referrer": FIVE_A_MONTH}, {"per_referrer": 4}, "10.00 USD", "10.00 USD"),
    ({"per_referrer": FIVE_A_MONTH}, {"per_referrer": 5}, "10.00 USD", "limit_reached"),
    ({"per_referrer": FIVE_A_MONTH}, {"per_referrer": 9}, "10.00 USD", "limit_reached"),
    ({"per_referrer": FIVE_A_MONTH}, {"per_referrer": 4}, "500 JPY", "500 JPY"),
    ({"program": HUNDRED_IN_ALL}, {"program": 9_000}, "10.00 USD", "10.00 USD"),
    ({"program": HUNDRED_IN_ALL}, {"program": 9_001}, "10.00 USD", "9.99 USD"),
    ({"program": HUNDRED_IN_ALL}, {"program": 9_999}, "10.00 USD", "0.01 USD"),
    ({"program": HUNDRED_IN_ALL}, {"program": 10_000}, "10.00 USD", "limit_reached"),
    ({"program": HUNDRED_IN_ALL}, {"program": 20_000}, "10.00 USD", "limit_reached"),
    ({"program": HUNDRED_IN_ALL}, {"program": 0}, "10.00 EUR", "currency_differs"),
    ({"program": HUNDRED_IN_ALL}, {"program": 0}, "250.00 USD", "100.00 USD"),
    ({"program": YEN}, {"program": 499}, "3 JPY", "1 JPY"),
    # Of two limits the one that leaves less counts.
    (
        {"per_referrer": TWENTY_A_WEEK, "program": HUNDRED_IN_ALL},
        {"per_referrer": 500, "program": 9000},
        "20.00 USD",
        "10.00 USD",
    ),
    (
        {"per_referrer": TWENTY_A_WEEK, "program": HUNDRED_IN_ALL},
        {"per_referrer": 1500, "program": 9000},
        "20.00 USD",
        "5.00 USD",
    ),
    (
        {"per_referrer": ONE_A_DAY, "program": HUNDRED_IN_ALL},
        {"per_referrer": 0, "program": 9500},
        "7.00 USD",
        "5.00 USD",
    ),
    (
        {"per_referrer": ONE_A_DAY, "program": HUNDRED_IN_ALL},
        {"per_referrer": 1, "program": 0},
        "7.00 USD",
        "limit_reached",
    ),
]


def apply(table, used, reward):
    earned = Earned(Money.parse(reward), (Sentence("Arithmetic."),))
    return read_limits(table).apply(earned, {scope: Used(count, MONTH) for scope, count in used.items()})


@pytest.mark.parametrize(("table", "used", "reward", "answer"), EXAMPLES, ids=str)
def test_what_limits_leave_of_a_reward(table, used, reward, answer):
    found = apply(table, used, reward)
    assert (str(found.amount) if isinstance(found, Earned) else found.code) == answer
    if isinstance(found, Earned):
        assert found.code == ("earned" if answer == reward else "limit_cut")
        assert len(found.because) == (1 if answer == reward else 2)


def test_nothing_is_used_of_what_nobody_counted():
    limits = read_limits({"per_referrer": ONE_A_DAY})
    assert limits.apply(Earned(Money(5, "USD"), ()), {}).amount == Money(5, "USD")


@pytest.mark.parametrize(
    ("table", "used", "reward", "words"),
    [
        (
            {"per_referrer": FIVE_A_MONTH},
            {"per_referrer": 5},
            "1.00 USD",
            "At most 5 rewards a month for each referrer; used before this one: 5.",
        ),
        (
            {"program": ONE_A_DAY},
            {"program": 1},
            "1.00 USD",
            "At most one reward a day for the whole program; used before this one: 1.",
        ),
        (
            {"program": HUNDRED_IN_ALL},
            {"program": 10_000},
            "1.00 USD",
            "At most 100.00 USD in all for the whole program; used before this one: 100.00 USD.",
        ),
        (
            {"per_referrer": TWENTY_A_WEEK},
            {"per_referrer": 1_950},
            "1.00 USD",
            "At most 20.00 USD a week for each referrer; used before this one: 19.50 USD, so 0.50 USD are paid.",
        ),
        (
            {"program": HUNDRED_IN_ALL},
            {},
            "1.00 EUR",
            "The reward is in EUR and the limit, 100.00 USD, in another currency, so nothing is paid.",
        ),
    ],
)
def test_what_a_limit_says(table, used, reward, words):
    found = apply(table, used, reward)
    assert plain(found.because[-1] if isinstance(found, Earned) else found.because) == words


def test_what_was_used_and_what_is_left_can_be_shown():
    limits = read_limits({"per_referrer": FIVE_A_MONTH, "program": HUNDRED_IN_ALL})
    first, second = limits.check(Money(1000, "USD"), {"per_referrer": Used(7, MONTH), "program": Used(9_500, Window())})
    assert (first.limit.scope, first.outcome, first.used, first.left, first.pays) == (
        *("per_referrer", "limit_reached", 7, 0, None),
    )
    assert (second.limit.scope, second.outcome, second.used, second.left, second.pays) == (
        *("program", "limit_cut", 9_500, 500, Money(500, "USD")),
    )


ODD = 'must be a table, as in { count = 5, period = "month" }'
CURRENCY = 'must be the three capital letters of a currency that is legal tender today, as in "USD"'


@pytest.mark.parametrize(
    ("table", "field", "problem"),
    [
        ({}, "limits", "must be a table, as in { per_referrer = "),
        ([], "limits", "must be a table, as in { per_referrer = "),
        ({"per_friend": ONE_A_DAY}, "limits.per_friend", "is not a limit, which is per_referrer or program"),
        ({"program": 5}, "limits.program", ODD),
        ({"program": {**ONE_A_DAY, "hours": 1}}, "limits.program.hours", "is not part of a limit, which has count,"),
        ({"program": {"period": "day"}}, "limits.program", "must have either count or amount with its currency"),
        ({"program": {**ONE_A_DAY, **YEN}}, "limits.program", "must have either count or amount with its currency"),
        ({"program": {"count": 1}}, "limits.program.period", "is missing"),
        ({"program": {**ONE_A_DAY, "currency": "USD"}}, "limits.program.currency", "goes with an amount only"),
        ({"program": {"amount": 1, "period": "day"}}, "limits.program.currency", "is missing; an amount never"),
        ({"program": {**YEN, "currency": "yen"}}, "limits.program.currency", CURRENCY),
        *(
            ({"program": {"count": 1, "period": period}}, "limits.program.period", "must be day or week or month or")
            for period in ("hour", "Day", 1, None)
        ),
        *(
            ({"per_referrer": {"count": count, "period": "day"}}, "limits.per_referrer.count", "must be a whole number")
            for count in (0, -1, 1.0, "5", True, None, 1_000_001)
        ),
        *(
            ({"program": {**YEN, "amount": amount}}, "limits.program.amount", "must be an amount in minor units, a")
            for amount in (0, -5, 1.5, "5", True, LARGEST + 1)
        ),
    ],
    ids=lambda value: str(value)[:50],
)
def test_a_wrong_limit_is_named(table, field, problem):
    with pytest.raises(SettingError) as caught:
        read_limits(table)
    assert caught.value.field == field
    assert caught.value.problem.startswith(problem)


LIMITS = st.builds(
    lambda count, period: {"count": count, "period": period}, st.integers(1, 9), st.sampled_from(PERIODS)
)
SUMS = st.builds(
    lambda amount, period: {"amount": amount, "currency": "USD", "period": period},
    st.integers(1, LARGEST),
    st.sampled_from(PERIODS),
)


@given(st.dictionaries(st.sampled_from(["per_referrer", "program"]), LIMITS | SUMS, min_size=1))
def test_limits_come_back_as_they_were_written(table):
    assert read_limits(table).table() == table
    assert read_limits(read_limits(table).table()) == read_limits(table)


@given(st.integers(1, 10**6), st.lists(st.integers(1, 10**6), max_size=20))
def test_what_is_paid_one_after_the_other_never_exceeds_a_limit(most, rewards):
    limit, used = Limit("program", "month", amount=Money(most, "USD")), 0
    for minor in rewards:
        check = limit.check(Money(minor, "USD"), used)
        assert (check.pays is None) == (check.left == 0)
        used += check.pays.minor if check.pays else 0
    assert used == min(most, sum(rewards))
