"""The same event, 50 times at once from 8 processes: recorded once, and answered alike to all.

GRAPEVINE_ROUNDS says how many rounds, 10 without it.
"""

import os
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests import factories, money
from tests.serving.callers import Callers
from tests.serving.server import BROWSER
from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.models import ApiAnswer, Conversion, Referral, Refund, Reward, RewardEvent, User
from webapp.queries.ledger import breaches
from webapp.services.keys import create_key

pytestmark = pytest.mark.slow

ROUNDS = int(os.environ.get("GRAPEVINE_ROUNDS", "10"))
PROCESSES = 8
TIMES = 50


@pytest.fixture
def shop(any_site):
    """A site with a rule, 20% of each purchase for the referrer."""
    with any_site.app.app_context(), write_transaction() as session:
        money.publish(session, now=utc_now() - timedelta(days=1))
    return any_site


def new_keys(site, number):
    """Make a key for each process. New ones for each round: a key may ask only so often."""
    secrets = [f"gvk_{number}_{process}" for process in range(PROCESSES)]
    with site.app.app_context(), write_transaction() as session:
        for secret in secrets:
            program = factories.program(session)
            create_key(session, program, name=secret, scope="write", secret=secret, now=utc_now())
    return secrets


def bodies(site, number):
    """A signup, what this friend buys, and a refund of a part of it."""
    return {
        "/signups": {
            "external_id": f"cus_{number}",
            "email": f"friend{number}@example.org",
            "name": "Bob Miller",
            "referral_code": site.code,
            "ip": f"93.184.216.{number % 250}",
            "user_agent": BROWSER,
        },
        "/conversions": {
            "event_id": f"evt_{number}",
            "type": "purchase",
            "user": {"external_id": f"cus_{number}"},
            "amount": 4999,
            "currency": "USD",
            "order_id": f"order_{number}",
        },
        "/refunds": {"event_id": f"ref_{number}", "order_id": f"order_{number}", "amount": 2000},
    }


def test_the_same_event_at_once_happens_once(shop):
    with shop.server("--workers", "2") as server, Callers(server.port, processes=PROCESSES) as callers:
        for number in range(ROUNDS):
            secrets = new_keys(shop, number)
            for path, body in bodies(shop, number).items():
                answers = callers.post(f"/api/v1{path}", body, times=TIMES, secrets=secrets)
                statuses = Counter(answer.status for answer in answers)
                assert statuses == {201: 1, 200: TIMES - 1}, f"{path} in round {number}: {answers}"
                assert len({answer.body for answer in answers}) == 1, f"{path} in round {number}"
            check_round(shop, number)
    with shop.reading() as session:
        assert list(breaches(session)) == []
        # Three answers a round are kept, and the friends have one referrer each.
        assert session.scalar(select(func.count()).select_from(ApiAnswer)) == 3 * ROUNDS
        assert session.scalar(select(func.count()).select_from(Referral)) == ROUNDS
        assert session.scalar(select(func.count()).select_from(Reward)) == ROUNDS
    assert shop.wrong_rollups() == []
    assert shop.damage() == []


def check_round(site, number):
    """Fail unless everything of a round is there once, to the cent."""
    with site.reading() as session:
        (friend,) = session.scalars(select(User).where(User.external_id == f"cus_{number}")).all()
        (conversion,) = session.scalars(select(Conversion).where(Conversion.event_id == f"evt_{number}")).all()
        (refund,) = session.scalars(select(Refund).where(Refund.event_id == f"ref_{number}")).all()
        (reward,) = session.scalars(select(Reward).where(Reward.conversion_id == conversion.id)).all()
        taken = session.scalars(
            select(RewardEvent.taken_minor).where(RewardEvent.reward_id == reward.id).order_by(RewardEvent.sequence)
        ).all()
        assert conversion.user_id == friend.id
        assert (refund.conversion_id, refund.applied_minor) == (conversion.id, 2000)
        # 20% of 49.99 are 10.00; of the 29.99 that are left 6.00.
        assert (reward.amount_minor, taken) == (1000, [0, 400])
