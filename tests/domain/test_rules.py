"""A reward rule as it is written: read, refused, stored, and asked what it pays."""

import json
import tomllib
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.facts import Earned, Facts, Used
from webapp.domain.money import EXPONENTS, LARGEST, Money, Percent
from webapp.domain.periods import Window
from webapp.domain.registry import KINDS, CurrencyCode, MinorUnits
from webapp.domain.reward_rules.fixed_amount import FixedAmount
from webapp.domain.reward_rules.percent_of_purchase import PercentOfPurchase
from webapp.domain.rules import RuleDefinition, RuleError, from_stored, read_rule, to_stored
from webapp.domain.sentences import plain

START = datetime(2026, 1, 1, tzinfo=UTC)
END = datetime(2027, 1, 1, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
FAR_EAST, FAR_WEST = timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))
EVERYTHING = """
key = "referrer-20-percent"
name = "20% of each purchase for a year"
trigger = "purchase"
beneficiary = "referrer"
kind = "percent_of_purchase"
settings = { percent = "20", first_purchases = 12 }
reward = "cash"
hold_days = 30
starts_at = 2026-01-01T00:00:00Z
ends_at = 2027-01-01T00:00:00Z
"""
WHEN_AND_LIMITS = """
[when]
all = [{ field = "amount", op = ">=", value = 5000, currency = "USD" }]
any = [{ field = "metadata.plan", op = "in", value = ["pro"] }, { field = "nth_purchase", op = "<", value = 3 }]
[limits]
per_referrer = { count = 5, period = "month" }
program = { amount = 1700, currency = "USD", period = "lifetime" }
"""
SHORTEST = {
    "key": "welcome",
    "name": "A welcome",
    "trigger": "signup",
    "beneficiary": "friend",
    "kind": "fixed_amount",
    "settings": {"amount": 500, "currency": "JPY"},
}

MOMENTS = st.builds(
    lambda microseconds, minutes: (START + timedelta(microseconds=microseconds)).astimezone(
        timezone(timedelta(minutes=minutes))
    ),
    st.integers(-(10**15), 10**15),
    st.integers(-14 * 60, 14 * 60),
)
ENDS = st.lists(MOMENTS, min_size=2, max_size=2, unique=True).map(sorted)
WORDS = st.text("abyz019", min_size=1, max_size=9)
PERCENTAGES = st.builds("{}.{:03d}".format, st.integers(1, 99), st.integers(0, 999)).map(Percent)
KINDS_WITH_SETTINGS = st.tuples(
    st.just("fixed_amount"),
    st.builds(
        FixedAmount,
        st.integers(1, LARGEST).map(MinorUnits),
        st.sampled_from(sorted(EXPONENTS)).map(CurrencyCode),
    ),
) | st.tuples(st.just("percent_of_purchase"), st.builds(PercentOfPurchase, PERCENTAGES, st.integers(1, 10**6)))
RULES = st.builds(
    lambda ends, keeps_start, keeps_end, kind, **others: RuleDefinition(
        kind=kind[0],
        settings=kind[1],
        starts_at=ends[0] if keeps_start else None,
        ends_at=ends[1] if keeps_end else None,
        **others,
    ),
    ENDS,
    st.booleans(),
    st.booleans(),
    KINDS_WITH_SETTINGS,
    key=st.builds(str.join, st.sampled_from("-_."), st.lists(WORDS, min_size=1, max_size=6)),
    name=st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=120),
    trigger=st.text("abyz019_.-", max_size=39).map("t{}".format),
    beneficiary=st.sampled_from(["referrer", "friend"]),
    hold_days=st.none() | st.integers(0, 400),
)


def problem_with(raw):
    """Return where a table is wrong, and why."""
    with pytest.raises(RuleError) as caught:
        read_rule(raw)
    assert str(caught.value) == f"{caught.value.field} {caught.value.problem}"
    return caught.value.field, caught.value.problem


def price(rule, occurred_at, *, amount=None):
    answer = rule.price(Facts(rule.trigger, occurred_at, amount))
    return answer.amount if isinstance(answer, Earned) else (answer.code, plain(answer.because))


def test_a_rule_that_says_everything():
    rule = read_rule(tomllib.loads(EVERYTHING))
    assert rule == RuleDefinition(
        key="referrer-20-percent",
        name="20% of each purchase for a year",
        trigger="purchase",
        beneficiary="referrer",
        kind="percent_of_purchase",
        settings=PercentOfPurchase(Percent("20"), first_purchases=12),
        reward="cash",
        hold_days=30,
        starts_at=START,
        ends_at=END,
    )
    assert rule.table() == tomllib.loads(EVERYTHING)


def test_a_rule_that_says_the_least():
    rule = read_rule(SHORTEST)
    assert (rule.reward, rule.hold_days, rule.starts_at, rule.ends_at) == ("cash", None, None, None)
    assert rule.table() == {**SHORTEST, "reward": "cash"}


def test_moments_are_kept_in_utc():
    rule = read_rule({**SHORTEST, "starts_at": datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))})
    assert (rule.starts_at, rule.starts_at.tzinfo) == (START, UTC)
    assert to_stored(rule)["starts_at"] == "2026-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("key", "a" * 60, id="the longest key"),
        pytest.param("key", "7", id="a digit as a key"),
        pytest.param("key", "v1.0_of-it", id="dots, underscores and hyphens"),
        pytest.param("name", "n" * 120, id="the longest name"),
        pytest.param("name", "20 % für Freunde 🎉", id="a name in another language"),
        pytest.param("trigger", "t" * 40, id="the longest trigger"),
        pytest.param("trigger", "app.installed_v2", id="a type of one's own"),
        pytest.param("beneficiary", "referrer", id="the referrer"),
        pytest.param("hold_days", 0, id="no hold"),
        pytest.param("hold_days", 400, id="the longest hold"),
        pytest.param("starts_at", datetime(2, 1, 1, tzinfo=UTC), id="the earliest start"),
        pytest.param("ends_at", datetime(9999, 1, 1, tzinfo=UTC) - INSTANT, id="the latest end"),
    ],
)
def test_what_a_rule_may_say(field, value):
    rule = read_rule({**SHORTEST, field: value})
    assert rule.table()[field] == value
    assert from_stored(to_stored(rule)) == rule


def test_spaces_around_a_name_are_dropped():
    assert read_rule({**SHORTEST, "name": "  A welcome "}) == read_rule(SHORTEST)


KEY = 'must be lower-case words with hyphens, as in "referrer-20-percent", not {!r}'
NAME = "must be a line of 1 to 120 characters that people will read"
TRIGGER = "must be signup, purchase, renewal or a type of your own, not {!r}"
KIND_NAMES = " or ".join(sorted(KINDS))
HOLD = "must be a whole number of days from 0 to 400"
MOMENT = "must be a moment with its offset, as in 2026-01-01T00:00:00Z"
YEARS = "must be in one of the years 2 to 9998, so that every time zone has a day for it"


def wrong(field, problem, values):
    """Return a case for each value, with the value put into the problem."""
    return [pytest.param(field, value, problem.format(value), id=f"{field} = {value!r}"[:60]) for value in values]


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        *wrong("key", KEY, ["", "Welcome", "a b", "-a", "a-", "a--b", "a\n", "é", "ａ", "٣", "a/b", "a" * 61]),
        *wrong("key", KEY, [5, True, None, ["a"]]),
        *wrong("name", NAME, ["", "   ", "two\nlines", "a\n", "a\tb", "a\x00", "a\u202eb", "a\u200bb", "\ud800"]),
        *wrong("name", NAME, ["n" * 121, 5, True, None, ["a"]]),
        *wrong("trigger", TRIGGER, ["", "Purchase", "1st", "_a", "a b", "a\n", "é", "t" * 41, 5, True, None]),
        *wrong("beneficiary", "must be friend or referrer, not {!r}", ["", "Friend", "both", "friend ", 1, True, None]),
        *wrong("kind", f"must be {KIND_NAMES}, not {{!r}}", ["", "percent", "Fixed_amount", 1, []]),
        *wrong("reward", "must be cash or coupon or credit or custom, not {!r}", ["", "Cash", "points", True, None]),
        *wrong("hold_days", HOLD, [-1, 401, 10**30, 30.0, True, False, "30", None, timedelta(days=30)]),
        *wrong("starts_at", MOMENT, [date(2026, 1, 1), datetime(2026, 1, 1), "2026-01-01T00:00:00Z", 1767225600]),  # noqa: DTZ001
        *wrong("ends_at", MOMENT, [date(2026, 1, 1), datetime(2026, 1, 1), START.time(), True, None]),  # noqa: DTZ001
        *wrong("starts_at", YEARS, [datetime(2, 1, 1, tzinfo=UTC) - INSTANT, datetime(1, 1, 1, tzinfo=FAR_EAST)]),
        *wrong("ends_at", YEARS, [datetime(9999, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, tzinfo=FAR_WEST)]),
    ],
)
def test_a_wrong_field_is_named(field, value, problem):
    assert problem_with({**SHORTEST, field: value}) == (field, problem)


@pytest.mark.parametrize("field", ["key", "name", "trigger", "beneficiary", "kind"])
def test_a_missing_field_is_named(field):
    assert problem_with({name: value for name, value in SHORTEST.items() if name != field}) == (field, "is missing")


def test_missing_settings_are_named_one_by_one():
    without = {name: value for name, value in SHORTEST.items() if name != "settings"}
    assert problem_with(without) == ("settings.amount", "is missing; fixed_amount takes amount, currency")


@pytest.mark.parametrize("field", ["Key", "KEY", "key ", "ends", "settings.percent", "", "version"])
def test_an_unknown_field_is_named(field):
    assert problem_with({**SHORTEST, field: "x"}) == (
        field,
        "is not a field of a rule, which has "
        "key, name, trigger, beneficiary, kind, settings, reward, hold_days, starts_at, ends_at, exclusive, "
        "when, limits",
    )


@pytest.mark.parametrize(
    ("settings", "field", "problem"),
    [
        pytest.param(
            {"amount": True, "currency": "JPY"},
            "settings.amount",
            "must be an amount in minor units, a whole number from 1 to 999999999999",
            id="true is no amount",
        ),
        pytest.param(
            {"amount": 5, "currency": "XXX"},
            "settings.currency",
            'must be the three capital letters of a currency that is legal tender today, as in "USD"',
            id="no currency",
        ),
        pytest.param([], "settings", 'must be a table, as in { percent = "20" }', id="no table"),
    ],
)
def test_a_wrong_setting_is_a_wrong_rule(settings, field, problem):
    assert problem_with({**SHORTEST, "settings": settings}) == (field, problem)


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(START, id="with it"),
        pytest.param(START - INSTANT, id="a microsecond before it"),
        pytest.param(datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))), id="an hour before it, elsewhere"),
    ],
)
def test_a_rule_does_not_end_before_it_starts(end):
    assert problem_with({**SHORTEST, "starts_at": START, "ends_at": end}) == ("ends_at", "must be later than starts_at")


def test_a_rule_may_be_live_for_an_instant():
    rule = read_rule({**SHORTEST, "starts_at": START, "ends_at": START + INSTANT})
    assert price(rule, START) == Money(500, "JPY")


@pytest.mark.parametrize(
    ("occurred_at", "answer"),
    [
        pytest.param(
            START - INSTANT, ("not_started", "The rule starts on 2026-01-01."), id="a microsecond before the start"
        ),
        pytest.param(START, Money(500, "JPY"), id="the start is inside"),
        pytest.param(START + INSTANT, Money(500, "JPY"), id="a microsecond after the start"),
        pytest.param(END - INSTANT, Money(500, "JPY"), id="a microsecond before the end"),
        pytest.param(END, ("ended", "The rule ended on 2027-01-01."), id="the end is outside"),
        pytest.param(END + INSTANT, ("ended", "The rule ended on 2027-01-01."), id="a microsecond after the end"),
        pytest.param(
            datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))),
            ("not_started", "The rule starts on 2026-01-01."),
            id="an hour before the start, where it is January already",
        ),
        pytest.param(
            datetime(2026, 12, 31, 22, tzinfo=timezone(timedelta(hours=-2))),
            ("ended", "The rule ended on 2027-01-01."),
            id="the end, where it is still December",
        ),
    ],
)
def test_a_rule_pays_from_its_start_until_before_its_end(occurred_at, answer):
    assert price(read_rule({**SHORTEST, "starts_at": START, "ends_at": END}), occurred_at) == answer


@pytest.mark.parametrize("occurred_at", [datetime(2000, 1, 1, tzinfo=UTC), START, datetime(2100, 1, 1, tzinfo=UTC)])
def test_a_rule_without_ends_always_pays(occurred_at):
    assert price(read_rule(SHORTEST), occurred_at) == Money(500, "JPY")


@pytest.mark.parametrize(
    ("amount", "answer"),
    [
        pytest.param(Money(4999, "EUR"), Money(1000, "EUR"), id="euros"),
        pytest.param(Money(1235, "KWD"), Money(247, "KWD"), id="dinars"),
        pytest.param(Money(2, "JPY"), ("rounds_to_zero", "20% of 2 JPY rounds to nothing."), id="too few yen"),
        pytest.param(
            None, ("amount_missing", "A percentage needs an amount, and none was reported."), id="nothing reported"
        ),
    ],
)
def test_while_a_rule_is_live_its_kind_answers(amount, answer):
    assert price(read_rule(tomllib.loads(EVERYTHING)), START, amount=amount) == answer


@pytest.mark.parametrize(
    ("hold_days", "held"),
    [
        pytest.param(None, 14, id="the program's hold"),
        pytest.param(0, 0, id="no hold"),
        pytest.param(1, 1, id="a day"),
        pytest.param(400, 400, id="the longest"),
    ],
)
def test_a_rule_without_a_hold_of_its_own_takes_the_program_s(hold_days, held):
    rule = read_rule(SHORTEST if hold_days is None else {**SHORTEST, "hold_days": hold_days})
    assert rule.hold_days_within(14) == held


def test_what_is_stored_of_a_rule():
    # Versions are kept for good: the stored form is a promise.
    assert to_stored(read_rule(tomllib.loads(EVERYTHING))) == {
        "key": "referrer-20-percent",
        "name": "20% of each purchase for a year",
        "trigger": "purchase",
        "beneficiary": "referrer",
        "kind": "percent_of_purchase",
        "settings": {"percent": "20", "first_purchases": 12},
        "reward": "cash",
        "hold_days": 30,
        "starts_at": "2026-01-01T00:00:00+00:00",
        "ends_at": "2027-01-01T00:00:00+00:00",
    }


def test_conditions_and_limits_come_back_as_they_were_written_and_stored():
    table = tomllib.loads(EVERYTHING + WHEN_AND_LIMITS)
    rule = read_rule(table)
    assert rule.table() == table
    assert from_stored(json.loads(json.dumps(to_stored(rule)))) == rule
    # A rule without any is stored as it always was.
    assert {"when", "limits"} & to_stored(read_rule(tomllib.loads(EVERYTHING))).keys() == set()


@pytest.mark.parametrize(
    ("part", "field"),
    [
        ({"when": {"all": [{"field": "x", "op": "=", "value": 1}]}}, "when.all[1].field"),
        ({"when": None}, "when"),
        ({"limits": {"program": {"count": 0, "period": "day"}}}, "limits.program.count"),
        ({"limits": None}, "limits"),
    ],
)
def test_a_wrong_condition_or_limit_is_a_wrong_rule(part, field):
    assert problem_with({**SHORTEST, **part})[0] == field


@pytest.mark.parametrize(
    ("facts", "answer"),
    [
        pytest.param(Facts("purchase", START, Money(5000, "USD")), "10.00 USD", id="it is met"),
        pytest.param(Facts("purchase", END, Money(4999, "USD"), 9), "ended", id="dates come first"),
        pytest.param(Facts("purchase", START, Money(4999, "USD"), 13), "condition_false", id="then the conditions"),
        pytest.param(Facts("purchase", START, None), "value_missing", id="also before what the kind needs"),
        pytest.param(
            Facts("purchase", START, Money(5000, "USD"), 13, {"plan": "pro"}), "purchase_limit", id="the kind"
        ),
        pytest.param(
            Facts("purchase", START, Money(5000, "USD"), used={"program": Used(1000, Window())}), "7.00 USD", id="cut"
        ),
        pytest.param(
            Facts("purchase", START, Money(5000, "USD"), used={"program": Used(1700, Window())}),
            "limit_reached",
            id="nothing left",
        ),
    ],
)
def test_what_a_rule_asks_in_which_order(facts, answer):
    found = read_rule(tomllib.loads(EVERYTHING + WHEN_AND_LIMITS)).price(facts)
    assert (str(found.amount) if isinstance(found, Earned) else found.code) == answer


def test_what_a_rule_has_looked_at_pays_the_same():
    rule = read_rule(tomllib.loads(EVERYTHING + WHEN_AND_LIMITS))
    facts = Facts("purchase", START, Money(5000, "USD"), 5, {"plan": "pro", "note": "Bob"})
    assert rule.looked_at(facts).details == {"plan": "pro"}
    assert rule.price(rule.looked_at(facts)) == rule.price(facts)
    assert read_rule(SHORTEST).looked_at(facts).details == {}


@pytest.mark.parametrize(("left_minor", "is_met"), [(5000, True), (4999, False), (0, False)])
def test_a_refund_can_leave_less_than_a_condition_asks_for(left_minor, is_met):
    rule = read_rule(tomllib.loads(EVERYTHING + WHEN_AND_LIMITS))
    assert rule.is_met_after_refunds(Facts("purchase", START, Money(6000, "USD")), left_minor) == is_met
    assert read_rule(SHORTEST).is_met_after_refunds(Facts("signup", START), left_minor)


@given(RULES)
def test_a_rule_is_read_as_it_was_written_and_comes_back_as_it_was_stored(rule):
    assert read_rule(rule.table()) == rule
    assert from_stored(json.loads(json.dumps(to_stored(rule)))) == rule
    assert to_stored(from_stored(to_stored(rule))) == to_stored(read_rule(rule.table()))
