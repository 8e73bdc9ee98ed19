"""Lists of steps by number of friends, and the kinds that have them."""

import pytest

from webapp.domain.friend_steps import AmountSteps, PercentSteps
from webapp.domain.registry import KINDS, SettingError, counting_of, plain_settings, read_settings
from webapp.domain.rule_words import reward_words
from webapp.domain.sentences import plain

TIERS = {"steps": [{"friends": 1, "percent": "10"}, {"friends": 10, "percent": "15"}]}
BONUSES = {"steps": [{"friends": 3, "amount": 1000}, {"friends": 10, "amount": 5000}], "currency": "USD"}


@pytest.mark.parametrize(
    ("steps", "problem"),
    [
        ("10", "must be a list of 1 to 20 steps"),
        ([], "must be a list of 1 to 20 steps"),
        ([{"friends": 1, "percent": "10"}] * 21, "must be a list of 1 to 20 steps"),
        ([{"friends": 1}], "must hold friends and percent in step 1"),
        ([{"friends": 1, "percent": "10", "amount": 5}], "must hold friends and percent in step 1"),
        ([7], "must hold friends and percent in step 1"),
        ([{"friends": 0, "percent": "10"}], "in step 1 a whole number of friends from 1 to 1000000"),
        ([{"friends": True, "percent": "10"}], "in step 1 a whole number of friends"),
        ([{"friends": "3", "percent": "10"}], "in step 1 a whole number of friends"),
        (
            [{"friends": 3, "percent": "10"}, {"friends": 3, "percent": "9"}],
            "step 2 is at 3 friends, the one before at 3",
        ),
        ([{"friends": 3, "percent": 10}], "is wrong in step 1: percent must be a percentage as text"),
        ([{"friends": 3, "percent": "101"}], "is wrong in step 1: percent must be a percentage as text"),
    ],
)
def test_a_wrong_step_is_named(steps, problem):
    with pytest.raises(SettingError) as error:
        read_settings(KINDS["tiered_percent"], {"steps": steps})
    assert problem in error.value.problem
    assert error.value.field == "settings.steps"


@pytest.mark.parametrize("amount", [0, -5, 1.5, "10", True])
def test_a_wrong_bonus_is_named(amount):
    with pytest.raises(SettingError, match="is wrong in step 1: amount must be in minor units"):
        read_settings(KINDS["milestone"], {**BONUSES, "steps": [{"friends": 3, "amount": amount}]})


@pytest.mark.parametrize(("kind", "settings"), [("tiered_percent", TIERS), ("milestone", BONUSES)])
def test_settings_are_written_as_they_are_read(kind, settings):
    rule = read_settings(KINDS[kind], settings)
    written = plain_settings(rule)
    assert written.items() >= settings.items()
    assert read_settings(KINDS[kind], written) == rule


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [({"period": "fortnight"}, "settings.period"), ({"whole_period": "yes"}, "settings.whole_period")],
)
def test_a_wrong_period_is_named(settings, wrong):
    with pytest.raises(SettingError) as error:
        read_settings(KINDS["tiered_percent"], {**TIERS, **settings})
    assert error.value.field == wrong


def test_the_highest_step_that_is_reached_counts():
    steps = PercentSteps.read([{"friends": 2, "percent": "5"}, {"friends": 4, "percent": "7"}])
    assert [steps.at(friends) and steps.at(friends)[1].text for friends in range(1, 6)] == [None, "5", "5", "7", "7"]


def test_a_bonus_is_at_exactly_one_number():
    steps = AmountSteps.read(BONUSES["steps"])
    assert [steps.at(friends) for friends in (2, 3, 4, 10, 11)] == [None, 1000, None, 5000, None]
    assert [steps.after(friends) for friends in (2, 3, 10)] == [3, 10, None]


def test_kinds_say_how_they_count():
    tiers = read_settings(KINDS["tiered_percent"], TIERS)
    whole = read_settings(KINDS["tiered_percent"], {**TIERS, "whole_period": True, "period": "month"})
    bonus = read_settings(KINDS["milestone"], BONUSES)
    fixed = read_settings(KINDS["fixed_amount"], {"amount": 5, "currency": "USD"})
    assert [
        counting_of(one) and (counting_of(one).of, counting_of(one).period) for one in (tiers, whole, bonus, fixed)
    ] == [
        ("until", "lifetime"),
        ("period", "month"),
        ("reached", "lifetime"),
        None,
    ]
    assert counting_of(bonus).steps == (3, 10)


@pytest.mark.parametrize(
    ("kind", "settings", "words"),
    [
        (
            "tiered_percent",
            {**TIERS, "period": "month"},
            "a share of what the friend pays (10% from one friend on, 15% from 10 friends on, counted anew each month)",
        ),
        ("milestone", BONUSES, "a bonus (10.00 USD at 3 friends, 50.00 USD at 10 friends, counted from the first on)"),
    ],
)
def test_kinds_say_what_they_pay(kind, settings, words):
    assert plain(reward_words(read_settings(KINDS[kind], settings))) == words
