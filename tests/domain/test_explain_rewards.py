"""What whoever may earn a reward is told about it: nothing of what their friend did or others earned."""

from datetime import UTC, datetime

import pytest

from webapp.domain.explain_rewards import Stand, decision_for_owner, reward_for_owner
from webapp.domain.facts import Earned, Used, facts
from webapp.domain.money import Money
from webapp.domain.periods import Window
from webapp.domain.rules import read_rule
from webapp.domain.sentences import plain

RULE = {
    "key": "ten",
    "name": "10%",
    "trigger": "purchase",
    "beneficiary": "referrer",
    "kind": "percent_of_purchase",
    "settings": {"percent": "10"},
    "when": {
        "all": [
            {"field": "metadata.plan", "op": "=", "value": "secret"},
            {"field": "amount", "op": ">", "value": 100, "currency": "USD"},
        ]
    },
    "limits": {"program": {"amount": 7000, "currency": "USD", "period": "lifetime"}},
}
UNMET = "It does not meet the conditions of the rule."


@pytest.mark.parametrize(
    ("amount", "details", "used", "code", "words"),
    [
        ("50 USD", {"plan": "secret"}, 0, "earned", "10% of 50.00 USD is 5.00 USD."),
        ("50 USD", {"plan": "open"}, 0, "condition_false", UNMET),
        ("50 USD", {}, 0, "value_missing", UNMET),
        ("50 EUR", {"plan": "secret"}, 0, "currency_differs", UNMET),
        ("50 USD", {"plan": "secret"}, 7000, "limit_reached", "The most that this rule pays was reached before."),
        (
            *("50 USD", {"plan": "secret"}, 6900, "limit_cut"),
            "10% of 50.00 USD is 5.00 USD. With a part of it the most that this rule pays is reached.",
        ),
    ],
)
def test_why_a_rule_pays_or_not(amount, details, used, code, words):
    about = facts(amount=amount, details=details, used={"program": Used(used, Window())})
    answer = read_rule(RULE).price(about)
    assert answer.code == code
    because = answer.because if isinstance(answer, Earned) else (answer.because,)
    assert " ".join(plain(sentence) for sentence in decision_for_owner(answer.code, because)) == words


@pytest.mark.parametrize("reason", ["purchase_limit", "condition_false", "currency_differs", "value_missing"])
def test_a_reward_that_a_late_event_ended_is_not_said_to_be_sent_back(reason):
    now = datetime(2026, 1, 1, tzinfo=UTC)
    words = reward_for_owner(Stand("reversed", reason, now, Money(100, "USD"), 100, 0, now, now))
    assert plain(words.title) == "The order does not count any more"
