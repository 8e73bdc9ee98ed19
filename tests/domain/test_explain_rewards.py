"""What whoever may earn a reward is told about it: nothing of what their friend did or others earned."""

from datetime import UTC, datetime

import pytest

from webapp.domain.explain_rewards import Stand, decision_for_owner, event_in_words, reward_for_owner
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


NOW = datetime(2026, 1, 1, tzinfo=UTC)


def recounted(status, *, reversed_minor=0, clawed_back_minor=0, **more):
    """What the owner of 10.00 dollars reads, of which something was taken since other friends count."""
    stand = Stand(status, "recounted", NOW, Money(1000, "USD"), reversed_minor, clawed_back_minor, NOW, NOW, **more)
    words = reward_for_owner(stand)
    return plain(words.title), " ".join(plain(sentence) for sentence in words.because)


def test_what_was_taken_back_by_the_number_of_friends_is_not_said_to_be_sent_back():
    title, because = recounted("reversed", reversed_minor=1000)
    assert title == "Fewer friends count now"
    assert "by now they are fewer" in because
    assert recounted("reversed", reversed_minor=1000, is_replaced=True)[0] == "Another reward is paid in its stead"
    _title, because = recounted("pending", reversed_minor=400)
    assert because.endswith("Fewer friends count now, so 4.00 USD of 10.00 USD were taken off.")
    _title, because = recounted("paid", clawed_back_minor=400)
    assert because == "Fewer friends count since the payment began, so 4.00 USD come off what you earn next."
    _title, because = recounted("paid", clawed_back_minor=400, is_replaced=True)
    assert because.startswith("Another reward is paid in its stead since")
    assert "sent back" not in " ".join((*recounted("paid", clawed_back_minor=1), *recounted("approved")))


def test_the_history_says_what_was_added_and_what_was_taken_when_friends_were_counted_again():
    def said(status, reason, taken=None, *, clawed_back=False):
        return plain(event_in_words(status, reason, Money(taken, "USD") if taken else None, clawed_back=clawed_back))

    because = "because other friends or orders count now"
    assert said("pending", "corrected") == f"Earned in addition, {because}"
    assert said("reversed", "recounted", 1000) == f"10.00 USD taken off, {because}"
    assert said("paid", "recounted", 1000, clawed_back=True) == f"10.00 USD owed, {because}"


def held(doubt, category="orders", **more):
    """What is read of a reward that is held, of which a part was sent back since."""
    ten = Money(1000, "USD")
    words = reward_for_owner(
        Stand("held", "refunded", NOW, ten, 300, 0, NOW, NOW, doubt=doubt, category=category, **more)
    )
    return plain(words.title), " ".join(plain(sentence) for sentence in words.because)


@pytest.mark.parametrize(
    ("category", "title"),
    [
        ("person", "We are checking this signup"),
        ("traffic", "We are checking how this friend came"),
        ("orders", "We are checking this order"),
    ],
)
@pytest.mark.parametrize(
    "doubt", ["suspected", "friend_rejected", "banned", "referrer_banned", "bonus_doubted", "to_check"]
)
def test_a_check_is_told_by_its_kind_and_never_by_what_it_rests_on(doubt, category, title):
    found, because = held(doubt, category)
    assert found == title
    assert "Nothing is lost meanwhile" in because
    assert "can answer" in because
    assert "3.00 USD of 10.00 USD were taken off" in because
    for detector in ("browser", "network", "address", "mail", "device", "signal", "score", "fraud", "suspect"):
        assert detector not in because.casefold()


def test_each_reason_of_a_check_has_words_of_its_own_and_a_friend_reads_of_themselves():
    told = {doubt: held(doubt)[1] for doubt in ("to_check", "friend_rejected", "banned", "bonus_doubted", "appealed")}
    assert len(set(told.values())) == len(told)
    assert held("appealed", "person")[0] == "We are looking at it again"
    assert held("suspected", "person", is_own=True)[0] == "We are checking your signup"
    assert "friend" not in held("referrer_banned", "traffic", is_own=True)[1]


def test_a_decision_after_an_appeal_is_final():
    stand = Stand("rejected", "terms", NOW, Money(1000, "USD"), 0, 0, NOW, NOW, is_appealed=True)
    because = [plain(sentence) for sentence in reward_for_owner(stand).because]
    assert because[-1].endswith("This decision is final.")
    assert not any("tell us once" in sentence for sentence in because)


def test_the_history_tells_of_an_appeal_and_why_it_was_right():
    assert "looked at again" in plain(event_in_words("held", "appealed", None, clawed_back=False))
    assert plain(event_in_words("pending", "appeal_right", None, clawed_back=False)) == "You were right, so it counts."
