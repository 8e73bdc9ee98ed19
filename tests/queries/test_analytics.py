"""What analytics read from the roll-ups: periods, scopes, order and pages, campaigns, rules and cohorts."""

import secrets
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from tests import factories, money, rollup_rows
from webapp.database import write_transaction
from webapp.domain.chosen_period import Period
from webapp.extensions import db
from webapp.models import Link, RewardRule
from webapp.queries.analytics import Amounts, Counts, Scope, ScopeNames, find_scope, in_order, read_days
from webapp.queries.campaigns import CampaignRow, count_campaigns, each_campaign, list_campaigns
from webapp.queries.cohorts import Cohort, list_cohorts
from webapp.queries.link_figures import (
    count_links,
    count_referrers,
    each_link,
    each_referrer,
    list_links,
    list_referrers,
)
from webapp.queries.rule_figures import RuleChange, list_changes, list_rules
from webapp.services.links import create_link

pytestmark = pytest.mark.usefixtures("in_app")

WEEK = Period(date(2026, 11, 16), date(2026, 11, 22))
MONDAY, SUNDAY = WEEK.first, WEEK.last
DAY = timedelta(days=1)


def whole():
    return Scope(factories.program(db.session()).id)


@pytest.fixture
def links():
    """Ada's two links and Cara's one."""
    with write_transaction() as session:
        ada, cara = factories.person(session, name="Ada Okafor"), factories.person(session, name="Cara Diaz")
        first, third = factories.link_of(session, ada), factories.link_of(session, cara)
        second = create_link(session, factories.program(session), ada, choose=secrets.choice, now=factories.NOON)
        second.label = "Blog"
        return {"ada": ada.id, "cara": cara.id, "first": first.id, "second": second.id, "third": third.id}


def test_days_are_filled_with_zeros_and_money_stands_by_currency():
    with write_transaction() as session:
        rollup_rows.program_day(session, MONDAY - DAY, clicks=100)
        rollup_rows.program_day(session, MONDAY, clicks=5, visitors=4, signups=2, purchases=3, buyers=1)
        rollup_rows.program_day(session, SUNDAY, clicks=1, visitors=1, repeat_buyers=1)
        rollup_rows.program_day(session, SUNDAY + DAY, clicks=1000)
        rollup_rows.program_money(session, MONDAY, 5000, 1500)
        rollup_rows.program_money(session, MONDAY, 700, currency="EUR")
        rollup_rows.program_money(session, SUNDAY, 0, 4000)
        money.publish(session)
        rule_id = session.scalars(select(RewardRule.id)).one()
        rollup_rows.rule_day(session, rule_id, SUNDAY, 900, 300)
    now, before = read_days(db.session(), whole(), WEEK, WEEK.before)
    assert [row.day for row in now.days] == WEEK.dates()
    assert now.counts == Counts(clicks=6, visitors=5, signups=2, purchases=3, buyers=1, repeat_buyers=1)
    assert now.amounts == {"USD": Amounts(5000, 5500, 900, 300), "EUR": Amounts(paid=700)}
    assert (now.amounts["USD"].revenue, now.amounts["USD"].cost) == (-500, 600)
    assert before.counts == Counts(clicks=100)
    assert before.amounts == {}
    assert not before.is_empty
    assert read_days(db.session(), whole(), WEEK.before.before)[0].is_empty


def test_a_link_or_a_referrer_alone(links):
    with write_transaction() as session:
        for number, name in enumerate(("first", "second", "third"), start=1):
            link = session.get_one(Link, links[name])
            rollup_rows.link_day(session, link, MONDAY, clicks=number)
            rollup_rows.link_money(session, link, MONDAY, number * 100)
    program_id = whole().program_id
    for scope, clicks in (
        (Scope(program_id, link_id=links["second"]), 2),
        (Scope(program_id, referrer_id=links["ada"]), 3),
        (Scope(program_id, referrer_id=links["cara"]), 3),
    ):
        (rows,) = read_days(db.session(), scope, WEEK)
        assert rows.counts == Counts(clicks=clicks)
        assert rows.amounts == {"USD": Amounts(paid=clicks * 100)}
    names = find_scope(db.session(), Scope(program_id, link_id=links["second"]))
    assert names is not None
    assert (names.referrer_name, names.label) == ("Ada Okafor", "Blog")
    assert find_scope(db.session(), Scope(program_id, referrer_id=links["cara"])) == ScopeNames("Cara Diaz")


def test_what_belongs_to_another_program_is_not_there(links):
    with write_transaction() as session:
        rollup_rows.link_day(session, session.get_one(Link, links["first"]), MONDAY, clicks=1)
        other_id = money.another_program(session).id
    assert find_scope(db.session(), Scope(other_id, link_id=links["first"])) is None
    assert find_scope(db.session(), Scope(other_id, referrer_id=links["ada"])) is None
    for scope in (Scope(other_id), Scope(other_id, link_id=links["first"]), Scope(other_id, referrer_id=links["ada"])):
        assert read_days(db.session(), scope, WEEK)[0].is_empty
    assert list_referrers(db.session(), Scope(other_id), WEEK, currency="USD", order="revenue", limit=9) == []
    assert count_links(db.session(), Scope(other_id), WEEK) == 0


def test_referrers_and_links_are_sorted_by_what_is_asked_for(links):
    with write_transaction() as session:
        for name, visitors, signups, purchases, paid in (
            ("first", 10, 1, 2, 300),
            ("second", 1, 1, 1, 100),
            ("third", 5, 3, 2, 350),
        ):
            link = session.get_one(Link, links[name])
            counts = {"visitors": visitors, "signups": signups, "purchases": purchases}
            rollup_rows.link_day(session, link, MONDAY, **counts)
            rollup_rows.link_money(session, link, MONDAY, paid)
        rollup_rows.link_money(session, session.get_one(Link, links["third"]), SUNDAY, 99_000, currency="JPY")

    def names(order):
        found = list_referrers(db.session(), whole(), WEEK, currency="USD", order=order, limit=9)
        return [row.referrer_name.split()[0] for row in found]

    # Ada: 11 visitors, 2 signups, 3 purchases, $4.00. Cara: 5, 3, 2, $3.50; her yen do not count for the order.
    assert names("visitors") == names("purchases") == names("revenue") == ["Ada", "Cara"]
    assert names("signups") == ["Cara", "Ada"]
    assert names("revenue") == [
        row.referrer_name.split()[0] for row in each_referrer(db.session(), whole(), WEEK, currency="USD")
    ]
    ada = list_referrers(db.session(), whole(), WEEK, currency="USD", order="revenue", limit=1)[0]
    assert (ada.id, ada.code, ada.counts) == (links["ada"], None, Counts(0, 11, 2, 3))
    assert ada.amounts == {"USD": Amounts(paid=400)}
    second_page = list_referrers(db.session(), whole(), WEEK, currency="USD", order="revenue", limit=1, offset=1)
    assert second_page[0].amounts == {"USD": Amounts(paid=350), "JPY": Amounts(paid=99_000)}
    found = list_links(db.session(), whole(), WEEK, currency="USD", order="revenue", limit=9)
    assert [row.id for row in found] == [links["third"], links["first"], links["second"]]
    assert [row.id for row in each_link(db.session(), whole(), WEEK, currency="USD")] == [row.id for row in found]
    assert (found[2].referrer_name, found[2].label) == ("Ada Okafor", "Blog")


def test_who_only_had_a_refund_is_listed_and_counted(links):
    with write_transaction() as session:
        rollup_rows.link_money(session, session.get_one(Link, links["first"]), MONDAY, 0, 500)
        rollup_rows.link_day(session, session.get_one(Link, links["second"]), MONDAY - DAY, clicks=9)
    assert count_referrers(db.session(), whole(), WEEK) == 1
    (ada,) = list_referrers(db.session(), whole(), WEEK, currency="USD", order="purchases", limit=9)
    assert ada.counts == Counts()
    assert ada.amounts["USD"].revenue == -500
    assert count_links(db.session(), whole(), Period(MONDAY - DAY, SUNDAY)) == 2


def test_campaigns_by_their_fields_those_with_most_signups_first():
    with write_transaction() as session:
        rollup_rows.campaign_day(session, MONDAY, "x", "social", "autumn", clicks=3, visitors=3, signups=1)
        rollup_rows.campaign_day(session, SUNDAY, "x", "social", "autumn", clicks=2, purchases=1)
        rollup_rows.campaign_day(session, SUNDAY, "x", "social", "", clicks=7, signups=2)
        rollup_rows.campaign_day(session, SUNDAY + DAY, "mail", "", "", clicks=7)
    program_id = whole().program_id
    found = list_campaigns(db.session(), program_id, WEEK, limit=9)
    assert found == [
        CampaignRow("x", "social", "", clicks=7, visitors=0, signups=2, purchases=0),
        CampaignRow("x", "social", "autumn", clicks=5, visitors=3, signups=1, purchases=1),
    ]
    assert list(each_campaign(db.session(), program_id, WEEK)) == found
    assert list_campaigns(db.session(), program_id, WEEK, limit=1) == found[:1]
    assert count_campaigns(db.session(), program_id, WEEK) == 2


def test_rules_with_what_they_granted_by_day_under_their_newest_name():
    with write_transaction() as session:
        money.publish(session)
        money.publish(session, name="A quarter", settings={"percent": "25", "first_purchases": 12})
        rule_id = session.scalars(select(RewardRule.id)).one()
        rollup_rows.rule_day(session, rule_id, MONDAY, 500)
        rollup_rows.rule_day(session, rule_id, SUNDAY, 700, 200)
        rollup_rows.rule_day(session, rule_id, SUNDAY, 300, currency="EUR")
        rollup_rows.rule_day(session, rule_id, SUNDAY + DAY, 9999)
    dollars, euros = list_rules(db.session(), whole().program_id, WEEK)
    assert (dollars.key, dollars.name, dollars.currency) == ("twenty-percent", "A quarter", "USD")
    assert (dollars.rewards, dollars.granted, dollars.withdrawn, dollars.cost) == (2, 1200, 200, 1000)
    assert dollars.by_day == {MONDAY: 500, SUNDAY: 700}
    assert (euros.currency, euros.granted) == ("EUR", 300)


def test_changes_of_rules_by_the_program_s_day_the_latest_first():
    evening = datetime(2026, 11, 15, 23, 30, tzinfo=UTC)
    with write_transaction() as session:
        money.publish(session, now=evening - 100 * DAY)
        money.publish(session, now=evening, name="A quarter")
        money.publish(session, now=evening + 2 * DAY, name="A third")
    program_id = whole().program_id
    third = RuleChange(date(2026, 11, 17), "A third", 3, "live")
    assert list_changes(db.session(), program_id, WEEK, time_zone="UTC") == [third]
    in_berlin = list_changes(db.session(), program_id, WEEK, time_zone="Europe/Berlin")
    assert [(change.day, change.rule_name) for change in in_berlin] == [
        (date(2026, 11, 18), "A third"),
        (MONDAY, "A quarter"),
    ]


def test_cohorts_end_with_the_last_week_that_is_over():
    with write_transaction() as session:
        rollup_rows.program_day(session, MONDAY - 14 * DAY, signups=4)
        rollup_rows.program_day(session, MONDAY - 8 * DAY, signups=6)
        rollup_rows.program_day(session, MONDAY - 7 * DAY, signups=3)
        rollup_rows.program_day(session, MONDAY, signups=50)
        rollup_rows.cohort_week(session, MONDAY - 14 * DAY, 5, 2, 9)
        rollup_rows.cohort_week(session, MONDAY - 7 * DAY, 1, 3)
    program_id = whole().program_id
    assert list_cohorts(db.session(), program_id, SUNDAY, weeks=9) == [
        # Monday and Sunday of one week are one cohort of 4 + 6; its third week is not over on Sunday.
        Cohort(MONDAY - 14 * DAY, 10, (5, 2)),
        Cohort(MONDAY - 7 * DAY, 3, (1,)),
    ]
    assert [cohort.size for cohort in list_cohorts(db.session(), program_id, SUNDAY, weeks=1)] == [3]
    a_day_later = list_cohorts(db.session(), program_id, SUNDAY + DAY, weeks=9)
    assert a_day_later[0].buyers == (5, 2, 9)
    assert a_day_later[-1] == Cohort(MONDAY, 50, (0,))


def test_the_program_s_currency_comes_first_even_without_money():
    assert in_order({"EUR", "AUD"}, "USD") == ["USD", "AUD", "EUR"]
    assert in_order({"USD", "AUD"}, "USD") == ["USD", "AUD"]
