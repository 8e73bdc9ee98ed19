"""Somebody answers a decision against their rewards: once, and nothing of the money is lost or won by it."""

import contextlib
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError

from tests import factories
from tests.factories import NOON, person
from tests.money import DAY, TEN_DOLLARS, accounts, ada_and_bob, another_program, buy, decide, dispute, publish, refund
from tests.services.faults import counting, written
from tests.services.test_referral_changes import change
from tests.services.turns import turns_on_postgresql
from tests.threads import at_once
from webapp.database import write_transaction
from webapp.domain.appeals import RELEASES
from webapp.domain.quotes import Quote
from webapp.domain.reward_decisions import CHOICES
from webapp.extensions import db
from webapp.models import Appeal, AppealedReward, Program, Reward, RewardEvent, Screening, User
from webapp.queries import ledger, rollups
from webapp.queries.appeals import appeals_about, count_open_appeals
from webapp.queries.cases import CaseKey, doubts_behind, held_in
from webapp.services.appeals import AppealProblemError, appeal
from webapp.services.bans import ban
from webapp.services.coupon_pools import add_pool
from webapp.services.quotes import add_quote
from webapp.services.reward_decisions import UnknownRewardError, decide_rewards
from webapp.services.screening import decide_about_friends

ONE = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
LATER = NOON + 40 * DAY
WORDS = "He ordered for his office."


@pytest.fixture(autouse=True)
def whole_books(in_app):
    """Whatever happened in a test, the books and the counts by day are whole after it."""
    yield
    assert list(ledger.breaches(db.session())) == []
    assert list(rollups.breaches(db.session())) == []


@pytest.fixture
def marta(in_app):
    with write_transaction() as session:
        return person(session, name="Marta Voss", role="admin").id


@pytest.fixture
def noor(in_app):
    with write_transaction() as session:
        return person(session, name="Noor Haddad", role="admin").id


def program_id():
    return factories.program(db.session()).id


def decides(by, choice, ids, *, now=NOON + 2 * DAY, **how):
    how = {"reason": "terms"} | how if choice == "reject" else how
    with write_transaction() as session:
        seen = dict(session.execute(select(Reward.id, Reward.sequence).where(Reward.id.in_(ids))).all())
        outcomes = decide_rewards(session, program_id(), CHOICES[choice], seen, by=by, now=now, **how)
    return [one.result for one in outcomes]


def appeals(user_id, reward_id, text=WORDS, now=LATER):
    """Return how many rewards are held again, or what speaks against it."""
    try:
        with write_transaction() as session:
            return len(appeal(session, program_id(), user_id, reward_id, text, now))
    except AppealProblemError as error:
        return error.problem


def purchases(count=1, **rule):
    """Bob's purchases of 50.00 dollars, under a rule of 20% unless another is given. Returns Ada and the rewards."""
    with write_transaction() as session:
        publish(session, **rule)
        ada, bob = ada_and_bob(session)
        ids = [buy(session, bob, "50.00 USD", event_id=f"evt_{n}", at=NOON).rewards[0].id for n in range(1, count + 1)]
        return ada.id, ids


def stands(reward_id):
    """Return how a reward stands and what is kept of it."""
    taken = select(func.coalesce(func.sum(RewardEvent.taken_minor), 0)).where(RewardEvent.reward_id == reward_id)
    query = select(Reward.status, Reward.amount_minor - taken.scalar_subquery()).where(Reward.id == reward_id)
    db.session.rollback()
    return tuple(db.session.execute(query).one())


def half_goes_back(session, _bob):
    refund(session, "25.00 USD", at=NOON + 5 * DAY)


def all_goes_back_and_half_comes_again(session, _bob):
    refund(session, "25.00 USD", at=NOON + 5 * DAY)
    dispute(session, at=NOON + 6 * DAY)
    decide(session, at=NOON + 7 * DAY)


def an_earlier_dispute_is_won(session, _bob):
    decide(session, of="dsp_0", at=NOON + 5 * DAY)


def nothing(_session, _bob):
    pass


CREDIT = {**TEN_DOLLARS, "reward": "credit"}


@pytest.mark.parametrize(
    ("rule", "before", "meanwhile", "kept"),
    [
        pytest.param({}, None, nothing, 1000, id="nothing meanwhile"),
        pytest.param({}, None, half_goes_back, 500, id="a refund"),
        pytest.param({}, "10.00 USD", half_goes_back, 300, id="refunds before and meanwhile"),
        pytest.param({}, None, all_goes_back_and_half_comes_again, 500, id="a dispute that was won"),
        pytest.param({}, "dispute", an_earlier_dispute_is_won, 1000, id="an earlier dispute that was won meanwhile"),
        pytest.param(CREDIT, None, half_goes_back, 1000, id="credit of an amount stays whole"),
        pytest.param({"reward": "credit"}, None, half_goes_back, 500, id="credit of a share"),
    ],
)
def test_a_reward_comes_back_at_what_is_earned_by_now(marta, rule, before, meanwhile, kept):
    ada, (reward_id,) = purchases(**rule)
    with write_transaction() as session:
        if before == "dispute":
            dispute(session, "20.00 USD", event_id="dsp_0", at=NOON + DAY)
        elif before:
            refund(session, before, event_id="ref_0", at=NOON + DAY)
    assert decides(marta, "reject", [reward_id]) == ["done"]
    with write_transaction() as session:
        meanwhile(session, None)
    assert appeals(ada, reward_id) == 1
    assert stands(reward_id) == ("held", kept)
    if "reward" not in rule:
        db.session.rollback()
        assert accounts(db.session(), db.session.get_one(User, ada)) == {"held": kept, "expense": -kept}
    assert doubts_behind(db.session(), [reward_id])[reward_id].reason == "appealed"


@ONE
def test_an_appeal_is_about_all_that_the_decision_rejected_and_of_which_something_is_left(marta, noor):
    ada, ids = purchases(count=4)
    assert decides(marta, "reject", ids[:3]) == ["done"] * 3
    assert decides(noor, "reject", ids[3:]) == ["done"]
    with write_transaction() as session:
        refund(session, of="evt_2", at=NOON + 5 * DAY)
    assert appeals(ada, ids[1]) == "nothing_left"
    assert appeals(ada, ids[0]) == 2
    assert [stands(one)[0] for one in ids] == ["held", "rejected", "held", "rejected"]
    (told,) = appeals_about(db.session(), ids)
    assert (told.text, told.rejected_as, told.rejected_by, told.user_id) == (WORDS, "terms", "Marta Voss", ada)
    assert {one.reward_id for one in told.rewards} == {ids[0], ids[2]}
    assert told.is_open
    assert count_open_appeals(db.session(), program_id()) == 1
    # Another decision is another appeal.
    assert appeals(ada, ids[3]) == 1


@ONE
def test_what_cannot_be_appealed_says_why_and_nothing_is_written(marta):
    ada, (first, second, third) = purchases(count=3)
    assert appeals(ada, first) == "not_rejected"
    decides(marta, "reject", [first])
    decides(marta, "reject", [second], now=NOON + 3 * DAY)
    assert [appeals(ada, first, text) for text in (" \n ", "x" * 2001)] == ["empty", "too_long"]
    with pytest.raises(UnknownRewardError):
        appeals(marta, first)
    assert appeals(ada, first, "x" * 2000) == 1
    assert appeals(ada, first) == "appealed_before"
    decides(marta, "reject", [first], now=LATER + DAY)
    assert appeals(ada, first) == "appealed_before"
    with write_transaction() as session:
        bob = session.scalars(select(User).where(User.email == "bob@example.org")).one()
        change(session, bob, person(session, name="Luca Marino"))
    assert appeals(ada, second) == "moved"
    assert stands(third)[0] == "reversed"
    assert db.session.scalar(select(func.count()).select_from(Appeal)) == 1
    assert db.session.scalar(select(func.count()).select_from(AppealedReward)) == 1


@ONE
def test_a_reward_of_another_program_is_unknown(marta):
    ada, (reward_id,) = purchases()
    decides(marta, "reject", [reward_id])
    with write_transaction() as session:
        other = another_program(session).id
    with pytest.raises(UnknownRewardError), write_transaction() as session:
        appeal(session, other, ada, reward_id, WORDS, LATER)


@ONE
def test_what_a_late_event_ended_meanwhile_cannot_be_appealed(marta):
    ada, (reward_id,) = purchases(settings={"percent": "20", "first_purchases": 1})
    decides(marta, "reject", [reward_id])
    with write_transaction() as session:
        bob = session.scalars(select(User).where(User.email == "bob@example.org")).one()
        buy(session, bob, event_id="earlier", at=NOON - DAY, now=NOON + 3 * DAY)
    assert appeals(ada, reward_id) == "nothing_left"


@ONE
def test_a_coupon_comes_back_as_long_as_its_order_counts(marta):
    with write_transaction() as session:
        before = NOON - 300 * DAY
        add_pool(session, factories.program(session).id, key="mugs", name="Mugs", low_at=0, by=marta, now=before)
    coupon = {"kind": "coupon_from_pool", "settings": {"pool": "mugs"}, "reward": "coupon"}
    ada, ids = purchases(count=2, **coupon)
    decides(marta, "reject", ids)
    with write_transaction() as session:
        refund(session, of="evt_2", at=NOON + 5 * DAY)
    assert appeals(ada, ids[1]) == "nothing_left"
    assert appeals(ada, ids[0]) == 1
    assert [stands(one)[0] for one in ids] == ["held", "rejected"]


@ONE
def test_the_room_of_a_limit_is_used_again_whether_there_is_any_or_not(marta):
    ada, (first,) = purchases(limits={"per_referrer": {"count": 1, "period": "lifetime"}})
    decides(marta, "reject", [first])
    with write_transaction() as session:
        bob = session.scalars(select(User).where(User.email == "bob@example.org")).one()
        (second,) = buy(session, bob, event_id="second", at=NOON + 3 * DAY).rewards
    assert appeals(ada, first) == 1
    assert [stands(one)[0] for one in (first, second.id)] == ["held", "pending"]
    with write_transaction() as session:
        assert (
            buy(session, session.merge(bob), event_id="third", at=NOON + 4 * DAY).decisions[0].code == "limit_reached"
        )


def test_of_two_appeals_at_once_there_is_one(marta, app):
    ada, ids = purchases(count=2)
    decides(marta, "reject", ids)

    found = at_once(app, [lambda: appeals(ada, ids[0]), lambda: appeals(ada, ids[1])] * 2)
    assert sorted(found, key=str) == [2, *["appealed_before"] * 3]
    assert db.session.scalar(select(func.count()).select_from(Appeal)) == 1


@ONE
def test_a_fault_at_any_statement_leaves_nothing_of_it(marta):
    ada, ids = purchases(count=2)
    decides(marta, "reject", ids)
    with write_transaction() as session:
        refund(session, "25.00 USD", at=NOON + 5 * DAY)
    before, number = written(), 0
    while True:
        number += 1
        with counting(fails_at=number), contextlib.suppress(OperationalError):
            assert appeals(ada, ids[0]) == 2
            break
        assert written() == before, f"a fault at statement {number}"
    assert number > 20
    assert [stands(one) for one in ids] == [("held", 500), ("held", 1000)]


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
@pytest.mark.parametrize("first", range(0, 40, 6))
def test_a_refund_at_the_same_time_is_taken_off_once(marta, app, first):
    ada, (reward_id,) = purchases()
    decides(marta, "reject", [reward_id])

    def sends_back():
        with write_transaction() as session:
            refund(session, "25.00 USD", at=NOON + 5 * DAY)

    with turns_on_postgresql(app) as turns:
        takers = turns.take([lambda: appeals(ada, reward_id), sends_back], [(0, first), (1, None)])
    assert [taker.result for taker in takers] == [1, None]
    assert stands(reward_id) == ("held", 500)


@ONE
@pytest.mark.parametrize("is_released", [True, False])
def test_what_a_rejected_friend_does_is_rejected_at_once_and_can_be_appealed(marta, is_released):
    ada, (held,) = purchases()
    with write_transaction() as session:
        bob = session.scalars(select(User).where(User.email == "bob@example.org")).one()
        decide_about_friends(session, [bob.id], "deny", by=marta, now=NOON + DAY)
        (late,) = buy(session, bob, event_id="late", at=NOON + 2 * DAY).rewards
        bob_id = bob.id
    assert stands(late.id)[0] == "rejected"
    assert appeals(ada, late.id) == 1
    # It is in the case of the person, whatever was taken off since.
    assert [one.id for one in held_in(db.session(), program_id(), CaseKey(ada, "person"))] == [late.id]
    choice = "release" if is_released else "reject"
    how = {"reason": "appeal_right"} if is_released else {}
    assert decides(marta, choice, [late.id], now=LATER + DAY, **how) == ["done"]
    newest = select(Screening.verdict).where(Screening.friend_id == bob_id).order_by(Screening.sequence.desc())
    assert db.session.scalars(newest).first() == ("clear" if is_released else "deny")
    with write_transaction() as session:
        (next_one,) = buy(session, session.get_one(User, bob_id), event_id="next", at=LATER + 2 * DAY).rewards
    assert stands(next_one.id)[0] == ("pending" if is_released else "rejected")
    assert stands(held)[0] == "pending"


@ONE
def test_an_appeal_is_answered_with_a_reason_or_a_note(marta, noor):
    ada, ids = purchases(count=3)
    decides(marta, "reject", ids)
    appeals(ada, ids[0])
    assert decides(marta, "approve", ids[:1], now=LATER) == ["reason_missing"]
    assert stands(ids[0])[0] == "held"
    with pytest.raises(ValueError, match="needs a reason"):
        decides(marta, "release", ids[:1], reason="terms")
    assert decides(marta, "release", ids[:1], now=LATER, note="He called") == ["done"]
    assert decides(noor, "approve", ids[1:2], now=LATER, reason="appeal_in_doubt") == ["done"]
    assert decides(noor, "reject", ids[2:], now=LATER, reason="other") == ["done"]
    (told,) = appeals_about(db.session(), ids)
    assert [(one.answer.status, one.answer.reason, one.answer.by) for one in told.rewards] == [
        ("pending", "checked", "Marta Voss"),
        ("approved", "appeal_in_doubt", "Noor Haddad"),
        ("rejected", "other", "Noor Haddad"),
    ]
    assert (told.rewards[0].answer.note, told.is_open) == ("He called", False)
    assert count_open_appeals(db.session(), program_id()) == 0
    # What is held once more needs no further reason: the appeal is answered.
    assert decides(marta, "hold", ids[:1], now=LATER + DAY) == ["done"]
    assert decides(marta, "release", ids[:1], now=LATER + DAY) == ["done"]
    assert set(RELEASES) == {"appeal_right", "appeal_in_doubt", "appeal_other"}


def limited_to(minor):
    with write_transaction() as session:
        session.execute(update(Program).values(second_admin_from_minor=minor))


@ONE
@pytest.mark.parametrize(
    ("limit", "result"), [(None, "done"), (2001, "done"), (2000, "second_admin"), (0, "second_admin")]
)
def test_from_the_limit_on_another_admin_rejects_what_was_appealed(marta, noor, limit, result):
    ada, ids = purchases(count=2)
    limited_to(limit)
    # Before there is an appeal the limit says nothing.
    assert decides(marta, "reject", ids) == ["done", "done"]
    appeals(ada, ids[0])
    # In parts it is as much.
    assert decides(marta, "reject", ids[:1], now=LATER) == [result]
    assert decides(marta, "release", ids[1:], now=LATER, note="Right") == ["done"]
    if result == "second_admin":
        assert decides(noor, "reject", ids[:1], now=LATER) == ["done"]


@ONE
def test_what_stays_of_an_appeal_below_the_limit_the_same_admin_rejects(marta):
    ada, ids = purchases(count=2)
    limited_to(2000)
    decides(marta, "reject", ids)
    appeals(ada, ids[0])
    assert decides(marta, "release", ids[1:], now=LATER, note="Right") == ["done"]
    assert decides(marta, "reject", ids[:1], now=LATER) == ["done"]
    # And what was let go meanwhile counts again when it is rejected all the same.
    assert decides(marta, "reject", ids[1:], now=LATER + timedelta(hours=1)) == ["second_admin"]


@ONE
@pytest.mark.parametrize(("rate", "result"), [(None, "second_admin"), ("1.5", "second_admin"), ("1.4", "done")])
def test_another_currency_counts_by_its_quote_and_without_one_is_always_enough(marta, rate, result):
    with write_transaction() as session:
        publish(session)
        ada, bob = ada_and_bob(session)
        reward_id = buy(session, bob, "50.00 EUR").rewards[0].id
        ada_id = ada.id
        if rate:
            quote = Quote("EUR", "USD", rate, NOON)
            add_quote(session, program_id(), quote, by=marta, now=NOON + DAY)
    limited_to(1500)
    decides(marta, "reject", [reward_id])
    appeals(ada_id, reward_id)
    assert decides(marta, "reject", [reward_id], now=LATER) == [result]


@ONE
@pytest.mark.parametrize("how", ["the friend", "the referrer"])
def test_who_rejected_the_friend_or_banned_the_referrer_rejected_what_followed(marta, noor, how):
    ada, _held = purchases()
    limited_to(0)
    with write_transaction() as session:
        bob = session.scalars(select(User).where(User.email == "bob@example.org")).one()
        if how == "the friend":
            decide_about_friends(session, [bob.id], "deny", by=marta, now=NOON + DAY)
        else:
            ban(session, program_id(), ada, reason="terms", by=marta, now=NOON + DAY)
        (late,) = buy(session, bob, event_id="late", at=NOON + 2 * DAY).rewards
    assert appeals(ada, late.id) == 1
    assert decides(marta, "reject", [late.id], now=LATER) == ["second_admin"]
    assert decides(noor, "reject", [late.id], now=LATER) == ["done"]
