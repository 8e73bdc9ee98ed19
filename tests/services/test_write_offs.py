"""Writing off what is owed: nobody asks for it any more, and nobody gives it twice."""

import pytest
from sqlalchemy import select

from tests import factories, money
from tests.factories import NOON
from tests.money import DAY, ada_and_bob, buy, decide, dispute, publish, refund, send
from tests.services.test_counted_rewards import WHOLE, friends_of_ada, kept, purchases
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import AuditEntry, Conversion, Reward, RewardNote
from webapp.queries import rollups
from webapp.queries.ledger import breaches
from webapp.queries.rewards import find_reward
from webapp.services.referral_changes import Wanted, change_referral
from webapp.services.write_offs import OwedChangedError, UnknownRewardError, write_off_what_is_owed


@pytest.fixture(autouse=True)
def whole_books(in_app):
    """Whatever happened in a test, the books are whole after it."""
    yield
    assert list(breaches(db.session())) == []
    assert list(rollups.breaches(db.session())) == []


def paid(session, amount="50.00 USD"):
    """Bob's purchase, 20% of which Ada was paid. Returns Ada, Bob and the id of her reward."""
    publish(session)
    ada, bob = ada_and_bob(session)
    reward_id = buy(session, bob, amount).rewards[0].id
    send(session, reward_id, "approved", "in_payout", "paid")
    return ada, bob, reward_id


def forgive(session, reward_id, minor, now=NOON + 5 * DAY):
    program = factories.program(session)
    marta = factories.person(session, name="Marta Voss", email=f"marta{new_id()}@example.com", role="admin")
    return write_off_what_is_owed(
        session, program.id, reward_id, seen_minor=minor, note="Too small to ask for", by=marta.id, now=now
    )


def test_what_was_written_off_is_owed_no_more_and_said_why():
    with write_transaction() as session:
        ada, _bob, reward_id = paid(session)
        refund(session, "20.00 USD")
        done = forgive(session, reward_id, 400)
        assert (str(done.amount), money.accounts(session, ada)) == ("4.00 USD", {"expense": -1000, "paid": 1000})
        assert money.history(session, reward_id)[-1] == ("paid", "written_off", -400)
        row = find_reward(session, ada.id, reward_id)
        assert (row.clawed_back_minor, row.written_off_minor, row.owed_minor, row.taken_minor) == (400, 400, 0, 0)
        (note,) = session.scalars(select(RewardNote)).all()
        assert (note.text, note.sequence) == ("Too small to ask for", 6)
        act = session.scalars(select(AuditEntry).where(AuditEntry.action == "debt_written_off")).one()
        assert (act.subject_id, act.details) == (reward_id, {"amount": 400, "currency": "USD"})


def test_a_later_refund_takes_the_rest_and_not_that_part_again():
    with write_transaction() as session:
        ada, _bob, reward_id = paid(session)
        refund(session, "20.00 USD")
        forgive(session, reward_id, 400)
        refund(session, event_id="ref_2", at=NOON + 6 * DAY)
        assert money.accounts(session, ada) == {"expense": -400, "paid": 1000, "clawback": -600}
        forgive(session, reward_id, 600)
        assert money.accounts(session, ada) == {"expense": -1000, "paid": 1000}


def test_a_won_dispute_does_not_give_it_a_second_time():
    with write_transaction() as session:
        ada, _bob, reward_id = paid(session)
        dispute(session)
        forgive(session, reward_id, 1000)
        decide(session, at=NOON + 6 * DAY)
        assert money.accounts(session, ada) == {"expense": -1000, "paid": 1000}
        assert [taken for *_about, taken in money.history(session, reward_id)[-3:]] == [-1000, -1000, 1000]
        # From now on it is hers by right, so that a refund can take it.
        refund(session, at=NOON + 7 * DAY)
        assert money.accounts(session, ada) == {"paid": 1000, "clawback": -1000}


def test_what_was_written_off_of_a_refund_stays_so_when_a_dispute_is_won():
    with write_transaction() as session:
        ada, _bob, reward_id = paid(session)
        refund(session, "15.00 USD")
        forgive(session, reward_id, 300)
        dispute(session, "20.00 USD", at=NOON + 6 * DAY)
        assert money.accounts(session, ada)["clawback"] == -400
        decide(session, at=NOON + 7 * DAY)
        assert money.accounts(session, ada) == {"expense": -1000, "paid": 1000}


def test_what_was_written_off_of_a_dispute_is_not_there_for_a_refund_once_it_is_won():
    with write_transaction() as session:
        ada, _bob, reward_id = paid(session)
        dispute(session, "20.00 USD")
        forgive(session, reward_id, 400)
        refund(session, "15.00 USD", at=NOON + 6 * DAY)
        decide(session, at=NOON + 7 * DAY)
        # 15 of 50 dollars went back: 3 of the 10 are owed.
        assert money.accounts(session, ada) == {"expense": -700, "paid": 1000, "clawback": -300}


def test_a_refund_in_place_of_a_won_dispute_takes_nothing_that_was_written_off():
    with write_transaction() as session:
        ada, _bob, reward_id = paid(session)
        dispute(session)
        forgive(session, reward_id, 1000)
        refund(session, at=NOON + 6 * DAY)
        decide(session, at=NOON + 7 * DAY)
        assert money.accounts(session, ada) == {"expense": -1000, "paid": 1000}


def test_what_a_moved_referral_left_behind_can_be_written_off():
    with write_transaction() as session:
        ada, bob, reward_id = paid(session)
        luca = factories.person(session, name="Luca Rossi", email="luca@example.org")
        wanted = Wanted("move", factories.link_of(session, luca), 0, "wrong_credit", by=luca.id, note="He asked")
        change_referral(session, factories.program(session), bob, wanted, now=NOON)
        forgive(session, reward_id, 1000)
        assert money.accounts(session, ada) == {"expense": -1000, "paid": 1000}


def test_after_a_failed_payout_a_rejection_settles_what_is_left():
    with write_transaction() as session:
        ada, bob, _reward_id = paid(session)
        other = buy(session, bob, "50.00 USD", event_id="evt_2").rewards[0].id
        send(session, other, "approved", "in_payout")
        refund(session, "20.00 USD", of="evt_2")
        forgive(session, other, 400)
        send(session, other, "approved", "held", "rejected")
        assert money.accounts(session, ada) == {"expense": -1000, "paid": 1000}


def test_only_what_was_looked_at_is_written_off_and_only_of_what_is_there():
    with write_transaction() as session:
        _ada, _bob, reward_id = paid(session)
        with pytest.raises(OwedChangedError):
            forgive(session, reward_id, 0)
        refund(session, "20.00 USD")
        for minor in (399, 401, 0, -400):
            with pytest.raises(OwedChangedError):
                forgive(session, reward_id, minor)
        with pytest.raises(UnknownRewardError):
            forgive(session, new_id(), 400)
        other = money.another_program(session)
        with pytest.raises(UnknownRewardError):
            write_off_what_is_owed(session, other.id, reward_id, seen_minor=400, note="", by=_ada.id, now=NOON)


def test_what_was_written_off_is_not_given_twice_when_more_friends_count_again():
    with write_transaction() as session:
        publish(session, **WHOLE)
        ada, friends = friends_of_ada(session)
        purchases(session, friends[:3])
        first, more = session.scalars(
            select(Reward.id)
            .join(Conversion, Conversion.id == Reward.conversion_id)
            .where(Conversion.event_id == "evt_1")
            .order_by(Reward.correction)
        ).all()
        for reward_id in (first, more):
            send(session, reward_id, "approved", "in_payout", "paid")
        dispute(session, of="evt_3", at=NOON + 9 * DAY)
        forgive(session, more, 1000, now=NOON + 10 * DAY)
        assert kept(session) == {"evt_1": 2000, "evt_2": 1000}
        decide(session, at=NOON + 11 * DAY)
        # What is earned anew pays what was forgiven, so she has the 20.00 USD once.
        assert kept(session) == {"evt_1": 2000, "evt_2": 2000, "evt_3": 2000}
        assert money.accounts(session, ada)["clawback"] == -1000
