"""`rollups verify` and `rollups rebuild`."""

from uuid import uuid4

import pytest
from sqlalchemy import select, update

from tests import factories
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import LinkDay, ProgramDay


@pytest.fixture
def rollups(app):
    return lambda command: app.test_cli_runner().invoke(args=["rollups", command])


@pytest.fixture
def three_clicks(app):
    with app.app_context(), write_transaction() as session:
        link = factories.link_of(session, factories.person(session))
        for _ in range(3):
            factories.click(session, link, visitor_id=uuid4())


def test_counts_that_agree_are_said_to_and_exit_0(rollups, three_clicks):
    result = rollups("verify")
    assert (result.exit_code, result.stdout) == (0, "All roll-ups agree with their rows.\n")


def test_an_empty_database_agrees(rollups):
    assert rollups("verify").exit_code == 0
    assert rollups("rebuild").stdout == "Counted 0 link days anew.\n"


def test_each_difference_is_a_line_and_exits_1_until_it_is_rebuilt(app, rollups, three_clicks):
    with app.app_context(), write_transaction() as session:
        session.execute(update(LinkDay).values(clicks=4))
        session.execute(update(ProgramDay).values(clicks=2))
    broken = rollups("verify")
    assert broken.exit_code == 1
    link, program = broken.stdout.splitlines()
    assert link.startswith("link_days of ")
    assert link.endswith("the roll-up says clicks 4; the rows say clicks 3")
    assert program.startswith("program_days of ")
    assert program.endswith("the roll-up says clicks 2; the rows say clicks 3")
    rebuilt = rollups("rebuild")
    assert (rebuilt.exit_code, rebuilt.stdout) == (0, "Counted 1 link days anew.\n")
    assert rollups("verify").exit_code == 0
    with app.app_context():
        assert db.session.scalars(select(ProgramDay.clicks)).all() == [3]


def test_verify_changes_nothing(app, rollups, three_clicks):
    with app.app_context(), write_transaction() as session:
        session.execute(update(LinkDay).values(clicks=4))
    assert [rollups("verify").exit_code for _ in range(2)] == [1, 1]
    with app.app_context():
        assert db.session.scalars(select(LinkDay.clicks)).all() == [4]
