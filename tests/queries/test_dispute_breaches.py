"""What breaks the books of disputes and write-offs is named."""

import pytest
from sqlalchemy import delete, update

from tests import factories, money
from tests.factories import NOON
from tests.money import DAY, ada_and_bob, buy, decide, dispute, publish, send
from tests.tampering import breaches_after
from webapp.database import write_transaction
from webapp.models import DisputeOutcome, Refund, RewardEvent
from webapp.services.write_offs import write_off_what_is_owed

pytestmark = pytest.mark.usefixtures("in_app")
REWARD = "reward REWARD: "


@pytest.fixture
def beginning(request):
    return two_disputes if "names" in request.fixturenames else None


def two_disputes():
    """Ada was paid 10.00 dollars; a dispute of 4.00 of them was won, one of 2.00 was written off and stands."""
    with write_transaction() as session:
        publish(session)
        ada, bob = ada_and_bob(session)
        bought = buy(session, bob, "50.00 USD")
        (reward,) = bought.rewards
        send(session, reward.id, "approved", "in_payout", "paid")
        won = dispute(session, "20.00 USD")
        decide(session)
        stands = dispute(session, "10.00 USD", event_id="dsp_2", at=NOON + 3 * DAY)
        write_off_what_is_owed(
            session, factories.program(session).id, reward.id, seen_minor=200, note="", by=ada.id, now=NOON + 4 * DAY
        )
        assert money.accounts(session, ada) == {"expense": -1000, "paid": 1000}
        called = {
            bought.conversion_id: "CONVERSION",
            reward.id: "REWARD",
            won.refund_id: "WON",
            stands.refund_id: "STANDS",
        }
    return {str(row_id): name for row_id, name in called.items()}


@pytest.fixture
def names(in_app, began):
    return began


WON, STANDS = (Refund.event_id == f"dsp_{number}" for number in (1, 2))
# Granted, approved, in a payout, paid; then taken by the first, given back, taken by the second, written off.
GIVEN, OFF = (RewardEvent.sequence == number for number in (6, 8))
HOLDS = "the ledger holds expense -1000, paid 1000"


@pytest.mark.parametrize(
    ("statements", "lines"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param(
            [update(Refund).where(WON).values(restored_minor=1999)],
            ["dispute WON: it counts for 2000 and brought back 1999; of all of its conversion follow 2000 and 2000"],
            id="another amount came back than follows",
        ),
        pytest.param(
            [update(Refund).where(STANDS).values(applied_minor=999)],
            ["dispute STANDS: it counts for 999 and brought back 0; of all of its conversion follow 1000 and 0"],
            id="another amount was taken than follows",
        ),
        pytest.param(
            [delete(DisputeOutcome)], ["dispute WON: it is won, and no outcome says so"], id="a dispute won by nobody"
        ),
        pytest.param(
            [update(DisputeOutcome).values(outcome="lost")],
            ["dispute WON: it is won, and no outcome says so"],
            id="a dispute that was lost and is won",
        ),
        pytest.param(
            [update(DisputeOutcome).values(dispute_event_id="dsp_2")],
            [
                "dispute STANDS: an outcome says that it was won, and it stands",
                "dispute WON: it is won, and no outcome says so",
            ],
            id="a dispute that was won and stands",
        ),
        pytest.param(
            [update(RewardEvent).where(GIVEN).values(refund_id=None)],
            [f"{REWARD}event 6 gave something back, and no dispute was won"],
            id="something given back for nothing",
        ),
        pytest.param(
            [update(RewardEvent).where(GIVEN).values(taken_minor=-800)],
            [
                f"{REWARD}1000 were granted, 0 reversed and -200 clawed back, 200 written off, and it says paid",
                f"{REWARD}it is paid with 1000 left and -400 clawed back; {HOLDS}",
                f"{REWARD}200 more came back than refunds and disputes had taken",
            ],
            id="more given back than was taken",
        ),
        pytest.param(
            [update(RewardEvent).where(OFF).values(taken_minor=-500)],
            [
                f"{REWARD}1000 were granted, 0 reversed and 200 clawed back, 500 written off, and it says paid",
                f"{REWARD}it is paid with 1000 left and -300 clawed back; {HOLDS}",
            ],
            id="more written off than was owed",
        ),
        pytest.param(
            [update(RewardEvent).where(OFF).values(taken_minor=200)],
            [
                f"{REWARD}1000 were granted, 0 reversed and 200 clawed back, -200 written off, and it says paid",
                f"{REWARD}it is paid with 1000 left and 400 clawed back; {HOLDS}",
                f"{REWARD}200 more of a write-off ended than was written off",
            ],
            id="a write-off that ended before it began",
        ),
        pytest.param(
            [update(RewardEvent).where(OFF).values(actor="system", actor_id=None)],
            [f"{REWARD}event 8 wrote something off, and nobody did"],
            id="written off by nobody",
        ),
    ],
)
def test_what_is_written_past_the_services_is_named(names, statements, lines):
    assert sorted(breaches_after(names, *statements)) == sorted(lines)
