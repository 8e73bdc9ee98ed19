"""Rewards and balances, as they are read."""

import pytest
from sqlalchemy import select

from tests import factories, money
from tests.factories import NOON
from tests.money import DAY, TEN_DOLLARS, ada_and_bob, buy, publish, refund, send
from webapp.database import write_transaction
from webapp.domain.money import Money
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import Reward
from webapp.queries.paging import UnknownCursorError
from webapp.queries.rewards import (
    RewardStep,
    balances_of,
    contexts_of,
    find_reward,
    history_of,
    list_rewards,
    rewards_of_conversion,
    rewards_of_conversions,
)

pytestmark = pytest.mark.usefixtures("in_app")


def test_a_reward_is_read_as_it_was_granted():
    with write_transaction() as session:
        publish(session)
        ada, bob = ada_and_bob(session)
        recorded = buy(session, bob, now=NOON + DAY)
        (row,) = rewards_of_conversion(session, recorded.conversion_id)
    assert [row] == recorded.rewards
    assert (row.conversion_id, row.event_id, row.beneficiary_id) == (recorded.conversion_id, "evt_1", ada.id)
    assert (row.side, row.kind, row.amount_minor, row.currency) == ("referrer", "cash", 1000, "USD")
    assert (row.status, row.reason, row.since, row.taken_minor) == ("pending", "granted", NOON + DAY, 0)
    assert (row.granted_at, row.matures_at) == (NOON + DAY, NOON + 30 * DAY)
    assert (row.version.definition.key, row.version.number) == ("twenty-percent", 1)


def test_a_reward_says_what_was_taken_back_and_what_happened_last():
    with write_transaction() as session:
        publish(session)
        _ada, bob = ada_and_bob(session)
        recorded = buy(session, bob)
        reward_id = recorded.rewards[0].id
        refund(session, "20.00 USD", event_id="ref_1")
        send(session, reward_id, "approved", "in_payout")
        refund(session, "10.00 USD", event_id="ref_2", at=NOON + 3 * DAY)
        (row,) = rewards_of_conversion(session, recorded.conversion_id)
    # 10.00 × 29.99 / 49.99 and 10.00 × 19.99 / 49.99, rounded: 6.00 and 4.00 are still earned.
    assert (row.amount_minor, row.reversed_minor, row.clawed_back_minor, row.taken_minor) == (1000, 400, 200, 600)
    # It came into the payout at noon; what is owed since keeps its status.
    assert (row.status, row.reason, row.since) == ("in_payout", "refunded", NOON)


def test_a_signup_s_reward_names_no_event():
    with write_transaction() as session:
        publish(session, **TEN_DOLLARS, trigger="signup")
        ada, _bob = ada_and_bob(session)
        (row,), _more = list_rewards(session, factories.program(session).id, beneficiary_id=ada.id)
    assert (row.event_id, row.amount_minor) == (None, 1000)


def test_rewards_of_conversions_are_those_alone_in_the_order_of_their_grants():
    with write_transaction() as session:
        publish(session)
        publish(session, **TEN_DOLLARS)
        _ada, bob = ada_and_bob(session)
        ids = [
            buy(session, bob, event_id=f"evt_{day}", at=NOON - day * DAY, now=NOON + day * DAY).conversion_id
            for day in range(3)
        ]
        rows = rewards_of_conversions(session, [ids[2], ids[0]])
        assert [row.conversion_id for row in rows] == [ids[0], ids[0], ids[2], ids[2]]
        assert rewards_of_conversions(session, []) == []
        assert rewards_of_conversion(session, new_id()) == []


# Three of Ada's at one moment, one of Bob's between them.
MOMENTS = [NOON, NOON, NOON + DAY, NOON, NOON - DAY]


@pytest.fixture
def granted(in_app):
    """Rewards of Ada at these moments, and as many of Bob. Returns the ids of both."""
    with write_transaction() as session:
        publish(session)
        publish(session, key="friends", beneficiary="friend")
        ada, bob = ada_and_bob(session)
        for number, moment in enumerate(MOMENTS):
            buy(session, bob, event_id=f"evt_{number}", at=NOON - number * DAY, now=moment)
        return ada.id, bob.id


def walk(limit, **whose):
    """Return the pages of a list, as one walks through it."""
    program_id = factories.program(db.session()).id
    found, cursor = [], None
    while cursor is not None or not found:
        page, cursor = list_rewards(db.session(), program_id, before=cursor, limit=limit, **whose)
        found.append(page)
        assert len(found) <= 20, "the pages never end"
    return found


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6, 50])
@pytest.mark.parametrize("whose", ["Ada's", "everybody's"])
def test_pages_leave_nothing_out_and_repeat_nothing_also_at_equal_moments(granted, limit, whose):
    ada_id, _bob_id = granted
    pages = walk(limit, beneficiary_id=ada_id if whose == "Ada's" else None)
    listed = [row for page in pages for row in page]
    moments = sorted(MOMENTS if whose == "Ada's" else MOMENTS * 2, reverse=True)
    assert [row.granted_at for row in listed] == moments
    assert len({row.id for row in listed}) == len(listed)
    assert all(len(page) == limit for page in pages[:-1])
    assert pages[-1]
    if whose == "Ada's":
        assert {row.beneficiary_id for row in listed} == {ada_id}


@pytest.mark.parametrize("of", ["nobody", "somebody else"])
def test_a_cursor_of_another_list_is_refused(granted, of):
    ada_id, bob_id = granted
    program_id = factories.program(db.session()).id
    theirs = db.session.scalars(select(Reward.id).where(Reward.beneficiary_id == bob_id)).first()
    with pytest.raises(UnknownCursorError):
        list_rewards(db.session(), program_id, beneficiary_id=ada_id, before=new_id() if of == "nobody" else theirs)


def test_another_program_lists_none_of_ours(granted):
    with write_transaction() as session:
        assert list_rewards(session, money.another_program(session).id) == ([], None)


def test_a_reward_is_found_by_its_owner_alone(granted):
    ada_id, bob_id = granted
    reward_id = db.session.scalars(select(Reward.id).where(Reward.beneficiary_id == ada_id)).first()
    assert find_reward(db.session(), ada_id, reward_id).id == reward_id
    assert find_reward(db.session(), bob_id, reward_id) is None
    assert find_reward(db.session(), ada_id, new_id()) is None


def test_a_reward_s_context_is_the_conversion_and_whose_it_was():
    with write_transaction() as session:
        _ada, bob = ada_and_bob(session)
        bought = buy(session, bob, "49.99 EUR", event_id="evt_1").conversion_id
        refund(session, "20.00 EUR", event_id="ref_1")
        refund(session, "0.50 EUR", event_id="ref_2")
        renewed = buy(session, None, None, event_id="evt_2", type="renewal", at=NOON + DAY).conversion_id
        found = contexts_of(session, [bought, renewed])
        assert contexts_of(session, []) == {}
    one, two = found[bought], found[renewed]
    assert (one.type, one.occurred_at, one.amount) == ("purchase", NOON, Money(4999, "EUR"))
    assert (one.refunded_minor, one.friend_name) == (2050, "Bob Miller")
    assert (two.type, two.occurred_at, two.amount, two.refunded_minor) == ("renewal", NOON + DAY, None, 0)
    assert two.friend_name is None


def test_a_history_is_told_from_its_beginning():
    with write_transaction() as session:
        publish(session)
        _ada, bob = ada_and_bob(session)
        reward_id = buy(session, bob).rewards[0].id
        refund(session, "20.00 USD", at=NOON + DAY)
        send(session, reward_id, "held", now=NOON - DAY)
        steps = history_of(session, reward_id)
        assert history_of(session, new_id()) == []
    assert steps == [
        RewardStep("pending", "granted", 0, None, NOON),
        RewardStep("pending", "refunded", 400, "reversal", NOON + DAY),
        RewardStep("held", "test", 0, None, NOON - DAY),
    ]


def test_a_balance_is_the_sum_of_entries_by_account_and_currency():
    with write_transaction() as session:
        publish(session, hold_days=0)
        ada, bob = ada_and_bob(session)
        assert balances_of(session, ada.id) == {}
        buy(session, bob, "10.00 USD", event_id="evt_1")
        buy(session, bob, "1000 JPY", event_id="evt_2")
        paid = buy(session, bob, "20.00 USD", event_id="evt_3").rewards[0].id
        send(session, paid, "in_payout", "paid")
        refund(session, "5.00 USD", of="evt_3")
        # 20% of 10.00 and 20.00 dollars, of which a quarter of the second is owed back; 20% of 1000 yen.
        assert balances_of(session, ada.id) == {
            "JPY": {"expense": -200, "approved": 200},
            "USD": {"expense": -500, "approved": 200, "in_payout": 0, "paid": 400, "clawback": -100},
        }
        assert balances_of(session, bob.id) == {}
