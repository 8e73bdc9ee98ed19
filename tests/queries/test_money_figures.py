"""Revenue and what rewards cost, from the roll-ups."""

from datetime import timedelta

import pytest

from tests import factories, money
from tests.factories import NOON
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import ProgramRevenueDay, RewardRule, RuleDay
from webapp.queries.latest_acts import latest_acts
from webapp.queries.money_figures import money_figures

pytestmark = pytest.mark.usefixtures("in_app")
TODAY = NOON.date()


def test_revenue_and_cost_are_net_by_day_and_currency():
    with write_transaction() as session:
        money.publish(session)
        program_id = factories.program(session).id
        rule_id = session.query(RewardRule.id).scalar()
        about = {"program_id": program_id, "currency": "USD"}
        for days_ago, revenue, refunded in ((0, 5000, 500), (29, 100, 0), (30, 700, 900), (59, 40, 0), (60, 9, 0)):
            day = TODAY - timedelta(days=days_ago)
            session.add(ProgramRevenueDay(day=day, revenue_minor=revenue, refunded_minor=refunded, **about))
        session.add(
            ProgramRevenueDay(day=TODAY, program_id=program_id, currency="EUR", revenue_minor=3, refunded_minor=0)
        )
        for days_ago, granted, withdrawn in ((1, 1000, 100), (31, 300, 0)):
            day = TODAY - timedelta(days=days_ago)
            row = {"rewards": 2, "granted_minor": granted, "withdrawn_minor": withdrawn}
            session.add(RuleDay(rule_id=rule_id, day=day, **row, **about))
    found = money_figures(db.session(), program_id, TODAY)
    dollars = found["USD"]
    assert (dollars.revenue.recent, dollars.revenue.before) == (4600, -160)
    assert (dollars.revenue.days[0], dollars.revenue.days[-1], len(dollars.revenue.days)) == (100, 4500, 30)
    assert (dollars.cost.recent, dollars.cost.before) == (900, 300)
    assert (dollars.rewards, dollars.granted, dollars.withdrawn) == (4, 1300, 100)
    assert (found["EUR"].revenue.recent, found["EUR"].cost.recent) == (3, 0)
    assert money_figures(db.session(), program_id, TODAY - timedelta(days=200)) == {}


def test_the_newest_acts_name_who_did_them():
    with write_transaction() as session:
        money.publish(session)
        program_id = factories.program(session).id
    (act,) = latest_acts(db.session(), program_id, limit=5)
    assert (act.action, act.actor, act.actor_name) == ("rule_published", "command", None)
