"""Clicks and the counts that are kept with them."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import delete, select, update

from tests import factories
from tests.factories import NOON, join
from tests.threads import at_once
from webapp.database import one_snapshot, write_transaction
from webapp.extensions import db
from webapp.models import Click, Link, LinkDay, ProgramDay
from webapp.queries.rollups import breaches
from webapp.services.clicks import Visit
from webapp.services.rollups import rebuild
from webapp.services.signups import CameBy
from webapp.transactions import write_what_was_left

pytestmark = pytest.mark.usefixtures("in_app")

DAY = timedelta(days=1)


def link_days():
    rows = db.session.scalars(select(LinkDay).order_by(LinkDay.day, LinkDay.link_id))
    return [(row.link_id, row.referrer_id, row.day, row.clicks, row.signups) for row in rows]


def program_days():
    return [
        (row.day, row.clicks, row.signups) for row in db.session.scalars(select(ProgramDay).order_by(ProgramDay.day))
    ]


def a_history(session):
    """Two links over three days, one credited signup each."""
    for number in range(2):
        person = factories.person(session)
        link, visitor = factories.link_of(session, person), uuid4()
        for days in (2, 1, 1, 0):
            factories.click(session, link, visitor_id=visitor, now=NOON - days * DAY)
        join(session, CameBy(visitor_id=visitor), email=f"friend{number}@example.org", now=NOON)


def test_a_click_is_stored_as_it_came():
    visitor = uuid4()
    with write_transaction() as session:
        link = factories.link_of(session, factories.person(session))
        visit = Visit("news.example", "letter", "email", "autumn")
        click_id = factories.click(session, link, visitor_id=visitor, visit=visit)
        link_id, referrer_id = link.id, link.referrer_id
    click = db.session.scalars(select(Click)).one()
    assert (click.id, click.link_id, click.visitor_id, click.clicked_at) == (click_id, link_id, visitor, NOON)
    assert (click.source_host, click.utm_source, click.utm_medium, click.utm_campaign) == (
        *("news.example", "letter", "email", "autumn"),
    )
    assert link_days() == [(link_id, referrer_id, date(2026, 11, 22), 1, 0)]
    assert program_days() == [(date(2026, 11, 22), 1, 0)]


def click_and_break():
    with write_transaction() as session:
        factories.click(session, session.scalars(select(Link)).one(), visitor_id=uuid4())
        write_what_was_left(session)
        assert session.scalars(select(ProgramDay)).one().clicks == 1
        raise ZeroDivisionError


def test_a_rollback_takes_the_click_and_its_count():
    with write_transaction() as session:
        factories.person(session)
    with pytest.raises(ZeroDivisionError):
        click_and_break()
    assert db.session.scalars(select(Click)).all() == []
    assert link_days() == program_days() == []


def test_a_day_is_the_program_s_own():
    midnight = datetime(2026, 11, 21, 23, tzinfo=UTC)
    with write_transaction() as session:
        factories.program(session).time_zone = "Europe/Berlin"
        link = factories.link_of(session, factories.person(session))
        for moment in (midnight - timedelta(microseconds=1), midnight, midnight + DAY):
            factories.click(session, link, visitor_id=uuid4(), now=moment)
    assert program_days() == [(date(2026, 11, 21), 1, 0), (date(2026, 11, 22), 1, 0), (date(2026, 11, 23), 1, 0)]
    assert list(breaches(db.session())) == []


def test_clicks_and_signups_add_up_by_day():
    with write_transaction() as session:
        a_history(session)
    assert program_days() == [(date(2026, 11, 20), 2, 0), (date(2026, 11, 21), 4, 0), (date(2026, 11, 22), 2, 2)]
    assert sorted((day, clicks, signups) for _link, _referrer, day, clicks, signups in link_days()) == [
        *[(date(2026, 11, 20), 1, 0)] * 2,
        *[(date(2026, 11, 21), 2, 0)] * 2,
        *[(date(2026, 11, 22), 1, 1)] * 2,
    ]


def test_a_rebuild_counts_the_same():
    with write_transaction() as session:
        a_history(session)
    before = link_days(), program_days()
    with write_transaction() as session:
        assert rebuild(session) == 6
    assert (link_days(), program_days()) == before


def test_a_rebuild_of_nothing_empties_the_counts():
    with write_transaction() as session:
        link = factories.link_of(session, factories.person(session))
        factories.click(session, link, visitor_id=uuid4())
        session.execute(delete(Click))
    with write_transaction() as session:
        assert rebuild(session) == 0
    assert link_days() == program_days() == []


TAMPERINGS = {
    "a click too many for a link": update(LinkDay).where(LinkDay.signups == 1).values(clicks=LinkDay.clicks + 1),
    "a signup too few for a link": update(LinkDay).values(signups=0),
    "a link's day that is missing": delete(LinkDay).where(LinkDay.signups == 1),
    "a link's day of nothing that was counted": update(LinkDay)
    .where(LinkDay.signups == 1)
    .values(day=date(2020, 1, 1)),
    "a click too few for the program": update(ProgramDay).values(clicks=ProgramDay.clicks - 1),
    "a signup too many for the program": update(ProgramDay).values(signups=ProgramDay.signups + 1),
    "a program's day that is missing": delete(ProgramDay).where(ProgramDay.signups == 2),
    "a program's day of nothing that was counted": (
        update(ProgramDay).where(ProgramDay.signups == 2).values(day=date(2020, 1, 1))
    ),
    "a click that was deleted": delete(Click).where(Click.clicked_at < NOON - DAY),
}


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_verify_names_each_kind_of_tampering_until_it_is_rebuilt(tampering):
    with write_transaction() as session:
        a_history(session)
    assert list(breaches(db.session())) == []
    with write_transaction() as session:
        session.execute(TAMPERINGS[tampering])
    lines = list(breaches(db.session()))
    assert lines
    table = "program_days of" if "program" in tampering else "link_days of"
    assert any(line.startswith(table) and "the roll-up says" in line for line in lines)
    with write_transaction() as session:
        rebuild(session)
    assert list(breaches(db.session())) == []


def test_verify_tells_a_count_that_went_to_another_referrer():
    with write_transaction() as session:
        a_history(session)
    with write_transaction() as session:
        other = factories.person(session)
        session.execute(update(LinkDay).values(referrer_id=other.id))
    assert len([line for line in breaches(db.session()) if line.startswith("link")]) == 12


def test_a_breach_says_what_is_and_what_should_be():
    with write_transaction() as session:
        link = factories.link_of(session, factories.person(session))
        factories.click(session, link, visitor_id=uuid4())
        link_id, referrer_id = link.id, link.referrer_id
    with write_transaction() as session:
        session.execute(update(LinkDay).values(clicks=7))
    assert list(breaches(db.session())) == [
        f"link_days of link_id {link_id}, day 2026-11-22, referrer_id {referrer_id}:"
        " the roll-up says clicks 7; the rows say clicks 1"
    ]


@pytest.mark.slow
def test_two_hundred_clicks_of_eight_threads_at_once_are_all_counted(app):
    with write_transaction() as session:
        for _ in range(2):
            factories.person(session)
    db.session.rollback()

    def click_25_times():
        visitor = uuid4()
        for number in range(25):
            with write_transaction() as session:
                links = session.scalars(select(Link).order_by(Link.id)).all()
                factories.click(session, links[number % 2], visitor_id=visitor)
        return visitor

    visitors = at_once(app, [click_25_times] * 8)
    stored = Counter(db.session.scalars(select(Click.visitor_id)))
    assert stored == dict.fromkeys(visitors, 25)
    assert [clicks for *_, clicks, _signups in link_days()] == [104, 96]
    assert program_days() == [(date(2026, 11, 22), 200, 0)]
    assert list(breaches(db.session())) == []


def test_verify_and_rebuild_are_right_while_clicks_come_in(app):
    with write_transaction() as session:
        link_id = factories.link_of(session, factories.person(session)).id
    db.session.rollback()

    def clicks():
        for _ in range(60):
            with write_transaction() as session:
                factories.click(session, session.get_one(Link, link_id), visitor_id=uuid4())

    def verify():
        for _ in range(15):
            with one_snapshot() as session:
                assert list(breaches(session)) == []

    def rebuild_often():
        for _ in range(8):
            with write_transaction() as session:
                rebuild(session)

    assert at_once(app, [clicks, clicks, verify, rebuild_often]) == [None] * 4
    assert list(breaches(db.session())) == []
