"""Visitors: browsers, each once a day. And the campaigns with which they came."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from tests import factories
from tests.factories import NOON, join
from tests.money import DAY, another_program, buy
from tests.rollups import assert_proven, counted
from tests.threads import at_once
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import CampaignDay, Click, Link, LinkDay, Program, ProgramDay, Referral
from webapp.services.clicks import Visit, record_click
from webapp.services.signups import CameBy

TODAY = date(2026, 11, 22)
HOUR = timedelta(hours=1)
CHAT, LETTER = Visit(utm_source="whatsapp", utm_medium="chat"), Visit(utm_campaign="autumn")
OF_CHAT, OF_LETTER = ("whatsapp", "chat", ""), ("", "", "autumn")
CAMPAIGN = (CampaignDay.day, CampaignDay.utm_source, CampaignDay.utm_medium, CampaignDay.utm_campaign)


@pytest.fixture(autouse=True)
def counts_agree(in_app):
    yield
    assert_proven()


def a_link(session):
    return factories.link_of(session, factories.person(session))


def flags(session):
    columns = (Click.new_today, Click.new_on_link)
    return [tuple(row) for row in session.execute(select(*columns).order_by(Click.clicked_at, Click.id))]


def visitors(session):
    return counted(session, ProgramDay.day, ProgramDay.visitors)


def test_a_browser_counts_once_a_day_for_the_program_and_for_each_of_two_links():
    visitor = uuid4()
    with write_transaction() as session:
        one, other = a_link(session), a_link(session)
        for hours, link in enumerate((one, one, other, one, other)):
            factories.click(session, link, visitor_id=visitor, now=NOON + hours * HOUR)
        links = [one.id, other.id]
    assert flags(session) == [(True, True), (False, False), (False, True), (False, False), (False, False)]
    assert visitors(session) == [(TODAY, 1)]
    assert counted(session, LinkDay.link_id, LinkDay.day, LinkDay.visitors) == [(link, TODAY, 1) for link in links]


def test_it_counts_again_on_the_next_day_and_another_browser_beside_it():
    visitor = uuid4()
    with write_transaction() as session:
        link = a_link(session)
        for who, at in ((visitor, NOON), (visitor, NOON + DAY), (uuid4(), NOON + DAY)):
            factories.click(session, link, visitor_id=who, now=at)
    assert visitors(session) == [(TODAY, 1), (TODAY + DAY, 2)]


@pytest.mark.parametrize(
    ("zone", "midnight"),
    [
        ("UTC", datetime(2026, 11, 22, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 11, 22, 5, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 10, 24, 22, tzinfo=UTC)),
        # The day begins at one o'clock.
        ("Africa/Cairo", datetime(2026, 4, 23, 22, tzinfo=UTC)),
    ],
)
def test_the_day_is_one_of_the_program_s_zone_to_the_microsecond(zone, midnight):
    visitor = uuid4()
    with write_transaction() as session:
        factories.program(session).time_zone = zone
        link = a_link(session)
        last = timedelta(microseconds=1)
        for at in (midnight - HOUR, midnight - last, midnight, midnight + HOUR):
            factories.click(session, link, visitor_id=visitor, now=at)
    assert flags(session) == [(True, True), (False, False)] * 2


def test_the_day_of_twenty_five_hours_is_one_day():
    visitor = uuid4()
    with write_transaction() as session:
        factories.program(session).time_zone = "Europe/Berlin"
        link = a_link(session)
        for hours in (0, 24.9, 25):
            at = datetime(2026, 10, 24, 22, tzinfo=UTC) + timedelta(hours=hours)
            factories.click(session, link, visitor_id=visitor, now=at)
    assert visitors(session) == [(date(2026, 10, 25), 1), (date(2026, 10, 26), 1)]


def test_a_browser_is_new_to_each_program():
    visitor = uuid4()
    with write_transaction() as session:
        link, other = a_link(session), another_program(session)
        ada = factories.person(session)
        far = Link(program_id=other.id, referrer_id=ada.id, code="FAR", code_key="FAR", created_at=NOON)
        session.add(far)
        session.flush()
        factories.click(session, link, visitor_id=visitor)
        record_click(session, other, far, visitor_id=visitor, visit=Visit(), now=NOON + HOUR)
    assert flags(session) == [(True, True)] * 2


def test_whoever_has_just_made_the_id_need_not_look_it_up():
    with write_transaction() as session:
        link = a_link(session)
        for _ in range(2):
            program, visit = factories.program(session), Visit()
            record_click(session, program, link, visitor_id=uuid4(), visit=visit, now=NOON, new_visitor=True)
    assert flags(session) == [(True, True)] * 2
    assert visitors(session) == [(TODAY, 2)]


def test_taps_at_once_are_one_visitor(app):
    with write_transaction() as session:
        links = [a_link(session).id, a_link(session).id]
    db.session.rollback()
    # Two of them in one queue, and one for herself.
    browsers = [UUID("aa" + uuid4().hex[2:]), UUID("aa" + uuid4().hex[2:]), UUID("bb" + uuid4().hex[2:])]

    def tap(visitor, link_id):
        with write_transaction() as session:
            factories.click(session, session.get_one(Link, link_id), visitor_id=visitor)

    taps = [lambda who=who, link=link: tap(who, link) for who in browsers for link in links * 2]
    assert at_once(app, taps) == [None] * 12
    assert visitors(db.session()) == [(TODAY, 3)]
    assert [count for _link, count in counted(db.session(), LinkDay.link_id, LinkDay.visitors)] == [3, 3]


def test_a_campaign_has_the_clicks_with_any_of_its_fields_and_the_visitors_who_came_first_with_it():
    visitor = uuid4()
    with write_transaction() as session:
        link = a_link(session)
        for hours, visit in enumerate((CHAT, CHAT, LETTER, Visit(source_host="news.example"))):
            factories.click(session, link, visitor_id=visitor, visit=visit, now=NOON + hours * HOUR)
        factories.click(session, link, visitor_id=uuid4(), visit=LETTER)
    assert counted(session, *CAMPAIGN, CampaignDay.clicks) == [(TODAY, *OF_LETTER, 2), (TODAY, *OF_CHAT, 2)]
    assert counted(session, *CAMPAIGN, CampaignDay.visitors) == [(TODAY, *OF_LETTER, 1), (TODAY, *OF_CHAT, 1)]


def test_a_friend_brings_the_campaign_of_the_credited_click_and_their_purchases_are_its_own():
    visitor = uuid4()
    with write_transaction() as session:
        link = a_link(session)
        for days, visit in ((3, LETTER), (2, CHAT)):
            factories.click(session, link, visitor_id=visitor, visit=visit, now=NOON - days * DAY)
        bob, referral = join(session, CameBy(visitor_id=visitor), now=NOON - DAY)
        assert (referral.utm_source, referral.utm_medium, referral.utm_campaign) == ("whatsapp", "chat", None)
        for number in range(2):
            buy(session, bob, event_id=f"evt_{number}")
        buy(session, bob, type="renewal", event_id="renewed")
    assert counted(session, *CAMPAIGN, CampaignDay.signups) == [(TODAY - DAY, *OF_CHAT, 1)]
    assert counted(session, *CAMPAIGN, CampaignDay.purchases) == [(TODAY, *OF_CHAT, 2)]


def test_the_first_click_s_campaign_counts_where_the_first_click_does():
    visitor = uuid4()
    with write_transaction() as session:
        session.scalars(select(Program)).one().attribution_model = "first"
        link = a_link(session)
        for days, visit in ((3, LETTER), (2, CHAT)):
            factories.click(session, link, visitor_id=visitor, visit=visit, now=NOON - days * DAY)
        join(session, CameBy(visitor_id=visitor))
    assert counted(session, *CAMPAIGN, CampaignDay.signups) == [(TODAY, *OF_LETTER, 1)]


@pytest.mark.parametrize("how", ["a typed code", "a click without a campaign", "nobody"])
def test_a_friend_whom_no_campaign_brought_counts_for_none(how):
    visitor = uuid4()
    with write_transaction() as session:
        link = a_link(session)
        factories.click(session, link, visitor_id=visitor, visit=CHAT, now=NOON - DAY)
        factories.click(session, link, visitor_id=visitor, now=NOON - HOUR)
        came_by = {
            "a typed code": CameBy(typed=link, visitor_id=visitor),
            "a click without a campaign": CameBy(visitor_id=visitor),
            "nobody": CameBy(),
        }
        bob, _referral = join(session, came_by[how])
        buy(session, bob)
    assert session.scalars(select(Referral.utm_source)).all() in ([], [None])
    assert counted(session, CampaignDay.day, CampaignDay.signups) == []
    assert counted(session, CampaignDay.day, CampaignDay.purchases) == []
