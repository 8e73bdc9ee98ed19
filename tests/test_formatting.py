"""Amounts, percentages, days and languages as readers of different places write them."""

from datetime import UTC, date, datetime, timedelta

import pytest
from flask_babel import force_locale

from webapp.domain.money import Money, Percent
from webapp.domain.sentences import Sentence
from webapp.formatting import (
    day,
    day_before_month,
    day_short,
    duration,
    money_affixes,
    money_brief,
    percentage,
    reader_locale,
    say,
)

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@pytest.mark.parametrize(
    ("amount", "locale", "text"),
    [
        (Money(500, "USD"), "en_US", "$5"),
        (Money(550, "USD"), "en_US", "$5.50"),
        (Money(500, "JPY"), "en_US", "¥500"),
        (Money(2000, "KWD"), "en_US", "KWD\N{NO-BREAK SPACE}2"),
        (Money(500, "EUR"), "de", "5\N{NO-BREAK SPACE}€"),
    ],
)
def test_a_brief_amount_has_decimals_only_where_they_say_something(app, amount, locale, text):
    with app.test_request_context(), force_locale(locale):
        assert money_brief(amount) == text


@pytest.mark.parametrize(
    ("share", "locale", "text"),
    [
        ("15", "en_US", "15%"),
        ("12.5", "en_US", "12.5%"),
        ("12.5", "de", "12,5\N{NO-BREAK SPACE}%"),
        ("15", "tr", "%15"),
    ],
)
def test_a_percentage_has_every_decimal_that_it_has(app, share, locale, text):
    with app.test_request_context(), force_locale(locale):
        assert percentage(Percent(share)) == text


@pytest.mark.parametrize(
    ("length", "locale", "text"),
    [
        (timedelta(seconds=1), "en_US", "1 second"),
        (timedelta(seconds=-59.9), "en_US", "59 seconds"),
        (timedelta(minutes=119), "en_US", "1 hour"),
        (timedelta(hours=23, minutes=59), "de", "23 Stunden"),
        (timedelta(days=45, hours=23), "en_US", "45 days"),
    ],
)
def test_a_length_of_time_is_said_in_its_largest_whole_unit(app, length, locale, text):
    with app.test_request_context(), force_locale(locale):
        assert duration(length) == text


def test_a_day_ends_no_sentence_with_two_dots(app):
    with app.test_request_context(), force_locale("de"):
        said = [
            form(date(2026, 11, 26), now=datetime(2026, 11, 26, tzinfo=UTC)).striptags() for form in (day, day_short)
        ]
    assert said == ["Do., 26. Nov", "26. Nov"]


def test_a_sentence_says_its_percentages_as_its_reader_writes_numbers(app):
    values = {"percent": "12.5", "what": "order 1.5", "then_percent": "5"}
    with app.test_request_context(), force_locale("de"):
        said = say(Sentence("%(percent)s%% of %(what)s, then %(then_percent)s%%", values))
    assert said == "12,5% of order 1.5, then 5%"


def test_axes_are_written_as_the_reader_writes(app):
    with app.test_request_context(), force_locale("en_US"):
        assert (money_affixes("USD"), day_before_month()) == (("$", ""), False)
    with app.test_request_context(), force_locale("de"):
        assert (money_affixes("EUR"), day_before_month()) == (("", "\N{NO-BREAK SPACE}€"), True)


@pytest.mark.parametrize(
    ("chosen", "wanted", "locale"),
    [
        (None, ["de-AT", "en-GB"], "de_AT"),
        (None, ["fr", "en-GB"], "en_GB"),
        ("de", ["en-GB", "de-AT"], "de_AT"),
        ("de", ["en-GB"], "de"),
        ("en", ["de-AT", "en-GB"], "en_GB"),
        ("en", [], "en"),
        # No longer translated.
        ("fr", ["de-CH"], "de_CH"),
        # Of what else may stand there no end can be kept.
        (None, ["de@anything", "en"], "de"),
        (None, ["de-CH-1901-u-ca-buddhist", "en"], "de_CH"),
        (None, ["german", "d", "de?", "..", "en-GB"], "de"),
        (None, ["x-klingon", "../de", "en-GB"], "en_GB"),
        (None, [*["zz-ZZ"] * 100, "de"], "en"),
    ],
)
def test_a_chosen_language_keeps_the_region_of_the_browser(databases, chosen, wanted, locale):
    assert reader_locale(chosen, wanted, ["de"]) == locale
