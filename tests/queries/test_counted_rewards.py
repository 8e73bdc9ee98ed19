"""What breaks the books of rewards that follow the number of friends is named."""

import pytest
from sqlalchemy import delete, insert, select, update

from tests.factories import NOON, program
from tests.money import DAY, decide, dispute, publish, send
from tests.services.test_counted_rewards import BONUS, WHOLE, friends_of_ada, purchases
from tests.tampering import breaches_after
from webapp.database import write_transaction
from webapp.models import Conversion, QualifiedFriend, Reward, RewardDecision, RewardRule, RewardRuleVersion, User
from webapp.queries.ledger import breaches
from webapp.services.write_offs import write_off_what_is_owed

pytestmark = pytest.mark.usefixtures("in_app")


@pytest.fixture
def beginning(request):
    return three_bought if "names" in request.fixturenames else None


def three_bought():
    """Three friends of Ada bought: 20% of each since, for two by corrections, and 5.00 dollars for the second."""
    with write_transaction() as session:
        publish(session, **WHOLE)
        publish(session, **BONUS)
        ada, friends = friends_of_ada(session, 4)
        purchases(session, friends[:3])
        newer = {"steps": [{"friends": 2, "amount": 100}], "currency": "USD"}
        publish(session, **{**BONUS, "settings": newer}, now=NOON + 50 * DAY)
        called = {ada.id: "ADA"} | {friend.id: f"FRIEND{number}" for number, friend in enumerate(friends, 1)}
        bought = select(Conversion.id, Conversion.event_id).where(Conversion.type == "purchase")
        called |= {id_: event_id.upper() for id_, event_id in session.execute(bought)}
        called |= {id_: key.upper() for id_, key in session.execute(select(RewardRule.id, RewardRule.key))}
        (bonus,) = session.scalars(select(Reward.id).where(Reward.rule_id == rule("bonus").scalar_subquery()))
        called[bonus] = "REWARD"
    return {str(row_id): name for row_id, name in called.items()}


@pytest.fixture
def names(in_app, began):
    return began


def rule(key):
    return select(RewardRule.id).where(RewardRule.key == key)


def event(event_id):
    return select(Conversion.id).where(Conversion.event_id == event_id).scalar_subquery()


def counts_by(event_id, key="tiers"):
    return (
        QualifiedFriend.conversion_id == event(event_id),
        QualifiedFriend.rule_id == rule(key).scalar_subquery(),
    )


def decision(event_id, key, sequence):
    versions = select(RewardRuleVersion.id).where(RewardRuleVersion.rule_id == rule(key).scalar_subquery())
    return update(RewardDecision).where(
        RewardDecision.conversion_id == event(event_id),
        RewardDecision.rule_version_id.in_(versions),
        RewardDecision.sequence == sequence,
    )


def looked_at(day, friends):
    """What a decision about one of the purchases keeps."""
    return {
        "type": "purchase",
        "occurred_at": (NOON + day * DAY).isoformat(),
        "nth_purchase": 1,
        "amount": 10_000,
        "currency": "USD",
        "friends": friends,
        "is_new_friend": True,
    }


ONE_TOO_MANY = insert(QualifiedFriend).from_select(
    ["rule_id", "friend_id", "referrer_id", "conversion_id", "occurred_at", "tie"],
    select(
        QualifiedFriend.rule_id,
        select(User.id).where(User.email == "friend4@example.org").scalar_subquery(),
        *(QualifiedFriend.referrer_id, QualifiedFriend.conversion_id, QualifiedFriend.occurred_at, QualifiedFriend.tie),
    ).where(*counts_by("evt_1")),
)
NEWER = (
    select(RewardRuleVersion.id)
    .where(RewardRuleVersion.rule_id == rule("bonus").scalar_subquery(), RewardRuleVersion.number == 2)
    .scalar_subquery()
)
EARNED = {"code": "earned", "amount_minor": 500, "currency": "USD"}


@pytest.mark.parametrize(
    ("statements", "lines"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param(
            [delete(QualifiedFriend).where(*counts_by("evt_2"))],
            ["friend FRIEND2: by conversion None they count under rule TIERS, and it should be EVT_2"],
            id="a friend who is missing",
        ),
        pytest.param(
            [ONE_TOO_MANY],
            ["friend FRIEND4: by conversion EVT_1 they count under rule TIERS, and it should be None"],
            id="a friend too many",
        ),
        pytest.param(
            [update(QualifiedFriend).where(*counts_by("evt_2", "bonus")).values(conversion_id=event("evt_1"))],
            ["friend FRIEND2: by conversion EVT_1 they count under rule BONUS, and it should be EVT_2"],
            id="a friend who counts by what another one did",
        ),
        pytest.param(
            [update(QualifiedFriend).where(*counts_by("evt_2")).values(referrer_id=QualifiedFriend.friend_id)],
            ["friend FRIEND2: under rule TIERS they count for somebody else, or at another moment"],
            id="a friend who counts for somebody else",
        ),
        pytest.param(
            [update(QualifiedFriend).where(*counts_by("evt_2")).values(occurred_at=NOON)],
            ["friend FRIEND2: under rule TIERS they count for somebody else, or at another moment"],
            id="a friend who counts at another moment",
        ),
        pytest.param(
            [decision("evt_3", "tiers", 1).values(facts=looked_at(3, 2))],
            ["conversion EVT_3: rule TIERS priced it with 2 friends, and 3 count"],
            id="priced with another number of friends",
        ),
        pytest.param(
            [decision("evt_1", "tiers", 3).values(amount_minor=1_900)],
            ["conversion EVT_1: 2000 are kept of rule TIERS, and 1900 are earned"],
            id="another amount is kept than is earned",
        ),
        pytest.param(
            [update(Reward).where(Reward.conversion_id == event("evt_1"), Reward.correction == 1).values(correction=2)],
            ["conversion EVT_1: rule TIERS has 2 rewards up to correction 2"],
            id="a correction without that before it",
        ),
        pytest.param(
            [decision("evt_2", "bonus", 2).values(facts=looked_at(2, 4))],
            [
                "conversion EVT_2: it has the bonus of 4 friends, and 3 count",
                "conversion EVT_2: nobody has the bonus of 2 friends under rule BONUS",
            ],
            id="a bonus of more friends than count",
        ),
        pytest.param(
            [decision("evt_3", "bonus", 2).values(rule_version_id=NEWER, facts=looked_at(3, 2))],
            ["conversion EVT_3: it has the bonus of 2 friends, and who makes them has another one"],
            id="a bonus of another version than that of who makes the number",
        ),
        pytest.param(
            [decision("evt_3", "bonus", 2).values(**EARNED, facts=looked_at(3, 2))],
            [
                "conversion EVT_3: another one has the bonus of 2 friends too",
                "conversion EVT_3: rule BONUS earned ADA 500 USD, and there is no such reward",
            ],
            id="two who have the same bonus",
        ),
    ],
)
def test_what_is_written_past_the_services_is_named(names, statements, lines):
    assert sorted(breaches_after(names, *statements)) == sorted(lines)


def test_a_correction_of_a_reward_that_is_not_there_is_named(names):
    first = (Reward.conversion_id == event("evt_1"), Reward.rule_id == rule("tiers").scalar_subquery())
    found = breaches_after(names, delete(Reward).where(*first, Reward.correction == 0))
    assert "conversion EVT_1: rule TIERS has 1 rewards up to correction 1" in found


def test_what_is_written_off_of_one_leaves_the_books_whole():
    with write_transaction() as session:
        publish(session, **WHOLE, hold_days=0)
        ada, friends = friends_of_ada(session, 3)
        purchases(session, friends)
        (last,) = session.scalars(select(Reward.id).where(Reward.conversion_id == event("evt_3")))
        send(session, last, "in_payout", "paid")
        dispute(session, of="evt_3", at=NOON + 5 * DAY)
        write_off_what_is_owed(
            session, program(session).id, last, seen_minor=2000, note="", by=ada.id, now=NOON + 6 * DAY
        )
        assert list(breaches(session)) == []
        decide(session, at=NOON + 7 * DAY)
        assert list(breaches(session)) == []
