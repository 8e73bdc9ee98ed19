"""Amounts, currencies and percentages."""

import math
from decimal import localcontext
from fractions import Fraction

import pytest
from babel.core import get_global
from babel.numbers import get_currency_precision
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.money import EXPONENTS, LARGEST, Money, Percent, rounded_half_up

# ISO 4217, the currencies whose minor unit is not a hundredth; CLF and UYW (four decimals) and UYI are funds.
WITHOUT_DECIMALS = {
    *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW"),
    *("PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"),
}
WITH_THREE_DECIMALS = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"}
NO_LEGAL_TENDER = """
BOV CHE CHW CLF COU MXV USN UYI UYW XAD XSU XUA XDR
XAG XAU XPD XPT XBA XBB XBC XBD XTS XXX
ANG BGN BYR CUC DEM EEK FRF GHC HRK LTL MRO SLL STD TRL USS VEF XEU YUM ZMK ZWD ZWL
"""

AMOUNTS = st.integers(0, LARGEST)
CURRENCIES = st.sampled_from(["JPY", "USD", "EUR", "KWD"])
MILLIONTHS = st.integers(1, 100_000_000)
PERCENTAGES = MILLIONTHS.map(lambda millionths: percentage(millionths)) | st.integers(1, 100).map(
    lambda whole: Percent(str(whole))
)


def percentage(millionths):
    """Return so many millionths of a percent."""
    return Percent(f"{millionths // 1_000_000}.{millionths % 1_000_000:06d}")


def legal_tender():
    """Return what the Unicode consortium lists as legal tender of a territory, with no end."""
    listed = get_global("territory_currencies").values()
    return {code for territory in listed for code, _, end, tender in territory if tender and end is None}


def test_the_currencies_are_those_that_are_legal_tender():
    # Still in the law of El Salvador, though nobody pays with it; and Venezuela's second code for its bolívar.
    beyond_unicode = {"SVC", "VED"}
    # Until the lists of Unicode learn that Bulgaria took the euro in 2026.
    too_late_in_unicode = {"BGN"}
    assert EXPONENTS.keys() - legal_tender() <= beyond_unicode
    assert legal_tender() - EXPONENTS.keys() <= too_late_in_unicode


def test_every_currency_has_the_decimals_of_iso_4217():
    assert {code for code, exponent in EXPONENTS.items() if exponent == 0} == WITHOUT_DECIMALS
    assert {code for code, exponent in EXPONENTS.items() if exponent == 3} == WITH_THREE_DECIMALS
    assert set(EXPONENTS.values()) == {0, 2, 3}


def test_no_currency_has_fewer_decimals_than_people_write():
    # Unicode drops decimals that nobody uses any more, such as those of the rial, and never adds any.
    written = {code: get_currency_precision(code) for code in EXPONENTS}
    assert [code for code, decimals in written.items() if decimals not in (0, EXPONENTS[code])] == []


@pytest.mark.parametrize("code", NO_LEGAL_TENDER.split())
def test_funds_metals_tests_and_retired_codes_are_no_currencies(code):
    with pytest.raises(ValueError, match="legal tender today"):
        Money(100, code)


@pytest.mark.parametrize("code", ["usd", "Usd", "US", "USDX", "", " USD", "USD\n", "US$", "ＵＳＤ", "UЅD"])
def test_a_code_is_three_capital_letters(code):
    with pytest.raises(ValueError, match="three capital letters"):
        Money(100, code)


@pytest.mark.parametrize(
    ("text", "minor", "currency"),
    [
        pytest.param("49.99 EUR", 4999, "EUR", id="cents"),
        pytest.param("500 JPY", 500, "JPY", id="a currency without decimals"),
        pytest.param("1.235 KWD", 1235, "KWD", id="a currency with three"),
        pytest.param("0.05 USD", 5, "USD", id="five cents"),
        pytest.param("0.005 KWD", 5, "KWD", id="five thousandths"),
        pytest.param("0.00 USD", 0, "USD", id="nothing"),
        pytest.param("0 JPY", 0, "JPY", id="nothing in yen"),
        pytest.param("-0.05 USD", -5, "USD", id="below zero"),
        pytest.param("9999999999.99 USD", LARGEST, "USD", id="the largest"),
        pytest.param("9" * 40 + ".99 USD", int("9" * 42), "USD", id="far beyond the largest"),
    ],
)
def test_an_amount_is_written_and_read(text, minor, currency):
    assert Money.parse(text) == Money(minor, currency)
    assert str(Money(minor, currency)) == text


@pytest.mark.parametrize(
    ("text", "minor"),
    [("5 EUR", 500), ("5.5 EUR", 550), ("5.000 EUR", 500), ("5.0 JPY", 5), ("007.10 USD", 710)],
)
def test_an_amount_may_be_written_with_more_or_fewer_zeros(text, minor):
    assert Money.parse(text).minor == minor


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("5", id="no currency"),
        pytest.param("", id="nothing"),
        pytest.param("5 eur", id="small letters"),
        pytest.param("5 XXX", id="no legal tender"),
        pytest.param("5EUR", id="no space"),
        pytest.param("5  EUR", id="two spaces"),
        pytest.param(" EUR", id="no number"),
        pytest.param("five EUR", id="a word"),
        pytest.param("1.5 JPY", id="half a yen"),
        pytest.param("0.001 USD", id="a tenth of a cent"),
        pytest.param("0.0001 KWD", id="a tenth of a fils"),
        pytest.param("1." + "0" * 40 + "1 USD", id="far below a cent"),
        pytest.param("1e2 EUR", id="an exponent"),
        pytest.param("1_000 EUR", id="an underscore"),
        pytest.param("1,5 EUR", id="a comma"),
        pytest.param("1/2 EUR", id="a fraction"),
        pytest.param("٥ EUR", id="Arabic digits"),
        pytest.param("５ EUR", id="wide digits"),
        pytest.param("5\n EUR", id="a line break"),
        pytest.param("NaN EUR", id="not a number"),
        pytest.param("Infinity EUR", id="infinity"),
        pytest.param("--5 EUR", id="two signs"),
    ],
)
def test_what_is_not_an_amount_is_a_value_error(text):
    with pytest.raises(ValueError, match=r".+"):
        Money.parse(text)


@given(st.integers(), st.sampled_from(sorted(EXPONENTS)))
def test_every_amount_is_read_as_it_was_written(minor, currency):
    amount = Money(minor, currency)
    assert Money.parse(str(amount)) == amount
    assert Fraction(amount.decimal) * 10 ** EXPONENTS[currency] == minor


def test_an_amount_is_exact_however_roughly_the_program_around_it_counts():
    with localcontext(prec=3):
        assert str(Money(123456, "USD")) == "1234.56 USD"
        assert Money.parse("1234.56 USD") == Money(123456, "USD")


def test_a_million_of_the_largest_amount_fit_a_64_bit_sum():
    assert 1_000_000 * LARGEST < 2**63


@pytest.mark.parametrize(
    ("text", "numerator", "denominator"),
    [
        ("20", 20, 100),
        ("12.5", 125, 1000),
        ("100", 100, 100),
        ("100.000000", 100_000_000, 100_000_000),
        ("99.999999", 99_999_999, 100_000_000),
        ("0.000001", 1, 100_000_000),
        ("0.5", 5, 1000),
    ],
)
def test_a_percentage_is_read_exactly(text, numerator, denominator):
    assert Percent(text).ratio == (numerator, denominator)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("0", id="zero"),
        pytest.param("000", id="three zeros"),
        pytest.param("0.000000", id="zero with six decimals"),
        pytest.param("100.000001", id="a millionth above 100"),
        pytest.param("101", id="above 100"),
        pytest.param("999.999999", id="far above 100"),
        pytest.param("1000", id="four digits"),
        pytest.param("0100", id="four digits of a hundred"),
        pytest.param("0.0000001", id="seven decimals"),
        pytest.param("-5", id="below zero"),
        pytest.param("+5", id="a plus"),
        pytest.param("5%", id="a percent sign"),
        pytest.param(" 5", id="a space before"),
        pytest.param("5 ", id="a space behind"),
        pytest.param("5\n", id="a line break"),
        pytest.param(".5", id="nothing before the point"),
        pytest.param("5.", id="nothing behind the point"),
        pytest.param("12,5", id="a comma"),
        pytest.param("1.2.3", id="two points"),
        pytest.param("1e1", id="an exponent"),
        pytest.param("1_0", id="an underscore"),
        pytest.param("0x10", id="sixteen"),
        pytest.param("٢٠", id="Arabic digits"),
        pytest.param("２０", id="wide digits"),
        pytest.param("5²", id="a raised digit"),
        pytest.param("1/2", id="a fraction"),
        pytest.param("nan", id="not a number"),
        pytest.param("inf", id="infinity"),
    ],
)
def test_what_is_not_a_percentage_is_a_value_error(text):
    with pytest.raises(ValueError, match="must be a percentage as text, above 0 and up to 100"):
        Percent(text)


@pytest.mark.parametrize(
    ("percent", "amount", "share"),
    [
        pytest.param("20", "49.99 EUR", "10.00 EUR", id="9.998 goes up"),
        pytest.param("12.5", "0.20 USD", "0.03 USD", id="half a cent goes up"),
        pytest.param("12.5", "0.19 USD", "0.02 USD", id="0.375 of a cent goes down"),
        pytest.param("2.5", "100 JPY", "3 JPY", id="half a yen goes up"),
        pytest.param("2.5", "99 JPY", "2 JPY", id="less than half a yen goes down"),
        pytest.param("10", "1.235 KWD", "0.124 KWD", id="half a fils goes up"),
        pytest.param("10", "1.234 KWD", "0.123 KWD", id="0.4 of a fils goes down"),
        pytest.param("50", "0.01 USD", "0.01 USD", id="half of one cent"),
        pytest.param("49.999999", "0.01 USD", "0.00 USD", id="a little less than half of one cent"),
        pytest.param("33.333333", "3.00 USD", "1.00 USD", id="a third, nearly"),
        pytest.param("100", "9999999999.99 USD", "9999999999.99 USD", id="all of the largest amount"),
        pytest.param("0.000001", "9999999999.99 USD", "100.00 USD", id="the smallest part of the largest amount"),
        pytest.param("100", "0 JPY", "0 JPY", id="all of nothing"),
    ],
)
def test_a_share_is_rounded_half_up_to_the_minor_unit(percent, amount, share):
    assert str(Money.parse(amount).share(Percent(percent))) == share


@given(AMOUNTS, CURRENCIES, PERCENTAGES)
def test_a_share_is_the_exact_one_rounded_half_up(minor, currency, percent):
    exact = Fraction(minor) * Fraction(percent.text) / 100
    assert Money(minor, currency).share(percent) == Money(math.floor(exact + Fraction(1, 2)), currency)


@given(AMOUNTS, PERCENTAGES)
def test_a_share_is_never_more_than_the_amount(minor, percent):
    assert 0 <= Money(minor, "USD").share(percent).minor <= minor


@given(AMOUNTS, AMOUNTS, PERCENTAGES)
def test_more_money_never_has_a_smaller_share(one, other, percent):
    less, more = sorted((one, other))
    assert Money(less, "KWD").share(percent).minor <= Money(more, "KWD").share(percent).minor


@given(AMOUNTS, MILLIONTHS, MILLIONTHS)
def test_a_higher_percentage_is_never_a_smaller_share(minor, one, other):
    lower, higher = map(percentage, sorted((one, other)))
    assert Money(minor, "JPY").share(lower).minor <= Money(minor, "JPY").share(higher).minor


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounded"),
    [(0, 7, 0), (1, 2, 1), (1, 3, 0), (2, 3, 1), (3, 2, 2), (5, 2, 3), (6, 4, 2), (7, 7, 1), (10**30, 3, 10**30 // 3)],
)
def test_rounding_half_up(numerator, denominator, rounded):
    assert rounded_half_up(numerator, denominator) == rounded
