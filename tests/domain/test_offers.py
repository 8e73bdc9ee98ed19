"""What a program offers, in few words."""

from datetime import UTC, datetime

import pytest

from webapp.domain.money import Money, Percent
from webapp.domain.offers import Offer, Promise, offer_of
from webapp.domain.rules import read_rule

FIVE = {"amount": 500, "currency": "USD"}


def rule(key="one", **changes):
    table = {
        "key": key,
        "name": key,
        "trigger": "purchase",
        "beneficiary": "referrer",
        "kind": "percent_of_purchase",
        "settings": {"percent": "15", "first_purchases": 12},
    }
    return read_rule({**table, **changes})


def five(**changes):
    return rule(key="five", kind="fixed_amount", settings=FIVE, **{"trigger": "signup", **changes})


FIFTEEN = Promise(Percent("15"), "purchase", 12)


@pytest.mark.parametrize(
    ("rules", "offer"),
    [
        pytest.param([], None, id="no rules"),
        pytest.param([rule()], Offer(None, FIFTEEN), id="the referrer alone"),
        pytest.param(
            [rule(), five(beneficiary="friend")],
            Offer(Promise(Money(500, "USD"), "signup"), FIFTEEN),
            id="both, whichever comes first",
        ),
        pytest.param([five()], Offer(None, Promise(Money(500, "USD"), "signup")), id="a fixed amount for joining"),
        pytest.param([rule(), five()], None, id="two rules of one side"),
        pytest.param([rule(trigger="renewal")], None, id="something rarer than a purchase"),
        pytest.param([rule(trigger="signup")], None, id="a share of nothing"),
        pytest.param(
            [rule(), five(beneficiary="friend", trigger="renewal")], None, id="half of it would not be the truth"
        ),
    ],
)
def test_an_offer_is_what_few_words_can_say(rules, offer):
    assert offer_of(rules) == offer


def test_a_rule_with_an_end_has_small_print():
    assert offer_of([rule(ends_at=datetime(2027, 1, 1, tzinfo=UTC))]) is None
