"""Sentences and facts: what they say, and that they come back from JSON as they went."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain import facts as stored_facts
from webapp.domain import sentences as stored_sentences
from webapp.domain.facts import Facts, Used, facts
from webapp.domain.money import EXPONENTS, LARGEST, Money
from webapp.domain.periods import Window
from webapp.domain.sentences import N_, NN_, Sentence, counted, plain

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
PURCHASES = NN_("Only the first purchase counts.", "Only the first %(count)s purchases count.")

MONEY = st.builds(Money, st.integers(-LARGEST, LARGEST), st.sampled_from(sorted(EXPONENTS)))
MOMENTS = st.builds(
    lambda local, minutes: local.replace(tzinfo=timezone(timedelta(minutes=minutes))),
    st.datetimes(),
    st.integers(-14 * 60, 14 * 60),
)
VALUES = st.dictionaries(st.text(), st.text() | st.integers() | st.booleans() | st.none() | MONEY | MOMENTS)


def through_json(stored):
    return json.loads(json.dumps(stored))


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        pytest.param(Sentence("Nobody referred them."), "Nobody referred them.", id="no values"),
        pytest.param(Sentence("It is %(what)s.", {"what": "so"}), "It is so.", id="text"),
        pytest.param(Sentence("%(n)s%% of it", {"n": "12.5"}), "12.5% of it", id="a percent sign"),
        pytest.param(Sentence("%(what)s", {"what": "50% (off)s"}), "50% (off)s", id="a percent sign in a value"),
        pytest.param(Sentence("100%% of it"), "100% of it", id="a percent sign without values"),
        pytest.param(Sentence("%(a)s", {"a": "said", "b": "not said"}), "said", id="a value that is not said"),
        pytest.param(Sentence("%(a)s", {"a": Money(4999, "EUR")}), "49.99 EUR", id="euros"),
        pytest.param(Sentence("%(a)s", {"a": Money(500, "JPY")}), "500 JPY", id="yen"),
        pytest.param(Sentence("%(a)s", {"a": Money(2500, "KWD")}), "2.500 KWD", id="dinars"),
        pytest.param(Sentence("on %(day)s", {"day": NEW_YEAR}), "on 2026-01-01", id="a moment is said as its day"),
        pytest.param(
            Sentence("%(a)s, %(b)s", {"a": Sentence("so"), "b": counted(PURCHASES, 2, {"count": 2})}),
            "so, Only the first 2 purchases count.",
            id="sentences in a sentence",
        ),
        pytest.param(counted(PURCHASES, 1, {"count": 1}), "Only the first purchase counts.", id="one"),
        pytest.param(counted(PURCHASES, 2, {"count": 2}), "Only the first 2 purchases count.", id="two"),
        pytest.param(counted(PURCHASES, 0, {"count": 0}), "Only the first 0 purchases count.", id="none"),
    ],
)
def test_a_sentence_in_plain_english(sentence, words):
    assert plain(sentence) == words
    assert plain(stored_sentences.from_stored(through_json(stored_sentences.to_stored(sentence)))) == words


def test_marking_a_message_changes_nothing():
    assert N_("one") == "one"
    assert NN_("one", "many") == ("one", "many")


@pytest.mark.parametrize(
    ("sentence", "stored"),
    [
        pytest.param(Sentence("Nobody."), {"message": "Nobody."}, id="what is not there is not stored"),
        pytest.param(
            Sentence("%(a)s on %(b)s", {"a": Money(-500, "JPY"), "b": NEW_YEAR}),
            {
                "message": "%(a)s on %(b)s",
                "values": {"a": {"minor": -500, "currency": "JPY"}, "b": {"at": "2026-01-01T00:00:00+00:00"}},
            },
            id="money and moments",
        ),
        pytest.param(
            counted(PURCHASES, 0, {}),
            {"message": PURCHASES[0], "plural": PURCHASES[1], "count": 0},
            id="a number that the words depend on",
        ),
    ],
)
def test_what_is_stored_of_a_sentence(sentence, stored):
    # Rows written long ago must stay readable: the stored form is a promise.
    assert stored_sentences.to_stored(sentence) == stored
    assert stored_sentences.from_stored(stored) == sentence


@given(
    st.builds(Sentence, st.text(), VALUES) | st.builds(counted, st.tuples(st.text(), st.text()), st.integers(), VALUES)
)
def test_a_sentence_comes_back_as_it_was_stored(sentence):
    assert stored_sentences.from_stored(through_json(stored_sentences.to_stored(sentence))) == sentence


@pytest.mark.parametrize(
    ("given_facts", "stored"),
    [
        pytest.param(
            Facts("signup", NEW_YEAR),
            {"type": "signup", "occurred_at": "2026-01-01T00:00:00+00:00", "nth_purchase": 1},
            id="without an amount",
        ),
        pytest.param(
            Facts("purchase", NEW_YEAR + timedelta(microseconds=1), Money(0, "KWD"), 3),
            {
                "type": "purchase",
                "occurred_at": "2026-01-01T00:00:00.000001+00:00",
                "nth_purchase": 3,
                "amount": 0,
                "currency": "KWD",
            },
            id="an amount of zero is an amount",
        ),
        pytest.param(
            Facts(
                "purchase",
                NEW_YEAR,
                details={"plan": "pro", "seats": 5},
                used={"per_referrer": Used(3, Window(NEW_YEAR, NEW_YEAR + timedelta(1))), "program": Used(0, Window())},
            ),
            {
                "type": "purchase",
                "occurred_at": "2026-01-01T00:00:00+00:00",
                "nth_purchase": 1,
                "details": {"plan": "pro", "seats": 5},
                "used": {
                    "per_referrer": {
                        "used": 3,
                        "since": "2026-01-01T00:00:00+00:00",
                        "until": "2026-01-02T00:00:00+00:00",
                    },
                    "program": {"used": 0},
                },
            },
            id="details, and what was used of limits",
        ),
    ],
)
def test_what_is_stored_of_facts(given_facts, stored):
    assert stored_facts.to_stored(given_facts) == stored
    assert stored_facts.from_stored(stored) == given_facts


@given(st.builds(Facts, st.text(), MOMENTS, st.none() | MONEY, st.integers(1, 10**6)))
def test_facts_come_back_as_they_were_stored(given_facts):
    assert stored_facts.from_stored(through_json(stored_facts.to_stored(given_facts))) == given_facts


@pytest.mark.parametrize(
    ("amount", "money"),
    [
        pytest.param(None, None, id="none"),
        pytest.param("0.00 USD", Money(0, "USD"), id="zero"),
        pytest.param("49.99 EUR", Money(4999, "EUR"), id="euros"),
        pytest.param("500 JPY", Money(500, "JPY"), id="yen"),
    ],
)
def test_the_amount_of_an_example(amount, money):
    assert facts(amount=amount) == Facts("purchase", NEW_YEAR, money, 1)
