"""Store credit and coupons when money comes back: what was taken comes back as it was taken, and the books agree."""

import pytest
from sqlalchemy import select

from tests import factories
from tests.factories import NOON
from tests.money import DAY, ada_and_bob, buy, decide, dispute, history, publish, refund, rewards
from tests.services.test_coupon_pools import COUPON, a_pool, handed_out, upload
from tests.services.test_redemptions import books, earned, redeem, undo
from webapp.database import write_transaction
from webapp.domain.statements import due
from webapp.extensions import db
from webapp.models import Reward
from webapp.queries import rollups
from webapp.queries.credit import credit_of
from webapp.queries.ledger import breaches
from webapp.queries.rewards import find_reward
from webapp.queries.statements import books_before, movements_of
from webapp.services.write_offs import write_off_what_is_owed

pytestmark = pytest.mark.usefixtures("in_app")


@pytest.fixture(autouse=True)
def whole_books(in_app):
    yield
    assert list(breaches(db.session())) == []
    assert list(rollups.breaches(db.session())) == []


def reward_id(session):
    return session.scalars(select(Reward.id)).one()


def available(session, user_id):
    return [balance.available for balance in credit_of(session, user_id)]


def test_what_was_not_spent_comes_back_as_a_reversal_and_what_was_spent_as_a_clawback():
    with write_transaction() as session:
        ada_id = earned(session, purchases=1)
        redeem(session, ada_id, 400)
        before = books(session, ada_id)
        dispute(session, of="evt_0")
        assert available(session, ada_id) == [0]
        decide(session)
        assert books(session, ada_id) == before
        assert available(session, ada_id) == [600]
        steps = history(session, reward_id(session))
        assert [minor for _status, _reason, minor in steps if minor] == [600, 400, -400, -600]
        assert steps[-1][0] == "approved"


def test_credit_that_a_dispute_ended_can_be_spent_again_when_it_is_won():
    with write_transaction() as session:
        ada_id = earned(session, purchases=1)
        dispute(session, of="evt_0")
        decide(session)
        assert available(session, ada_id) == [1000]
        redeem(session, ada_id, 1000)


def test_what_was_clawed_back_is_settled_first_also_when_the_redemption_was_undone():
    with write_transaction() as session:
        ada_id = earned(session, purchases=1)
        redeem(session, ada_id, 1000)
        dispute(session, of="evt_0")
        undo(session, ada_id)
        assert available(session, ada_id) == [0]
        decide(session)
        assert available(session, ada_id) == [1000]
        assert books(session, ada_id) == {"approved": 1000}


def test_what_was_written_off_is_not_given_twice():
    with write_transaction() as session:
        ada_id = earned(session, purchases=1)
        redeem(session, ada_id, 400)
        dispute(session, of="evt_0")
        admin = factories.person(session, name="Marta Voss", role="admin")
        of = (session, factories.program(session).id, reward_id(session))
        write_off_what_is_owed(*of, seen_minor=400, note="Small", by=admin.id, now=NOON + 2 * DAY)
        decide(session)
        row = find_reward(session, ada_id, reward_id(session))
        assert (row.taken_minor, row.owed_minor) == (0, 0)
        assert available(session, ada_id) == [600]


def test_a_coupon_that_waits_ends_with_a_dispute_and_waits_again_when_it_is_won():
    with write_transaction() as session:
        a_pool(session)
        publish(session, **COUPON, hold_days=0)
        _ada, bob = ada_and_bob(session)
        buy(session, bob, "50.00 USD")
    with write_transaction() as session:
        dispute(session)
    assert [status for _rule, _amount, status in rewards(db.session())] == ["reversed"]
    with write_transaction() as session:
        decide(session)
    assert [status for _rule, _amount, status in rewards(db.session())] == ["approved"]
    with write_transaction() as session:
        upload(session, "AUTUMN-1")
    assert list(handed_out(db.session())) == ["AUTUMN-1"]


def test_a_coupon_is_not_revived_while_a_refund_still_stands():
    with write_transaction() as session:
        a_pool(session)
        publish(session, **COUPON, hold_days=0)
        _ada, bob = ada_and_bob(session)
        buy(session, bob, "50.00 USD")
        refund(session)
        dispute(session)
        decide(session)
        assert [status for _rule, _amount, status in rewards(session)] == ["reversed"]


def test_a_statement_keeps_store_credit_by_itself_and_says_what_was_spent():
    with write_transaction() as session:
        ada_id = earned(session, purchases=1)
        redeem(session, ada_id, 400)
        program_id = factories.program(session).id
    session, since = db.session(), NOON - DAY
    moved = movements_of(session, ada_id, since=since, until=NOON + 9 * DAY)
    assert [one.redeemed and one.redeemed.minor for one in moved] == [None, 400]
    (only,) = books_before(session, program_id, ada_id, moved, since=since, first="USD")
    assert (only.form, only.currency, due(only.closing), only.closing["paid"]) == ("credit", "USD", 600, 400)
