"""Who looks at a friend, or reads what waits, goes by indexes, however many friends there are."""

import pytest
from sqlalchemy import event

from tests import factories, money
from tests.factories import NOON, program
from tests.services.test_screening import PHONE, comes, sees
from tests.suspicion import suspect
from webapp.database import write_transaction, writing_engine
from webapp.ids import new_id
from webapp.queries.appeals import appeals_about, count_open_appeals, refusals_with
from webapp.queries.case_files import decisions_about
from webapp.queries.cases import CaseKey, count_open_cases, held_in, open_cases
from webapp.queries.screenings import doubts_about
from webapp.services.screening import decide_about_friends
from webapp.services.sightings import Seen

STEPS = {"steps": [{"friends": 1, "amount": 5000}], "currency": "USD"}
# What grows with the friends.
LARGE = ("referrals", "screenings", "sightings", "users", "clicks", "conversions", "reward_events", "link_days")


@pytest.fixture
def asked(in_app):
    """Every question that is asked of the database."""
    found = {}

    def keep(_connection, _cursor, statement, values, _context, executemany):
        if statement.startswith("SELECT") and not executemany:
            found[statement] = values

    event.listen(writing_engine(), "before_cursor_execute", keep)
    yield found
    event.remove(writing_engine(), "before_cursor_execute", keep)


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_nothing_is_searched_from_end_to_end(in_app, asked):
    with write_transaction() as session:
        suspect(session)
        money.publish(session, key="bonus", trigger="purchase", kind="milestone", settings=STEPS)
        ada, luca = (factories.person(session, now=NOON - 30 * money.DAY) for _number in range(2))
        browser = new_id()
        sees(session, luca.id, Seen(visitor_id=browser), at=NOON - money.DAY)
        sees(session, ada.id, PHONE, at=NOON - money.DAY)
        of_program = program(session).id
        # The tests' own questions are none of it.
        asked.clear()
        bob = comes(session, ada.id, visitor_id=browser)
        money.buy(session, bob)
        doubts_about(session, bob.id, 0)
        open_cases(session, of_program)
        count_open_cases(session, of_program)
        held_in(session, of_program, CaseKey(ada.id, "person"))
        decisions_about(session, of_program, ada.id)
        decide_about_friends(session, [bob.id], "deny", by=ada.id, now=NOON)
        reward_id = new_id()
        refusals_with(session, ada.id, reward_id)
        appeals_about(session, [reward_id])
        count_open_appeals(session, of_program)
        questions = dict(asked)
        scans = {
            line
            for statement, values in questions.items()
            for (*_numbers, line) in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            if line.startswith("SCAN") and line.split()[1] in LARGE
        }
    assert scans == set()
