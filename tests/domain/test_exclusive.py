"""Which rule of a group pays."""

import pytest

from webapp.domain.exclusive import Contender, losers
from webapp.domain.facts import Better
from webapp.domain.money import Money


def contender(rule: str, amount: str | None, group: str | None = "bonus") -> Contender:
    return Contender(rule, group, Money.parse(amount) if amount else None)


def without_quotes(amount: Money, currency: str) -> Money | None:
    """Only what is in the currency already."""
    return amount if amount.currency == currency else None


def in_euros(amount: Money, currency: str) -> Money | None:
    """A quote of 1.25 USD for one EUR, and none for anything else."""
    if amount.currency == currency:
        return amount
    return Money(amount.minor * 5 // 4, "USD") if (amount.currency, currency) == ("EUR", "USD") else None


@pytest.mark.parametrize(
    ("amounts", "winner"),
    [
        pytest.param(["10.00 USD", "12.00 USD"], 1, id="the one worth most pays"),
        pytest.param(
            ["1.00 USD", "25.00 USD"], 1, id="half of 50 dollars is more than one dollar, whatever their numbers"
        ),
        pytest.param(["12.00 USD", "12.00 USD"], 0, id="of two worth the same the older one"),
        pytest.param([None, "0.01 USD"], 1, id="one that pays nothing beats nobody"),
        pytest.param(["10.00 EUR", "12.00 USD"], 0, id="ten euros are more than twelve dollars by the quote"),
        pytest.param(["9.60 EUR", "12.00 USD"], 0, id="worth the same by the quote"),
        pytest.param(["9.59 EUR", "12.00 USD"], 1, id="worth less by the quote"),
        pytest.param(["90000 JPY", "0.01 USD"], 1, id="what no quote converts is worth less than what one does"),
        pytest.param(["0.00 USD", "0.01 USD"], 1, id="a coupon has no amount, and loses to any money"),
        pytest.param(["0.00 USD", "90000 JPY"], 1, id="also to money that nothing converts"),
        pytest.param(["0.00 USD", "0.00 USD"], 0, id="of two coupons the older one"),
        pytest.param(["90000 JPY", "9.000 KWD"], 0, id="when nothing can be compared the older one"),
    ],
)
def test_one_rule_of_a_group_pays(amounts, winner):
    contenders = [contender(f"rule-{place}", amount) for place, amount in enumerate(amounts)]
    beaten = losers(contenders, "USD", in_euros)
    assert set(beaten) == {place for place, one in enumerate(contenders) if one.amount and place != winner}
    best = contenders[winner]
    assert all(better == Better(best.rule, best.amount) for better in beaten.values())


def test_groups_and_rules_without_one_do_not_meet():
    contenders = [
        contender("a", "5.00 USD", "first"),
        contender("b", "9.00 USD", "second"),
        contender("c", "7.00 USD", None),
        contender("d", "8.00 USD", None),
        contender("e", "6.00 USD", "first"),
    ]
    assert set(losers(contenders, "USD", without_quotes)) == {0}


def test_an_event_without_an_amount_is_compared_in_the_currency_of_the_oldest():
    contenders = [contender("a", "5.00 EUR"), contender("b", "500.00 USD"), contender("c", "5.01 EUR")]
    assert set(losers(contenders, None, without_quotes)) == {0, 1}


def test_the_currency_of_a_coupon_says_nothing():
    contenders = [contender("a", "0.00 USD"), contender("b", "5.00 EUR"), contender("c", "500.00 USD")]
    assert set(losers(contenders, None, without_quotes)) == {0, 2}
