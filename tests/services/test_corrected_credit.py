"""Store credit that follows how many friends count: it rises and falls, spent in part or not, on both engines."""

import pytest

from tests.factories import NOON
from tests.money import DAY, buy, decide, dispute, publish, refund
from tests.services.test_counted_rewards import WHOLE, friends_of_ada, kept, purchases, whole_books
from tests.services.test_redemptions import books, redeem, undo
from webapp.database import write_transaction
from webapp.queries.credit import credit_of
from webapp.services.redemptions import NotEnoughCreditError

__all__ = ["whole_books"]
pytestmark = pytest.mark.usefixtures("whole_books")


def available(session, user_id):
    """What can be spent, and what is spent, as the page says it."""
    (credit,) = credit_of(session, user_id)
    return credit.available, credit.redeemed


def test_credit_that_rises_and_falls_with_the_friends_who_count_can_be_spent_as_far_as_it_stands():
    with write_transaction() as session:
        publish(session, **WHOLE, reward="credit", hold_days=0)
        ada, friends = friends_of_ada(session)
        purchases(session, friends[:2])
        assert available(session, ada.id) == (2000, 0)
        redeem(session, ada.id, 1500)
        # The third friend makes it 20% for all of them: what it adds is a row of its own, and can be spent at once.
        buy(session, friends[2], "100.00 USD", event_id="evt_3", at=NOON + 3 * DAY)
        assert kept(session) == {"evt_1": 2000, "evt_2": 2000, "evt_3": 2000}
        assert available(session, ada.id) == (4500, 1500)
        # Half of Bo's goes back: it is taken from what is not spent.
        refund(session, "50.00 USD", of="evt_1", at=NOON + 6 * DAY)
        assert kept(session) == {"evt_1": 1000, "evt_2": 2000, "evt_3": 2000}
        assert available(session, ada.id) == (3500, 1500)
        redeem(session, ada.id, 3000, "spent_2")
        # The third one's bank takes all of it back: 5.00 of Bo's, 10.00 of Cy's are left, and 45.00 are spent.
        dispute(session, of="evt_3", at=NOON + 7 * DAY)
        assert kept(session) == {"evt_1": 500, "evt_2": 1000}
        assert available(session, ada.id) == (0, 4500)
        assert books(session, ada.id)["paid"] == 4500
        assert sum(books(session, ada.id).values()) == 1500
        with pytest.raises(NotEnoughCreditError):
            redeem(session, ada.id, 1, "too much")
        # What is earned next settles that first.
        decide(session, at=NOON + 8 * DAY)
        assert kept(session) == {"evt_1": 1000, "evt_2": 2000, "evt_3": 2000}
        assert available(session, ada.id) == (500, 4500)
        undo(session, ada.id, "spent_2")
        assert available(session, ada.id) == (3500, 1500)
        redeem(session, ada.id, 3500, "spent_3")
        assert available(session, ada.id) == (0, 5000)
        assert sum(books(session, ada.id).values()) == 5000
