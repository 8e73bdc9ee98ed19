"""Kinds that pay for the first purchase, or for so many payments or months: settings, words, and the exact end."""

import tomllib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.money import rule
from webapp.domain.facts import Earned, Facts, facts
from webapp.domain.money import Money, Percent
from webapp.domain.periods import months_later
from webapp.domain.registry import KINDS, MOST, SettingError, asks_for_signup, plain_settings, read_settings
from webapp.domain.reward_rules.first_purchase import FirstPurchase
from webapp.domain.reward_rules.percent_of_purchase import PercentOfPurchase
from webapp.domain.reward_rules.recurring import Recurring
from webapp.domain.reward_rules.staggered import Staggered
from webapp.domain.rules import RuleError
from webapp.domain.sentences import plain

MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis
INSTANT = timedelta(microseconds=1)


def settings_of(kind, toml):
    return read_settings(KINDS[kind], tomllib.loads(toml))


def said(answer):
    return [plain(one) for one in (answer.because if isinstance(answer, Earned) else (answer.because,))]


@pytest.mark.parametrize(
    ("moment", "months", "later"),
    [
        ("2026-01-31 10:00", 1, "2026-02-28 10:00"),
        ("2026-01-31 10:00", 2, "2026-03-31 10:00"),
        ("2024-02-29 23:59:59.999999", 12, "2025-02-28 23:59:59.999999"),
        ("2024-02-29", 48, "2028-02-29"),
        ("2025-12-15", 1, "2026-01-15"),
        ("2026-03-31", -1, "2026-02-28"),
        ("2026-01-15", -1, "2025-12-15"),
        ("2026-01-15", 0, "2026-01-15"),
        ("2026-01-15", MOST, "9999-12-31 23:59:59.999999"),
        ("2026-01-15", -MOST, "0001-01-01"),
    ],
)
def test_months_are_those_of_the_calendar(moment, months, later):
    moment, later = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (moment, later))
    assert months_later(moment, months) == later


def test_months_are_counted_in_utc():
    moment = datetime.fromisoformat("2026-02-01T05:00+09:00")
    assert months_later(moment, 1).isoformat() == "2026-02-28T20:00:00+00:00"


@given(MOMENTS, st.integers(0, 1200), st.integers(0, 1200))
def test_more_months_end_later_and_each_has_28_to_31_days(moment, months, more):
    later = months_later(moment, months)
    assert timedelta(28 * months) <= later - moment <= timedelta(31 * months)
    assert months_later(moment, months + more) >= later
    assert later.time() == moment.time()
    # Back again is never later than where it began.
    assert months_later(later, -months) <= moment


@pytest.mark.parametrize(
    ("kind", "toml"),
    [
        ("first_purchase", 'percent = "12.50"'),
        ("first_purchase", 'amount = 1000\ncurrency = "USD"'),
        ("recurring", 'percent = "10"\npayments = 1'),
        ("recurring", 'percent = "10"\nmonths = 1200'),
        ("recurring", 'percent = "10"\npayments = 3\nmonths = 12'),
        ("staggered", 'percent = "20"\nthen_percent = "10"\nfirst_months = 12'),
        ("staggered", 'percent = "20"\nthen_percent = "30"\nfirst_months = 12\nmonths = 13'),
    ],
)
def test_what_was_left_out_stays_out(kind, toml):
    read = settings_of(kind, toml)
    assert plain_settings(read) == tomllib.loads(toml)
    assert read_settings(KINDS[kind], plain_settings(read)) == read


def test_without_saying_it_is_the_first_year():
    assert settings_of("staggered", 'percent = "20"\nthen_percent = "10"').first_months == 12


@pytest.mark.parametrize(
    ("kind", "toml", "field", "problem"),
    [
        ("first_purchase", "", "percent", "is missing; first_purchase takes percent, or amount and currency"),
        (
            "first_purchase",
            'percent = "20"\namount = 5\ncurrency = "USD"',
            "amount",
            "cannot stand beside percent; first_purchase takes one of the two",
        ),
        (
            "first_purchase",
            'percent = "20"\ncurrency = "USD"',
            "currency",
            "cannot stand beside percent; first_purchase takes one of the two",
        ),
        ("first_purchase", "amount = 5", "currency", "is missing; an amount never stands without its currency"),
        ("first_purchase", 'currency = "USD"', "amount", "is missing; an amount never stands without its currency"),
        ("first_purchase", 'percent = "0"', "percent", "must be a percentage as text"),
        ("first_purchase", 'amount = 0\ncurrency = "USD"', "amount", "must be an amount in minor units"),
        ("recurring", 'percent = "20"', "payments", "is missing; recurring takes payments, months or both"),
        ("recurring", "payments = 3", "percent", "is missing; recurring takes percent, payments, months"),
        ("recurring", 'percent = "20"\npayments = 0', "payments", "must be a whole number from 1 to 1000000"),
        *(
            (
                "recurring",
                f'percent = "20"\nmonths = {months}',
                "months",
                "must be a whole number of months from 1 to 1200",
            )
            for months in ('"12"', "0", "1201", "true", "1.0")
        ),
        (
            "staggered",
            'percent = "20"',
            "then_percent",
            "is missing; staggered takes percent, then_percent, first_mont",
        ),
        (
            "staggered",
            'percent = "20"\nthen_percent = "10"\nmonths = 12',
            "months",
            "must be more than first_months, which is 12",
        ),
    ],
    ids=str,
)
def test_what_cannot_be_together_is_refused_by_name(kind, toml, field, problem):
    with pytest.raises(SettingError) as caught:
        settings_of(kind, toml)
    assert caught.value.field == f"settings.{field}"
    assert caught.value.problem.startswith(problem)
    with pytest.raises(RuleError) as as_rule:
        rule(kind=kind, settings=tomllib.loads(toml))
    assert (as_rule.value.field, as_rule.value.problem) == (caught.value.field, caught.value.problem)


TEN, TWENTY = Percent("10"), Percent("20")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (settings_of("first_purchase", 'percent = "12.5"'), "12.5% of the friend’s first purchase"),
        (
            settings_of("first_purchase", 'amount = 1000\ncurrency = "USD"'),
            "10.00 USD for the friend’s first purchase",
        ),
        (Recurring(TEN, 1), "10% of the friend’s first payment"),
        (Recurring(TEN, 3), "10% of each of the friend’s first 3 payments"),
        (Recurring(TEN, None, 1), "10% of each payment in the first month after the friend signs up"),
        (Recurring(TEN, None, 6), "10% of each payment in the first 6 months after the friend signs up"),
        (
            Recurring(TEN, 1, 6),
            "10% of each payment in the first 6 months after the friend signs up (one payment at most)",
        ),
        (
            Recurring(TEN, 3, 1),
            "10% of each payment in the first month after the friend signs up (3 payments at most)",
        ),
        (
            Staggered(TWENTY, TEN),
            "20% of what the friend pays in the first 12 months after they sign up, then 10%",
        ),
        (
            Staggered(TWENTY, TEN, 1, 24),
            "20% of what the friend pays in the first month after they sign up, then 10%, for 24 months in all",
        ),
    ],
)
def test_a_kind_says_what_it_pays(settings, words):
    assert plain(settings.in_words()) == words


@pytest.mark.parametrize(
    ("settings", "about", "words"),
    [
        (
            Staggered(TWENTY, TEN),
            facts(amount="50 USD", signed_up="2025-06-01"),
            ["20% of 50.00 USD is 10.00 USD.", "It is within the first 12 months after the friend signed up."],
        ),
        (
            Staggered(TWENTY, TEN, 1),
            facts(amount="50 USD", signed_up="2025-06-01"),
            ["10% of 50.00 USD is 5.00 USD.", "It is after the first month since the friend signed up."],
        ),
        (
            Staggered(TWENTY, TEN, 1, 2),
            facts(amount="50 USD", signed_up="2025-10-31"),
            ["Only the first 2 months after the friend signed up count, and they were over on 2025-12-31."],
        ),
        (
            Recurring(TEN, months=1),
            facts(amount="50 USD", signed_up="2025-11-30"),
            ["Only the first month after the friend signed up counts, and it was over on 2025-12-30."],
        ),
        (
            Recurring(TEN, months=1),
            facts(amount="50 USD"),
            ["It depends on when the friend signed up, and that is not known."],
        ),
        (Recurring(TEN, 2), facts(amount="50 USD", nth_purchase=3), ["Only the first 2 purchases count."]),
        (
            settings_of("first_purchase", 'amount = 1000\ncurrency = "USD"'),
            facts(amount="50 EUR"),
            ["10.00 USD for the first purchase."],
        ),
    ],
)
def test_it_says_why(settings, about, words):
    assert said(settings.reward(about)) == words


@given(MOMENTS, st.integers(1, 300), st.integers(1, 300))
def test_the_end_is_exact(signed_up_at, first, more):
    ends = months_later(signed_up_at, first), months_later(signed_up_at, first + more)
    staggered, recurring = Staggered(TWENTY, TEN, first, first + more), Recurring(TWENTY, months=first)

    def answer(kind, at):
        found = kind.reward(Facts("purchase", at, Money(1000, "USD"), signed_up_at=signed_up_at))
        return found.amount.minor if isinstance(found, Earned) else found.code

    for end, before, after in ((ends[0], 200, 100), (ends[1], 100, "months_over")):
        assert [answer(staggered, at) for at in (end - INSTANT, end)] == [before, after]
    assert [answer(recurring, at) for at in (end - INSTANT for end in ends)] == [200, "months_over"]
    assert answer(recurring, ends[0]) == "months_over"
    assert answer(recurring, signed_up_at - timedelta(days=400)) == 200


@given(st.integers(0, 10**6), st.sampled_from(["JPY", "USD", "KWD"]), st.integers(1, 3), st.integers(1, 100))
def test_shares_are_those_of_a_percentage_of_each_purchase(minor, currency, nth, percent):
    share, about = Percent(str(percent)), facts(amount=str(Money(minor, currency)), nth_purchase=nth)
    assert Recurring(share, 2).reward(about) == PercentOfPurchase(share, 2).reward(about)
    assert FirstPurchase(share).reward(about) == PercentOfPurchase(share, 1).reward(about)


@pytest.mark.parametrize(
    ("settings", "asks"),
    [
        (Recurring(TEN, 3), False),
        (Recurring(TEN, 3, 12), True),
        (Recurring(TEN, None, 12), True),
        (Staggered(TWENTY, TEN), True),
        (FirstPurchase(TEN), False),
        (PercentOfPurchase(TEN), False),
    ],
)
def test_a_rule_keeps_when_the_friend_signed_up_only_if_it_counts_months(settings, asks):
    kind = next(name for name, kind in KINDS.items() if kind.settings is type(settings))
    about = facts(amount="5 USD", signed_up="2025-12-24")
    assert asks_for_signup(settings) is asks
    kept = rule(kind=kind, settings=plain_settings(settings)).looked_at(about)
    assert kept.signed_up_at == (about.signed_up_at if asks else None)
    assert settings.reward(kept) == settings.reward(about)
