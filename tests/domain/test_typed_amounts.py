"""Amounts as people type them: exact minor units, or a reason why not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.money import LARGEST, Money
from webapp.domain.typed_amounts import TypedAmountError, read_amount, read_percent

GERMAN = {"decimal": ",", "group": "."}
FRENCH = {"decimal": ",", "group": "\N{NARROW NO-BREAK SPACE}"}


@pytest.mark.parametrize(
    ("text", "currency", "marks", "minor"),
    [
        ("20", "USD", {}, 2000),
        ("20.00", "USD", {}, 2000),
        ("20.5", "USD", {}, 2050),
        ("20.", "USD", {}, 2000),
        ("0.01", "USD", {}, 1),
        (" $20 ", "USD", {}, 2000),
        ("20 USD", "USD", {}, 2000),
        ("usd 20", "USD", {}, 2000),
        ("1,000", "USD", {}, 100_000),
        ("1,234,567.89", "USD", {}, 123_456_789),
        ("12,34,567.89", "INR", {}, 123_456_789),
        ("20,50", "USD", {}, 2050),
        ("1'000.50", "CHF", {}, 100_050),
        ("20,00", "EUR", GERMAN, 2000),
        ("20.00", "EUR", GERMAN, 2000),
        ("1.000", "EUR", GERMAN, 100_000),
        ("1.234,56 €", "EUR", GERMAN, 123_456),
        ("0.500", "EUR", GERMAN, 50),
        ("0,500", "USD", {}, 50),
        ("0.250", "KWD", GERMAN, 250),
        ("1 234,56", "EUR", FRENCH, 123_456),
        ("1\N{NARROW NO-BREAK SPACE}234,56", "EUR", FRENCH, 123_456),
        ("3000", "JPY", {}, 3000),
        ("3,000", "JPY", {}, 3000),
        ("¥3000", "JPY", {}, 3000),
        ("1.250", "KWD", {}, 1250),
        ("1.25", "KWD", {}, 1250),
        ("1,250", "KWD", GERMAN, 1250),
        ("1.500", "USD", {}, 150),
        ("٢٠", "EGP", {}, 2000),
        ("0", "USD", {}, 0),
    ],
)
def test_what_is_typed_becomes_exact_minor_units(text, currency, marks, minor):
    assert read_amount(text, currency, **marks) == Money(minor, currency)


@pytest.mark.parametrize(
    ("text", "currency", "marks", "problem"),
    [
        ("", "USD", {}, "not_an_amount"),
        ("twenty", "USD", {}, "not_an_amount"),
        ("-5", "USD", {}, "not_an_amount"),
        ("1e3", "USD", {}, "not_an_amount"),
        ("20 EUR", "USD", {}, "not_an_amount"),
        ("1,00,0.5", "USD", {}, "not_an_amount"),
        ("1.2.3", "USD", {}, "not_an_amount"),
        (".5", "USD", {}, "not_an_amount"),
        ("01.234", "EUR", GERMAN, "not_an_amount"),
        ("0,005", "USD", {}, "decimals"),
        ("20.005", "USD", {}, "decimals"),
        ("20,005", "EUR", GERMAN, "decimals"),
        ("1.2345", "KWD", {}, "decimals"),
        ("20.5", "JPY", {}, "no_decimals"),
        ("20.0", "JPY", {}, "no_decimals"),
        ("99999999999", "USD", {}, "too_large"),
        pytest.param("9" * 5000, "USD", {}, "too_large", id="more digits than Python reads"),
        pytest.param("1." + "0" * 5000 + "1", "USD", {}, "decimals", id="more decimals than Python reads"),
    ],
)
def test_what_is_no_amount_is_refused_with_its_reason(text, currency, marks, problem):
    with pytest.raises(TypedAmountError) as caught:
        read_amount(text, currency, **marks)
    assert caught.value.problem == problem


@given(st.integers(0, LARGEST), st.sampled_from(["USD", "JPY", "KWD"]), st.sampled_from([{}, GERMAN, FRENCH]))
def test_what_is_shown_is_read_back_as_the_same(minor, currency, marks):
    shown = f"{Money(minor, currency).decimal:f}".replace(".", marks.get("decimal", "."))
    assert read_amount(shown, currency, **marks) == Money(minor, currency)


@given(st.text(max_size=12))
def test_no_text_breaks_the_reader(text):
    try:
        read_amount(text, "USD")
    except TypedAmountError:
        pass
    try:
        read_percent(text)
    except ValueError:
        pass


@pytest.mark.parametrize(
    ("text", "percent"),
    [("20", "20"), ("20%", "20"), (" 12,5 % ", "12.5"), ("12.5", "12.5"), ("٢٠٪".replace("٪", "%"), "20")],
)
def test_a_percentage_may_have_its_sign_and_either_mark(text, percent):
    assert read_percent(text).text == percent


@pytest.mark.parametrize("text", ["", "0", "101", "-5", "20.5.5", "1,5,5", "x", "%"])
def test_what_is_no_percentage_is_refused(text):
    with pytest.raises(ValueError, match="must be a percentage"):
        read_percent(text)


def test_any_number_of_zeros_around_an_amount_says_nothing():
    assert read_amount("0" * 5000 + "20." + "0" * 5000, "USD") == Money(2000, "USD")
