"""What is decided about rewards says something of their friends only where they were what was doubted."""

import pytest
from sqlalchemy import select

from tests import factories, money
from tests.factories import NOON, program
from tests.money import DAY
from tests.services.test_referral_changes import change
from tests.services.test_screening import comes, held, status_of, within_a_second
from tests.suspicion import suspect
from webapp.database import write_transaction
from webapp.domain.reward_decisions import CHOICES
from webapp.extensions import db
from webapp.models import Conversion, Reward, RewardRule
from webapp.queries import ledger, rollups
from webapp.queries.cases import held_rewards, open_cases
from webapp.services.appeals import appeal
from webapp.services.bans import ban, unban
from webapp.services.cases import decide_cases
from webapp.services.coupon_pools import add_pool
from webapp.services.reward_decisions import decide_rewards

pytestmark = pytest.mark.usefixtures("in_app")

MINUTE = DAY / 1440
FRIENDS = {**money.TEN_DOLLARS, "key": "for-the-friend", "beneficiary": "friend"}


@pytest.fixture
def ada(in_app):
    with write_transaction() as session:
        money.publish(session)
        ada_id = factories.person(session, now=NOON - 30 * DAY).id
    yield ada_id
    db.session.rollback()
    assert list(ledger.breaches(db.session())) == []
    assert list(rollups.breaches(db.session())) == []


@pytest.fixture
def marta(in_app):
    with write_transaction() as session:
        return factories.person(session, name="Marta Voss", role="admin").id


def decides(session, name, seen, *, by, now=NOON + DAY):
    reason = "duplicate" if name == "reject" else None
    of_program = program(session).id
    return decide_cases(session, of_program, CHOICES[name], seen, reason=reason, note="Seen", by=by, now=now)


def numbers(session, *reward_ids):
    return dict(session.execute(select(Reward.id, Reward.sequence).where(Reward.id.in_(reward_ids))).all())


def test_an_order_that_is_rejected_again_after_an_appeal_condemns_no_friend(ada, marta):
    with write_transaction() as session:
        bob = comes(session, ada)
        (order,) = money.buy(session, bob, event_id="evt_1").rewards
        seen = numbers(session, order.id)
        decide_rewards(session, program(session).id, CHOICES["reject"], seen, reason="duplicate", by=marta, now=NOON)
        assert appeal(session, program(session).id, ada, order.id, "Two orders.", NOON + DAY) == [order.id]
        assert [case.key.category for case in open_cases(session, program(session).id)] == ["orders"]
        decides(session, "reject", held(session), by=marta, now=NOON + 2 * DAY)
        money.buy(session, bob, event_id="evt_2", at=NOON + 3 * DAY)
        assert status_of(session, bob) == "pending"


def test_an_appeal_of_what_was_rejected_for_its_friend_is_about_the_friend_still(ada, marta):
    with write_transaction() as session:
        suspect(session, "too_fast")
        bob = within_a_second(session, ada)
        (order,) = money.buy(session, bob, event_id="evt_1").rewards
        decides(session, "reject", held(session), by=marta)
        assert appeal(session, program(session).id, ada, order.id, "He is fast.", NOON + 2 * DAY) == [order.id]
        assert [case.key.category for case in open_cases(session, program(session).id)] == ["traffic"]
        decides(session, "release", held(session), by=marta, now=NOON + 3 * DAY)
        money.buy(session, bob, event_id="evt_2", at=NOON + 4 * DAY)
        assert status_of(session, bob) == "pending"


def test_a_ban_condemns_no_friend(ada, marta):
    with write_transaction() as session:
        money.publish(session, **FRIENDS)
        bob = comes(session, ada)
        money.buy(session, bob, event_id="evt_1")
        ban(session, program(session).id, ada, reason="terms", by=marta, now=NOON)
        money.buy(session, bob, event_id="evt_2", at=NOON + DAY)
        seen = held(session)
        assert len(seen) == 2
        decides(session, "reject", seen, by=marta, now=NOON + 2 * DAY)
        unban(session, program(session).id, ada, by=marta, now=NOON + 3 * DAY)
        money.buy(session, bob, event_id="evt_3", at=NOON + 4 * DAY)
        newest = select(Reward.status).join(Conversion).where(Conversion.event_id == "evt_3")
        assert session.scalars(newest).all() == ["pending", "pending"]


@pytest.mark.parametrize(("choice", "after"), [("reject", "rejected"), ("release", "pending")])
def test_a_friend_is_decided_about_as_whoevers_they_are_by_now(ada, marta, choice, after):
    with write_transaction() as session:
        money.publish(session, **FRIENDS)
        suspect(session, "too_fast")
        bob = within_a_second(session, ada)
        money.buy(session, bob, event_id="evt_1")
        luca = factories.person(session, name="Luca", email="luca@example.org", now=NOON - 30 * DAY)
        change(session, bob, luca, now=NOON + DAY)
        decides(session, choice, held(session), by=marta, now=NOON + 2 * DAY)
        money.buy(session, bob, event_id="evt_2", at=NOON + 3 * DAY)
        newest = select(Reward.status).join(Conversion).where(Conversion.event_id == "evt_2")
        assert session.scalars(newest).all() == [after, after]


COUPON = {"reward": "coupon", "kind": "coupon_from_pool", "settings": {"pool": "mugs"}, "hold_days": 10}


@pytest.mark.parametrize("rule", [{}, {"reward": "credit"}, COUPON], ids=["cash", "credit", "coupon"])
def test_what_a_won_dispute_gives_back_to_somebody_who_is_banned_is_held(ada, marta, rule):
    with write_transaction() as session:
        add_pool(session, program(session).id, key="mugs", name="Mugs", low_at=0, by=marta, now=NOON)
        money.publish(session, **rule)
        bob = comes(session, ada)
        money.buy(session, bob, event_id="evt_1")
        money.dispute(session)
        ban(session, program(session).id, ada, reason="terms", by=marta, now=NOON + DAY)
        money.decide(session)
        assert status_of(session, bob) == "held"
        assert [one.reason for one in held_rewards(session, held(session))] == ["banned"]


def test_who_is_doubted_after_an_order_does_not_hold_what_is_priced_by_those_before_it(ada):
    steps = [{"friends": 1, "percent": "10"}, {"friends": 3, "percent": "20"}]
    tiers = {"kind": "tiered_percent", "settings": {"steps": steps}}
    with write_transaction() as session:
        money.publish(session, key="tiers", **tiers)
        suspect(session, "too_fast")
        honest = [comes(session, ada, at=NOON - DAY) for _number in range(3)]
        doubted = [within_a_second(session, ada, at=NOON - DAY) for _number in range(2)]
        # The third honest order is told last.
        for number in (0, 1, 3, 4, 2):
            told = {"event_id": f"evt_{number}", "at": NOON + number * MINUTE, "now": NOON + 9 * MINUTE}
            money.buy(session, [*honest, *doubted][number], "10.00 USD", **told)
        of_third = select(Reward.amount_minor, Reward.status).join(Conversion).where(Conversion.event_id == "evt_2")
        of_rule = of_third.join(RewardRule, RewardRule.id == Reward.rule_id).where(RewardRule.key == "tiers")
        assert session.execute(of_rule).all() == [(200, "pending")]
