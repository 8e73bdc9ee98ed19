"""Many at the same moment: none of them gets more, or is lost."""

from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import func, select

from tests import factories, money
from tests.factories import NOON
from tests.money import DAY, TEN_DOLLARS, accounts, buy, publish, refund
from tests.services.test_counted_rewards import BONUS, TIERS, WHOLE, friends_of_ada, kept
from tests.services.test_money_races import ROUNDS, Case, a_case, a_rule, bought, carry_out
from tests.threads import at_once
from webapp.database import write_transaction
from webapp.domain.reward_decisions import CHOICES
from webapp.extensions import db
from webapp.models import Conversion, Refund, Reward, User
from webapp.queries.ledger import breaches
from webapp.services.answers import Question, find_answer, keep_answer
from webapp.services.conversions import EventTakenError
from webapp.services.reward_decisions import decide_rewards

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("in_app")]


def the_rule():
    a_rule(cases=0)


@pytest.fixture
def beginning():
    return the_rule


def test_thirty_identical_events_at_once_are_one_conversion_with_one_reward(in_app, record_property):
    for _ in range(ROUNDS):
        with write_transaction() as session:
            case = a_case(session)
        db.session.rollback()
        results = at_once(in_app, [partial(carry_out, bought, case)] * 30)
        assert sorted(type(result).__name__ for result in results) == ["EventTakenError"] * 29 + ["NoneType"]
        assert stored(case) == (1, 1)
        assert accounts(db.session(), db.session.get_one(User, case.ada)) == {"expense": -1000, "pending": 1000}
        db.session.rollback()
    assert list(breaches(db.session())) == []
    record_property("rounds", ROUNDS)


def test_thirty_identical_events_at_once_get_one_answer(in_app):
    with write_transaction() as session:
        case = a_case(session)
    db.session.rollback()

    def answer():
        with write_transaction() as session:
            program, question = factories.program(session), Question("conversion", case.named("first"), "hash")
            try:
                case.buys(session)
            except EventTakenError:
                return find_answer(session, program.id, question)
            (reward_id,) = session.scalars(select(Reward.id).where(Reward.beneficiary_id == case.ada))
            keep_answer(session, program.id, question, str(reward_id), NOON)
            return str(reward_id)

    (reward_id,) = set(at_once(in_app, [answer] * 30))
    assert session.scalars(select(Reward.id).where(Reward.beneficiary_id == case.ada)).all() == [UUID(reward_id)]
    assert stored(case) == (1, 1)
    assert list(breaches(db.session())) == []


def stored(case: Case) -> tuple[int, int]:
    """Return how many conversions the friend has by an event, and how many rewards the referrer."""
    conversions = select(func.count()).where(Conversion.user_id == case.bob, Conversion.event_id.is_not(None))
    rewards = select(func.count()).where(Reward.beneficiary_id == case.ada)
    return db.session.execute(conversions).scalar_one(), db.session.execute(rewards).scalar_one()


def test_ten_refunds_at_once_never_take_more_than_there_was(in_app):
    for _ in range(ROUNDS):
        with write_transaction() as session:
            case = a_case(session)
            case.buys(session)
        db.session.rollback()
        assert at_once(in_app, [partial(give_back, case, number) for number in range(10)]) == [None] * 10
        applied = db.session.scalars(select(Refund.applied_minor).where(Refund.event_id.like(f"{case.number} back %")))
        # Seven of them fit whole into 49.99 dollars, of which 0.99 are left for the eighth.
        assert sorted(applied) == [0, 0, 99, *[700] * 7]
        assert accounts(db.session(), db.session.get_one(User, case.ada)) == {}
        db.session.rollback()
    assert list(breaches(db.session())) == []


def give_back(case: Case, number: int) -> None:
    by = {"order_id": "first"} if number % 2 else {}
    with write_transaction() as session:
        case.gets_back(session, "7.00 USD", event_id=f"back {number}", **by)


def counting_rules(session):
    """Steps until now and for all time in one group, and bonuses beside them."""
    publish(session, **TIERS, exclusive="best")
    publish(session, **{**WHOLE, "key": "whole"}, exclusive="best", now=money.LIVE + DAY)
    publish(session, **TEN_DOLLARS, exclusive="best", now=money.LIVE + 2 * DAY)
    publish(session, **BONUS, now=money.LIVE + 3 * DAY)


def test_thirty_friends_at_once_count_as_if_one_after_the_other(in_app):
    with write_transaction() as session:
        counting_rules(session)
        _ada, friends = friends_of_ada(session, 30)
        ids = [friend.id for friend in friends]
    db.session.rollback()

    def buys(number):
        with write_transaction() as session:
            friend = session.get_one(User, ids[number])
            buy(session, friend, "100.00 USD", event_id=f"evt_{number:02}", at=NOON + number * DAY, now=NOON + 40 * DAY)

    assert at_once(in_app, [partial(buys, number) for number in range(30)]) == [None] * 30
    session = db.session()
    assert list(breaches(session)) == []
    # All at 20% by the step for all time, two bonuses, and 20% by the rule that stands beside these.
    assert sum(kept(session).values()) == 30 * 2000 + 500 + 2000 + 30 * 2000
    session.rollback()

    def goes_back(number):
        with write_transaction() as session:
            refund(session, of=f"evt_{number:02}", event_id=f"ref_{number}", at=NOON + 41 * DAY)

    def is_decided(choice):
        with write_transaction() as session:
            found = select(Reward.id, Reward.sequence).where(Reward.status.in_(choice.of))
            seen = dict(session.execute(found.order_by(Reward.id.desc())).all())
            admin = session.scalars(select(User.id)).first()
            decide_rewards(session, factories.program(session).id, choice, seen, by=admin, now=NOON + 41 * DAY)

    calls = [partial(goes_back, number) for number in range(28)]
    calls += [partial(is_decided, CHOICES[name]) for name in ("hold", "release")]
    assert at_once(in_app, calls) == [None] * 30
    session = db.session()
    session.expire_all()
    assert list(breaches(session)) == []
    # Two are left, at 10% each, of which ten dollars pay as much, and the bonus of two.
    assert sum(kept(session).values()) == 2 * 1000 + 500 + 2 * 2000
