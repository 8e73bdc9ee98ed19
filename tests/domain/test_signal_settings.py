"""What is kept of the signals' settings, what the audit log says of them, and what they would have done before."""

import pytest

from webapp.domain.evidence import Pace, evidence, to_stored
from webapp.domain.screening import SIGNALS, read_signals
from webapp.domain.screening_trial import Looked, Tally, try_settings
from webapp.domain.signal_settings import SignalSettings, change_for_audit, differing


def settings(raw=None, held_from=50, second=None):
    return SignalSettings(read_signals(raw or {}), held_from, second)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ({}, {}),
        ({"too_fast": {"weight": 60, "seconds": 3}}, {}),
        ({"too_fast": {"weight": 60, "seconds": 4}}, {"too_fast": {"seconds": 4}}),
        ({"shared_network": {"alone": 0}}, {"shared_network": {"alone": 0}}),
        ({"banned_source": {"hosts": []}}, {}),
        ({"banned_source": {"hosts": ["Bücher.example"]}}, {"banned_source": {"hosts": ["xn--bcher-kva.example"]}}),
    ],
)
def test_only_what_differs_from_the_defaults_is_kept(typed, kept):
    found = differing(read_signals(typed))
    assert found == kept
    assert read_signals(found) == read_signals(typed)


def test_the_audit_log_has_numbers_and_no_words_of_people():
    before = settings({"banned_source": {"hosts": ["a.example", "b.example"]}}, second=500)
    after = settings({"banned_source": {"hosts": ["c.example"]}, "too_fast": {"weight": 0}}, held_from=40)
    assert change_for_audit(before, after) == {
        "changed": ["banned_source", "too_fast", "held_from", "second_admin_from_minor"],
        "banned_source": {"hosts": {"from": 2, "to": 1}},
        "too_fast": {"weight": {"from": 60, "to": 0}},
        "held_from": {"from": 50, "to": 40},
        "second_admin_from_minor": {"from": 500, "to": None},
    }
    assert change_for_audit(after, after) == {}


def test_every_signal_says_to_staff_what_it_means():
    assert all(kind.meaning.endswith(".") for kind in SIGNALS.values())


def looked(on=None, fate=None, **known):
    return Looked(to_stored(evidence(**known)), on, fate)


FAST = {"clicked": 1}
AMID_MANY = {"pace": Pace(6, 6)}


def test_a_trial_says_whom_a_draft_holds_and_what_became_of_them():
    friends = [
        looked(**FAST, fate="released"),
        looked(**FAST, fate="rejected"),
        looked(clicked=4, fate="rejected"),
        looked(clicked=4),
        looked(clicked=60),
        looked(**FAST, **AMID_MANY),
        looked(**AMID_MANY, fate="rejected"),
    ]
    # Five seconds instead of three, and no velocity.
    tried = try_settings(friends, settings({"too_fast": {"seconds": 5}, "velocity": {"weight": 0}}), settings())
    assert (tried.friends, tried.refused) == (7, 0)
    assert tried.before == Tally(released=1, rejected=2, undecided=1)
    assert tried.after == Tally(released=1, rejected=2, undecided=2)
    assert tried.more == Tally(rejected=1, undecided=1)
    assert tried.fewer == Tally(rejected=1)
    assert set(tried.by_signal) == {"too_fast"}
    assert (tried.by_signal["too_fast"].found, tried.by_signal["too_fast"].alone) == (tried.after, 5)


def test_who_would_be_held_without_a_signal_as_well_is_not_held_by_it_alone():
    both = looked(**FAST, **AMID_MANY)
    tried = try_settings([both], settings(), settings())
    assert {name: (one.found.friends, one.alone) for name, one in tried.by_signal.items()} == {
        "too_fast": (1, 0),
        "velocity": (1, 0),
    }
    # Together they come to 0.8, either of them to less than 0.7.
    tried = try_settings([both], settings(held_from=70), settings())
    assert [one.alone for one in tried.by_signal.values()] == [1, 1]
    assert (tried.more.friends, tried.fewer.friends) == (0, 0)


@pytest.mark.parametrize(
    ("look", "held", "refused"),
    [
        pytest.param(looked(on="allow", **FAST), 0, 0, id="trusted"),
        pytest.param(looked(on="allow", same_mailbox=True), 0, 1, id="trusted, but proven to be the referrer"),
        pytest.param(looked(on="block"), 1, 0, id="not trusted"),
        pytest.param(Looked(None), 1, 0, id="a check that failed"),
        pytest.param(looked(same_mailbox=True, **FAST), 0, 1, id="a proof"),
    ],
)
def test_what_no_setting_changes_comes_out_the_same_by_both(look, held, refused):
    off = settings({name: {"weight": 0} for name in SIGNALS})
    tried = try_settings([look], off, settings())
    assert (tried.before.friends, tried.after.friends, tried.refused) == (held, held, refused)
