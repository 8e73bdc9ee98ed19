"""The steps of a reward's life, and the ledger entries that go with each."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests import money
from tests.factories import NOON
from tests.money import DAY, ada_and_bob, buy, publish, refund, send
from tests.threads import at_once
from webapp.database import write_transaction
from webapp.domain.rewards import NEXT, STATUSES, StatusError
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import LedgerEntry, LedgerTransaction, Reward, RewardEvent
from webapp.queries.ledger import breaches
from webapp.services.reward_steps import SYSTEM, Actor, lock_rewards
from webapp.services.rewards import change_status, mature_rewards, take_back

INSTANT = timedelta(microseconds=1)
# A way to each status.
WAYS = {
    "pending": [],
    "held": ["held"],
    "approved": ["approved"],
    "in_payout": ["approved", "in_payout"],
    "paid": ["approved", "in_payout", "paid"],
    "rejected": ["held", "rejected"],
}


@pytest.fixture(autouse=True)
def whole_books(in_app):
    """Whatever happened in a test, the books are whole after it."""
    yield
    assert list(breaches(db.session())) == []


def earned(session, *statuses):
    """Ada's reward of 10.00 dollars, taken through these statuses. Returns Ada and its id."""
    publish(session)
    ada, bob = ada_and_bob(session)
    (reward,) = buy(session, bob).rewards
    send(session, reward.id, *statuses)
    return ada, reward.id


# What was rejected is brought back by an appeal, which has more to do than that.
STEPS = [(old, new) for old in WAYS if old != "rejected" for new in STATUSES if new != "reversed" and new in NEXT[old]]
MISSTEPS = [(old, new) for old in WAYS for new in STATUSES if old == "rejected" or new not in NEXT[old]]


@pytest.mark.parametrize(("old", "new"), STEPS, ids=[f"{old} to {new}" for old, new in STEPS])
def test_a_step_moves_what_is_left_to_the_account_of_the_new_status(old, new):
    actor = Actor("person", new_id())
    with write_transaction() as session:
        ada, reward_id = earned(session, *WAYS[old])
        left = 1000
        if old in {"pending", "held", "approved"}:
            refund(session, "20.00 USD")
            left = 600
        change_status(session, reward_id, new, reason="looked_at", actor=actor, now=NOON + 9 * DAY)
        stored = session.get_one(Reward, reward_id, populate_existing=True)
        event = session.get_one(RewardEvent, (reward_id, stored.sequence))
        assert (stored.status, event.status, event.reason, event.taken_minor) == (new, new, "looked_at", 0)
        assert (event.actor, event.actor_id, event.at) == ("person", actor.id, NOON + 9 * DAY)
        assert money.accounts(session, ada) == ({} if new == "rejected" else {"expense": -left, new: left})


@pytest.mark.parametrize(("old", "new"), MISSTEPS, ids=[f"{old} to {new}" for old, new in MISSTEPS])
def test_a_step_that_a_reward_cannot_take_is_refused_and_writes_nothing(old, new):
    with write_transaction() as session:
        ada, reward_id = earned(session, *WAYS[old])
        before = money.history(session, reward_id)
        with pytest.raises(StatusError):
            send(session, reward_id, new)
        assert money.history(session, reward_id) == before
        assert session.scalar(select(Reward.status)) == old
        assert money.accounts(session, ada) == ({} if old == "rejected" else {"expense": -1000, old: 1000})


@pytest.mark.parametrize("old", ["pending", "held", "approved"])
def test_a_reward_is_reversed_by_taking_it_back_and_by_no_word_alone(old):
    with write_transaction() as session:
        ada, reward_id = earned(session, *WAYS[old])
        with pytest.raises(StatusError):
            send(session, reward_id, "reversed")
        assert money.accounts(session, ada) == {"expense": -1000, old: 1000}
        assert len(money.history(session, reward_id)) == 1 + len(WAYS[old])


@pytest.mark.parametrize("new", STATUSES)
def test_a_reversed_reward_comes_back_by_no_word_alone(new):
    with write_transaction() as session:
        ada, reward_id = earned(session)
        refund(session)
        with pytest.raises(StatusError):
            send(session, reward_id, new)
        assert session.scalar(select(Reward.status)) == "reversed"
        assert money.accounts(session, ada) == {}


def test_a_history_is_numbered_without_gaps_whatever_the_clock_says():
    with write_transaction() as session:
        _ada, reward_id = earned(session)
        send(session, reward_id, "held", now=NOON + 9 * DAY)
        send(session, reward_id, "pending", now=NOON - 9 * DAY)
        send(session, reward_id, "approved", now=NOON)
        events = session.execute(select(RewardEvent.sequence, RewardEvent.status).order_by(RewardEvent.sequence)).all()
        assert session.scalar(select(Reward.sequence)) == 4
    assert events == [(1, "pending"), (2, "held"), (3, "pending"), (4, "approved")]


def test_every_movement_is_a_transaction_of_two_entries_that_add_up_to_nothing():
    with write_transaction() as session:
        ada, reward_id = earned(session, "approved")
        moves = session.execute(
            select(
                LedgerTransaction.reward_sequence, LedgerEntry.position, LedgerEntry.account, LedgerEntry.amount_minor
            )
            .join(LedgerEntry, LedgerEntry.transaction_id == LedgerTransaction.id)
            .where(LedgerTransaction.reward_id == reward_id, LedgerEntry.user_id == ada.id)
            .order_by(LedgerTransaction.reward_sequence, LedgerEntry.position)
        ).all()
    assert moves == [
        (1, 1, "expense", -1000),
        (1, 2, "pending", 1000),
        (2, 1, "pending", -1000),
        (2, 2, "approved", 1000),
    ]


def take(session, reward_id, minor):
    (reward,) = lock_rewards(session, [reward_id])
    (change,) = take_back(session, reward, minor, reason="asked", refund_id=None, actor=SYSTEM, now=NOON)
    return change


def test_taking_back_never_exceeds_the_reward():
    with write_transaction() as session:
        ada, reward_id = earned(session)
        assert take(session, reward_id, 999).status == "pending"
        with pytest.raises(StatusError):
            take(session, reward_id, 2)
        assert money.accounts(session, ada) == {"expense": -1, "pending": 1}
        assert take(session, reward_id, 1).status == "reversed"
        assert money.accounts(session, ada) == {}


@pytest.mark.parametrize("minor", [0, -1])
def test_nothing_and_less_than_nothing_cannot_be_taken_back(minor):
    with write_transaction() as session:
        _ada, reward_id = earned(session)
        with pytest.raises(ValueError, match="above zero"):
            take(session, reward_id, minor)
        assert len(money.history(session, reward_id)) == 1


@pytest.mark.parametrize("status", ["in_payout", "paid"])
def test_a_clawback_never_exceeds_what_the_person_keeps(status):
    with write_transaction() as session:
        ada, reward_id = earned(session, *WAYS[status])
        take(session, reward_id, 600)
        with pytest.raises(StatusError):
            take(session, reward_id, 401)
        assert money.accounts(session, ada) == {"expense": -400, status: 1000, "clawback": -600}


def test_after_a_payout_that_failed_what_was_clawed_back_is_not_reversed_too():
    with write_transaction() as session:
        ada, reward_id = earned(session, "approved", "in_payout")
        take(session, reward_id, 600)
        send(session, reward_id, "approved")
        with pytest.raises(StatusError):
            take(session, reward_id, 401)
        take(session, reward_id, 400)
        assert money.accounts(session, ada) == {"approved": 600, "clawback": -600}


@pytest.mark.parametrize("end", ["rejected", "reversed"])
def test_of_a_reward_that_ended_nothing_can_be_taken_back(end):
    with write_transaction() as session:
        ada, reward_id = earned(session, *WAYS.get(end, []))
        if end == "reversed":
            refund(session)
        with pytest.raises(StatusError):
            take(session, reward_id, 1)
        assert money.accounts(session, ada) == {}


def test_locked_rewards_stand_as_they_are_by_id():
    with write_transaction() as session:
        ada, first = earned(session, "approved")
        refund(session, "20.00 USD", event_id="ref_1")
        send(session, first, "in_payout")
        refund(session, "10.00 USD", event_id="ref_2")
        (standing,) = lock_rewards(session, [first])
        assert lock_rewards(session, []) == []
        # 10.00 × 29.99 / 49.99 and 10.00 × 19.99 / 49.99, rounded: 6.00 and 4.00 are still earned.
        assert (standing.reversed_minor, standing.clawed_back_minor) == (400, 200)
        assert (standing.left.minor, standing.kept_minor) == (600, 400)
        assert (standing.beneficiary_id, standing.status, standing.sequence) == (ada.id, "in_payout", 5)


def test_only_what_is_due_matures_and_what_is_held_stays_held():
    due = NOON + 30 * DAY
    with write_transaction() as session:
        publish(session)
        ada, bob = ada_and_bob(session)
        ids = {}
        for name, at in [("due", NOON), ("held", NOON - DAY), ("rejected", NOON - DAY), ("later", NOON + INSTANT)]:
            ids[name] = buy(session, bob, event_id=name, at=at, now=NOON).rewards[0].id
        send(session, ids["held"], "held")
        send(session, ids["rejected"], "held", "rejected")
        assert mature_rewards(session, due - INSTANT) == 0
        assert mature_rewards(session, due) == 1
        assert mature_rewards(session, due) == 0
        statuses = {name: session.scalar(select(Reward.status).where(Reward.id == one)) for name, one in ids.items()}
        assert statuses == {"due": "approved", "held": "held", "rejected": "rejected", "later": "pending"}
        assert money.history(session, ids["due"])[-1] == ("approved", "matured", 0)
        event = session.get_one(RewardEvent, (ids["due"], 2))
        assert (event.actor, event.actor_id, event.at) == ("system", None, due)
        assert money.accounts(session, ada) == {"expense": -3000, "approved": 1000, "held": 1000, "pending": 1000}


def test_what_was_partly_taken_back_matures_with_what_is_left():
    with write_transaction() as session:
        ada, _reward_id = earned(session)
        refund(session, "20.00 USD")
        assert mature_rewards(session, NOON + 30 * DAY) == 1
        assert money.accounts(session, ada) == {"expense": -600, "approved": 600}


def test_the_longest_due_mature_first_and_no_more_than_asked_for():
    with write_transaction() as session:
        publish(session)
        _ada, bob = ada_and_bob(session)
        for number in range(3):
            buy(session, bob, event_id=f"evt_{number}", at=NOON - number * DAY, now=NOON)
        assert mature_rewards(session, NOON + 90 * DAY, limit=2) == 2
        left = session.scalars(select(Reward.matures_at).where(Reward.status == "pending")).all()
        assert left == [NOON + 30 * DAY]


def test_two_jobs_at_once_approve_each_reward_once(app):
    with write_transaction() as session:
        publish(session)
        _ada, bob = ada_and_bob(session)
        for number in range(10):
            buy(session, bob, event_id=f"evt_{number}")
    db.session.rollback()

    def mature():
        with write_transaction() as session:
            return mature_rewards(session, NOON + 30 * DAY)

    assert sum(at_once(app, [mature] * 4)) == 10
    approvals = select(func.count()).select_from(RewardEvent).where(RewardEvent.reason == "matured")
    assert db.session.scalar(approvals) == 10
