"""Reasons that are not a rule's: why nothing was earned, and what became of a refund or of a reported signup."""

import re

import pytest

from webapp.domain import outcomes
from webapp.domain.money import Money
from webapp.domain.outcomes import REASONS
from webapp.domain.sentences import Sentence, plain

ANSWERS = {name: value for name, value in vars(outcomes).items() if name.isupper() and isinstance(value, Sentence)}
MESSAGES = {name: value for name, value in vars(outcomes).items() if name.isupper() and isinstance(value, str)}


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("unknown_person", "Nobody with an account here was named, so there is no one who could have referred them."),
        ("not_referred", "Nobody referred this person, so no one earns anything."),
        ("no_rule", "No rule was live for this kind of event when it happened."),
        ("already_signed_up", "A signup counts once, and this person’s was counted before."),
    ],
)
def test_a_reason_has_words(code, words):
    assert plain(REASONS[code]) == words


def test_every_reason_is_a_code_with_words_of_its_own():
    assert [code for code in REASONS if not re.fullmatch(r"[a-z]+(_[a-z]+)*", code)] == []
    assert len({plain(sentence) for sentence in REASONS.values()}) == len(REASONS)


@pytest.mark.parametrize("sentence", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_is_said_without_values(sentence):
    assert re.fullmatch(r"[A-Z][^%]+\.", plain(sentence))


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_a_message_about_an_amount_says_the_amount(message):
    assert "0.500 KWD" in plain(Sentence(message, {"amount": Money(500, "KWD")}))
