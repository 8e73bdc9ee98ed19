"""A bonus that a person held or rejected never passes to another friend past that decision."""

import pytest
from sqlalchemy import select

from tests import money
from tests.factories import NOON, link_of, person
from tests.money import DAY, buy, dispute, history, publish, refund, send
from tests.services.test_counted_rewards import BONUS, WHOLE, friends_of_ada, kept, purchases, whole_books
from tests.services.test_redemptions import redeem
from tests.services.test_referral_changes import change
from webapp.database import write_transaction
from webapp.domain.explain_for_staff import event_for_staff
from webapp.models import Conversion, Reward

__all__ = ["whole_books"]
pytestmark = [
    pytest.mark.parametrize("databases", ["sqlite"], indirect=True),
    pytest.mark.usefixtures("whole_books"),
]


def doubted_bonus(session, *statuses, hold_days=30):
    """Ada's second friend brought a bonus, about which a person decided; a third bought too. Returns the friends."""
    publish(session, **BONUS, hold_days=hold_days)
    _ada, friends = friends_of_ada(session)
    purchases(session, friends[:3])
    (bonus,) = session.scalars(select(Reward.id)).all()
    send(session, bonus, *statuses)
    return friends


def newest(session):
    """Return the newest reward."""
    return session.scalars(select(Reward).order_by(Reward.id.desc()).limit(1)).one()


@pytest.mark.parametrize("statuses", [("held",), ("held", "rejected")], ids=["held", "rejected"])
@pytest.mark.parametrize("goes", ["refund", "dispute", "move"])
def test_what_passes_to_another_friend_is_held_and_says_why(statuses, goes):
    with write_transaction() as session:
        friends = doubted_bonus(session, *statuses, hold_days=0 if goes == "refund" else 30)
        if goes == "move":
            change(session, friends[1], person(session, email="eve@example.org", now=money.JOINED))
        else:
            {"refund": refund, "dispute": dispute}[goes](session, of="evt_2", at=NOON + 9 * DAY)
        assert kept(session) == {"evt_3": 500}
        assert newest(session).status == "held"
        status, reason, _taken = history(session, newest(session).id)[-1]
        words = event_for_staff(status, reason, None, clawed_back=False).message
        assert words == "Held for a decision: this bonus was held or rejected with another friend before"


@pytest.mark.parametrize("comes", ["purchase", "move", "won dispute"])
def test_what_comes_back_with_the_number_is_held(comes):
    with write_transaction() as session:
        friends = doubted_bonus(session, "held", "rejected")
        eve = person(session, email="eve@example.org", now=money.JOINED)
        assert link_of(session, eve)
        dispute(session, of="evt_3", at=NOON + 8 * DAY)
        refund(session, of="evt_2", at=NOON + 9 * DAY)
        assert kept(session) == {}
        if comes == "won dispute":
            money.decide(session, at=NOON + 10 * DAY)
        elif comes == "purchase":
            told = buy(session, friends[3], event_id="evt_4", at=NOON + 10 * DAY)
            assert [one.status for one in told.rewards] == ["held"]
        else:
            ada = session.get_one(type(eve), friends[3].referred_by)
            change(session, friends[3], eve)
            buy(session, friends[3], event_id="evt_4", at=NOON + 10 * DAY)
            (granted,) = change(session, friends[3], ada, now=NOON + 11 * DAY).granted
            assert granted.status == "held"
        assert list(kept(session).values()) == [500]
        assert newest(session).status == "held"


def test_what_a_person_let_pass_then_passes_on_as_it_is():
    with write_transaction() as session:
        friends = doubted_bonus(session, "held", "rejected")
        refund(session, of="evt_2", at=NOON + 9 * DAY)
        send(session, newest(session).id, "pending")
        # It was released, and stays so whatever else is looked at.
        buy(session, friends[2], event_id="late", at=NOON, now=NOON + 10 * DAY)
        assert newest(session).status == "pending"
        buy(session, friends[3], event_id="evt_4", at=NOON + 10 * DAY)
        for event_id in ("evt_3", "late"):
            refund(session, of=event_id, event_id=f"of {event_id}", at=NOON + 11 * DAY)
        assert kept(session) == {"evt_1": 500}
        assert newest(session).status == "pending"


def test_a_bonus_that_nobody_rejected_passes_by_whose_bonus_was_rejected():
    steps = [{"friends": 2, "amount": 500}, {"friends": 3, "amount": 900}]
    with write_transaction() as session:
        publish(session, **{**BONUS, "settings": {**BONUS["settings"], "steps": steps}})
        _ada, (bo, cy, di, ed, flo, gus) = friends_of_ada(session)
        days = {"cy": 5, "bo": 4, "di": 3, "ed": 6, "flo": 7, "gus": 2}
        of = {"cy": cy, "bo": bo, "di": di, "ed": ed, "flo": flo, "gus": gus}
        later = NOON + 20 * DAY
        for who in ("bo", "cy"):
            buy(session, of[who], "100.00 USD", event_id=who, at=NOON + days[who] * DAY, now=later)
        send(session, newest(session).id, "held", "rejected")
        refund(session, of="bo", at=later)
        for who in ("di", "ed", "flo", "gus"):
            buy(session, of[who], "100.00 USD", event_id=who, at=NOON + days[who] * DAY, now=later)
        assert kept(session) == {"di": 500, "ed": 900}
        # Now Cy makes the number three, after Gus and Di.
        refund(session, of="ed", event_id="ref_2", at=later)
        assert kept(session) == {"di": 500, "flo": 900}


def test_store_credit_that_is_spent_in_part_stays_as_it_is_when_a_held_bonus_passes_to_it():
    steps = [{"friends": 1, "amount": 500}, {"friends": 2, "amount": 2000}]
    bonus = {**BONUS, "settings": {**BONUS["settings"], "steps": steps}, "exclusive": "best", "reward": "credit"}
    with write_transaction() as session:
        publish(session, **bonus, hold_days=0)
        ada, friends = friends_of_ada(session)
        purchases(session, friends[:2])
        first, second = session.scalars(select(Reward.id).order_by(Reward.id))
        send(session, first, "held")
        redeem(session, ada.id, 300)
        # So the second friend makes the number one, whose bonus was held, and has spent a part of the other already.
        dispute(session, of="evt_1", at=NOON + 9 * DAY)
        assert kept(session) == {"evt_2": 500}
        assert (newest(session).id, newest(session).status) == (second, "approved")
        money.decide(session, at=NOON + 10 * DAY)
        assert kept(session) == {"evt_1": 500, "evt_2": 2000}
        assert dict(session.execute(select(Reward.amount_minor, Reward.status)).all()) == {
            500: "held",
            2000: "approved",
            1500: "approved",
        }


def test_a_bonus_of_another_number_is_not_doubted():
    with write_transaction() as session:
        friends = doubted_bonus(session, "held", "rejected")
        buy(session, friends[3], event_id="evt_4", at=NOON + 4 * DAY)
        assert (newest(session).amount_minor, newest(session).status) == (2000, "pending")


def test_what_was_held_when_it_ended_last_is_held_when_it_comes_back_whichever_row_it_was():
    steps = [{"friends": 2, "percent": "10"}, {"friends": 3, "percent": "20"}]
    with write_transaction() as session:
        publish(session, **{**WHOLE, "settings": {"steps": steps, "whole_period": True}})
        _ada, friends = friends_of_ada(session)
        purchases(session, friends[:3])
        # What the third had added ends before a person holds the rest, which ends then.
        refund(session, of="evt_3", at=NOON + 9 * DAY)
        of_first = select(Reward).join(Conversion, Conversion.id == Reward.conversion_id)
        of_first = of_first.where(Conversion.event_id == "evt_1").order_by(Reward.correction)
        send(session, session.scalars(of_first).first().id, "held")
        refund(session, of="evt_2", event_id="ref_2", at=NOON + 10 * DAY)
        buy(session, friends[3], "100.00 USD", event_id="evt_4", at=NOON + 12 * DAY)
        session.expire_all()
        assert [one.status for one in session.scalars(of_first)] == ["reversed", "reversed", "held"]
