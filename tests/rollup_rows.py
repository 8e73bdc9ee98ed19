"""Rows of the roll-ups, written as they stand, for tests of what is read from them."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from tests import factories, money
from webapp.clock import utc_now
from webapp.models import (
    CampaignDay,
    CohortWeek,
    Link,
    LinkDay,
    LinkRevenueDay,
    ProgramDay,
    ProgramRevenueDay,
    RewardRule,
    RuleDay,
    User,
)


def program_day(session: Session, day: date, **counts: int) -> None:
    """What happened in the program on one day."""
    _insert(session, ProgramDay, day=day, program_id=factories.program(session).id, **counts)


def program_money(session: Session, day: date, paid: int, refunded: int = 0, currency: str = "USD") -> None:
    """What friends of the program paid and got back on one day, in minor units."""
    amounts = {"revenue_minor": paid, "refunded_minor": refunded, "currency": currency}
    _insert(session, ProgramRevenueDay, day=day, program_id=factories.program(session).id, **amounts)


def link_day(session: Session, link: Link, day: date, **counts: int) -> None:
    """What happened through one link on one day."""
    _insert(session, LinkDay, day=day, link_id=link.id, referrer_id=link.referrer_id, **counts)


def link_money(session: Session, link: Link, day: date, paid: int, refunded: int = 0, currency: str = "USD") -> None:
    """What friends of one link paid and got back on one day, in minor units."""
    amounts = {"revenue_minor": paid, "refunded_minor": refunded, "currency": currency}
    _insert(session, LinkRevenueDay, day=day, link_id=link.id, referrer_id=link.referrer_id, **amounts)


def campaign_day(session: Session, day: date, source: str, medium: str, campaign: str, **counts: int) -> None:
    """What came with one campaign on one day."""
    utm = {"utm_source": source, "utm_medium": medium, "utm_campaign": campaign}
    _insert(session, CampaignDay, day=day, program_id=factories.program(session).id, **utm, **counts)


def rule_day(session: Session, rule_id: Any, day: date, granted: int, withdrawn: int = 0, **more: Any) -> None:
    """What one rule granted on one day and what was withdrawn, in minor units, of USD unless `currency` is given."""
    amounts = {"granted_minor": granted, "withdrawn_minor": withdrawn, "currency": "USD", "rewards": 1, **more}
    _insert(session, RuleDay, day=day, rule_id=rule_id, program_id=factories.program(session).id, **amounts)


def cohort_week(session: Session, week: date, *buyers: int) -> None:
    """How many of the friends of one week bought in it and in the weeks after it."""
    for weeks_after, count in enumerate(buyers):
        row = {"week": week, "weeks_after": weeks_after, "buyers": count}
        _insert(session, CohortWeek, program_id=factories.program(session).id, **row)


def a_fortnight_ago(session: Session) -> None:
    """Something for every table and chart of the analytics, two weeks before today."""
    now = utc_now() - timedelta(days=14)
    day = now.date()
    program_day(session, day, clicks=90, visitors=60, signups=30, purchases=25, buyers=20, repeat_buyers=5)
    program_money(session, day, 90_000, 5_000)
    cohort_week(session, day - timedelta(days=day.weekday()), 20, 10)
    campaign_day(session, day, "", "", "", clicks=1)
    money.publish(session, now=now, key="a-fortnight-ago", name="Bob", trigger="renewal")
    rule_id = session.scalars(select(RewardRule.id).where(RewardRule.key == "a-fortnight-ago")).one()
    rule_day(session, rule_id, day, 9_000, rewards=25)


def _insert(session: Session, table: Any, **row: Any) -> None:
    session.execute(insert(table), [row])


def many(session: Session, people: list[Any], links: list[Any], days: list[Any], sums: list[Any]) -> None:
    """Write many people with their links, and what happened through these, at once."""
    for table, rows in ((User, people), (Link, links), (LinkDay, days), (LinkRevenueDay, sums)):
        session.execute(insert(table), rows)
