"""Disputes: they take as refunds do, and give back when they are won, whatever arrives when."""

from itertools import permutations

import pytest
from sqlalchemy import func, select

from tests import money
from tests.factories import NOON
from tests.money import DAY, TEN_DOLLARS, ada_and_bob, buy, decide, dispute, publish, refund, send
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import Refund, Reward, RewardEvent, User
from webapp.queries import rollups
from webapp.queries.conversions import refunds_of
from webapp.queries.ledger import breaches
from webapp.services.disputes import DisputeDecidedError, OutcomeTakenError
from webapp.services.refunds import AmbiguousOrderError, RefundTakenError
from webapp.services.rewards import mature_rewards

FIFTY = {"all": [{"field": "amount", "op": ">=", "value": 5000, "currency": "USD"}]}


@pytest.fixture(autouse=True)
def whole_books(in_app):
    """Whatever happened in a test, the books are whole after it."""
    yield
    assert list(breaches(db.session())) == []
    assert list(rollups.breaches(db.session())) == []


def bought(session, amount="50.00 USD", **how):
    """Bob's purchase, 20% of which Ada earns. Returns Ada, Bob and the id of her reward."""
    publish(session)
    ada, bob = ada_and_bob(session)
    return ada, bob, buy(session, bob, amount, **how).rewards[0].id


def moved(parts):
    return [(str(one.amount), one.taken_as) for one in parts]


def counts(session):
    rows = select(Refund.event_id, Refund.applied_minor, Refund.restored_minor).order_by(Refund.event_id)
    return [tuple(row) for row in session.execute(rows)]


def kept(session, reward_id):
    taken = select(func.sum(RewardEvent.taken_minor)).where(RewardEvent.reward_id == reward_id)
    return session.get_one(Reward, reward_id, populate_existing=True).amount_minor - session.scalar(taken)


def test_a_dispute_takes_as_a_refund_does_and_says_why():
    with write_transaction() as session:
        ada, _bob, reward_id = bought(session)
        disputed = dispute(session, "20.00 USD")
        assert moved(disputed.taken_back) == [("4.00 USD", "reversal")]
        assert (disputed.applied_minor, disputed.currency, disputed.is_won) == (2000, "USD", False)
        assert money.history(session, reward_id)[1:] == [("pending", "charged_back", 400)]
        assert money.accounts(session, ada) == {"expense": -600, "pending": 600}


def test_one_that_was_won_gives_back_what_it_took_and_the_reward_is_what_it_was():
    with write_transaction() as session:
        ada, _bob, reward_id = bought(session)
        dispute(session)
        assert money.accounts(session, ada) == {}
        decided = decide(session)
        assert (decided.restored_minor, moved(decided.given_back)) == (5000, [("10.00 USD", "reversal")])
        assert money.history(session, reward_id)[1:] == [
            ("reversed", "charged_back", 1000),
            ("pending", "dispute_won", -1000),
        ]
        assert money.accounts(session, ada) == {"expense": -1000, "pending": 1000}
        assert mature_rewards(session, NOON + 40 * DAY) == 1


@pytest.mark.parametrize("status", ["held", "approved"])
def test_a_reward_returns_to_the_status_from_which_it_was_reversed(status):
    with write_transaction() as session:
        ada, _bob, reward_id = bought(session)
        send(session, reward_id, status)
        dispute(session)
        decide(session)
        assert session.get_one(Reward, reward_id, populate_existing=True).status == status
        assert money.accounts(session, ada) == {"expense": -1000, status: 1000}


def test_a_clawback_is_undone_where_it_stands():
    with write_transaction() as session:
        ada, _bob, reward_id = bought(session)
        send(session, reward_id, "approved", "in_payout", "paid")
        assert moved(dispute(session).taken_back) == [("10.00 USD", "clawback")]
        assert money.accounts(session, ada) == {"paid": 1000, "clawback": -1000}
        assert moved(decide(session).given_back) == [("10.00 USD", "clawback")]
        assert money.accounts(session, ada) == {"expense": -1000, "paid": 1000}


def test_what_was_reversed_before_a_payout_is_owed_to_the_person_when_it_is_won_after_it():
    with write_transaction() as session:
        ada, _bob, reward_id = bought(session)
        dispute(session, "20.00 USD")
        send(session, reward_id, "approved", "in_payout", "paid")
        assert moved(decide(session).given_back) == [("4.00 USD", "clawback")]
        assert money.accounts(session, ada) == {"expense": -1000, "paid": 600, "clawback": 400}
        # All of it can be taken again.
        refund(session)
        assert money.accounts(session, ada) == {"paid": 600, "clawback": -600}


@pytest.mark.parametrize("end", ["refund", "reject"])
def test_what_a_won_dispute_gave_back_is_taken_again_also_after_the_payout_failed(end):
    with write_transaction() as session:
        ada, _bob, reward_id = bought(session)
        dispute(session, "20.00 USD")
        send(session, reward_id, "approved", "in_payout")
        decide(session)
        send(session, reward_id, "approved")
        assert money.accounts(session, ada) == {"expense": -1000, "approved": 600, "clawback": 400}
        if end == "refund":
            refund(session, at=NOON + 3 * DAY)
        else:
            send(session, reward_id, "held", "rejected")
        assert money.accounts(session, ada) == {}
        assert session.get_one(Reward, reward_id, populate_existing=True).status == f"{end}ed".replace(
            "refunded", "reversed"
        )


def test_one_that_was_lost_changes_nothing():
    with write_transaction() as session:
        ada, _bob, reward_id = bought(session)
        dispute(session)
        before = money.history(session, reward_id)
        decided = decide(session, "lost")
        assert (decided.restored_minor, decided.given_back, decided.kept) == (0, [], [])
        assert (money.history(session, reward_id), money.accounts(session, ada)) == (before, {})


def test_a_chargeback_after_a_refund_takes_nothing_twice():
    with write_transaction() as session:
        _ada, _bob, reward_id = bought(session)
        refund(session)
        disputed = dispute(session, at=NOON + 2 * DAY)
        assert (disputed.applied_minor, disputed.taken_back) == (0, [])
        # Nor does it come back: the refund stands.
        assert decide(session, at=NOON + 3 * DAY).given_back == []
        assert kept(session, reward_id) == 0


def test_a_refund_that_was_cut_counts_in_full_when_the_dispute_is_won():
    with write_transaction() as session:
        _ada, _bob, reward_id = bought(session)
        dispute(session, "40.00 USD")
        refunded = refund(session, "20.00 USD", at=NOON + 2 * DAY)
        assert refunded.applied_minor == 1000
        decided = decide(session, at=NOON + 3 * DAY)
        # Of the 50 dollars 20 went back: only 30 of the 40 come back.
        assert (decided.restored_minor, moved(decided.given_back)) == (3000, [("6.00 USD", "reversal")])
        assert counts(session) == [("dsp_1", 4000, 3000), ("ref_1", 1000, 0)]
        assert (kept(session, reward_id), refunds_of(session, decided_conversion(session))[0]) == (600, 2000)


def decided_conversion(session):
    return session.scalars(select(Refund.conversion_id)).first()


def test_of_two_that_overlap_each_gives_back_what_it_can():
    with write_transaction() as session:
        _ada, _bob, reward_id = bought(session)
        dispute(session, "40.00 USD", event_id="dsp_1")
        dispute(session, "20.00 USD", event_id="dsp_2", at=NOON + 2 * DAY)
        assert kept(session, reward_id) == 0
        decide(session, of="dsp_1", event_id="out_1", at=NOON + 3 * DAY)
        assert kept(session, reward_id) == 600
        # It took 2 dollars when it arrived, and stands for 4 since the other was won.
        decide(session, of="dsp_2", event_id="out_2", at=NOON + 4 * DAY)
        assert kept(session, reward_id) == 1000


def test_a_fixed_reward_and_conditions_on_the_amount_hold_again():
    with write_transaction() as session:
        publish(session, **{**TEN_DOLLARS, "when": FIFTY})
        _ada, bob = ada_and_bob(session)
        (reward,) = buy(session, bob, "50.00 USD").rewards
        assert moved(dispute(session, "0.01 USD").taken_back) == [("10.00 USD", "reversal")]
        assert moved(decide(session).given_back) == [("10.00 USD", "reversal")]
        refund(session, "0.01 USD", at=NOON + 3 * DAY)
        assert kept(session, reward.id) == 0


def test_a_conversion_without_an_amount_is_disputed_whole_and_comes_back_whole():
    with write_transaction() as session:
        publish(session, **TEN_DOLLARS)
        _ada, bob = ada_and_bob(session)
        (reward,) = buy(session, bob, None).rewards
        dispute(session, "1.00 USD")
        assert kept(session, reward.id) == 0
        decide(session)
        assert kept(session, reward.id) == 1000


def test_what_a_person_rejected_is_not_revived():
    with write_transaction() as session:
        ada, _bob, reward_id = bought(session)
        dispute(session, "20.00 USD")
        send(session, reward_id, "held", "rejected")
        decided = decide(session)
        assert (decided.given_back, decided.kept) == ([], ["twenty-percent"])
        assert money.accounts(session, ada) == {}


def test_what_no_longer_counts_after_a_late_event_is_not_revived():
    with write_transaction() as session:
        publish(session, settings={"percent": "20", "first_purchases": 1})
        _ada, bob = ada_and_bob(session)
        (reward,) = buy(session, bob, "50.00 USD").rewards
        dispute(session, "20.00 USD")
        buy(session, bob, "10.00 USD", event_id="earlier", at=NOON - DAY, now=NOON + 2 * DAY)
        assert decide(session, at=NOON + 3 * DAY).given_back == []
        assert kept(session, reward.id) == 0


def test_it_waits_for_its_purchase_and_so_does_its_outcome():
    with write_transaction() as session:
        publish(session)
        ada, bob = ada_and_bob(session)
        decided = decide(session)
        assert (decided.dispute_known, decided.restored_minor) == (False, None)
        disputed = dispute(session)
        assert (disputed.is_won, disputed.conversion_id, disputed.taken_back) == (True, None, [])
        (reward,) = buy(session, bob, "50.00 USD", now=NOON + 3 * DAY).rewards
        assert money.history(session, reward.id) == [("pending", "granted", 0)]
        assert counts(session) == [("dsp_1", 5000, 5000)]
        assert money.accounts(session, ada) == {"expense": -1000, "pending": 1000}


def test_each_event_is_taken_once_and_ids_of_refunds_are_their_own():
    with write_transaction() as session:
        bought(session)
        refund(session, "1.00 USD", event_id="same")
        dispute(session, "1.00 USD", event_id="same")
        decide(session, "lost", of="same")
    for again, error in (
        (lambda session: dispute(session, event_id="same"), RefundTakenError),
        (lambda session: decide(session, "lost", of="same"), OutcomeTakenError),
        (lambda session: decide(session, "won", of="same", event_id="out_2"), DisputeDecidedError),
        (lambda session: decide(session, "won", of="other"), OutcomeTakenError),
    ):
        with pytest.raises(error), write_transaction() as session:
            again(session)


def test_an_order_of_several_conversions_is_ambiguous():
    with write_transaction() as session:
        _ada, bob, _reward_id = bought(session, order_id="o_1")
        buy(session, bob, event_id="evt_2", type="renewal", order_id="o_1")
        with pytest.raises(AmbiguousOrderError):
            dispute(session, order_id="o_1")


def test_money_that_comes_back_counts_on_the_day_of_the_outcome():
    from webapp.models import ProgramRevenueDay, RuleDay

    with write_transaction() as session:
        bought(session)
        dispute(session, at=NOON + DAY)
        decide(session, at=NOON + 5 * DAY)
    session = db.session()
    days = session.execute(select(ProgramRevenueDay.day, ProgramRevenueDay.refunded_minor).order_by("day")).all()
    assert [(str(day), minor) for day, minor in days] == [
        (str(NOON.date()), 0),
        (str((NOON + DAY).date()), 5000),
        (str((NOON + 5 * DAY).date()), -5000),
    ]
    withdrawn = session.execute(select(RuleDay.day, RuleDay.withdrawn_minor).order_by(RuleDay.day)).all()
    assert [minor for _day, minor in withdrawn] == [0, 1000, -1000]


# Another happens on each day, whenever it is told.
STORY = {
    "bought": lambda session, bob: buy(session, bob, "50.00 USD", now=NOON + 9 * DAY),
    "part": lambda session, _bob: refund(session, "7.77 USD", event_id="part", at=NOON + DAY),
    "disputed": lambda session, _bob: dispute(session, "40.00 USD", at=NOON + 2 * DAY),
    "refunded": lambda session, _bob: refund(session, "20.01 USD", event_id="more", at=NOON + 3 * DAY),
    "won": lambda session, _bob: decide(session, at=NOON + 4 * DAY),
}


def test_every_order_in_which_all_is_told_ends_on_the_same_cents():
    ends = {}
    with write_transaction() as session:
        publish(session)
        publish(session, **{**TEN_DOLLARS, "when": {"all": [{**FIFTY["all"][0], "value": 2000}]}})
        publish(session, **{**TEN_DOLLARS, "key": "friends-too", "beneficiary": "friend"})
        people = [person.id for person in ada_and_bob(session)]
    for order in permutations(STORY):
        try:
            with write_transaction() as session:
                ada, bob = (session.get_one(User, person_id) for person_id in people)
                for name in order:
                    STORY[name](session, bob)
                balances = (sorted(money.accounts(session, ada).items()), sorted(money.accounts(session, bob).items()))
                ends[order] = (balances, counts(session))
                assert list(breaches(session)) == []
                raise LookupError
        except LookupError:
            db.session.remove()
    assert len(ends) == 120
    # 27.78 of 50 dollars went back: 4.44 of the share stay, and both fixed amounts.
    (end,) = set(map(str, ends.values()))
    assert ends[tuple(STORY)] == (
        ([("expense", -1444), ("pending", 1444)], [("expense", -1000), ("pending", 1000)]),
        [("dsp_1", 4000, 2222), ("more", 223, 0), ("part", 777, 0)],
    ), end
