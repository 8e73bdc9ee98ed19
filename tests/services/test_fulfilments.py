"""Rewards in kind are handed over by people or programs: approved becomes paid, once."""

import pytest
from sqlalchemy import select

from tests import factories
from tests.factories import NOON
from tests.money import TEN_DOLLARS, accounts, ada_and_bob, buy, history, publish, refund, send
from webapp.database import write_transaction
from webapp.domain.rewards import StatusError
from webapp.extensions import db
from webapp.models import AuditEntry, RewardNote
from webapp.queries import rollups
from webapp.queries.ledger import breaches
from webapp.queries.rewards import balances_of
from webapp.services.fulfilments import NotFulfillableError, fulfil_reward
from webapp.services.reward_decisions import UnknownRewardError
from webapp.services.reward_steps import SYSTEM, Actor

pytestmark = pytest.mark.usefixtures("in_app")


def earned(session, **rule):
    """Ada and a reward of hers, worth 10.00 USD in kind."""
    publish(session, **{**TEN_DOLLARS, "reward": "custom", "hold_days": 0, **rule})
    ada, bob = ada_and_bob(session)
    return ada, buy(session, bob).rewards[0].id


def fulfil(session, reward_id, actor=SYSTEM, **how):
    return fulfil_reward(session, factories.program(session).id, reward_id, actor=actor, now=NOON, **how)


def test_what_is_fulfilled_is_paid_and_nobody_s_money():
    with write_transaction() as session:
        ada, reward_id = earned(session)
        fulfil(session, reward_id, Actor("person", ada.id), note="Size M")
        assert history(session, reward_id)[-1] == ("paid", "fulfilled", 0)
        assert accounts(session, ada) == {}
        assert balances_of(session, ada.id, "custom") == {"USD": {"expense": -1000, "approved": 0, "paid": 1000}}
        assert session.scalars(select(RewardNote.text)).all() == ["Size M"]
        acts = session.scalars(select(AuditEntry.details).where(AuditEntry.action == "reward_fulfilled")).all()
        assert acts == [{"amount": 1000, "currency": "USD"}]
    assert list(breaches(db.session())) == []
    assert list(rollups.breaches(db.session())) == []


@pytest.mark.parametrize(
    ("rule", "statuses", "kind", "status"),
    [
        ({}, ("held",), "custom", "held"),
        ({}, ("paid",), "custom", "paid"),
        ({"hold_days": 10}, (), "custom", "pending"),
        ({"reward": "cash"}, (), "cash", "approved"),
        ({"reward": "credit"}, (), "credit", "approved"),
    ],
)
def test_nothing_else_can_be_fulfilled(rule, statuses, kind, status):
    with write_transaction() as session:
        _ada, reward_id = earned(session, **rule)
        send(session, reward_id, *statuses)
        with pytest.raises(NotFulfillableError) as refused:
            fulfil(session, reward_id)
        assert (refused.value.kind, refused.value.status) == (kind, status)
        assert session.scalars(select(RewardNote)).all() == []


def test_a_reward_of_another_program_is_unknown():
    with write_transaction() as session:
        _ada, reward_id = earned(session)
        other = factories.other_program(session)
        with pytest.raises(UnknownRewardError):
            fulfil_reward(session, other.id, reward_id, actor=SYSTEM, now=NOON)


def test_a_reward_in_kind_is_in_no_payout_and_owed_in_kind_after_a_refund():
    with write_transaction() as session:
        ada, reward_id = earned(session)
        with pytest.raises(StatusError):
            send(session, reward_id, "in_payout")
        fulfil(session, reward_id)
        refund(session)
        assert balances_of(session, ada.id, "custom")["USD"]["clawback"] == -1000
        assert accounts(session, ada) == {}
    assert list(breaches(db.session())) == []
