"""The definitions of the figures, each on one small history that services wrote, with values worked out by hand.

The history, two weeks of November 2026; Monday is the 16th and the 23rd:

Mon 16  visitor 1 opens Ada's link twice and Cara's once
Tue 17  visitor 1 opens Ada's link; visitor 2 opens it with the campaign x/social/autumn, and signs up: Bob
Wed 18  Bob buys for 50.00 USD; Dee types Cara's code and signs up
Thu 19  Eve signs up by herself
Fri 20  Bob buys for 30.00 USD, Dee for 10.00 EUR, Eve for 99.00 USD
Sat 21  10.00 USD of Bob's first order go back
Mon 23  Dee buys for 20.00 USD; Bob's second order goes back whole

One rule grants the referrer 20% of each purchase.
"""

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from tests import factories, money
from tests.factories import join
from webapp.database import write_transaction
from webapp.domain.chosen_period import Period
from webapp.extensions import db
from webapp.queries.analytics import NO_COUNTS, Scope, read_days
from webapp.queries.campaigns import list_campaigns
from webapp.queries.cohorts import list_cohorts
from webapp.queries.link_figures import list_links, list_referrers
from webapp.queries.rule_figures import list_rules
from webapp.services.clicks import Visit
from webapp.services.signups import CameBy

WEEK = Period(date(2026, 11, 16), date(2026, 11, 22))
NEXT_WEEK = Period(date(2026, 11, 23), date(2026, 11, 29))


def on(day, hour=12):
    return datetime(2026, 11, day, hour, tzinfo=UTC)


@pytest.fixture
def beginning(request):
    return a_history if "history" in request.fixturenames else None


def a_history():
    """Everything above; returns the program's id."""
    with write_transaction() as session:
        ada, cara = (factories.person(session, name=name, now=money.LIVE) for name in ("Ada Okafor", "Cara Diaz"))
        adas, caras = factories.link_of(session, ada), factories.link_of(session, cara)
        money.publish(session)
        program_id, first, second = factories.program(session).id, uuid4(), uuid4()
    campaign = Visit(utm_source="x", utm_medium="social", utm_campaign="autumn")

    def writing(step):
        with write_transaction() as session:
            return step(session)

    for hour, link in ((9, adas), (10, adas), (11, caras)):
        writing(lambda s, hour=hour, link=link: factories.click(s, link, visitor_id=first, now=on(16, hour)))
    writing(lambda s: factories.click(s, adas, visitor_id=first, now=on(17, 9)))
    writing(lambda s: factories.click(s, adas, visitor_id=second, now=on(17, 10), visit=campaign))
    bob = writing(lambda s: join(s, CameBy(visitor_id=second), name="Bob", email="bob@example.org", now=on(17))[0])
    writing(lambda s: money.buy(s, bob, "50.00 USD", event_id="bob-1", at=on(18)))
    dee = writing(lambda s: join(s, CameBy(typed=caras), name="Dee", email="dee@example.org", now=on(18))[0])
    eve = writing(lambda s: join(s, CameBy(), name="Eve", email="eve@example.org", now=on(19))[0])
    for person, amount, event_id in (
        (bob, "30.00 USD", "bob-2"),
        (dee, "10.00 EUR", "dee-1"),
        (eve, "99.00 USD", "eve-1"),
    ):
        writing(lambda s, p=person, a=amount, e=event_id: money.buy(s, p, a, event_id=e, at=on(20)))
    writing(lambda s: money.refund(s, "10.00 USD", of="bob-1", event_id="back-1", at=on(21)))
    writing(lambda s: money.buy(s, dee, "20.00 USD", event_id="dee-2", at=on(23)))
    writing(lambda s: money.refund(s, of="bob-2", event_id="back-2", at=on(23)))
    return program_id


@pytest.fixture
def history(in_app, began):
    return began


@pytest.fixture
def weeks(history):
    """Both weeks of the program."""
    return read_days(db.session(), Scope(history), WEEK, NEXT_WEEK)


def test_clicks(weeks):
    # Monday 3, Tuesday 2.
    assert weeks[0].counts.clicks == 5


def test_visitors(weeks, history):
    # Monday: visitor 1. Tuesday: visitors 1 and 2. By link Ada's has the same 3; Cara's has visitor 1 of Monday.
    assert weeks[0].counts.visitors == 3
    links = list_links(db.session(), Scope(history), WEEK, currency="USD", order="visitors", limit=9)
    assert [(row.referrer_name, row.counts.clicks, row.counts.visitors) for row in links] == [
        ("Ada Okafor", 4, 3),
        ("Cara Diaz", 1, 1),
    ]


def test_signups(weeks):
    # Bob and Dee. Nobody is credited for Eve.
    assert weeks[0].counts.signups == 2


def test_purchases(weeks):
    # Bob 2, Dee 1; Eve's does not count. A week later Dee's second; what went back is counted all the same.
    assert [rows.counts.purchases for rows in weeks] == [3, 1]


def test_revenue_and_refunded(weeks):
    # 50.00 + 30.00 - 10.00 = 70.00. A week later 20.00 - 30.00 = -10.00: a refund counts on its own day.
    assert [(rows.amounts["USD"].refunded, rows.amounts["USD"].revenue) for rows in weeks] == [
        (1000, 7000),
        (3000, -1000),
    ]
    # Euros stand for themselves.
    assert weeks[0].amounts["EUR"].revenue == 1000


def test_revenue_by_referrer(weeks, history):
    rows = list_referrers(db.session(), Scope(history), WEEK, currency="USD", order="revenue", limit=9)
    assert [(row.referrer_name, {one: amounts.revenue for one, amounts in row.amounts.items()}) for row in rows] == [
        ("Ada Okafor", {"USD": 7000}),
        ("Cara Diaz", {"EUR": 1000}),
    ]


def test_granted_withdrawn_and_reward_cost(weeks, history):
    # 20% of 50.00, 30.00 and 10.00 EUR; of the 10.00 that went back 2.00 are withdrawn: 10.00 + 6.00 - 2.00 = 14.00.
    dollars = weeks[0].amounts["USD"]
    assert (dollars.granted, dollars.withdrawn, dollars.cost) == (1600, 200, 1400)
    assert weeks[0].amounts["EUR"].cost == 200
    # A week later 20% of 20.00, less the 6.00 of the order that went back whole: 4.00 - 6.00 = -2.00.
    assert weeks[1].amounts["USD"].cost == -200
    rules = list_rules(db.session(), history, WEEK)
    assert [(row.currency, row.rewards, row.granted, row.withdrawn) for row in rules] == [
        ("USD", 2, 1600, 200),
        ("EUR", 1, 200, 0),
    ]


def test_bought_and_came_back(weeks):
    # Both of the friends who joined in the first week bought, and both a second time: Bob on Friday, Dee on Monday.
    assert (weeks[0].counts.buyers, weeks[0].counts.repeat_buyers) == (2, 2)
    # In the second week nobody joined.
    assert (weeks[1].counts.buyers, weeks[1].counts.repeat_buyers) == (0, 0)


def test_campaigns(history):
    # Visitor 2's click, and Bob with both of his orders.
    told = [row for row in list_campaigns(db.session(), history, WEEK, limit=9) if row.source]
    assert [(row.source, row.medium, row.name) for row in told] == [("x", "social", "autumn")]
    assert (told[0].clicks, told[0].visitors, told[0].signups, told[0].purchases) == (1, 1, 1, 2)


def test_share_of_a_cohort(history):
    # Of the 2 friends of the week of the 16th, 2 bought in it; in the week after only Dee did.
    (cohort,) = list_cohorts(db.session(), history, date(2026, 11, 30), weeks=9)
    assert (cohort.week, cohort.size, cohort.buyers) == (WEEK.first, 2, (2, 1))
    # A day earlier the second week is not over.
    assert list_cohorts(db.session(), history, date(2026, 11, 29), weeks=9)[0].buyers == (2,)


def test_a_week_before_anything_is_empty(history):
    (before,) = read_days(db.session(), Scope(history), WEEK.before)
    assert before.is_empty
    assert before.counts == NO_COUNTS
