"""Clicks and signups by day and in all."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from tests import factories
from tests.factories import NOON, join
from webapp.database import write_transaction
from webapp.domain.periods import local_day
from webapp.extensions import db
from webapp.queries.figures import NOTHING, PERIOD_DAYS, Counted, Day, program_figures, referrer_figures
from webapp.services.conversions import Event, record_conversion
from webapp.services.reward_steps import SYSTEM
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
        assert (figures.total, figures.before, figures.recent) == (NOTHING, NOTHING, NOTHING)
        assert [day.day for day in figures.days] == [TODAY - timedelta(days=back) for back in range(29, -1, -1)]
        assert {day.counted for day in figures.days} == {NOTHING}


def test_days_fall_into_the_period_the_one_before_or_neither():
    with write_transaction() as session:
        ada = factories.person(session)
        clicks(session, ada, -1, 0, 0, PERIOD_DAYS - 1, PERIOD_DAYS, 2 * PERIOD_DAYS - 1, 2 * PERIOD_DAYS, 300)
        ada_id = ada.id
    for figures in (referrer_figures(db.session(), ada_id, TODAY), figures_of_program()):
        assert figures.total.clicks == 8
        assert figures.recent.clicks == 3
        assert figures.before.clicks == 2
        assert figures.days[-1] == Day(TODAY, Counted(2, 0))
        assert figures.days[0] == Day(TODAY - timedelta(days=29), Counted(1, 0))


def test_a_signup_counts_where_it_was_credited():
    with write_transaction() as session:
        ada, cara = factories.person(session), factories.person(session)
        join(session, CameBy(typed=factories.link_of(session, ada)))
        join(session, CameBy(), email="eve@example.org")
        ada_id, cara_id = ada.id, cara.id
    assert referrer_figures(db.session(), ada_id, TODAY).total.signups == 1
    assert referrer_figures(db.session(), ada_id, TODAY).days[-1] == Day(TODAY, Counted(0, 1))
    assert referrer_figures(db.session(), cara_id, TODAY).total.signups == 0
    assert figures_of_program().recent.signups == 1


def test_a_friends_purchase_counts_for_whoever_brought_them():
    with write_transaction() as session:
        ada, cara = factories.person(session), factories.person(session)
        bob, _referral = join(session, CameBy(typed=factories.link_of(session, ada)))
        eve, _nobody = join(session, CameBy(), email="eve@example.org")
        for number, person in enumerate((bob, bob, eve)):
            event = Event("purchase", NOON - timedelta(days=number), event_id=f"evt_{number}")
            record_conversion(session, factories.program(session).id, event, user_id=person.id, actor=SYSTEM, now=NOON)
        ada_id, cara_id = ada.id, cara.id
    figures = referrer_figures(db.session(), ada_id, TODAY)
    assert figures.total == Counted(signups=1, purchases=2)
    assert figures.days[-2:] == (Day(TODAY - timedelta(days=1), Counted(0, 0, 1)), Day(TODAY, Counted(0, 1, 1)))
    assert referrer_figures(db.session(), cara_id, TODAY).total == NOTHING
    assert figures_of_program().total.purchases == 2


def test_a_referrer_sees_their_own_clicks_only():
    with write_transaction() as session:
        ada, cara = factories.person(session), factories.person(session)
        clicks(session, ada, 0, 1)
        clicks(session, cara, 0)
        ada_id, cara_id = ada.id, cara.id
    assert referrer_figures(db.session(), ada_id, TODAY).total.clicks == 2
    assert referrer_figures(db.session(), cara_id, TODAY).total.clicks == 1
    assert figures_of_program().days[-2:] == (Day(TODAY - timedelta(days=1), Counted(1, 0)), Day(TODAY, Counted(2, 0)))


def test_a_click_of_the_evening_belongs_to_the_program_s_next_day():
    evening = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    with write_transaction() as session:
        program = factories.program(session)
        program.time_zone = "Europe/Berlin"
        link = factories.link_of(session, factories.person(session))
        factories.click(session, link, visitor_id=uuid4(), now=evening)
        today = local_day(evening, program.time_zone)
    assert today == date(2026, 11, 23)
    assert figures_of_program(today).days[-1] == Day(today, Counted(1, 0))
    assert figures_of_program(TODAY).recent.clicks == 0
