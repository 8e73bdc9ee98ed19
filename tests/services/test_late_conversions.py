"""Events that arrive late: they end where they would have ended in order."""

from datetime import timedelta
from itertools import permutations

import pytest
from sqlalchemy import select

from tests import factories, money
from tests.factories import NOON, join
from tests.money import DAY, ada_and_bob, buy, publish, refund, send
from webapp.database import write_transaction
from webapp.domain.sentences import plain
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import Conversion, Reward, RewardDecision, RewardEvent
from webapp.queries.conversions import decisions_of
from webapp.queries.ledger import breaches
from webapp.queries.rewards import rewards_of_conversion
from webapp.services.reward_steps import Actor
from webapp.services.rules import publish_rules
from webapp.services.signups import CameBy

INSTANT = timedelta(microseconds=1)
ONLY_TWO = {"percent": "20", "first_purchases": 2}


@pytest.fixture(autouse=True)
def whole_books(in_app):
    """Whatever happened in a test, the books are whole after it."""
    yield
    assert list(breaches(db.session())) == []


@pytest.mark.parametrize(
    ("at", "version", "earned"),
    [
        pytest.param(NOON - INSTANT, None, None, id="before the first version"),
        pytest.param(NOON, 1, "5.00 USD", id="the first moment of the first"),
        pytest.param(NOON + DAY - INSTANT, 1, "5.00 USD", id="the last moment of the first"),
        pytest.param(NOON + DAY, 2, "10.00 USD", id="the first moment of the second"),
        pytest.param(NOON + 2 * DAY, None, None, id="while the rule had ended"),
        pytest.param(NOON + 3 * DAY, 4, "15.00 USD", id="since it began anew"),
    ],
)
def test_an_event_is_priced_by_the_version_of_its_moment_however_late_it_arrives(at, version, earned):
    with write_transaction() as session:
        publish(session, settings={"percent": "10"}, now=NOON)
        publish(session, settings={"percent": "20"}, now=NOON + DAY)
        publish_rules(session, factories.program(session), [], prune=True, note="Pause", by=None, now=NOON + 2 * DAY)
        publish(session, settings={"percent": "30"}, now=NOON + 3 * DAY)
        _ada, bob = ada_and_bob(session)
        (decided,) = buy(session, bob, "49.99 USD", at=at, now=NOON + 300 * DAY).decisions
        assert money.rewards(session) == ([("referrer", earned, "pending")] if earned else [])
    assert (decided.version.number if decided.version else None) == version
    assert decided.code == ("earned" if version else "no_rule")


def test_a_version_published_after_the_event_changes_nothing_of_what_it_earned():
    with write_transaction() as session:
        publish(session)
        _ada, bob = ada_and_bob(session)
        recorded = buy(session, bob, now=NOON)
        publish(session, settings={"percent": "50"}, hold_days=0, now=NOON)
        assert money.rewards(session) == [("referrer", "10.00 USD", "pending")]
        assert decisions_of(session, recorded.conversion_id)[0].version.number == 1


def test_the_hold_is_counted_from_the_moment_of_the_event():
    with write_transaction() as session:
        publish(session)
        _ada, bob = ada_and_bob(session)
        (reward,) = buy(session, bob, at=NOON, now=NOON + 90 * DAY).rewards
        assert session.get_one(Reward, reward.id).matures_at == NOON + 30 * DAY


def first_and_third(session):
    """Bob buys on two days, and only his first two purchases count. Returns Ada, Bob and the ids of the rewards."""
    publish(session, settings=ONLY_TWO)
    ada, bob = ada_and_bob(session)
    (first,) = buy(session, bob, "10.00 USD", event_id="evt_1", at=NOON).rewards
    (last,) = buy(session, bob, "30.00 USD", event_id="evt_3", at=NOON + 2 * DAY).rewards
    return ada, bob, first.id, last.id


def second_arrives(session, bob, **how):
    """What Bob bought on the day between arrives last. Returns the id of its reward."""
    (middle,) = buy(session, bob, "20.00 USD", event_id="evt_2", at=NOON + DAY, now=NOON + 5 * DAY, **how).rewards
    return middle.id


def test_a_late_purchase_takes_back_what_no_longer_counts_by_new_rows():
    actor = Actor("api", new_id())
    with write_transaction() as session:
        ada, bob, first, last = first_and_third(session)
        # 20% of 10.00 and of 30.00 dollars.
        assert money.accounts(session, ada) == {"expense": -800, "pending": 800}
        middle = second_arrives(session, bob, actor=actor)
        # 20% of 10.00 and of 20.00 dollars; the third purchase earns nothing.
        assert money.accounts(session, ada) == {"expense": -600, "pending": 600}
        assert money.history(session, first) == [("pending", "granted", 0)]
        assert money.history(session, middle) == [("pending", "granted", 0)]
        assert money.history(session, last) == [("pending", "granted", 0), ("reversed", "purchase_limit", 600)]
        end = session.get_one(RewardEvent, (last, 2))
        assert (end.taken_as, end.refund_id, end.at) == ("reversal", None, NOON + 5 * DAY)
        assert (end.actor, end.actor_id) == ("api", actor.id)
        assert session.get_one(Reward, last).amount_minor == 600


def test_both_decisions_about_a_later_purchase_are_kept_and_the_newest_holds():
    with write_transaction() as session:
        _ada, bob, _first, _last = first_and_third(session)
        second_arrives(session, bob)
        third = session.scalars(select(Conversion).where(Conversion.event_id == "evt_3")).one()
        rows = session.scalars(
            select(RewardDecision).where(RewardDecision.conversion_id == third.id).order_by(RewardDecision.sequence)
        ).all()
        (holds,) = decisions_of(session, third.id)
    assert [(row.sequence, row.code, row.amount_minor, row.facts["nth_purchase"]) for row in rows] == [
        (1, "earned", 600, 2),
        (2, "purchase_limit", None, 3),
    ]
    assert [row.decided_at for row in rows] == [NOON + 2 * DAY, NOON + 5 * DAY]
    assert (holds.code, holds.facts.nth_purchase, holds.amount) == ("purchase_limit", 3, None)
    assert plain(holds.because[0]) == "Only the first 2 purchases count."


@pytest.mark.parametrize("status", ["in_payout", "paid"])
def test_a_late_purchase_claws_back_what_was_frozen(status):
    with write_transaction() as session:
        ada, bob, _first, last = first_and_third(session)
        send(session, last, "approved", *(["in_payout"] if status == "in_payout" else ["in_payout", "paid"]))
        second_arrives(session, bob)
        assert money.history(session, last)[-1] == (status, "purchase_limit", 600)
        # Granted 2.00 + 6.00 + 4.00, of which 6.00 are owed back.
        assert money.accounts(session, ada) == {"expense": -600, "pending": 600, status: 600, "clawback": -600}


@pytest.mark.parametrize(
    ("status", "ends"),
    [
        pytest.param(["held"], "reversed", id="held"),
        pytest.param(["approved"], "reversed", id="approved"),
        pytest.param(["held", "rejected"], "rejected", id="rejected before"),
    ],
)
def test_a_late_purchase_ends_a_later_reward_once(status, ends):
    with write_transaction() as session:
        ada, bob, _first, last = first_and_third(session)
        send(session, last, *status)
        second_arrives(session, bob)
        assert session.scalar(select(Reward.status).where(Reward.id == last)) == ends
        assert money.accounts(session, ada) == {"expense": -600, "pending": 600}


def test_a_late_purchase_takes_back_only_what_refunds_have_left():
    with write_transaction() as session:
        ada, bob, _first, last = first_and_third(session)
        # Two thirds of 30.00 dollars: 2.00 of the reward of 6.00 are left.
        refund(session, "20.00 USD", of="evt_3")
        second_arrives(session, bob)
        assert money.history(session, last)[1:] == [("pending", "refunded", 400), ("reversed", "purchase_limit", 200)]
        assert money.accounts(session, ada) == {"expense": -600, "pending": 600}


def test_a_refund_after_a_late_purchase_takes_nothing_twice():
    with write_transaction() as session:
        ada, bob, _first, last = first_and_third(session)
        send(session, last, "approved", "in_payout", "paid")
        second_arrives(session, bob)
        refunded = refund(session, of="evt_3", at=NOON + 6 * DAY)
        assert (refunded.taken_back, refunded.kept) == ([], ["twenty-percent"])
        assert money.accounts(session, ada) == {"expense": -600, "pending": 600, "paid": 600, "clawback": -600}


def test_later_purchases_that_still_count_keep_their_rewards_and_count_one_higher():
    with write_transaction() as session:
        publish(session)
        publish(session, **money.TEN_DOLLARS, now=money.LIVE + DAY)
        ada, bob = ada_and_bob(session)
        later = buy(session, bob, event_id="evt_2", at=NOON + DAY)
        assert [decided.facts.nth_purchase for decided in later.decisions] == [1, 1]
        buy(session, bob, event_id="evt_1", at=NOON)
        again = decisions_of(session, later.conversion_id)
        assert money.accounts(session, ada) == {"expense": -4000, "pending": 4000}
        assert len(session.scalars(select(Reward)).all()) == 4
    assert [(decided.rule_key, decided.code, decided.facts.nth_purchase) for decided in again] == [
        ("twenty-percent", "earned", 2),
        ("ten-dollars", "earned", 2),
    ]
    assert [decided.amount for decided in again] == [decided.amount for decided in later.decisions]


def test_a_later_purchase_is_decided_again_by_its_own_version():
    with write_transaction() as session:
        publish(session, settings={"percent": "10", "first_purchases": 1}, now=NOON)
        _ada, bob = ada_and_bob(session)
        later = buy(session, bob, "49.99 USD", event_id="evt_2", at=NOON + DAY)
        publish(session, settings={"percent": "50"}, now=NOON + 2 * DAY)
        buy(session, bob, "49.99 USD", event_id="evt_1", at=NOON, now=NOON + 3 * DAY)
        (again,) = decisions_of(session, later.conversion_id)
        assert (again.version.number, again.code) == (1, "purchase_limit")
        assert sorted(money.rewards(session)) == [
            ("referrer", "5.00 USD", "pending"),
            ("referrer", "5.00 USD", "reversed"),
        ]


@pytest.mark.parametrize("other", ["another type", "another friend"])
def test_a_late_event_of_another_kind_changes_nothing(other):
    with write_transaction() as session:
        publish(session, settings={"percent": "20", "first_purchases": 1})
        ada, bob = ada_and_bob(session)
        eve, _referral = join(session, CameBy(typed=factories.link_of(session, ada)), email="eve@example.org")
        (reward,) = buy(session, bob, event_id="evt_2").rewards
        if other == "another type":
            buy(session, bob, event_id="evt_1", at=NOON - DAY, type="renewal")
        else:
            buy(session, eve, event_id="evt_1", at=NOON - DAY)
        assert money.history(session, reward.id) == [("pending", "granted", 0)]


# Two of them at the same moment: the lower id counts as the earlier.
PURCHASES = [
    ("1", NOON, "10.00 USD"),
    ("2", NOON + DAY, "20.00 USD"),
    ("3", NOON + DAY, "30.00 USD"),
    ("4", NOON + 2 * DAY, "40.00 USD"),
]


def test_purchases_end_the_same_in_whatever_order_they_arrive():
    with write_transaction() as session:
        publish(session, settings=ONLY_TWO)
        link = factories.link_of(session, factories.person(session))
        for number, order in enumerate(permutations(PURCHASES)):
            friend, _referral = join(session, CameBy(typed=link), email=f"friend{number}@example.org")
            for name, at, amount in order:
                buy(session, friend, amount, event_id=f"{number}-{name}", at=at)
            conversions = session.scalars(
                select(Conversion).where(Conversion.user_id == friend.id).order_by(Conversion.event_id)
            ).all()
            purchases = [conversion for conversion in conversions if conversion.type == "purchase"]
            ends = [
                (decided.code, decided.facts.nth_purchase, sum(row.amount_minor - row.taken_minor for row in kept))
                for purchase in purchases
                for decided in decisions_of(session, purchase.id)
                for kept in [rewards_of_conversion(session, purchase.id)]
            ]
            # 20% of 10.00 and of 20.00 dollars.
            assert ends == [
                ("earned", 1, 200),
                ("earned", 2, 400),
                ("purchase_limit", 3, 0),
                ("purchase_limit", 4, 0),
            ], [name for name, *_ in order]
