"""When something was last heard from the business's own site."""

from datetime import timedelta
from uuid import uuid4

import pytest

from tests import factories, money
from tests.factories import NOON, join
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import User
from webapp.queries.last_heard import LastHeard, last_heard
from webapp.services.signups import CameBy

pytestmark = pytest.mark.usefixtures("in_app")
HOUR = timedelta(hours=1)


def heard():
    session = db.session()
    session.rollback()
    return last_heard(session, factories.program(session).id)


def test_nothing_was_heard_of_a_new_program():
    with write_transaction() as session:
        money.another_program(session)
        # Who joins on this site was not reported.
        join(session, CameBy())
    assert heard() == LastHeard(None, None, None, None)


def test_the_latest_of_each_kind_is_found():
    with write_transaction() as session:
        ada = factories.person(session)
        for hours in (2, 1):
            factories.click(session, factories.link_of(session, ada), visitor_id=uuid4(), now=NOON - hours * HOUR)
        bob, _referral = join(session, CameBy(), now=NOON + HOUR)
        session.get_one(User, bob.id).external_id = "cus_1"
        join(session, CameBy(), email="cy@example.org", now=NOON + 5 * HOUR)
        money.buy(session, bob, at=NOON, now=NOON + 2 * HOUR)
        money.buy(session, bob, event_id="evt_2", type="renewal", at=NOON, now=NOON + 4 * HOUR)
        money.refund(session, at=NOON + 3 * HOUR)
    assert heard() == LastHeard(NOON - HOUR, NOON + HOUR, NOON + 2 * HOUR, NOON + 3 * HOUR)
