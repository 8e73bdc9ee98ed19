"""Rules in words, what differs between two of them, and the cases that are worth a look."""

from datetime import UTC, datetime

import pytest

from tests.money import rule
from webapp.domain.facts import Earned, facts
from webapp.domain.registry import KINDS, paying_example
from webapp.domain.rule_examples import MOST_CASES, more_cases, with_friends
from webapp.domain.rule_words import conditions_of, differences, limits_of, parts_of, rule_sentence, unchanged
from webapp.domain.sentences import plain

FIXED = {"kind": "fixed_amount", "settings": {"amount": 500, "currency": "USD"}}
AMOUNT = {"field": "amount", "op": ">=", "value": 2000, "currency": "USD"}
PLAN = {"field": "metadata.plan", "op": "in", "value": ["pro", "team"]}
START = datetime(2027, 1, 1, 9, tzinfo=UTC)


def words(sentences):
    return [plain(sentence) for sentence in sentences]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {},
            "When a friend makes a purchase, the referrer gets 20% of what the friend pays, "
            "for their first 12 purchases.",
        ),
        (
            {"settings": {"percent": "20", "first_purchases": 1}},
            "When a friend makes a purchase, the referrer gets 20% of what the friend pays, "
            "for their first purchase only.",
        ),
        (FIXED | {"trigger": "signup", "beneficiary": "friend"}, "When a friend joins, the friend gets 5.00 USD."),
        (FIXED | {"trigger": "renewal"}, "When a friend renews, the referrer gets 5.00 USD."),
        (FIXED | {"trigger": "trial"}, "When “trial” is reported of a friend, the referrer gets 5.00 USD."),
    ],
    ids=str,
)
def test_a_rule_is_said_in_one_sentence(changes, sentence):
    assert plain(rule_sentence(rule(**changes))) == sentence


def test_conditions_and_limits_are_said_one_by_one():
    whole = rule(
        when={
            "all": [AMOUNT, PLAN, {"field": "metadata.zip", "op": "=", "value": "10"}],
            "any": [
                {"field": "metadata.boxes", "op": "=", "value": 10},
                {"field": "nth_purchase", "op": "in", "value": [1, 3]},
            ],
        },
        limits={
            "per_referrer": {"count": 1, "period": "month"},
            "program": {"amount": 5000, "currency": "JPY", "period": "lifetime"},
        },
    )
    assert words(conditions_of(whole)) == [
        "The amount is at least 20.00 USD",
        "The detail “plan” is one of “pro”, “team”",
        "The detail “zip” is “10”",
        "One of several: The detail “boxes” is 10",
        "One of several: The number of the purchase is one of 1, 3",
    ]
    assert words(limits_of(whole)) == [
        "At most one reward a month for each referrer",
        "At most 5000 JPY in all for the whole program",
    ]
    assert conditions_of(rule()) == limits_of(rule()) == ()


@pytest.mark.parametrize(
    ("change", "label", "gone", "new"),
    [
        ({"name": "Other"}, "Name", ["20% of each purchase"], ["Other"]),
        ({"trigger": "signup"}, "When", ["When a friend makes a purchase"], ["When a friend joins"]),
        ({"hold_days": 0}, "Hold", ["Held as long as the program says"], ["Not held: ready at once"]),
        ({"hold_days": 1}, "Hold", ["Held as long as the program says"], ["Held for one day"]),
        ({"starts_at": START}, "Dates", [], ["From 2027-01-01 09:00:00+00:00"]),
        ({"when": {"all": [AMOUNT]}}, "Conditions", [], ["The amount is at least 20.00 USD"]),
        (
            {"limits": {"program": {"count": 5, "period": "day"}}},
            "Limits",
            [],
            ["At most 5 rewards a day for the whole program"],
        ),
    ],
    ids=str,
)
def test_what_differs_is_said_thing_by_thing(change, label, gone, new):
    (difference,) = differences(rule(), rule(**change))
    assert (difference.label, words(difference.gone), words(difference.new)) == (label, gone, new)
    assert label not in unchanged(rule(), rule(**change))
    (back,) = differences(rule(**change), rule())
    assert (words(back.gone), words(back.new)) == (new, gone)


def test_of_several_conditions_only_what_differs_is_said():
    before = rule(when={"all": [AMOUNT, PLAN]})
    after = rule(when={"all": [PLAN], "any": [{"field": "currency", "op": "=", "value": "USD"}]})
    (difference,) = differences(before, after)
    assert words(difference.gone) == ["The amount is at least 20.00 USD"]
    assert words(difference.new) == ["The currency is USD"]


def test_another_kind_is_another_pay():
    (difference,) = differences(rule(), rule(**FIXED))
    assert words(difference.new) == ["The referrer gets 5.00 USD"]
    assert differences(rule(), rule()) == []
    assert unchanged(rule(), rule()) == ["Name", "What it pays", "Form of the reward", "When", "Hold"]
    assert [part.label for part in parts_of(rule()) if not part.says] == [
        "Conditions",
        "Limits",
        "Group",
        "Dates",
    ]


def test_a_number_and_a_text_that_look_alike_differ_in_words():
    one, other = (rule(when={"all": [{"field": "metadata.n", "op": "=", "value": value}]}) for value in (1, "1"))
    assert len(differences(one, other)) == 1


def test_every_kind_has_words_and_labels_and_an_example_that_pays():
    for kind in KINDS.values():
        assert all(setting.label for setting in kind.fields)
        settings, about, earned = paying_example(kind)
        assert settings.reward(about) == earned


def test_more_cases_are_where_the_answer_changes():
    known = rule(when={"all": [AMOUNT, PLAN]})
    cases = more_cases(known, facts(amount="42.00 USD", details={"plan": "pro"}))
    assert [(plain(case.about), getattr(case.answer, "code", "")) for case in cases] == [
        ("42.00 USD, purchase 2", "earned"),
        ("42.00 USD, purchase 13", "purchase_limit"),
        ("19.99 USD, purchase 1", "condition_false"),
        ("42.00 EUR, purchase 1", "currency_differs"),
        ("“plan” is something else, or not reported", "condition_false"),
    ]


@pytest.mark.parametrize(
    ("condition", "about"),
    [
        (AMOUNT | {"op": ">"}, "20.00 USD, purchase 1"),
        (AMOUNT | {"op": "<=", "value": 4300}, "43.01 USD, purchase 1"),
        (AMOUNT | {"op": "<", "value": 4300}, "43.00 USD, purchase 1"),
        ({"field": "nth_purchase", "op": "<=", "value": 3}, "42.00 USD, purchase 4"),
        ({"field": "currency", "op": "=", "value": "USD"}, "42.00 EUR, purchase 1"),
    ],
    ids=str,
)
def test_a_case_stands_just_beyond_each_condition(condition, about):
    cases = more_cases(rule(when={"all": [condition]}), facts(amount="42.00 USD"))
    assert about in [plain(case.about) for case in cases if getattr(case.answer, "code", "") != "earned"]


def test_a_signup_has_no_second_one_and_many_conditions_make_no_long_list():
    assert more_cases(rule(**FIXED, trigger="signup"), facts(type="signup")) == ()
    many = [AMOUNT | {"value": 100 * number} for number in range(1, 15)]
    assert len(more_cases(rule(when={"all": many}), facts(amount="42.00 USD"))) == MOST_CASES


def test_a_rule_says_the_group_of_which_only_one_pays():
    alone, grouped = rule(), rule(exclusive="purchase-bonus")
    (group,) = [part for part in parts_of(grouped) if part.label == "Group"]
    assert words(group.says) == ["Of the rules in “purchase-bonus” only the one worth most pays"]
    (change,) = differences(alone, grouped)
    assert (change.label, words(change.gone), words(change.new)) == ("Group", [], words(group.says))
    assert differences(grouped, rule(exclusive="purchase-bonus")) == []


TIERS = {
    "kind": "tiered_percent",
    "settings": {"steps": [{"friends": 3, "percent": "10"}, {"friends": 10, "percent": "15"}]},
}
BONUSES = {
    "kind": "milestone",
    "settings": {"steps": [{"friends": 1, "amount": 500}, {"friends": 3, "amount": 1000}], "currency": "USD"},
}


@pytest.mark.parametrize(
    ("kind", "known", "expected"),
    [
        (
            TIERS,
            facts(amount="50.00 USD", friends=4),
            [
                ("With 2 friends who count", "step_not_reached"),
                ("With 3 friends who count", "5.00 USD"),
                ("With 10 friends who count", "7.50 USD"),
                ("50.00 USD, purchase 2", "5.00 USD"),
            ],
        ),
        (
            BONUSES,
            facts(amount="50.00 USD", friends=1),
            [("With 3 friends who count", "10.00 USD"), ("50.00 USD, purchase 2", "not_one_more")],
        ),
        (
            BONUSES | {"trigger": "signup"},
            facts(type="signup", friends=3),
            [("With one friend who counts", "5.00 USD")],
        ),
    ],
    ids=str,
)
def test_more_cases_of_a_kind_that_counts_friends_are_its_steps(kind, known, expected):
    cases = more_cases(rule(**kind), known)
    answers = [str(case.answer.amount) if isinstance(case.answer, Earned) else case.answer.code for case in cases]
    assert list(zip(words(case.about for case in cases), answers, strict=True)) == expected


def test_a_friend_is_one_more_unless_they_counted_before():
    bonuses = rule(**BONUSES)
    assert with_friends(rule(), facts(), 3).friends is None
    assert with_friends(bonuses, facts(nth_purchase=1), 3).is_new_friend
    assert not with_friends(bonuses, facts(nth_purchase=2), 3).is_new_friend
    third = rule(**BONUSES, when={"all": [{"field": "nth_purchase", "op": ">=", "value": 3}]})
    assert [with_friends(third, facts(nth_purchase=nth), 3).is_new_friend for nth in (3, 4, 900_000)] == [
        *(True, False, False)
    ]
    # An account is opened once.
    assert with_friends(rule(**BONUSES, trigger="signup"), facts(type="signup", nth_purchase=2), 3).is_new_friend


@pytest.mark.parametrize(
    ("reward", "says"),
    [
        ("cash", "When a friend makes a purchase, the referrer gets 5.00 USD."),
        ("credit", "When a friend makes a purchase, the referrer gets 5.00 USD as store credit."),
        ("custom", "When a friend makes a purchase, the referrer gets 5.00 USD in kind."),
    ],
)
def test_a_rule_says_what_it_pays_with(reward, says):
    assert plain(rule_sentence(rule(**FIXED, reward=reward))) == says
