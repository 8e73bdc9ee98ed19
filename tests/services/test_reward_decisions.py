"""Deciding about rewards: each by itself, kept in the audit log, never twice."""

import pytest
from sqlalchemy import func, select

from tests import factories, money
from tests.factories import NOON
from tests.money import DAY, ada_and_bob, another_program, buy, publish, refund, send
from tests.services.turns import turns_on_postgresql
from tests.threads import at_once
from webapp.database import write_transaction
from webapp.domain.reward_decisions import CHOICES
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import AuditEntry, Reward, RewardEvent, RewardNote
from webapp.queries import audit, ledger
from webapp.services.reward_decisions import UnknownRewardError, decide_rewards

WAYS = {"pending": [], "held": ["held"], "approved": ["approved"], "rejected": ["held", "rejected"]}


@pytest.fixture(autouse=True)
def whole_books(in_app):
    """Whatever happened in a test, the books and the audit log are whole after it."""
    yield
    assert list(ledger.breaches(db.session())) == []
    assert list(audit.breaches(db.session())) == []


@pytest.fixture
def marta(in_app):
    with write_transaction() as session:
        return factories.person(session, name="Marta Voss", role="admin").id


def earned(*ways):
    """Ada's rewards of 10 dollars, one for each way. Returns their ids."""
    with write_transaction() as session:
        publish(session)
        _ada, bob = ada_and_bob(session)
        ids = []
        for number, way in enumerate(ways):
            (reward,) = buy(session, bob, event_id=f"evt_{number}", at=NOON + number * DAY).rewards
            send(session, reward.id, *WAYS[way])
            ids.append(reward.id)
        return ids


def seen(ids):
    found = dict(db.session.execute(select(Reward.id, Reward.sequence).where(Reward.id.in_(ids))).all())
    return {reward_id: found[reward_id] for reward_id in ids}


def decide(choice, what, by, **how):
    how = {"reason": "terms"} | how if choice == "reject" else how
    with write_transaction() as session:
        program_id = factories.program(session).id
        outcomes = decide_rewards(session, program_id, CHOICES[choice], what, by=by, now=NOON + 40 * DAY, **how)
        return [outcome.result for outcome in outcomes]


def kept():
    """Return what the audit log says about rewards."""
    acts = select(AuditEntry).where(AuditEntry.subject == "reward").order_by(AuditEntry.sequence)
    return db.session.scalars(acts).all()


def status_of(reward_id):
    return db.session.scalar(select(Reward.status).where(Reward.id == reward_id))


@pytest.mark.parametrize(
    ("choice", "way", "history"),
    [
        ("release", "held", [("pending", "checked")]),
        ("approve", "held", [("approved", "checked")]),
        ("approve", "pending", [("approved", "checked")]),
        ("hold", "pending", [("held", "to_check")]),
        ("hold", "approved", [("held", "to_check")]),
        ("reject", "held", [("rejected", "terms")]),
        # Only what is held can be rejected, so it is held first.
        ("reject", "pending", [("held", "terms"), ("rejected", "terms")]),
        ("reject", "approved", [("held", "terms"), ("rejected", "terms")]),
    ],
)
def test_a_decision_takes_the_reward_on_and_says_who_and_why(marta, choice, way, history):
    (reward_id,) = earned(way)
    before = len(WAYS[way]) + 1
    assert decide(choice, seen([reward_id]), marta) == ["done"]
    events = db.session.execute(
        select(RewardEvent.status, RewardEvent.reason, RewardEvent.actor, RewardEvent.actor_id)
        .where(RewardEvent.sequence > before)
        .order_by(RewardEvent.sequence)
    ).all()
    assert events == [(status, reason, "person", marta) for status, reason in history]
    (entry,) = kept()
    assert (entry.action, entry.subject, entry.subject_id) == (CHOICES[choice].action, "reward", reward_id)
    assert (entry.actor, entry.actor_id) == ("person", marta)
    assert entry.details == {"was": way, "reason": history[-1][1], "amount": 1000, "currency": "USD"}


@pytest.mark.parametrize(
    ("choice", "way"),
    [
        ("release", "pending"),
        ("release", "rejected"),
        ("approve", "approved"),
        ("hold", "held"),
        ("hold", "rejected"),
        ("reject", "rejected"),
    ],
)
def test_what_cannot_take_the_step_is_left_out_and_the_others_go_through(marta, choice, way):
    possible = "held" if choice in {"release", "approve"} else "pending"
    ids = earned(possible, way, possible)
    assert decide(choice, seen(ids), marta) == ["done", "impossible", "done"]
    assert status_of(ids[1]) == way
    assert len(kept()) == 2


def test_what_was_refunded_meanwhile_is_left_out(marta):
    ids = earned("held", "held")
    looked_at = seen(ids)
    with write_transaction() as session:
        refund(session, "10.00 USD", of="evt_0")
    assert decide("approve", looked_at, marta) == ["changed", "done"]
    assert [status_of(reward_id) for reward_id in ids] == ["held", "approved"]


def test_the_same_decision_sent_twice_changes_nothing_twice(marta):
    ids = earned("held", "pending")
    looked_at = seen(ids)
    assert decide("reject", looked_at, marta, note="Looked at both") == ["done", "done"]
    assert decide("reject", looked_at, marta, note="Looked at both") == ["changed", "changed"]
    assert len(kept()) == 2
    assert db.session.scalar(select(func.count()).select_from(RewardNote)) == 2


def test_a_note_stands_beside_the_event_and_in_nothing_that_stays_for_good(marta):
    (reward_id,) = earned("pending")
    decide("reject", seen([reward_id]), marta, note="Bob told me on the phone")
    note = db.session.scalars(select(RewardNote)).one()
    # Granted, held, rejected.
    assert (note.reward_id, note.sequence, note.written_by) == (reward_id, 3, marta)
    assert note.text == "Bob told me on the phone"
    assert "phone" not in str(kept()[0].details)


def test_a_reward_of_another_program_is_unknown_and_nothing_is_written(marta):
    ids = earned("held")
    with write_transaction() as session:
        other, ours = another_program(session).id, factories.program(session).id
    for program_id, what in ((other, seen(ids)), (ours, {**seen(ids), new_id(): 1})):
        with pytest.raises(UnknownRewardError), write_transaction() as session:
            decide_rewards(session, program_id, CHOICES["approve"], what, by=marta, now=NOON)
    assert status_of(ids[0]) == "held"


@pytest.mark.parametrize("reason", [None, "because", "checked"])
def test_a_rejection_needs_a_reason_of_the_list(marta, reason):
    ids = earned("held")
    with pytest.raises(ValueError, match="reason"):
        decide("reject", seen(ids), marta, reason=reason)
    assert status_of(ids[0]) == "held"


def test_two_admins_at_the_same_moment_decide_once(app, marta):
    with write_transaction() as session:
        noor = factories.person(session, name="Noor Shah", role="admin").id
    ids = earned("held", "held", "held")
    looked_at = seen(ids)
    backwards = dict(reversed(looked_at.items()))
    results = at_once(app, [lambda: decide("approve", looked_at, marta), lambda: decide("reject", backwards, noor)] * 2)
    assert sorted(results) == [["changed"] * 3] * 3 + [["done"] * 3]
    db.session.rollback()
    assert len({status_of(reward_id) for reward_id in ids}) == 1
    assert len(kept()) == 3


@pytest.mark.parametrize("databases", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True)
@pytest.mark.parametrize("statements", [1, 3, 8])
def test_two_admins_a_statement_at_a_time(app, marta, statements):
    ids = earned("held", "held")
    looked_at = seen(ids)
    backwards = dict(reversed(looked_at.items()))
    with turns_on_postgresql(app) as turns:
        takers = turns.take(
            [lambda: decide("release", looked_at, marta), lambda: decide("reject", backwards, marta)],
            [(0, statements), (1, None)],
        )
    results = [taker.result for taker in takers]
    assert sorted(results) == [["changed"] * 2, ["done"] * 2], results


def test_what_was_left_of_it_goes_back_when_it_is_rejected(marta):
    (reward_id,) = earned("pending")
    with write_transaction() as session:
        refund(session, "20.00 USD", of="evt_0")
    decide("reject", seen([reward_id]), marta)
    (entry,) = kept()
    assert entry.details["amount"] == 600
    assert [status for _side, _amount, status in money.rewards(db.session())] == ["rejected"]
