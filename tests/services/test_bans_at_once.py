"""A ban while something happens to the same rewards: nobody waits in a ring, and nothing is left that could be paid."""

import pytest
from sqlalchemy import func, select

from tests import money
from tests.factories import NOON, person, program
from tests.money import DAY
from tests.services.turns import turns_on_postgresql
from webapp.database import write_transaction
from webapp.domain.reward_decisions import CHOICES
from webapp.extensions import db
from webapp.models import Reward
from webapp.queries import audit, ledger
from webapp.services.bans import ban
from webapp.services.reward_decisions import decide_rewards

pytestmark = [
    pytest.mark.usefixtures("in_app"),
    pytest.mark.parametrize("databases", ["postgresql"], indirect=True),
]


@pytest.fixture
def marta(in_app):
    with write_transaction() as session:
        return person(session, name="Marta Voss", role="admin").id


def rejects(session, marta):
    seen = dict(session.execute(select(Reward.id, Reward.sequence)).all())
    decide_rewards(session, program(session).id, CHOICES["reject"], seen, reason="terms", by=marta, now=NOON + 3 * DAY)


def sends_back(session, _marta):
    money.refund(session, at=NOON + 3 * DAY)


def wins(session, _marta):
    money.decide(session, at=NOON + 3 * DAY)


@pytest.mark.parametrize("first", range(4, 36, 4))
@pytest.mark.parametrize("story", [rejects, sends_back, wins])
def test_a_ban_leaves_nothing_to_be_paid(marta, app, story, first):
    with write_transaction() as session:
        money.publish(session)
        ada, bob = money.ada_and_bob(session)
        money.buy(session, bob)
        if story is wins:
            money.dispute(session)
        ada_id, of_program = ada.id, program(session).id

    def bans():
        with write_transaction() as session:
            ban(session, of_program, ada_id, reason="terms", by=marta, now=NOON + 3 * DAY)

    def happens():
        with write_transaction() as session:
            story(session, marta)

    with turns_on_postgresql(app) as turns:
        takers = turns.take([happens, bans], [(0, first), (1, None)])
    assert [taker.result for taker in takers] == [None, None]
    open_ = select(func.count()).where(Reward.status.in_(("pending", "approved")))
    assert db.session.scalar(open_) == 0
    for proved in (ledger, audit):
        assert list(proved.breaches(db.session())) == []
