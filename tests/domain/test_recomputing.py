"""Pricing what is stored again."""

from dataclasses import replace

import pytest

from tests.money import rule
from webapp.domain.facts import Better, facts
from webapp.domain.money import Money
from webapp.domain.recomputing import Price, differs, price_again

TEN = Money(1000, "USD")


@pytest.mark.parametrize(
    ("stored", "again"),
    [
        pytest.param(Price("earned", TEN), None, id="the same to the cent"),
        pytest.param(Price("earned", Money(1001, "USD")), Price("earned", TEN), id="a cent more"),
        pytest.param(Price("purchase_limit", None), Price("earned", TEN), id="another reason"),
    ],
)
def test_what_was_stored_is_compared_with_what_the_rule_says_now(stored, again):
    assert differs(rule(), facts(amount="49.99 USD"), stored) == again


def test_a_rule_that_pays_nothing_gives_its_reason_again():
    again = price_again(
        rule(settings={"percent": "20", "first_purchases": 1}), facts(amount="49.99 USD", nth_purchase=2)
    )
    assert again == Price("purchase_limit", None)


def test_a_rule_that_was_beaten_is_beaten_again():
    beaten = replace(facts(amount="49.99 USD"), beaten_by=Better("flat", Money(1001, "USD")))
    assert price_again(rule(), beaten) == Price("exclusive", None)
