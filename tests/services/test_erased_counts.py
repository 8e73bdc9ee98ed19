"""Friends who are erased go on counting for whoever brought them: numbers of friends are the books, too."""

import secrets
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests import money
from tests.factories import NOON
from tests.services.test_counted_rewards import BONUS, TIERS, WHOLE, friends_of_ada
from webapp.database import write_transaction
from webapp.domain.seals import Sealer
from webapp.extensions import db
from webapp.models import QualifiedFriend, User
from webapp.queries.ledger import breaches
from webapp.services.erasure import erase_person

pytestmark = [
    pytest.mark.usefixtures("in_app"),
    pytest.mark.parametrize("databases", ["sqlite"], indirect=True),
]
SEALER = Sealer(b"k" * 32)


@pytest.mark.parametrize("apart", [timedelta(minutes=1), timedelta(0)], ids=["one after the other", "at one moment"])
def test_erasing_any_of_them_leaves_the_counts_whole(apart):
    with write_transaction() as session:
        for rule in (TIERS, {**WHOLE, "key": "whole"}, BONUS):
            money.publish(session, **rule)
        ada, friends = friends_of_ada(session, 5)
        for number, friend in enumerate(friends, 1):
            money.buy(session, friend, "100.00 USD", event_id=f"evt_{number}", at=NOON + number * apart)
        ids = [one.id for one in (*friends[1:4], ada)]
    for one in ids:
        with write_transaction() as session:
            how = {"by": None, "reason": "asked", "gives_up": True, "sealer": SEALER, "now": NOON}
            erase_person(session, session.get_one(User, one), choose=secrets.choice, **how)
        assert list(breaches(db.session())) == []
        db.session.rollback()
    assert len(db.session.scalars(select(QualifiedFriend)).all()) == 15
