"""From which amount on what was appealed is rejected by another admin, and what speaks against an appeal."""

from typing import get_args

import pytest

from tests.factories import NOON
from webapp.domain.appeals import Problem, needs_second_admin, problem_in_words
from webapp.domain.money import Money
from webapp.domain.quotes import Quote
from webapp.domain.sentences import plain

USD = Money(10_000, "USD")
QUOTE = Quote("EUR", "USD", "1.25", NOON)


def amounts(*each):
    return [Money.parse(one) for one in each]


@pytest.mark.parametrize(
    ("rejected", "limit", "quotes", "needed"),
    [
        pytest.param(["500.00 USD"], None, [], False, id="no limit"),
        pytest.param(["99.99 USD"], USD, [], False, id="below"),
        pytest.param(["60.00 USD", "40.00 USD"], USD, [], True, id="together exactly"),
        pytest.param(["0.01 EUR"], USD, [], True, id="another currency without a quote"),
        pytest.param(["0.00 EUR", "1.00 USD"], USD, [], False, id="nothing of another currency"),
        pytest.param(["79.99 EUR"], USD, [QUOTE], False, id="by the quote below"),
        pytest.param(["40.00 EUR", "50.00 USD"], USD, [QUOTE], True, id="by the quote together"),
        pytest.param(["40.00 EUR", "1 JPY"], USD, [QUOTE], True, id="one of them without a quote"),
        pytest.param([], Money(0, "USD"), [], True, id="from nothing on"),
    ],
)
def test_from_the_limit_on(rejected, limit, quotes, needed):
    assert needs_second_admin(amounts(*rejected), limit, quotes) is needed


def test_every_problem_is_a_sentence_of_its_own():
    said = {plain(problem_in_words(problem)) for problem in get_args(Problem)}
    assert len(said) == len(get_args(Problem))
    assert all(sentence.endswith(".") and "_" not in sentence for sentence in said)
