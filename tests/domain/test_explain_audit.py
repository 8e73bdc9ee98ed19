"""Which message says what an entry of the audit log holds."""

import pytest

from webapp.domain.audit import ACTIONS
from webapp.domain.explain_audit import CHANGES, SENTENCES, UNKNOWN_ACT, message_of_act, message_of_change
from webapp.domain.settings import Settings
from webapp.domain.signal_settings import OF_ALL


def test_every_act_and_every_setting_has_a_message_for_the_barest_entry():
    assert set(SENTENCES) == set(ACTIONS)
    assert all(message_of_act(action, {"who", "subject"}) != UNKNOWN_ACT for action in ACTIONS)
    assert set(CHANGES) == {*Settings.__slots__, *OF_ALL}
    assert all(message_of_change(setting, ()) for setting in CHANGES)


@pytest.mark.parametrize(
    ("action", "known", "message"),
    [
        ("role_changed", {"who", "subject", "from", "to"}, "%(who)s changed %(subject)s from %(from)s to %(to)s"),
        ("role_changed", {"who", "subject", "to"}, "%(who)s changed the role of %(subject)s"),
        ("key_revoked", {"who", "subject", "scope"}, "%(who)s revoked the API key %(subject)s"),
        ("of_a_newer_version", {"who", "subject", "action"}, UNKNOWN_ACT),
    ],
)
def test_the_most_telling_message_about_an_act_is_found(action, known, message):
    assert message_of_act(action, known) == message


@pytest.mark.parametrize(
    ("setting", "known", "message"),
    [
        ("hold_days", {"from", "to"}, "the hold from %(from)s to %(to)s days"),
        ("hold_days", (), "the hold"),
        ("name", (), "the name"),
        ("too_fast", {"from", "to"}, "Signed up within moments of the click"),
        ("of_a_newer_version", (), None),
    ],
)
def test_the_most_telling_message_about_a_setting_is_found(setting, known, message):
    assert message_of_change(setting, known) == message
