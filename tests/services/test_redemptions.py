"""Store credit is spent from the oldest reward on, given back, and taken back by refunds; never more than there is."""

from uuid import UUID

import pytest
from sqlalchemy import func, select

from tests import factories
from tests.factories import NOON
from tests.money import DAY, TEN_DOLLARS, accounts, ada_and_bob, buy, history, publish, refund, send
from tests.threads import at_once
from webapp.database import write_transaction
from webapp.domain.money import Money
from webapp.domain.rewards import StatusError
from webapp.extensions import db
from webapp.models import Redemption, Reward, User
from webapp.queries import rollups
from webapp.queries.credit import credit_of
from webapp.queries.ledger import breaches
from webapp.queries.rewards import balances_of
from webapp.services.bans import ban
from webapp.services.redemptions import (
    NotEnoughCreditError,
    RedemptionTakenError,
    RedemptionUndoneError,
    UnknownRedemptionError,
    redeem_credit,
    undo_redemption,
)
from webapp.services.reward_steps import SYSTEM

pytestmark = pytest.mark.usefixtures("in_app")


def earned(session, *, purchases=2, **rule):
    """Ada's store credit: 10.00 USD for each of Bob's purchases, approved at once. Returns her id."""
    publish(session, **{**TEN_DOLLARS, "reward": "credit", "hold_days": 0, **rule})
    ada, bob = ada_and_bob(session)
    for number in range(purchases):
        buy(session, bob, event_id=f"evt_{number}", at=NOON + number * DAY)
    return ada.id


def redeem(session, user_id, minor, event_id="spent_1", currency="USD"):
    return redeem_credit(
        session,
        factories.program(session).id,
        user_id,
        Money(minor, currency),
        event_id=event_id,
        occurred_at=NOON,
        actor=SYSTEM,
        now=NOON + 5 * DAY,
    )


def undo(session, user_id, event_id="spent_1"):
    return undo_redemption(session, factories.program(session).id, user_id, event_id, actor=SYSTEM, now=NOON + 6 * DAY)


def books(session, user_id):
    """Return what stands in the accounts of the store credit, those with nothing left out."""
    found = balances_of(session, user_id, "credit").get("USD", {})
    return {name: minor for name, minor in found.items() if minor and name != "expense"}


def statuses(session):
    return list(session.scalars(select(Reward.status).order_by(Reward.granted_at, Reward.id)))


def proven():
    session = db.session()
    assert list(breaches(session)) == []
    assert list(rollups.breaches(session)) == []
    session.rollback()


def test_store_credit_is_nobody_s_money():
    with write_transaction() as session:
        ada_id = earned(session)
        assert accounts(session, session.get_one(User, ada_id)) == {}
        assert books(session, ada_id) == {"approved": 2000}
        (credit,) = credit_of(session, ada_id)
        assert (credit.currency, credit.available, credit.redeemed) == ("USD", 2000, 0)
    proven()


def test_a_redemption_takes_the_oldest_first_and_a_reward_is_paid_when_all_of_it_is_spent():
    with write_transaction() as session:
        ada_id = earned(session)
        spent = redeem(session, ada_id, 1500)
        assert [(part.amount.minor, part.status) for part in spent.parts] == [(1000, "paid"), (500, "approved")]
        assert statuses(session) == ["paid", "approved"]
        assert books(session, ada_id) == {"approved": 500, "paid": 1500}
        assert history(session, spent.parts[0].reward_id)[-1] == ("paid", "redeemed", 0)
        redeem(session, ada_id, 500, "spent_2")
        assert statuses(session) == ["paid", "paid"]
    proven()


def test_more_than_there_is_is_refused_and_nothing_is_written():
    with write_transaction() as session:
        ada_id = earned(session)
    with pytest.raises(NotEnoughCreditError) as refused, write_transaction() as session:
        redeem(session, ada_id, 2001)
    assert refused.value.available == Money(2000, "USD")
    with pytest.raises(NotEnoughCreditError) as refused, write_transaction() as session:
        redeem(session, ada_id, 1, currency="EUR")
    assert refused.value.available == Money(0, "EUR")
    assert db.session.scalar(select(func.count()).select_from(Redemption)) == 0
    proven()


def test_the_same_event_is_redeemed_once():
    with write_transaction() as session:
        ada_id = earned(session)
        redeem(session, ada_id, 100)
        with pytest.raises(RedemptionTakenError):
            redeem(session, ada_id, 100)
        assert books(session, ada_id) == {"approved": 1900, "paid": 100}


def test_what_is_not_approved_yet_cannot_be_spent():
    with write_transaction() as session:
        ada_id = earned(session, hold_days=10)
        with pytest.raises(NotEnoughCreditError):
            redeem(session, ada_id, 1)
        (credit,) = credit_of(session, ada_id)
        assert (credit.pending, credit.available) == (2000, 0)


def test_money_cannot_be_spent_as_store_credit():
    with write_transaction() as session:
        ada_id = earned(session, reward="cash")
        with pytest.raises(NotEnoughCreditError):
            redeem(session, ada_id, 1)


def test_an_undone_redemption_can_be_spent_again_and_is_undone_once():
    with write_transaction() as session:
        ada_id = earned(session)
        redeem(session, ada_id, 1500)
        undone = undo(session, ada_id)
        assert sorted(part.amount.minor for part in undone.parts) == [500, 1000]
        assert statuses(session) == ["approved", "approved"]
        assert books(session, ada_id) == {"approved": 2000}
        with pytest.raises(RedemptionUndoneError):
            undo(session, ada_id)
        redeem(session, ada_id, 2000, "spent_2")
    proven()


def test_a_redemption_of_somebody_else_cannot_be_undone():
    with write_transaction() as session:
        ada_id = earned(session)
        redeem(session, ada_id, 100)
        stranger = factories.person(session, name="Luca Rossi")
        with pytest.raises(UnknownRedemptionError):
            undo(session, stranger.id)


def test_a_refund_takes_what_is_not_spent_and_the_rest_is_owed_by_later_credit():
    with write_transaction() as session:
        ada_id = earned(session, purchases=1)
        redeem(session, ada_id, 400)
        taken = refund(session, of="evt_0", at=NOON + 6 * DAY).taken_back
        assert [(one.amount.minor, one.taken_as) for one in taken] == [(600, "reversal"), (400, "clawback")]
        assert statuses(session) == ["paid"]
        assert books(session, ada_id) == {"paid": 400, "clawback": -400}
        assert history(session, taken[0].reward_id)[-2:] == [("paid", "refunded", 600), ("paid", "refunded", 400)]
    proven()
    with write_transaction() as session:
        bob = session.scalars(select(User).where(User.name == "Bob Miller")).one()
        buy(session, bob, event_id="later", at=NOON + 7 * DAY)
        (credit,) = credit_of(session, ada_id)
        assert (credit.approved, credit.clawback, credit.available) == (1000, -400, 600)
        with pytest.raises(NotEnoughCreditError):
            redeem(session, ada_id, 601, "spent_2")
        redeem(session, ada_id, 600, "spent_2")
        assert credit_of(session, ada_id)[0].available == 0
    proven()


def test_a_redemption_that_is_undone_after_the_refund_settles_what_was_owed():
    with write_transaction() as session:
        ada_id = earned(session, purchases=1)
        redeem(session, ada_id, 1000)
        refund(session, of="evt_0", at=NOON + 6 * DAY)
        assert credit_of(session, ada_id)[0].clawback == -1000
        undo(session, ada_id)
        assert credit_of(session, ada_id)[0].available == 0
    proven()


@pytest.mark.parametrize("statuses", [("held",), ("in_payout",), ("paid",)])
def test_store_credit_that_is_spent_in_part_stays_where_it_is(statuses):
    with write_transaction() as session:
        ada_id = earned(session, purchases=1)
        reward_id = redeem(session, ada_id, 400).parts[0].reward_id
        with pytest.raises(StatusError):
            send(session, reward_id, *statuses)
    proven()


@pytest.mark.parametrize("status", ["in_payout", "paid"])
def test_store_credit_is_paid_by_being_spent_only(status):
    with write_transaction() as session:
        earned(session, purchases=1)
        reward_id = session.scalars(select(Reward.id)).one()
        with pytest.raises(StatusError):
            send(session, reward_id, status)


@pytest.mark.slow
def test_many_at_once_never_take_more_than_there_is(app):
    with write_transaction() as session:
        ada_id = earned(session, purchases=3)

    def spend(number: int) -> UUID:
        with write_transaction() as session:
            return redeem(session, ada_id, 700, f"spent_{number}").id

    found = at_once(app, [lambda number=number: spend(number) for number in range(8)])
    assert sum(isinstance(one, UUID) for one in found) == 4
    assert sum(isinstance(one, NotEnoughCreditError) for one in found) == 4
    assert books(db.session(), ada_id) == {"approved": 200, "paid": 2800}
    proven()


@pytest.mark.slow
def test_spending_undoing_and_refunds_at_once_end_in_order(app):
    """Whoever is first: the books balance, and nothing is spent twice."""
    with write_transaction() as session:
        ada_id = earned(session, purchases=3)
        redeem(session, ada_id, 1500, "before")

    def write(call):
        def run():
            with write_transaction() as session:
                return call(session)

        return run

    calls = [lambda session: undo(session, ada_id, "before")]
    for number in range(3):
        calls.append(lambda session, number=number: redeem(session, ada_id, 500, f"spent_{number}"))
        calls.append(lambda session, number=number: refund(session, of=f"evt_{number}", event_id=f"ref_{number}"))
    found = at_once(app, [write(call) for call in calls])
    assert [one for one in found if isinstance(one, Exception) and not isinstance(one, NotEnoughCreditError)] == []
    proven()
    (credit,) = credit_of(db.session(), ada_id)
    assert credit.available == 0
    assert credit.approved + credit.redeemed + credit.clawback == 0


def test_what_comes_back_to_somebody_who_was_banned_meanwhile_is_held():
    with write_transaction() as session:
        ada_id = earned(session)
        redeem(session, ada_id, 1500)
        admin = factories.person(session, role="admin").id
        # Of the second reward a part is spent, so only what comes back whole can be held.
        ban(session, factories.program(session).id, ada_id, reason="terms", by=admin, now=NOON + 5 * DAY)
        assert statuses(session) == ["paid", "approved"]
        assert {part.status for part in undo(session, ada_id).parts} == {"held"}
        assert statuses(session) == ["held", "held"]
    proven()
