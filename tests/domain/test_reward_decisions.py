"""What can be decided about a reward, and what its owner reads of it."""

from datetime import timedelta

import pytest

from tests.factories import NOON
from webapp.domain.explain_rewards import Stand, reward_for_owner
from webapp.domain.money import Money
from webapp.domain.reward_decisions import CHOICES, REJECTIONS, choices_for
from webapp.domain.rewards import NEXT, STATUSES
from webapp.domain.sentences import plain


def stand(status, reason="granted", *, since=NOON, hold_days=30):
    return Stand(status, reason, since, Money(480, "USD"), 0, 0, NOON, NOON + timedelta(days=hold_days))


@pytest.mark.parametrize(
    ("status", "names"),
    [
        ("pending", ["approve", "hold", "reject"]),
        ("held", ["release", "approve", "reject"]),
        ("approved", ["hold", "reject"]),
        ("in_payout", []),
        ("paid", []),
        ("rejected", []),
        ("reversed", []),
    ],
)
def test_what_can_be_decided(status, names):
    assert [choice.name for choice in choices_for(status)] == names


def test_every_step_of_a_decision_is_one_that_a_reward_can_take():
    taken = 0
    for choice in CHOICES.values():
        for status in choice.of:
            for following in choice.steps(status):
                assert following in NEXT[status]
                status, taken = following, taken + 1
            assert status == choice.target
    assert taken == 10
    assert {status for choice in CHOICES.values() for status in choice.of} <= set(STATUSES)


@pytest.mark.parametrize("reason", [*REJECTIONS, "test", "of_another_release"])
def test_a_rejected_reward_says_why_and_what_to_do_and_blames_nobody(reason):
    words = reward_for_owner(stand("rejected", reason))
    text = " ".join(plain(sentence) for sentence in words.because)
    assert plain(words.title) == "Not counted"
    assert plain(words.because[0]) == REJECTIONS.get(reason, REJECTIONS["other"]).for_owner
    assert "tell us once" in text
    assert "_" not in text
    assert "fraud" not in text.casefold()


@pytest.mark.parametrize(
    ("days", "said"),
    [(3, "need not wait any longer"), (30, "The wait was over on 2026-12-22"), (40, "The wait was over")],
)
def test_a_reward_that_was_approved_early_does_not_say_that_its_wait_was_over(days, said):
    words = reward_for_owner(stand("approved", "checked", since=NOON + timedelta(days=days)))
    assert said in plain(words.because[0])
