"""Decisions in words."""

import re
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from webapp.domain.attribution import TouchKind, TouchOutcome
from webapp.domain.explain import attribution_for_admin, attribution_for_referrer

SIGNUP = datetime(2026, 11, 22, 12, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
DAY = timedelta(days=1)
OUTCOMES = get_args(TouchOutcome)
KINDS = get_args(TouchKind)
PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def words(outcome, kind="click", *, friend="Bob", before=DAY, window_days=60):
    return attribution_for_referrer(
        outcome, kind, friend=friend, touched_at=SIGNUP - before, signed_up_at=SIGNUP, window_days=window_days
    )


def said(sentence):
    """Return a sentence in English as a person reads it."""
    message = sentence.plural if sentence.plural is not None and sentence.count != 1 else sentence.message
    return message % {
        name: value.date().isoformat() if isinstance(value, datetime) else value
        for name, value in sentence.values.items()
    }


def everything(answer):
    return [said(answer.title), *map(said, answer.because)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_outcome_has_words(outcome, kind):
    answer = words(outcome, kind)
    assert answer.because, "an answer rests on something"
    for line in everything(answer):
        assert line.strip()
        assert "%(" not in line


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_outcome_has_words_of_its_own(outcome):
    titles = {said(words(other).title) for other in OUTCOMES if other != outcome}
    assert said(words(outcome).title) not in titles


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_one_and_many_take_the_same_values(outcome, kind):
    answer = words(outcome, kind)
    for sentence in (answer.title, *answer.because):
        if sentence.plural is not None:
            assert set(PLACEHOLDER.findall(sentence.plural)) <= set(sentence.values)
            assert set(PLACEHOLDER.findall(sentence.message)) <= set(sentence.values)
            assert sentence.count in sentence.values.values()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_friend_is_named_only_to_who_is_credited(outcome, kind):
    lines = " ".join(everything(words(outcome, kind, friend="Zebedee")))
    assert ("Zebedee" in lines) == (outcome == "credited")


def test_a_credited_friend_whose_name_may_not_be_shown_is_a_person():
    assert said(words("credited", friend="").title) == "This person counts as your friend"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_no_address_is_ever_said(outcome, kind):
    assert not any("@" in line for line in everything(words(outcome, kind)))


@pytest.mark.parametrize(
    ("before", "line"),
    [
        pytest.param(timedelta(0), "signed up less than a day later.", id="at once"),
        pytest.param(DAY - INSTANT, "signed up less than a day later.", id="a microsecond short of a day"),
        pytest.param(DAY, "signed up one day later.", id="a day to the microsecond"),
        pytest.param(2 * DAY - INSTANT, "signed up one day later.", id="a microsecond short of two days"),
        pytest.param(2 * DAY, "signed up 2 days later.", id="two days"),
        pytest.param(60 * DAY, "signed up 60 days later.", id="the last moment of the window"),
    ],
)
def test_how_long_after_the_click_they_signed_up(before, line):
    day = (SIGNUP - before).date().isoformat()
    assert said(words("credited", before=before).because[0]) == f"They opened your link on {day} and {line}"


@pytest.mark.parametrize(
    ("window_days", "before", "line"),
    [
        pytest.param(30, 41 * DAY, "41 days after your link was opened on {}; the window is 30 days.", id="in days"),
        pytest.param(30, 42 * DAY - INSTANT, "41 days after your link was opened on {}; the window", id="whole days"),
        pytest.param(
            60,
            60 * DAY + INSTANT,
            "a little more than 60 days after your link was opened on {}, and the window is 60 days.",
            id="a microsecond too late",
        ),
        pytest.param(60, 61 * DAY, "61 days after your link was opened on {}; the window is 60 days.", id="a day"),
        pytest.param(1, 2 * DAY, "2 days after your link was opened on {}; the window is one day.", id="of one day"),
        pytest.param(
            1,
            DAY + INSTANT,
            "a little more than one day after your link was opened on {}, and the window is one day.",
            id="a microsecond more than a window of one day",
        ),
    ],
)
def test_how_much_too_late_a_signup_was(window_days, before, line):
    (because,) = words("outside_window", before=before, window_days=window_days).because
    assert said(because).startswith("Someone signed up " + line.format((SIGNUP - before).date().isoformat()))


@pytest.mark.parametrize(
    ("before", "line"),
    [
        (timedelta(0), "Your link was opened on 2026-11-22, less than a day before someone signed up."),
        (DAY, "Your link was opened on 2026-11-21, one day before someone signed up."),
        (12 * DAY - INSTANT, "Your link was opened on 2026-11-10, 11 days before someone signed up."),
    ],
)
@pytest.mark.parametrize("outcome", [outcome for outcome in OUTCOMES if outcome.startswith(("beaten", "existing"))])
def test_who_is_not_credited_reads_how_long_before_their_link_was_opened(outcome, before, line):
    assert said(words(outcome, before=before).because[0]) == line


def test_a_click_of_an_existing_customer_may_come_after_the_signup():
    assert said(words("existing_customer", before=-2 * DAY).because[0]) == "Your link was opened on 2026-11-24."


@pytest.mark.parametrize(
    ("after", "line"),
    [
        (INSTANT, "Someone signed up on 2026-11-22 and opened your link less than a day later."),
        (DAY, "Someone signed up on 2026-11-22 and opened your link one day later, on 2026-11-23."),
        (3 * DAY, "Someone signed up on 2026-11-22 and opened your link 3 days later, on 2026-11-25."),
    ],
)
def test_how_long_after_the_signup_the_link_was_opened(after, line):
    assert said(words("after_signup", before=-after).because[0]) == line


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("coupon_code", "Someone used your coupon code."),
        ("page", "Someone signed up on a page that was opened with your link."),
    ],
)
def test_what_was_not_opened_is_told_as_it_was(kind, line):
    assert said(words("beaten_by_typed_code", kind).because[0]) == line


@pytest.mark.parametrize(
    ("days", "line"), [(1, "for one day after"), (2, "for 2 days after"), (60, "for 60 days after")]
)
def test_how_long_a_link_counts(days, line):
    assert line in said(words("credited", window_days=days).because[1])


def test_a_typed_code_needs_no_day():
    assert everything(words("credited", "typed_code"))[1:] == [
        "They typed your code when they signed up, and a typed code comes before everything else."
    ]


@pytest.mark.parametrize(
    ("reason", "method", "model", "window_days", "sentence"),
    [
        ("credited", "typed_code", "last", 60, "Typed the referrer’s code"),
        ("credited", "coupon_code", "last", 60, "Used the referrer’s coupon code"),
        ("credited", "link", "last", 60, "Last link opened in the last 60 days"),
        ("credited", "link", "last", 1, "Last link opened in the last day"),
        ("credited", "link", "first", 60, "First link opened in the last 60 days"),
        ("credited", "link", "first", 1, "First link opened in the last day"),
        ("not_referred", None, "last", 60, "Came without a link"),
        ("same_person", None, "last", 60, "Used their own link: the same mailbox"),
        ("outside_window", None, "last", 60, "Opened the link too long before signing up"),
        ("after_signup", None, "last", 60, "Opened the link only after signing up"),
    ],
)
def test_an_admin_reads_one_sentence(reason, method, model, window_days, sentence):
    assert said(attribution_for_admin(reason, method, model=model, window_days=window_days)) == sentence


@pytest.mark.parametrize("reason", [outcome for outcome in OUTCOMES if not outcome.startswith(("beaten", "credited"))])
def test_every_reason_without_a_credit_has_words_for_an_admin(reason):
    without = said(attribution_for_admin("not_referred", None, model="last", window_days=60))
    assert said(attribution_for_admin(reason, None, model="last", window_days=60)) != without
