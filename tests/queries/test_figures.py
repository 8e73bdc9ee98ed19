"""Clicks and signups by day and in all."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from tests import factories
from tests.factories import NOON, join
from webapp.database import write_transaction
from webapp.domain.periods import local_day
from webapp.extensions import db
from webapp.queries.figures import PERIOD_DAYS, Day, program_figures, referrer_figures
from webapp.services.signups import CameBy

pytestmark = pytest.mark.usefixtures("in_app")

TODAY = date(2026, 11, 22)


def clicks(session, user, *days_ago):
    for days in days_ago:
        factories.click(session, factories.link_of(session, user), visitor_id=uuid4(), now=NOON - timedelta(days=days))


def figures_of_program(today=TODAY):
    return program_figures(db.session(), factories.program(db.session()).id, today)


def test_nothing_yet_is_zeros_on_every_day():
    with write_transaction() as session:
        ada_id = factories.person(session).id
    for figures in (referrer_figures(db.session(), ada_id, TODAY), figures_of_program()):
        assert (figures.clicks, figures.signups, figures.clicks_before, figures.signups_before) == (0, 0, 0, 0)
        assert (figures.recent_clicks, figures.recent_signups) == (0, 0)
        assert [day.day for day in figures.days] == [TODAY - timedelta(days=back) for back in range(29, -1, -1)]
        assert {(day.clicks, day.signups) for day in figures.days} == {(0, 0)}


def test_days_fall_into_the_period_the_one_before_or_neither():
    with write_transaction() as session:
        ada = factories.person(session)
        clicks(session, ada, -1, 0, 0, PERIOD_DAYS - 1, PERIOD_DAYS, 2 * PERIOD_DAYS - 1, 2 * PERIOD_DAYS, 300)
        ada_id = ada.id
    for figures in (referrer_figures(db.session(), ada_id, TODAY), figures_of_program()):
        assert figures.clicks == 8
        assert figures.recent_clicks == 3
        assert figures.clicks_before == 2
        assert figures.days[-1] == Day(TODAY, 2, 0)
        assert figures.days[0] == Day(TODAY - timedelta(days=29), 1, 0)


def test_a_signup_counts_where_it_was_credited():
    with write_transaction() as session:
        ada, cara = factories.person(session), factories.person(session)
        join(session, CameBy(typed=factories.link_of(session, ada)))
        join(session, CameBy(), email="eve@example.org")
        ada_id, cara_id = ada.id, cara.id
    assert referrer_figures(db.session(), ada_id, TODAY).signups == 1
    assert referrer_figures(db.session(), ada_id, TODAY).days[-1] == Day(TODAY, 0, 1)
    assert referrer_figures(db.session(), cara_id, TODAY).signups == 0
    assert figures_of_program().recent_signups == 1


def test_a_referrer_sees_their_own_clicks_only():
    with write_transaction() as session:
        ada, cara = factories.person(session), factories.person(session)
        clicks(session, ada, 0, 1)
        clicks(session, cara, 0)
        ada_id, cara_id = ada.id, cara.id
    assert referrer_figures(db.session(), ada_id, TODAY).clicks == 2
    assert referrer_figures(db.session(), cara_id, TODAY).clicks == 1
    assert figures_of_program().days[-2:] == (Day(TODAY - timedelta(days=1), 1, 0), Day(TODAY, 2, 0))


def test_a_click_of_the_evening_belongs_to_the_program_s_next_day():
    evening = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    with write_transaction() as session:
        program = factories.program(session)
        program.time_zone = "Europe/Berlin"
        link = factories.link_of(session, factories.person(session))
        factories.click(session, link, visitor_id=uuid4(), now=evening)
        today = local_day(evening, program.time_zone)
    assert today == date(2026, 11, 23)
    assert figures_of_program(today).days[-1] == Day(today, 1, 0)
    assert figures_of_program(TODAY).recent_clicks == 0
