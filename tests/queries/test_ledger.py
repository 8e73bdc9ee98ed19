"""The books: whole after whatever the services do, and every breach named that is written past them."""

import pytest
from sqlalchemy import delete, func, insert, literal, select, text, update

from tests import money
from tests.factories import NOON
from tests.money import DAY, ada_and_bob, buy, publish, refund, send
from tests.tampering import breaches_after
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import (
    Conversion,
    LedgerEntry,
    LedgerTransaction,
    Referral,
    Refund,
    Reward,
    RewardDecision,
    RewardEvent,
    User,
    append_only,
)
from webapp.queries.ledger import breaches
from webapp.services.rewards import mature_rewards

pytestmark = pytest.mark.usefixtures("in_app")


@pytest.fixture
def beginning(request):
    return a_reward if "names" in request.fixturenames else None


def a_reward():
    """Ada's reward of 10.00 dollars, of which 4.00 were reversed: what its ids are called in these tests."""
    with write_transaction() as session:
        publish(session)
        ada, bob = ada_and_bob(session)
        recorded = buy(session, bob, "49.99 USD", order_id="o_1")
        refunded = refund(session, "20.00 USD")
        moves = select(LedgerTransaction.id).order_by(LedgerTransaction.reward_sequence)
        grant, reversal = session.scalars(moves).all()
        called = {
            recorded.conversion_id: "CONVERSION",
            recorded.rewards[0].id: "REWARD",
            recorded.rewards[0].version.rule_id: "RULE",
            refunded.refund_id: "REFUND",
            grant: "GRANT",
            reversal: "REVERSAL",
            ada.id: "ADA",
            bob.id: "BOB",
        }
    return {str(row_id): name for row_id, name in called.items()}


@pytest.fixture
def names(began):
    return began


def entries_of(transaction):
    """The entries of the grant (1) or of the reversal (2)."""
    of = select(LedgerTransaction.id).where(LedgerTransaction.reward_sequence == transaction)
    return LedgerEntry.transaction_id.in_(of)


def test_no_money_is_whole():
    assert list(breaches(db.session())) == []


def test_whatever_the_services_do_leaves_the_books_whole():
    ends = {
        "pending": [],
        "held": ["held"],
        "approved": ["approved"],
        "in_payout": ["approved", "in_payout"],
        "paid": ["approved", "in_payout", "paid"],
        "rejected": ["held", "rejected"],
        "failed": ["approved", "in_payout", "approved"],
    }
    with write_transaction() as session:
        publish(session, settings={"percent": "20", "first_purchases": 1_000})
        publish(session, **money.TEN_DOLLARS, hold_days=0, beneficiary="friend")
        _ada, bob = ada_and_bob(session)
        buy(session, None, event_id="stranger")
        for number, (name, statuses) in enumerate(ends.items()):
            for back in ("0.01 USD", "20.00 USD", None):
                event_id = f"{name} {back}"
                earned = buy(session, bob, event_id=event_id, order_id=event_id, at=NOON + number * DAY).rewards
                (share,) = [reward for reward in earned if reward.side == "referrer"]
                send(session, share.id, *statuses)
                refund(session, back, of=event_id, event_id=event_id)
        refund(session, of="nothing yet", event_id="waiting")
        buy(session, bob, event_id="late", at=NOON - DAY, now=NOON + 90 * DAY)
        mature_rewards(session, NOON + 90 * DAY)
        assert session.scalar(select(func.count()).select_from(Reward)) == 44
        assert {status for _side, _amount, status in money.rewards(session)} == {
            "held",
            "approved",
            "in_payout",
            "paid",
            "rejected",
            "reversed",
        }
        assert list(breaches(session)) == []


def test_nothing_written_past_the_services_is_whole(names):
    assert breaches_after(names) == []


PENDING = "reward REWARD: it is pending with 600 left and 0 clawed back; the ledger holds"
BREACHES = [
    pytest.param(
        [update(LedgerEntry).where(entries_of(1), LedgerEntry.position == 2).values(amount_minor=1001)],
        [
            "transaction GRANT: its entries in USD add up to 1, not to 0",
            f"{PENDING} expense -600, pending 601",
        ],
        id="a transaction that does not add up",
    ),
    pytest.param(
        [update(LedgerEntry).where(entries_of(1), LedgerEntry.position == 2).values(currency="EUR")],
        ["transaction GRANT: its entries are not of the person, currency and kind of reward REWARD"],
        id="a transaction of two currencies",
    ),
    pytest.param(
        [delete(LedgerTransaction).where(LedgerTransaction.reward_sequence == 2)],
        [
            "transaction REVERSAL: it has entries but is not there",
            f"{PENDING} expense -1000, pending 1000",
        ],
        id="entries without their transaction",
    ),
    pytest.param(
        [delete(LedgerEntry).where(entries_of(2))],
        [
            "transaction REVERSAL: it has no entries",
            f"{PENDING} expense -1000, pending 1000",
        ],
        id="a transaction without entries",
    ),
    pytest.param(
        [update(LedgerTransaction).where(LedgerTransaction.reward_sequence == 2).values(reward_sequence=3)],
        ["transaction REVERSAL: the event that caused it is not there"],
        id="a transaction that nothing caused",
    ),
    pytest.param(
        [
            update(LedgerEntry)
            .where(entries_of(2))
            .values(user_id=select(User.id).where(User.name == "Bob Miller").scalar_subquery())
        ],
        ["transaction REVERSAL: its entries are not of the person, currency and kind of reward REWARD"],
        id="entries of somebody else",
    ),
    pytest.param(
        [update(LedgerEntry).where(entries_of(2)).values(currency="EUR")],
        ["transaction REVERSAL: its entries are not of the person, currency and kind of reward REWARD"],
        id="entries of another currency",
    ),
    pytest.param(
        [update(LedgerEntry).where(entries_of(2)).values(program_id=new_id())],
        ["transaction REVERSAL: its entries are not of the person, currency and kind of reward REWARD"],
        id="entries of another program",
    ),
    pytest.param(
        [update(Reward).values(status="approved")],
        [
            "reward REWARD: it says approved after event 2; its history has 2 events up to number 2"
            " and ends with pending",
            "reward REWARD: it is approved with 600 left and 0 clawed back; the ledger holds expense -600, pending 600",
        ],
        id="a status that the history does not end with",
    ),
    pytest.param(
        [update(Reward).values(sequence=3)],
        ["reward REWARD: it says pending after event 3; its history has 2 events up to number 2 and ends with pending"],
        id="a number that the history does not end with",
    ),
    pytest.param(
        [
            update(RewardEvent).where(RewardEvent.sequence == 2).values(sequence=3),
            update(LedgerTransaction).where(LedgerTransaction.reward_sequence == 2).values(reward_sequence=3),
            update(Reward).values(sequence=3),
        ],
        ["reward REWARD: it says pending after event 3; its history has 2 events up to number 3 and ends with pending"],
        id="a gap in a history",
    ),
    pytest.param(
        [delete(LedgerEntry), delete(LedgerTransaction), delete(RewardEvent)],
        [
            "reward REWARD: it says pending after event 2; its history has 0 events up to number 0"
            " and ends with nothing",
            "reward REWARD: 1000 were granted, and the ledger wrote 0 for it",
            "reward REWARD: it is pending with 1000 left and 0 clawed back; the ledger holds nothing",
        ],
        id="a reward without a history",
    ),
    pytest.param(
        [update(RewardEvent).where(RewardEvent.sequence == 2).values(taken_minor=1001)],
        [
            "reward REWARD: 1000 were granted, 1001 reversed and 0 clawed back, and it says pending",
            "reward REWARD: it is pending with -1 left and 0 clawed back; the ledger holds expense -600, pending 600",
        ],
        id="more taken back than was granted",
    ),
    pytest.param(
        [update(RewardEvent).where(RewardEvent.sequence == 2).values(taken_minor=1001, taken_as="clawback")],
        [
            "reward REWARD: 1000 were granted, 0 reversed and 1001 clawed back, and it says pending",
            "reward REWARD: it is pending with 1000 left and 1001 clawed back;"
            " the ledger holds expense -600, pending 600",
        ],
        id="more clawed back than was granted",
    ),
    pytest.param(
        [
            update(RewardEvent).where(RewardEvent.sequence == 2).values(status="reversed"),
            update(Reward).values(status="reversed"),
        ],
        [
            "reward REWARD: 1000 were granted, 400 reversed and 0 clawed back, and it says reversed",
            "reward REWARD: it is reversed with 600 left and 0 clawed back; the ledger holds expense -600, pending 600",
        ],
        id="a reversed reward of which something is left",
    ),
    pytest.param(
        [
            update(LedgerEntry).where(entries_of(1), LedgerEntry.position == 1).values(amount_minor=-900),
            update(LedgerEntry).where(entries_of(1), LedgerEntry.position == 2).values(amount_minor=900),
        ],
        [
            "reward REWARD: 1000 were granted, and the ledger wrote 900 for it",
            f"{PENDING} expense -500, pending 500",
        ],
        id="another amount in the ledger than was granted",
    ),
    pytest.param(
        [update(LedgerEntry).where(LedgerEntry.account == "pending").values(account="approved")],
        [f"{PENDING} expense -600, approved 600"],
        id="money in another account than the status says",
    ),
    pytest.param(
        [update(LedgerEntry).where(entries_of(2), LedgerEntry.account == "pending").values(account="clawback")],
        [f"{PENDING} expense -600, pending 1000, clawback -400"],
        id="a debt that no clawback made",
    ),
    pytest.param(
        [update(LedgerEntry).where(entries_of(2), LedgerEntry.account == "expense").values(account="clawback")],
        [f"{PENDING} expense -1000, pending 600, clawback 400"],
        id="a debt given back that nobody had",
    ),
    pytest.param(
        [update(Refund).values(applied_minor=5000)],
        [
            "conversion CONVERSION: 5000 were refunded of 4999",
            "refund REFUND: it counts for 5000 and brought back 0; of all of its conversion follow 2000 and 0",
        ],
        id="more refunded than was paid",
    ),
    pytest.param(
        [update(Refund).values(conversion_id=None, applied_minor=None)],
        ["refund REFUND: it waits for conversion CONVERSION, which is there"],
        id="a refund that waits for an event that is there",
    ),
    pytest.param(
        [
            update(Refund).values(
                conversion_id=None, applied_minor=None, conversion_event_id=None, order_id=literal("o_1")
            )
        ],
        ["refund REFUND: it waits for conversion CONVERSION, which is there"],
        id="a refund that waits for an order that is there",
    ),
    pytest.param(
        [update(RewardDecision).where(RewardDecision.code == "earned").values(amount_minor=999)],
        ["reward REWARD: no decision earned 1000 USD"],
        id="a reward of another amount than was decided",
    ),
    pytest.param(
        [update(RewardDecision).where(RewardDecision.code == "earned").values(currency="EUR")],
        ["reward REWARD: no decision earned 1000 USD"],
        id="a reward of another currency than was decided",
    ),
    pytest.param(
        [delete(RewardDecision).where(RewardDecision.code == "earned")],
        ["reward REWARD: no decision earned 1000 USD", "conversion CONVERSION: nothing was decided about it"],
        id="a conversion about which nothing was decided",
    ),
    pytest.param(
        [delete(LedgerEntry), delete(LedgerTransaction), delete(RewardEvent), delete(Reward)],
        ["conversion CONVERSION: rule RULE earned ADA 1000 USD, and there is no such reward"],
        id="a decision whose reward is gone",
    ),
    pytest.param(
        [update(Reward).values(ended_bond=1)],
        ["reward REWARD: change 1 of the referral ended it, and 600 of it are kept"],
        id="an ended reward of which something is kept",
    ),
    pytest.param(
        [update(Reward).values(bond=1)],
        [
            "reward REWARD: no decision earned 1000 USD",
            "conversion CONVERSION: rule RULE earned ADA 1000 USD, and there is no such reward",
        ],
        id="a reward of another bond than its decision",
    ),
    pytest.param(
        [update(Conversion).values(referral_id=None)],
        ["reward REWARD: it holds for ADA, who is not credited for the friend"],
        id="a reward of someone who is not credited",
    ),
    pytest.param(
        [update(Referral).values(bond=1)],
        ["friend BOB: the referral says that change 1 made it, and there is none"],
        id="a bond without its change",
    ),
    pytest.param(
        [delete(Reward)],
        [
            "transaction GRANT: its reward REWARD is not there",
            "transaction REVERSAL: its reward REWARD is not there",
            "conversion CONVERSION: rule RULE earned ADA 1000 USD, and there is no such reward",
        ],
        id="a reward that is gone",
    ),
]


@pytest.mark.parametrize(("statements", "lines"), BREACHES)
def test_what_is_written_past_the_services_is_named(names, statements, lines):
    assert sorted(breaches_after(names, *statements)) == sorted(lines)


def test_a_second_reward_of_one_rule_for_one_conversion_is_named(names):
    new, *same = Reward.__table__.columns
    twin = insert(Reward).from_select([new, *same], select(literal(new_id(), new.type), *same))
    if db.engine.dialect.name == "postgresql":
        key = "uq_rewards_conversion_rule_beneficiary_side_bond_correction"
        without_key = [text(f"ALTER TABLE rewards DROP CONSTRAINT {key}"), text("DROP INDEX uq_rewards_that_hold")]
    else:
        # A table that is made from another has none of its constraints.
        copy = "CREATE TABLE copy AS SELECT * FROM rewards"
        without_key = [text(copy), text("DROP TABLE rewards"), text("ALTER TABLE copy RENAME TO rewards")]
    found = breaches_after(names, *without_key, twin)
    assert "conversion CONVERSION: rule RULE rewarded ADA 2 times" in found
    assert "conversion CONVERSION: 2 rewards of rule RULE hold for the referrer" in found


def test_a_refund_of_something_without_an_amount_counts_nothing():
    with write_transaction() as session:
        buy(session, None, None)
        refund_id = refund(session).refund_id
        session.execute(update(Refund).where(Refund.id == refund_id).values(applied_minor=1))
        conversion_id = session.scalar(select(Conversion.id))
        assert list(breaches(session)) == [
            f"conversion {conversion_id}: 1 were refunded of 0",
            f"refund {refund_id}: it counts for 1 and brought back 0; of all of its conversion follow 0 and 0",
        ]


@pytest.mark.parametrize("table", append_only.TABLES)
def test_a_table_without_one_of_its_triggers_is_named(table):
    with write_transaction() as session:
        if session.get_bind().dialect.name == "postgresql":
            found = []
            for trigger in ("append_only", "no_truncate"):
                session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER {table}_{trigger}"))
                found.append(list(breaches(session)))
                session.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER {table}_{trigger}"))
        else:
            found = []
            statement = text("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = :name")
            for trigger in ("no_update", "no_delete", "no_replace"):
                made = session.scalar(statement, {"name": f"{table}_{trigger}"})
                session.execute(text(f"DROP TRIGGER {table}_{trigger}"))
                found.append(list(breaches(session)))
                session.connection().exec_driver_sql(made)
        assert found == [[f"table {table} is not append-only: its triggers are missing"]] * len(found)
        assert list(breaches(session)) == []


@pytest.mark.parametrize("table", append_only.TABLES)
def test_a_table_that_is_gone_is_named(names, table):
    assert breaches_after(names, text(f"ALTER TABLE {table} RENAME TO gone")) == [f"table {table} is missing"]
