"""What happened before there were visitors and campaigns by day is counted too, once an upgrade has brought them."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask_migrate import upgrade
from sqlalchemy import func, select

from tests.databases import FAST, config_for
from tests.migrations.rows import ADA, LINK, NOON, ROWS, insert
from webapp import create_app
from webapp.database import WRITING, close_connections, write_transaction, writing_engine
from webapp.extensions import db
from webapp.models import CampaignDay, Click, CohortWeek, LinkRevenueDay, ProgramDay, Referral, RuleDay
from webapp.models.base import Id, Moment
from webapp.queries.rollups import breaches
from webapp.services.rollups import rebuild

OTHER_LINK, AL, BO, CY = (UUID(int=number) for number in range(90, 94))
# In Auckland, where the program is.
MIDNIGHT = datetime(2026, 11, 22, 11, tzinfo=UTC)
HOUR = timedelta(hours=1)

# Visitor, link, moment, and whether it is their first of the day: in the program, through the link.
CLICKS = [
    (BO, LINK, MIDNIGHT - 2 * HOUR, True, True),
    (BO, LINK, MIDNIGHT - HOUR, False, False),
    (BO, OTHER_LINK, MIDNIGHT - HOUR, False, True),
    (BO, LINK, MIDNIGHT, True, True),
    (CY, OTHER_LINK, MIDNIGHT - HOUR, True, True),
    (AL, LINK, MIDNIGHT - HOUR, True, True),
]
# Al clicks on, so often that it takes more than one page to read.
MORE = 5_000


@pytest.fixture
def before(databases, tmp_path):
    """An application on a database of the version before, with clicks, and a friend's purchase."""
    url = databases.empty(tmp_path)
    app = create_app(config_for(url, tmp_path), **FAST)
    with app.app_context():
        upgrade(revision="0005")
        with writing_engine().connect().execution_options(**WRITING) as connection:
            for revision in list(ROWS)[:5]:
                ROWS[revision](connection)
            connection.execute(sa.text("UPDATE programs SET time_zone = 'Pacific/Auckland'"))
            connection.execute(sa.text("DELETE FROM clicks"))
            program = {"program_id": program_id(connection)}
            about = {"referrer_id": ADA, "code": "DEF", "code_key": "DEF", "created_at": NOON}
            insert(connection, "links", id=OTHER_LINK, **about, **program)
            for number, (visitor, link, at, *_flags) in enumerate(CLICKS):
                click = {"id": UUID(int=100 + number), "link_id": link, "visitor_id": visitor, "clicked_at": at}
                insert(connection, "clicks", utm_medium="chat", **click, **program)
            ids = ("id", "program_id", "link_id", "visitor_id")
            more = {
                "program_id": program["program_id"],
                "link_id": LINK,
                "visitor_id": AL,
                "clicked_at": MIDNIGHT - HOUR,
            }
            clicks = sa.table("clicks", sa.column("clicked_at", Moment), *(sa.column(name, Id) for name in ids))
            connection.execute(sa.insert(clicks), [{"id": UUID(int=200 + number), **more} for number in range(MORE)])
            touches, credited = sa.table("attribution_touches", sa.column("click_id")), UUID(int=100)
            value = credited if databases.name == "postgresql" else credited.bytes
            connection.execute(sa.update(touches).values(click_id=value))
            referral = "(SELECT id FROM referrals)"
            connection.execute(sa.text(f"UPDATE conversions SET referral_id = {referral}"))
            connection.commit()
        yield app
        db.session.remove()
        close_connections()
    databases.drop(url)


def program_id(connection):
    value = connection.execute(sa.text("SELECT id FROM programs")).scalar_one()
    return value if isinstance(value, UUID) else UUID(bytes=value)


def flags():
    columns = (Click.visitor_id, Click.link_id, Click.clicked_at, Click.new_today, Click.new_on_link)
    return [tuple(row) for row in db.session.execute(select(*columns).order_by(Click.id).limit(len(CLICKS)))]


@pytest.mark.slow
def test_an_upgrade_marks_what_was_new_and_a_rebuild_counts_it(before):
    upgrade()
    assert flags() == CLICKS
    assert db.session.scalar(select(func.count()).where(Click.new_on_link)) == len([row for row in CLICKS if row[-1]])
    assert db.session.scalars(select(Referral.utm_medium)).all() == ["chat"]
    tables = {line.partition(" ")[0] for line in breaches(db.session())}
    assert {"link_days", "campaign_days", "cohort_weeks", "program_revenue_days", "rule_days"} <= tables
    with write_transaction() as session:
        rebuild(session)
    session = db.session()
    assert list(breaches(session)) == []
    days = session.scalars(select(ProgramDay).order_by(ProgramDay.day)).all()
    assert [(row.clicks, row.visitors, row.buyers) for row in days] == [(5 + MORE, 3, 0), (1, 1, 1)]
    assert session.scalars(select(CampaignDay.visitors).order_by(CampaignDay.day)).all() == [3, 1]
    revenue = session.scalars(select(LinkRevenueDay)).one()
    assert (revenue.revenue_minor, revenue.refunded_minor) == (4999, 100)
    assert session.scalars(select(RuleDay.granted_minor)).one() == 1000
    assert session.scalars(select(CohortWeek.buyers)).one() == 1
