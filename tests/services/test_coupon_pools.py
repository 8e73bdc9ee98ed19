"""Coupons out of pools: handed out once each, to whoever became approved first, and never without a reward."""

import pytest
from sqlalchemy import func, select, text

from tests import factories
from tests.factories import NOON, join, link_of
from tests.money import DAY, ada_and_bob, buy, history, publish, refund, rule, send
from tests.queries.test_credit import tamper
from tests.threads import at_once
from webapp.database import write_transaction
from webapp.domain.rules import RuleError
from webapp.extensions import db
from webapp.jobs.mature_rewards import mature_due_rewards
from webapp.models import CouponPool, LedgerEntry, OutboxMail, PoolCoupon, Reward, User
from webapp.queries import rollups
from webapp.queries.coupon_pools import codes_of, list_pools
from webapp.queries.ledger import breaches
from webapp.services.coupon_pools import CodesTakenError, PoolKeyTakenError, add_codes, add_pool
from webapp.services.signups import CameBy

pytestmark = pytest.mark.usefixtures("in_app")

COUPON = {"key": "coupon", "kind": "coupon_from_pool", "settings": {"pool": "autumn"}, "reward": "coupon"}


def a_pool(session, *codes, low_at=0):
    """The pool “autumn” with these codes, Ada and Bob, and a rule that gives Ada a coupon for each purchase."""
    admin = factories.person(session, name="Marta Voss", role="admin")
    pool = add_pool(
        session, factories.program(session).id, key="autumn", name="Autumn", low_at=low_at, by=admin.id, now=NOON
    )
    if codes:
        add_codes(session, pool, codes, by=admin.id, now=NOON)
    return pool


def upload(session, *codes):
    pool = session.scalars(select(CouponPool)).one()
    admin = session.scalars(select(User).where(User.role == "admin")).first()
    return add_codes(session, pool, codes, by=admin.id, now=NOON + DAY)


def statuses(session):
    return list(session.scalars(select(Reward.status).order_by(Reward.granted_at, Reward.id)))


def handed_out(session):
    return session.scalars(
        select(PoolCoupon.code).where(PoolCoupon.reward_id.is_not(None)).order_by(PoolCoupon.id)
    ).all()


def proven():
    session = db.session()
    assert list(breaches(session)) == []
    assert list(rollups.breaches(session)) == []
    session.rollback()


def test_an_approved_reward_gets_the_first_code_and_no_amount_is_in_the_books():
    with write_transaction() as session:
        a_pool(session, "A-1", "A-2")
        publish(session, **COUPON, hold_days=0)
        _ada, bob = ada_and_bob(session)
        reward_id = buy(session, bob).rewards[0].id
    session = db.session()
    assert statuses(session) == ["paid"]
    assert codes_of(session, [reward_id]) == {reward_id: "A-1"}
    assert history(session, reward_id) == [("approved", "granted", 0), ("paid", "handed_out", 0)]
    assert session.scalar(select(func.count()).select_from(LedgerEntry)) == 0
    (pool,) = list_pools(session, factories.program(session).id)
    assert (pool.left, pool.handed_out) == (1, 1)
    proven()


def test_a_code_is_handed_out_when_the_hold_is_over():
    with write_transaction() as session:
        a_pool(session, "A-1")
        publish(session, **COUPON, hold_days=10)
        _ada, bob = ada_and_bob(session)
        buy(session, bob)
    assert handed_out(db.session()) == []
    db.session.rollback()
    assert mature_due_rewards(NOON + 11 * DAY) == 1
    assert handed_out(db.session()) == ["A-1"]
    proven()


def test_who_finds_the_pool_empty_waits_and_gets_one_as_soon_as_there_are_codes():
    with write_transaction() as session:
        a_pool(session)
        publish(session, **COUPON, hold_days=0)
        _ada, bob = ada_and_bob(session)
        for number in range(3):
            buy(session, bob, event_id=f"evt_{number}", at=NOON + number * DAY)
    assert statuses(db.session()) == ["approved"] * 3
    proven()
    with write_transaction() as session:
        assert upload(session, "A-1", "A-2") == 2
    assert statuses(db.session()) == ["paid", "paid", "approved"]
    proven()
    with write_transaction() as session:
        pool = session.scalars(select(CouponPool)).one()
        session.add(PoolCoupon(pool_id=pool.id, code="A-3", added_at=NOON))
    mature_due_rewards(NOON + DAY)
    assert statuses(db.session()) == ["paid"] * 3
    proven()


@pytest.mark.parametrize("status", ["pending", "held", "approved"])
def test_what_is_sent_back_before_gets_nothing(status):
    with write_transaction() as session:
        a_pool(session)
        publish(session, **COUPON, hold_days=0 if status == "approved" else 10)
        _ada, bob = ada_and_bob(session)
        reward_id = buy(session, bob).rewards[0].id
        if status == "held":
            send(session, reward_id, "held")
        refund(session, "10.00 USD", event_id="a part")
        assert statuses(session) == [status]
        refund(session)
        assert statuses(session) == ["reversed"]
    with write_transaction() as session:
        assert upload(session, "A-1") == 0
    proven()


def test_a_code_that_was_handed_out_stays_handed_out():
    with write_transaction() as session:
        a_pool(session, "A-1")
        publish(session, **COUPON, hold_days=0)
        _ada, bob = ada_and_bob(session)
        buy(session, bob)
    with write_transaction() as session:
        refund(session)
    assert statuses(db.session()) == ["paid"]
    proven()


def test_codes_that_are_there_already_are_refused_as_a_whole():
    with write_transaction() as session:
        a_pool(session, "A-1")
        with pytest.raises(CodesTakenError) as refused:
            upload(session, "A-2", "A-1")
        assert refused.value.codes == ["A-1"]
        assert session.scalars(select(PoolCoupon.code)).all() == ["A-1"]
        with pytest.raises(PoolKeyTakenError):
            a_pool(session)


def test_admins_are_told_once_when_the_pool_runs_low():
    with write_transaction() as session:
        a_pool(session, "A-1", "A-2", "A-3", low_at=2)
        publish(session, **COUPON, hold_days=0)
        _ada, bob = ada_and_bob(session)
    mails = []
    for number in range(3):
        with write_transaction() as session:
            buy(session, session.get_one(User, bob.id), event_id=f"evt_{number}", at=NOON + number * DAY)
        mails.append(db.session.scalar(select(func.count()).where(OutboxMail.template == "coupons_running_low")))
        db.session.rollback()
    assert mails == [0, 1, 1]


@pytest.mark.parametrize(
    ("overrides", "problem"),
    [
        ({"settings": {"pool": "nowhere"}}, "names no coupon pool"),
        ({"reward": "cash"}, 'must be "coupon" with the kind'),
        ({"kind": "fixed_amount", "settings": {"amount": 1, "currency": "USD"}}, 'must be "coupon" with the kind'),
        (
            {"limits": {"program": {"amount": 100, "currency": "USD", "period": "day"}}},
            "must have a count: a coupon has no amount",
        ),
    ],
)
def test_a_rule_that_cannot_be_is_refused(overrides, problem):
    with write_transaction() as session:
        a_pool(session)
        with pytest.raises(RuleError, match=problem):
            publish(session, **{**COUPON, **overrides})


def test_a_limit_counts_coupons():
    with write_transaction() as session:
        a_pool(session, "A-1", "A-2")
        publish(session, **COUPON, hold_days=0, limits={"program": {"count": 1, "period": "lifetime"}})
        _ada, bob = ada_and_bob(session)
        buy(session, bob)
        assert buy(session, bob, event_id="evt_2", at=NOON + DAY).decisions[0].code == "limit_reached"


def test_a_coupon_rule_says_so():
    assert rule(**COUPON).table()["reward"] == "coupon"


@pytest.mark.slow
def test_thirty_at_once_and_ten_codes_hand_out_ten_and_none_twice(app):
    with write_transaction() as session:
        a_pool(session, *(f"A-{number}" for number in range(10)))
        publish(session, **COUPON, hold_days=10)
        ada, bob = ada_and_bob(session)
        friends = [bob.id]
        for number in range(29):
            came_by = CameBy(typed=link_of(session, ada))
            friends.append(join(session, came_by, email=f"friend{number}@example.org", now=NOON - 50 * DAY)[0].id)
        rewards = [
            buy(session, session.get_one(User, friend), event_id=f"evt_{number}").rewards[0].id
            for number, friend in enumerate(friends)
        ]

    def approve(reward_id):
        with write_transaction() as session:
            send(session, reward_id, "approved")

    found = at_once(app, [lambda reward_id=reward_id: approve(reward_id) for reward_id in rewards])
    assert found == [None] * 30
    session = db.session()
    assert sorted(statuses(session)) == ["approved"] * 20 + ["paid"] * 10
    assert len(set(codes_of(session, rewards).values())) == 10
    proven()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE pool_coupons SET reward_id = NULL, handed_out_at = NULL",
        "UPDATE rewards SET status = 'approved'",
    ],
)
def test_ledger_verify_names_a_coupon_that_does_not_go_with_its_reward(statement):
    with write_transaction() as session:
        a_pool(session, "A-1")
        publish(session, **COUPON, hold_days=0)
        _ada, bob = ada_and_bob(session)
        buy(session, bob)
    proven()
    tamper(statement)
    assert [line for line in breaches(db.session()) if "coupons were handed out for it" in line]
    db.session.execute(text("SELECT 1"))
