"""Clicks in groups of any size against a plain model that looks at one after the other."""

import random
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from tests import factories
from tests.money import another_program
from tests.rollups import assert_proven
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import Click, Link
from webapp.services.clicks import Arrival, Clicked, Visit, record_clicks

BEGINS = datetime(2026, 11, 21, 1, tzinfo=ZoneInfo("UTC"))
STEPS = [timedelta(seconds=1), timedelta(minutes=29), timedelta(minutes=30), timedelta(minutes=31), timedelta(hours=3)]


@pytest.fixture
def links(in_app):
    """Two links of each of two programs whose days begin at other hours."""
    with write_transaction() as session:
        program, other = factories.program(session), another_program(session)
        program.time_zone, other.time_zone = "UTC", "America/Los_Angeles"
        found = []
        for one in (program, program, other, other):
            link = factories.link_of(session, factories.person(session))
            session.get_one(Link, link.id).program_id = one.id
            found.append(Clicked(link.id, link.referrer_id, one.id, one.time_zone))
    return found


def as_told(arrivals: list[Arrival]) -> dict[UUID, tuple[bool, bool, bool]]:
    """Return of each click whether it is new today, new on its link, and a repeat."""

    def day(arrival: Arrival):
        return arrival.at.astimezone(ZoneInfo(arrival.clicked.time_zone)).date()

    told = {}
    for number, one in enumerate(arrivals):
        before = [other for other in arrivals[:number] if other.visitor_id == one.visitor_id]
        through = [other for other in before if other.clicked is one.clicked]
        told[one.id] = (
            not any(other.clicked.program_id == one.clicked.program_id and day(other) == day(one) for other in before),
            not any(day(other) == day(one) for other in through),
            any(one.at - other.at <= timedelta(minutes=30) for other in through),
        )
    return told


@pytest.mark.parametrize("seed", range(6))
def test_any_groups_tell_clicks_apart_as_one_after_the_other(links, seed):
    chance = random.Random(seed)
    visitors, at, arrivals = [new_id() for _ in range(3)], BEGINS, []
    for _ in range(60):
        at += chance.choice(STEPS)
        fresh = chance.random() < 0.2
        visitor = new_id() if fresh else chance.choice(visitors)
        arrivals.append(Arrival(new_id(), chance.choice(links), visitor, fresh, at, Visit()))
    expected, left = as_told(arrivals), arrivals
    while left:
        size = chance.choice([1, 2, 7, 20])
        with write_transaction() as session:
            record_clicks(session, left[:size])
        left = left[size:]
    rows = db.session.execute(select(Click.id, Click.new_today, Click.new_on_link, Click.is_repeat)).all()
    assert {row.id: tuple(row[1:]) for row in rows} == expected
    assert_proven()
