"""What currencies are worth in each other: exact, rounded half up once."""

from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.conditions import read_conditions
from webapp.domain.facts import Earned, Skipped, Used, facts, from_stored, to_stored
from webapp.domain.limits import read_limits
from webapp.domain.money import EXPONENTS, Money
from webapp.domain.periods import Window
from webapp.domain.quotes import Quote, convert, largest_within
from webapp.domain.recomputing import Price, differs
from webapp.domain.rules import read_rule
from webapp.domain.sentences import plain

MAY = datetime(2026, 5, 3, tzinfo=UTC)


def quote(text):
    """Read a quote such as "EUR 1.0842 USD"."""
    base, rate, counter = text.split()
    return Quote(base, counter, rate, MAY)


def euros(amount, *quotes):
    return replace(facts(amount=amount), quotes=tuple(map(quote, quotes)))


@pytest.mark.parametrize("rate", ["0", "0.0", "-1", "1,5", "1.", ".5", "01", "1e3", "1.00000000001", "12345678901", ""])
def test_what_is_no_rate_is_refused(rate):
    with pytest.raises(ValueError, match="above 0"):
        Quote("EUR", "USD", rate, MAY)


@pytest.mark.parametrize(("base", "counter"), [("EUR", "EUR"), ("XXX", "USD"), ("EUR", "eur")])
def test_a_quote_is_of_two_currencies_of_today(base, counter):
    with pytest.raises(ValueError, match="two currencies"):
        Quote(base, counter, "1", MAY)


rates = st.decimals("0.0000000001", "9999", places=10).map(lambda rate: f"{rate:f}")
currencies = st.sampled_from(["USD", "EUR", "JPY", "KWD"])


@given(rates, currencies, currencies, st.integers(0, 10**12))
def test_an_amount_is_worth_what_exact_fractions_say(rate, base, counter, minor):
    if base == counter:
        return
    quotes = [Quote(base, counter, rate, MAY)]
    units = Fraction(minor, 10 ** EXPONENTS[base]) * Fraction(rate) * 10 ** EXPONENTS[counter]
    there = convert(Money(minor, base), counter, quotes)
    assert there.currency == counter
    assert -Fraction(1, 2) < there.minor - units <= Fraction(1, 2)
    back = Fraction(minor, 10 ** EXPONENTS[counter]) / Fraction(rate) * 10 ** EXPONENTS[base]
    assert -Fraction(1, 2) < convert(Money(minor, counter), base, quotes).minor - back <= Fraction(1, 2)


@given(rates, currencies, currencies, st.integers(0, 10**9))
def test_the_largest_amount_that_fits_fits_and_one_more_does_not(rate, base, counter, limit):
    quotes = [] if base == counter else [Quote(base, counter, rate, MAY)]
    for source, target in ((base, counter), (counter, base)):
        most = largest_within(Money(limit, target), source, quotes)
        assert most.currency == source
        assert convert(most, target, quotes).minor <= limit
        assert convert(Money(most.minor + 1, source), target, quotes).minor > limit


def test_without_a_quote_of_the_two_nothing_is_known():
    assert convert(Money(100, "EUR"), "USD", []) is None
    assert convert(Money(100, "EUR"), "USD", [quote("EUR 160 JPY"), quote("USD 150 JPY")]) is None
    assert largest_within(Money(100, "USD"), "EUR", []) is None


def test_a_condition_compares_by_the_quote_and_says_which():
    when = read_conditions({"all": [{"field": "amount", "op": ">=", "value": 5000, "currency": "USD"}]})
    assert when.check(euros("46.12 EUR", "EUR 1.0842 USD")).unmet is None
    (check,) = when.check(euros("46.11 EUR", "EUR 1.0842 USD")).all_of
    assert check.code == "condition_false"
    assert plain(check.because) == (
        "The amount must be at least 50.00 USD, and was 46.11 EUR"
        " (49.99 USD at 1.0842 USD for 1 EUR, quote of 2026-05-03)."
    )
    assert when.check(euros("46.12 EUR", "EUR 160 JPY")).unmet.code == "currency_differs"
    assert when.pairs(euros("46.12 EUR")) == {frozenset({"EUR", "USD"})}
    assert when.pairs(facts(amount="46.12 USD")) == when.pairs(facts()) == set()


def limited(used, reward, *quotes, most=10000):
    limits = read_limits({"program": {"amount": most, "currency": "USD", "period": "lifetime"}})
    return limits.apply(Earned(Money.parse(reward), ()), {"program": Used(used, Window())}, tuple(map(quote, quotes)))


def test_a_limit_in_another_currency_pays_the_most_that_fits():
    assert limited(0, "10.00 EUR", "EUR 1.0842 USD").amount == Money(1000, "EUR")
    cut = limited(9000, "10.00 EUR", "EUR 1.0842 USD")
    # 9.22 EUR are 9.996 USD, 9.23 EUR would be 10.007.
    assert (cut.amount, cut.code) == (Money(922, "EUR"), "limit_cut")
    assert plain(cut.because[-1]).endswith(
        "so 9.22 EUR are paid. This one counts as 10.84 USD, at 1.0842 USD for 1 EUR, quote of 2026-05-03."
    )
    assert isinstance(limited(10000, "10.00 EUR", "EUR 1.0842 USD"), Skipped)
    # Of a cent nothing fits that is worth more than a dollar a piece.
    assert limited(9999, "5 JPY", "JPY 2 USD").code == "limit_reached"
    assert limited(0, "10.00 EUR").code == "currency_differs"


@given(st.lists(st.integers(1, 5_000), max_size=12), rates)
def test_no_number_of_rewards_gets_past_a_limit_in_another_currency(amounts, rate):
    quotes, used = [Quote("EUR", "USD", rate, MAY)], 0
    limits = read_limits({"program": {"amount": 10000, "currency": "USD", "period": "lifetime"}})
    for minor in amounts:
        paid = limits.apply(Earned(Money(minor, "EUR"), ()), {"program": Used(used, Window())}, quotes)
        if isinstance(paid, Earned):
            used += convert(paid.amount, "USD", quotes).minor
        assert used <= 10000


def test_the_quotes_are_kept_with_the_facts_and_price_the_same_again():
    rule = read_rule(
        {
            "key": "x",
            "name": "X",
            "trigger": "purchase",
            "beneficiary": "referrer",
            "kind": "percent_of_purchase",
            "settings": {"percent": "20"},
            "when": {"all": [{"field": "amount", "op": ">=", "value": 5000, "currency": "USD"}]},
        }
    )
    about = euros("46.12 EUR", "EUR 1.0842 USD")
    assert from_stored(to_stored(about)) == about
    assert differs(rule, from_stored(to_stored(about)), Price("earned", Money(922, "EUR"))) is None
    assert "quotes" not in to_stored(facts(amount="46.12 EUR"))
    # What refunds leave is compared by the same quote.
    assert rule.is_met_after_refunds(about, 4612)
    assert not rule.is_met_after_refunds(about, 4611)
