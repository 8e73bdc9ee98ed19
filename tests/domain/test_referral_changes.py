"""Who can be credited for a friend, and what a referrer reads when that was changed."""

import re
from datetime import UTC, datetime
from uuid import UUID

import pytest

from webapp.config import ROOT
from webapp.domain.audit import ACTIONS as ACTS
from webapp.domain.explain import attribution_for_admin, change_for_referrer
from webapp.domain.explain_for_staff import event_for_staff
from webapp.domain.explain_rewards import Stand, event_in_words, reward_for_owner
from webapp.domain.money import Money
from webapp.domain.referral_changes import ACTIONS, ENDINGS, KINDS, REASONS, Mailbox, problem_with
from webapp.domain.sentences import plain

MAY = datetime(2026, 5, 3, 12, tzinfo=UTC)
ADA, BOB, CLEO = (
    Mailbox(UUID(int=number), f"{name}@example.com") for number, name in enumerate(("ada", "bob", "cleo"))
)
BOB_AGAIN = Mailbox(UUID(int=9), BOB.key)
TEN = Money(1000, "USD")


@pytest.mark.parametrize(
    ("friend", "referrer", "above", "problem"),
    [
        (BOB, ADA, (), None),
        (BOB, ADA, (CLEO,), None),
        (BOB, BOB, (), "same_person"),
        (BOB, BOB_AGAIN, (), "same_person"),
        (BOB, ADA, (CLEO, BOB), "loop"),
        (BOB, ADA, (BOB_AGAIN, CLEO), "loop"),
    ],
)
def test_who_can_be_credited(friend, referrer, above, problem):
    assert problem_with(friend, referrer, above) == problem


def test_every_kind_is_an_act_of_the_log():
    assert set(ACTIONS) == set(KINDS)
    assert set(ACTIONS.values()) <= set(ACTS)
    assert {ACTIONS["move"], ACTIONS["remove"]} == ENDINGS


def test_every_reason_is_explained():
    part = (ROOT / "docs/attribution.md").read_text().partition("## Changed by a person")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE) == list(REASONS)


@pytest.mark.parametrize(
    ("kind", "to_them", "title"),
    [
        ("move", False, "This signup was credited to someone else after a check on 2026-05-03"),
        ("remove", False, "This signup does not count any more after a check on 2026-05-03"),
        ("move", True, "This signup was credited to you after a check on 2026-05-03"),
        ("assign", True, "This signup was credited to you after a check on 2026-05-03"),
    ],
)
def test_a_referrer_reads_what_was_changed_and_when(kind, to_them, title):
    words = change_for_referrer(kind, to_them=to_them, at=MAY)
    assert plain(words.title) == title
    assert words.because


@pytest.mark.parametrize(
    ("status", "clawed_back", "said"),
    [
        (
            "reversed",
            0,
            "This friend counts for you no longer. So it was decided after a check on 2026-05-03."
            " The 10.00 USD were taken off again before they were paid.",
        ),
        (
            "paid",
            1000,
            "Paid on 2026-05-03."
            " After a check this friend counts for you no longer, so 10.00 USD come off what you earn next.",
        ),
    ],
)
def test_an_ended_reward_is_not_said_to_be_sent_back(status, clawed_back, said):
    stand = Stand(status, "referral_moved", MAY, TEN, 1000 - clawed_back, clawed_back, MAY, MAY, has_ended=True)
    words = reward_for_owner(stand)
    assert ". ".join([plain(words.title), " ".join(map(plain, words.because))]) == said


@pytest.mark.parametrize("reason", sorted(ENDINGS))
@pytest.mark.parametrize("clawed_back", [False, True])
def test_its_history_says_so_too(reason, clawed_back):
    hers = plain(event_in_words("paid", reason, TEN, clawed_back=clawed_back))
    assert hers.endswith("because the friend counts for you no longer")
    theirs = plain(event_for_staff("paid", reason, TEN, clawed_back=clawed_back))
    assert "credited" in theirs
    assert "order" not in theirs


def test_an_admin_reads_that_a_person_did_it():
    terms = {"model": "last", "window_days": 60}
    assert plain(attribution_for_admin("credited", "assigned", **terms)) == "Credited by a person after a check"
    assert plain(attribution_for_admin("not_referred", "assigned", **terms)) == "Credited by a person after a check"
    assert plain(attribution_for_admin("credited", None, **terms)) == "A person took the credit away after a check"
