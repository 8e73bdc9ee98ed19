"""Random histories in which rewards are rejected and appealed end where those end in which nobody rejected anything."""

import contextlib
import os
import random
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.factories import NOON, person, program
from tests.money import DAY, publish
from tests.services.test_counted_rewards import friends_of_ada
from tests.services.test_random_counts import UndoneError, events, happens, rules, versions
from webapp.database import write_transaction
from webapp.domain.reward_decisions import CHOICES
from webapp.models import AppealedReward, Reward, RewardEvent, RewardRule
from webapp.queries import ledger, rollups
from webapp.services.appeals import AppealProblemError, appeal
from webapp.services.reward_decisions import decide_rewards
from webapp.services.reward_steps import SYSTEM
from webapp.services.rewards import change_statuses
from webapp.transactions import write_what_was_left

pytestmark = pytest.mark.usefixtures("in_app")

# How many histories are tried; with more than one they are long, and the books are looked at after every step.
SEEDS = int(os.environ.get("GRAPEVINE_APPEALED_HISTORIES", "1"))
FEW = 10


def standing(session, *statuses):
    """Return the rewards that stand so, with the number of the newest event of each, in the order of their grants."""
    wanted = select(Reward.id, Reward.sequence).where(Reward.status.in_(statuses)).order_by(Reward.id)
    return [tuple(row) for row in session.execute(wanted)]


def kept(session):
    """Return what is kept of each rule, in minor units, nothing of what is rejected."""
    taken = select(func.coalesce(func.sum(RewardEvent.taken_minor), 0)).where(RewardEvent.reward_id == Reward.id)
    query = (
        select(RewardRule.key, func.sum(Reward.amount_minor - taken.scalar_subquery()))
        .join(Reward, Reward.rule_id == RewardRule.id)
        .where(Reward.status != "rejected")
        .group_by(RewardRule.key)
    )
    return {key: int(minor) for key, minor in session.execute(query) if minor}


def appealed(session, ada, rewards, now):
    """Ada appeals against all of these that she can. Returns how many rewards are held again."""
    found = 0
    for reward_id, _sequence in rewards:
        with contextlib.suppress(AppealProblemError):
            found += len(appeal(session, program(session).id, ada.id, reward_id, "No, really", now))
    return found


def told(seed, *, is_rejected):
    """Tell a history in which some rewards are held, and perhaps rejected and appealed. Returns what is kept then."""
    dice, (_dice, found) = random.Random(f"appeals {seed}"), events(seed)
    ends = {}
    with contextlib.suppress(UndoneError), write_transaction() as session:
        rules(session)
        for at, table in versions(seed):
            publish(session, **table, now=at)
        ada, friends = friends_of_ada(session)
        admin, back = person(session, name="Marta Voss", role="admin"), 0
        for step, what in enumerate(found if SEEDS > 1 else found[:FEW]):
            now = NOON + 200 * DAY + timedelta(seconds=step)
            happens(session, friends, what, now=now)
            if random.Random(f"{seed} {step}").random() < 0.3:
                ids = [one for one, _sequence in standing(session, "pending", "approved")]
                change_statuses(session, ids, "held", reason="to_check", actor=SYSTEM, now=now)
            if not is_rejected:
                continue
            # A decision after an appeal is final.
            once = set(session.scalars(select(AppealedReward.reward_id)))
            held = dict(standing(session, "held"))
            some = {one: held[one] for one in held if dice.random() < 0.3 and one not in once}
            reject = CHOICES["reject"]
            decide_rewards(session, program(session).id, reject, some, reason="terms", by=admin.id, now=now)
            if dice.random() < 0.3:
                back += appealed(session, ada, standing(session, "rejected")[: dice.randrange(3)], now)
            if SEEDS > 1:
                assert list(ledger.breaches(session)) == [], (seed, step)
        if is_rejected:
            back += appealed(session, ada, standing(session, "rejected"), NOON + 201 * DAY)
            assert back
        ends = kept(session)
        assert list(ledger.breaches(session)) == [], seed
        write_what_was_left(session)
        assert list(rollups.breaches(session)) == [], seed
        raise UndoneError
    return ends


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize("seed", range(500, 500 + SEEDS))
def test_what_was_rejected_and_appealed_ends_as_if_nobody_had_rejected_it(seed):
    ends = told(seed, is_rejected=True)
    assert ends == told(seed, is_rejected=False) != {}
