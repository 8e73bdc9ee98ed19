"""Refunds: what they take back, before and after a reward is frozen, in any number of parts and in any order."""

from itertools import permutations

import pytest
from sqlalchemy import func, select

from tests import factories, money
from tests.factories import NOON, join
from tests.money import DAY, ada_and_bob, buy, publish, refund, send
from tests.threads import at_once
from webapp.database import write_transaction
from webapp.domain.rewards import StatusError
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import Refund, Reward, RewardEvent, User
from webapp.queries.conversions import refunds_of
from webapp.queries.ledger import breaches
from webapp.services.refunds import AmbiguousOrderError, RefundTakenError
from webapp.services.reward_steps import Actor
from webapp.services.signups import CameBy


@pytest.fixture(autouse=True)
def whole_books(in_app):
    """Whatever happened in a test, the books are whole after it."""
    yield
    assert list(breaches(db.session())) == []


def bought(session, amount="49.99 USD", **how):
    """Bob's purchase, 20% of which Ada earns. Returns Ada, Bob and the id of her reward."""
    publish(session)
    ada, bob = ada_and_bob(session)
    return ada, bob, buy(session, bob, amount, **how).rewards[0].id


def taken(refunded):
    return [(one.rule_key, str(one.amount), one.taken_as) for one in refunded.taken_back]


def test_a_refund_of_all_takes_the_whole_reward_back():
    with write_transaction() as session:
        ada, _bob, reward_id = bought(session)
        refunded = refund(session)
        stored = session.scalars(select(Refund)).one()
        assert taken(refunded) == [("twenty-percent", "10.00 USD", "reversal")]
        assert (refunded.applied_minor, refunded.currency, refunded.kept) == (4999, "USD", [])
        assert (refunded.refund_id, refunded.conversion_event_id) == (stored.id, "evt_1")
        assert (stored.conversion_id, stored.wanted_minor, stored.applied_minor) == (refunded.conversion_id, None, 4999)
        assert money.history(session, reward_id) == [("pending", "granted", 0), ("reversed", "refunded", 1000)]
        assert money.accounts(session, ada) == {}


def test_a_part_takes_its_share_and_the_reward_keeps_its_status():
    with write_transaction() as session:
        ada, _bob, reward_id = bought(session)
        # Of 10.00 dollars 10.00 × 29.99 / 49.99 = 5.9992 are still earned.
        assert taken(refund(session, "20.00 USD")) == [("twenty-percent", "4.00 USD", "reversal")]
        assert money.history(session, reward_id)[1:] == [("pending", "refunded", 400)]
        assert money.accounts(session, ada) == {"expense": -600, "pending": 600}
        assert session.get_one(Reward, reward_id).amount_minor == 1000


def test_what_is_more_than_was_paid_is_cut_to_what_is_left():
    with write_transaction() as session:
        ada, _bob, _reward_id = bought(session)
        refund(session, "40.00 USD", event_id="ref_1")
        refunded = refund(session, "4000.00 USD", event_id="ref_2")
        assert refunded.applied_minor == 999
        # 10.00 × 9.99 / 49.99 = 1.9984 were left, 2.00 rounded.
        assert taken(refunded) == [("twenty-percent", "2.00 USD", "reversal")]
        assert money.accounts(session, ada) == {}
        assert session.scalars(select(Refund.wanted_minor).where(Refund.event_id == "ref_2")).one() == 400_000


def test_after_everything_went_back_a_further_refund_takes_nothing():
    with write_transaction() as session:
        _ada, _bob, reward_id = bought(session)
        refund(session, event_id="ref_1")
        refunded = refund(session, event_id="ref_2")
        assert (refunded.applied_minor, refunded.taken_back, refunded.kept) == (0, [], ["twenty-percent"])
        assert len(money.history(session, reward_id)) == 2


def test_a_refund_too_small_for_a_cent_of_the_reward_leaves_it():
    with write_transaction() as session:
        _ada, _bob, _reward_id = bought(session)
        # 10.00 × 49.97 / 49.99 = 9.996 dollars, and 10.00 × 49.96 / 49.99 = 9.994.
        assert taken(refund(session, "0.02 USD", event_id="ref_1")) == []
        assert taken(refund(session, "0.01 USD", event_id="ref_2")) == [("twenty-percent", "0.01 USD", "reversal")]


def test_parts_in_any_order_end_on_the_cents_of_their_sum():
    with write_transaction() as session:
        publish(session)
        link = factories.link_of(session, factories.person(session))
        for number, parts in enumerate(permutations(["24.99 USD", "3.33 USD", "0.01 USD"])):
            friend, _referral = join(session, CameBy(typed=link), email=f"friend{number}@example.org")
            (reward,) = buy(session, friend, "49.99 USD", event_id=f"evt_{number}").rewards
            for part in parts:
                refund(session, part, of=f"evt_{number}", event_id=f"{number} {part}")
            # 28.33 dollars went back: 10.00 × 21.66 / 49.99 = 4.3329 are still earned.
            assert sum(back for _status, _reason, back in money.history(session, reward.id)) == 567, parts
            refund(session, "21.66 USD", of=f"evt_{number}", event_id=f"{number} the rest")
            assert sum(back for _status, _reason, back in money.history(session, reward.id)) == 1000, parts
            assert session.get_one(Reward, reward.id).status == "reversed"


@pytest.mark.parametrize(
    ("amount", "back", "taken_back"),
    [
        pytest.param("1990 JPY", "995 JPY", "199 JPY", id="no decimals"),
        pytest.param("0.05 EUR", "0.03 EUR", "0.01 EUR", id="0.01 × 0.02 / 0.05 is less than half a cent"),
        pytest.param("12.345 KWD", "0.007 KWD", "0.001 KWD", id="2.469 × 12.338 / 12.345 = 2.4676 dinars"),
    ],
)
def test_a_refund_is_counted_in_the_minor_units_of_its_currency(amount, back, taken_back):
    with write_transaction() as session:
        bought(session, amount)
        assert taken(refund(session, back)) == [("twenty-percent", taken_back, "reversal")]


@pytest.mark.parametrize(
    ("statuses", "ends"),
    [
        pytest.param([], "reversed", id="pending"),
        pytest.param(["held"], "reversed", id="held"),
        pytest.param(["approved"], "reversed", id="approved"),
        pytest.param(["approved", "in_payout", "approved"], "reversed", id="back from a payout that failed"),
    ],
)
def test_before_a_payout_it_is_a_reversal(statuses, ends):
    with write_transaction() as session:
        ada, _bob, reward_id = bought(session)
        send(session, reward_id, *statuses)
        assert taken(refund(session, "20.00 USD", event_id="ref_1")) == [("twenty-percent", "4.00 USD", "reversal")]
        status = statuses[-1] if statuses else "pending"
        assert money.accounts(session, ada) == {"expense": -600, status: 600}
        assert taken(refund(session, event_id="ref_2")) == [("twenty-percent", "6.00 USD", "reversal")]
        assert session.scalar(select(Reward.status)) == ends
        assert money.accounts(session, ada) == {}


@pytest.mark.parametrize("statuses", [["in_payout"], ["in_payout", "paid"]], ids=["in a payout", "paid"])
def test_from_a_payout_on_it_is_a_clawback_and_the_reward_keeps_its_status(statuses):
    with write_transaction() as session:
        ada, _bob, reward_id = bought(session)
        send(session, reward_id, "approved", *statuses)
        assert taken(refund(session, "20.00 USD", event_id="ref_1")) == [("twenty-percent", "4.00 USD", "clawback")]
        assert money.accounts(session, ada) == {"expense": -600, statuses[-1]: 1000, "clawback": -400}
        assert taken(refund(session, event_id="ref_2")) == [("twenty-percent", "6.00 USD", "clawback")]
        assert money.accounts(session, ada) == {statuses[-1]: 1000, "clawback": -1000}
        assert money.history(session, reward_id)[-2:] == [
            (statuses[-1], "refunded", 400),
            (statuses[-1], "refunded", 600),
        ]
        assert session.get_one(Reward, reward_id).amount_minor == 1000


def test_what_was_reversed_before_a_payout_is_not_clawed_back_after_it():
    with write_transaction() as session:
        ada, _bob, reward_id = bought(session)
        refund(session, "20.00 USD", event_id="ref_1")
        send(session, reward_id, "approved", "in_payout", "paid")
        assert taken(refund(session, event_id="ref_2")) == [("twenty-percent", "6.00 USD", "clawback")]
        assert money.accounts(session, ada) == {"paid": 600, "clawback": -600}


def test_after_a_payout_that_failed_nothing_is_taken_twice():
    with write_transaction() as session:
        ada, _bob, reward_id = bought(session)
        send(session, reward_id, "approved", "in_payout")
        refund(session, "20.00 USD", event_id="ref_1")
        send(session, reward_id, "approved")
        assert taken(refund(session, event_id="ref_2")) == [("twenty-percent", "6.00 USD", "reversal")]
        # What was clawed back is owed, and stands against what is still payable.
        assert money.accounts(session, ada) == {"approved": 400, "clawback": -400}


def test_of_a_rejected_reward_nothing_is_left_to_take():
    with write_transaction() as session:
        ada, _bob, reward_id = bought(session)
        send(session, reward_id, "held", "rejected")
        refunded = refund(session)
        assert (refunded.applied_minor, refunded.taken_back, refunded.kept) == (4999, [], ["twenty-percent"])
        assert money.history(session, reward_id)[-1] == ("rejected", "test", 0)
        assert money.accounts(session, ada) == {}


def test_a_rejected_reward_is_brought_back_by_no_word_alone():
    # What went back meanwhile would come back with it.
    with write_transaction() as session:
        ada, _bob, reward_id = bought(session)
        send(session, reward_id, "held", "rejected")
        refund(session, "20.00 USD")
        with pytest.raises(StatusError):
            send(session, reward_id, "held")
        assert money.accounts(session, ada) == {}


def test_a_fixed_reward_stays_whole_until_everything_went_back():
    with write_transaction() as session:
        publish(session, **money.TEN_DOLLARS)
        ada, bob = ada_and_bob(session)
        buy(session, bob)
        first = refund(session, "49.98 USD", event_id="ref_1")
        assert (first.taken_back, first.kept) == ([], ["ten-dollars"])
        assert taken(refund(session, "0.01 USD", event_id="ref_2")) == [("ten-dollars", "10.00 USD", "reversal")]
        assert money.accounts(session, ada) == {}


@pytest.mark.parametrize("amount", [None, "0.00 USD"], ids=["without an amount", "for free"])
@pytest.mark.parametrize("back", [None, "5.00 USD"], ids=["all", "a part"])
def test_what_has_no_parts_is_refunded_whole_by_any_refund(amount, back):
    with write_transaction() as session:
        publish(session, **money.TEN_DOLLARS)
        ada, bob = ada_and_bob(session)
        buy(session, bob, amount)
        refunded = refund(session, back)
        assert refunded.applied_minor == 0
        assert taken(refunded) == [("ten-dollars", "10.00 USD", "reversal")]
        assert money.accounts(session, ada) == {}


def test_each_reward_of_a_purchase_is_taken_by_its_own_rule():
    with write_transaction() as session:
        publish(session)
        publish(session, **money.TEN_DOLLARS)
        publish(session, key="welcome-back", beneficiary="friend", settings={"percent": "10"})
        ada, bob = ada_and_bob(session)
        buy(session, bob)
        refunded = refund(session, "20.00 USD")
        # 5.00 × 29.99 / 49.99 = 2.9996 are still earned by the friend.
        assert sorted(taken(refunded)) == [
            ("twenty-percent", "4.00 USD", "reversal"),
            ("welcome-back", "2.00 USD", "reversal"),
        ]
        assert refunded.kept == ["ten-dollars"]
        assert money.accounts(session, ada) == {"expense": -1600, "pending": 1600}
        assert money.accounts(session, bob) == {"expense": -300, "pending": 300}


def test_a_refund_of_one_purchase_leaves_the_others_alone():
    with write_transaction() as session:
        ada, bob, _reward_id = bought(session)
        buy(session, bob, event_id="evt_2", at=NOON + DAY)
        refund(session, of="evt_2", at=NOON + 2 * DAY)
        assert money.rewards(session) == [("referrer", "10.00 USD", "pending"), ("referrer", "10.00 USD", "reversed")]
        assert money.accounts(session, ada) == {"expense": -1000, "pending": 1000}


def test_a_refund_of_something_that_earned_nothing_is_recorded():
    with write_transaction() as session:
        buy(session, None)
        refunded = refund(session, "20.00 USD")
        assert (refunded.applied_minor, refunded.taken_back, refunded.kept) == (2000, [], [])
        assert refunds_of(session, refunded.conversion_id) == (2000, 1)


@pytest.mark.parametrize("kind", ["system", "api", "person"])
def test_the_history_says_who_took_it_back_and_by_which_refund(kind):
    actor = Actor(kind, None if kind == "system" else new_id())
    with write_transaction() as session:
        _ada, _bob, reward_id = bought(session)
        refunded = refund(session, "20.00 USD", actor=actor, at=NOON + 3 * DAY)
        event = session.get_one(RewardEvent, (reward_id, 2))
    assert (event.reason, event.taken_minor, event.taken_as) == ("refunded", 400, "reversal")
    assert (event.refund_id, event.actor, event.actor_id) == (refunded.refund_id, actor.kind, actor.id)
    assert event.at == NOON + 3 * DAY


def test_an_order_names_its_purchase():
    with write_transaction() as session:
        _ada, _bob, _reward_id = bought(session, order_id="o_1")
        refunded = refund(session, "20.00 USD", order_id="o_1")
        assert (refunded.conversion_event_id, refunded.applied_minor) == ("evt_1", 2000)
        assert taken(refunded) == [("twenty-percent", "4.00 USD", "reversal")]


def test_an_order_of_several_events_is_ambiguous_and_their_ids_are_not():
    with write_transaction() as session:
        _ada, bob, _reward_id = bought(session, order_id="o_1")
        buy(session, bob, event_id="evt_2", order_id="o_1", type="renewal")
        with pytest.raises(AmbiguousOrderError):
            refund(session, order_id="o_1")
        assert session.scalar(select(func.count()).select_from(Refund)) == 0
        assert refund(session, of="evt_2").conversion_event_id == "evt_2"


@pytest.mark.parametrize("again", [{}, {"amount": "5.00 USD"}, {"of": "evt_9"}, {"order_id": "o_9"}])
def test_the_same_refund_twice_is_refused_whatever_it_says(again):
    with write_transaction() as session:
        ada, _bob, reward_id = bought(session)
        refund(session, "20.00 USD")
        with pytest.raises(RefundTakenError):
            refund(session, **again)
        assert money.accounts(session, ada) == {"expense": -600, "pending": 600}
        assert len(money.history(session, reward_id)) == 2
        assert session.scalar(select(func.count()).select_from(Refund)) == 1


def test_refunds_at_once_are_counted_one_after_the_other(app):
    with write_transaction() as session:
        ada, _bob, _reward_id = bought(session, order_id="o_1")
        ada_id = ada.id
    db.session.rollback()

    def give_back(number):
        with write_transaction() as session:
            return refund(session, "10.00 USD", event_id=f"ref_{number}", order_id="o_1" if number % 2 else None)

    answers = at_once(app, [lambda number=number: give_back(number) for number in range(6)])
    # Five times ten dollars are one cent more than was paid.
    assert sorted(answer.applied_minor for answer in answers) == [0, 999, 1000, 1000, 1000, 1000]
    assert sum((one.amount.minor for answer in answers for one in answer.taken_back), 0) == 1000
    assert money.accounts(db.session(), db.session.get_one(User, ada_id)) == {}
