"""Old clicks are forgotten by whole days; what was counted of them stays, and everything else is still proved."""

from datetime import UTC, date, datetime, timedelta
from threading import Thread
from uuid import uuid4

import pytest
from sqlalchemy import func, select, text, update

from tests import factories
from tests.factories import NOON, join
from tests.money import DAY, buy, publish, refund
from tests.rollups import all_rows, assert_proven
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.jobs import SCHEDULE, forget_clicks
from webapp.jobs.forget_clicks import forget_old_clicks as forget
from webapp.models import AttributionDecision, AttributionTouch, Click, LinkDay, Model, Program, ProgramDay, Referral
from webapp.queries import rollups
from webapp.queries.rollups import breaches
from webapp.services.clicks import Visit
from webapp.services.forgotten_clicks import forget_some_clicks
from webapp.services.rollups import rebuild
from webapp.services.signups import CameBy

pytestmark = pytest.mark.usefixtures("in_app")

CHAT = Visit(utm_source="whatsapp", utm_medium="chat")
KEEP = 30
TODAY = NOON.date()
FIRST_KEPT = TODAY - KEEP * DAY
# What every table holds that a click must not take with it.
OTHERS = [name for name in Model.metadata.tables if name not in {"clicks", "programs"}]


@pytest.fixture
def beginning(request):
    return a_click_a_day if "link" in request.fixturenames else kept_for_a_month


def kept_for_a_month():
    with write_transaction() as session:
        program = factories.program(session)
        program.keep_clicks_days = program.window_days = KEEP


def a_click_a_day():
    """Ada's link, with a click a day for 40 days, and Bob, who came by the first of them and buys ever since."""
    kept_for_a_month()
    with write_transaction() as session:
        publish(session)
        link = factories.link_of(session, factories.person(session, now=NOON - 60 * DAY))
        visitor = uuid4()
        for back in range(40, -1, -1):
            factories.click(session, link, visitor_id=visitor, visit=CHAT, now=NOON - back * DAY)
            factories.click(session, link, visitor_id=uuid4(), now=NOON - back * DAY)
        bob, referral = join(session, CameBy(visitor_id=visitor), now=NOON - 39 * DAY)
        assert referral
        buy(session, bob, at=NOON - 38 * DAY)
        refund(session, "10.00 USD", at=NOON - 37 * DAY)
        link_id = link.id
    assert_proven()
    return link_id


@pytest.fixture
def link(began):
    return began


def clicked_at():
    db.session.rollback()
    return sorted(db.session.scalars(select(Click.clicked_at)))


def sealed():
    db.session.rollback()
    return db.session.scalars(select(Program.sealed_before)).one()


def contents():
    return {name: sorted(map(repr, db.session.execute(text(f"SELECT * FROM {name}")).all())) for name in OTHERS}


def clicks_of(day):
    db.session.rollback()
    return db.session.execute(select(ProgramDay.clicks, ProgramDay.visitors).where(ProgramDay.day == day)).one()


def test_clicks_of_days_that_are_too_old_are_gone_and_nothing_else_is(link):
    before = contents()
    assert forget(NOON) == 20
    assert len(clicked_at()) == 62
    assert clicked_at()[0].date() == FIRST_KEPT
    assert sealed() == FIRST_KEPT
    assert contents() == before
    assert forget(NOON) == 0


def test_counts_stay_and_agree_and_are_rebuilt_as_they_are(link):
    before = all_rows()
    forget(NOON)
    assert all_rows() == before
    assert_proven()
    assert clicks_of(FIRST_KEPT - DAY) == (2, 2)


def test_a_day_is_whole_in_the_time_zone_of_the_program():
    with write_transaction() as session:
        factories.program(session).time_zone = "Pacific/Auckland"
        session.flush()
        link = factories.link_of(session, factories.person(session))
        midnight = datetime(2026, 10, 23, 11, tzinfo=UTC)
        for at in (midnight, midnight - timedelta(microseconds=1)):
            factories.click(session, link, visitor_id=uuid4(), now=at)
    late_there = datetime(2026, 11, 23, 10, 59, tzinfo=UTC)
    assert forget(late_there) == 1
    assert clicked_at() == [midnight]
    assert sealed() == date(2026, 10, 24)
    assert forget(late_there + timedelta(minutes=1)) == 1
    assert sealed() == date(2026, 10, 25)
    assert_proven()


def test_without_an_old_click_nothing_is_sealed():
    assert forget(NOON) == 0
    with write_transaction() as session:
        factories.click(session, factories.link_of(session, factories.person(session)), visitor_id=uuid4(), now=NOON)
    assert forget(NOON) == 0
    assert sealed() is None


def test_a_seal_never_moves_back(link):
    forget(NOON)
    with write_transaction() as session:
        factories.program(session).keep_clicks_days = 4000
    assert forget(NOON + DAY) == 0
    assert forget(NOON - 5 * DAY) == 0
    with write_transaction() as session:
        factories.program(session).keep_clicks_days = 35
        # Of a day that is sealed, and older than even this keeps.
        factories.click(session, session.get_one(factories.Link, link), visitor_id=uuid4(), now=NOON - 36 * DAY)
    assert_proven()
    assert forget(NOON) == 1
    assert sealed() == FIRST_KEPT
    assert_proven()


SEALED, UNSEALED = FIRST_KEPT - 8 * DAY, FIRST_KEPT
FOUND = {
    "clicks of a day that is not": (ProgramDay, UNSEALED, "clicks"),
    "visitors of a link on a day that is not": (LinkDay, UNSEALED, "visitors"),
    "purchases of a day that is": (ProgramDay, SEALED, "purchases"),
    "purchases through a link on a day that is": (LinkDay, SEALED, "purchases"),
    "buyers of a day that is": (ProgramDay, SEALED, "buyers"),
}


@pytest.mark.parametrize("what", FOUND)
def test_verify_still_finds(link, what):
    table, day, column = FOUND[what]
    right = all_rows()
    forget(NOON)
    with write_transaction() as session:
        session.execute(update(table).where(table.day == day).values({column: table.__table__.c[column] + 7}))
    (line,) = breaches(db.session())
    assert f"day {day}" in line
    assert f"the roll-up says {column} " in line
    with write_transaction() as session:
        rebuild(session)
    assert all_rows() == right
    assert_proven()


def test_a_missing_signup_of_a_sealed_day_comes_back_beside_its_clicks(link):
    right = all_rows()
    forget(NOON)
    sealed_signups = (ProgramDay.day < FIRST_KEPT, ProgramDay.signups > 0)
    with write_transaction() as session:
        assert session.execute(update(ProgramDay).where(*sealed_signups).values(signups=0)).rowcount == 1
    assert len(list(breaches(db.session()))) == 1
    with write_transaction() as session:
        rebuild(session)
    assert all_rows() == right


def break_after(times):
    """Forget in transactions of three, and break down after so many."""
    done = []

    def forget_some(*arguments, **_limit):
        if len(done) == times:
            raise KeyError
        done.append(forget_some_clicks(*arguments, limit=3))
        return done[-1]

    return forget_some


@pytest.mark.parametrize("times", [0, 1, 4])
def test_a_job_that_breaks_down_leaves_everything_consistent_and_goes_on_later(link, monkeypatch, times):
    before = all_rows()
    monkeypatch.setattr(forget_clicks, "FORGET_AT_ONCE", 3)
    with monkeypatch.context() as broken:
        broken.setattr(forget_clicks, "forget_some_clicks", break_after(times))
        with pytest.raises(KeyError):
            forget(NOON)
    assert len(clicked_at()) == 82 - 3 * times
    assert sealed() == (FIRST_KEPT if times else None)
    assert all_rows() == before
    assert_proven()
    assert forget(NOON) == 20 - 3 * times
    assert all_rows() == before
    assert_proven()


def test_a_seal_and_what_it_seals_come_together(link):
    with pytest.raises(ZeroDivisionError):
        forget_and_break()
    assert len(clicked_at()) == 82
    assert sealed() is None


def forget_and_break():
    with write_transaction() as session:
        assert forget_some_clicks(session, factories.program(session).id, NOON) == 20
        raise ZeroDivisionError


def test_a_round_is_short_and_the_command_line_goes_on_until_all_is_done(app, link, monkeypatch):
    monkeypatch.setattr(forget_clicks, "FORGET_AT_ONCE", 3)
    monkeypatch.setattr(forget_clicks, "ROUND_SECONDS", 0)
    assert forget(NOON) == 3
    once = app.test_cli_runner().invoke(args=["jobs", "once", "forget-clicks", "--now", NOON.isoformat()])
    assert once.stdout == "forget-clicks: 17\n"
    assert clicked_at()[0].date() == FIRST_KEPT
    assert "forget-clicks" in {job.name for job in SCHEDULE}


def test_verify_says_which_days_are_sealed(app, link):
    verify = app.test_cli_runner().invoke
    assert verify(args=["rollups", "verify"]).stdout == "All roll-ups agree with their rows.\n"
    forget(NOON)
    db.session.rollback()
    said = verify(args=["rollups", "verify"])
    assert said.exit_code == 0
    assert said.stdout == (
        f"Days before {FIRST_KEPT} are sealed: their clicks were forgotten.\nAll roll-ups agree with their rows.\n"
    )
    assert verify(args=["rollups", "rebuild"]).exit_code == 0
    assert verify(args=["rollups", "verify"]).stdout == said.stdout


def test_who_was_credited_stays_credited_and_who_signs_up_later_is_decided_without_the_forgotten_click(link):
    with write_transaction() as session:
        late, clicked = uuid4(), session.get_one(factories.Link, link)
        click_id = factories.click(session, clicked, visitor_id=late, visit=CHAT, now=NOON - 31 * DAY)
    forget(NOON)
    assert db.session.scalars(select(Referral.utm_source)).one() == "whatsapp"
    assert db.session.scalar(select(func.count()).select_from(AttributionTouch)) > 0
    with write_transaction() as session:
        for number, came_by in enumerate((CameBy(visitor_id=late), CameBy(click_id=click_id))):
            _user, referral = join(session, came_by, email=f"late{number}@example.org", now=NOON)
            assert referral is None
        decisions = session.scalars(select(AttributionDecision.reason)).all()
    assert len(decisions) == 3
    assert_proven()


def test_each_program_keeps_its_own(link):
    with write_transaction() as session:
        other = factories.other_program(session)
        other.keep_clicks_days = 35
        other.window_days = 30
        foreign = factories.link_of(session, factories.person(session))
        foreign.program_id = other.id
        session.flush()
        for back in (34, 36):
            factories.record_click(session, other, foreign, visitor_id=uuid4(), visit=Visit(), now=NOON - back * DAY)
        other_id = other.id
    assert forget(NOON) == 21
    db.session.rollback()
    seals = dict(db.session.execute(select(Program.id, Program.sealed_before)).all())
    assert seals.pop(other_id) == TODAY - 35 * DAY
    assert list(seals.values()) == [FIRST_KEPT]
    assert_proven()


def test_nothing_is_forgotten_while_the_counts_are_rebuilt(app, link, monkeypatch):
    before, seen = all_rows(), rollups.sealed_days

    def forget_meanwhile():
        with app.app_context():
            forget(NOON)
            db.session.remove()

    meanwhile = Thread(target=forget_meanwhile)

    def sealed_days_before_somebody_forgets(session):
        found = seen(session)
        if not meanwhile.ident:
            meanwhile.start()
            # Whoever does not wait for the counts is done by then.
            meanwhile.join(0.7)
        return found

    monkeypatch.setattr(rollups, "sealed_days", sealed_days_before_somebody_forgets)
    with write_transaction() as session:
        rebuild(session)
    meanwhile.join()
    assert len(clicked_at()) == 62
    assert all_rows() == before
    assert_proven()
