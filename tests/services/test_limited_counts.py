"""Limits of rules that count friends: judged when a rule first pays, after what the same event ended."""

import pytest

from tests.factories import NOON
from tests.money import DAY, buy, publish
from tests.services.test_counted_rewards import WHOLE, friends_of_ada, kept, purchases, whole_books
from webapp.database import write_transaction

__all__ = ["whole_books"]
pytestmark = [
    pytest.mark.parametrize("databases", ["sqlite"], indirect=True),
    pytest.mark.usefixtures("whole_books"),
]
LATER = NOON + 20 * DAY
SECOND = {"steps": [{"friends": 2, "amount": 700}], "currency": "USD"}
ONCE = {"per_referrer": {"count": 1, "period": "lifetime"}}
SEVEN_DOLLARS = {"program": {"amount": 700, "currency": "USD", "period": "lifetime"}}


def test_what_a_limit_refused_stays_refused_as_the_share_rises_and_is_told_with_the_friends_who_count():
    with write_transaction() as session:
        publish(session, **WHOLE, limits=ONCE)
        _ada, friends = friends_of_ada(session)
        # The second friend makes no step, the third does; of which the books are proven after this.
        purchases(session, friends[:2])
        assert kept(session) == {"evt_1": 1000}
        buy(session, friends[2], "100.00 USD", event_id="evt_3", at=NOON + 3 * DAY)
        assert kept(session) == {"evt_1": 2000}


@pytest.mark.parametrize("limits", [ONCE, SEVEN_DOLLARS], ids=["count", "amount"])
@pytest.mark.parametrize("late", ["bo", "cy"])
def test_a_late_event_has_the_room_of_the_bonus_that_it_ends(late, limits):
    with write_transaction() as session:
        publish(session, key="bonus", kind="milestone", settings=SECOND, exclusive="best", limits=limits)
        _ada, friends = friends_of_ada(session)
        days = {"bo": 1, "cy": 2, "di": 3}
        of = dict(zip(days, friends, strict=False))
        for who in (*(name for name in days if name != late), late):
            buy(session, of[who], "100.00 USD", event_id=who, at=NOON + days[who] * DAY, now=LATER)
        assert kept(session) == {"cy": 700}


def test_a_late_event_has_the_room_of_what_another_version_promised():
    limits = {"per_referrer": {"amount": 1000, "currency": "USD", "period": "lifetime"}}
    nine = {"steps": [{"friends": 2, "amount": 900}], "currency": "USD"}
    with write_transaction() as session:
        publish(session, key="bonus", kind="milestone", settings=SECOND, limits=limits)
        publish(session, key="bonus", kind="milestone", settings=nine, limits=limits, now=NOON)
        _ada, (bo, cy, di, *_rest) = friends_of_ada(session)
        buy(session, bo, "100.00 USD", event_id="bo", at=NOON - 2 * DAY)
        buy(session, di, "100.00 USD", event_id="di", at=NOON + DAY)
        assert kept(session) == {"di": 900}
        buy(session, cy, "100.00 USD", event_id="cy", at=NOON - DAY, now=LATER)
        assert kept(session) == {"cy": 700}
