"""The people of a program, as an admin looks for them."""

from datetime import timedelta
from uuid import uuid4

import pytest

from tests import factories
from tests.factories import NOON, join
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import User
from webapp.queries.directory import (
    Account,
    account_of,
    count_people,
    find_named,
    find_person,
    links_of,
    list_people,
)
from webapp.queries.paging import UnknownCursorError
from webapp.queries.signups import signup_of
from webapp.services.links import create_link
from webapp.services.sessions import LIFETIME, start_session
from webapp.services.signups import CameBy

pytestmark = pytest.mark.usefixtures("in_app")


@pytest.fixture
def beginning(request):
    return a_few_people if "people" in request.fixturenames else None


def a_few_people():
    """Ada, whose link Bob followed, and Marta, each a minute after the one before; and someone of another program."""
    with write_transaction() as session:
        ada = factories.person(session, name="Ada Okafor", email="ada@example.com")
        ada.external_id = "100%"
        link = factories.link_of(session, ada)
        factories.click(session, link, visitor_id=uuid4())
        came = {"email": "bob@example.org", "now": NOON + timedelta(minutes=1)}
        bob, _referral = join(session, CameBy(typed=link), name="Bob 100 Miller", **came)
        marta = factories.person(session, name="Marta Voss", role="admin", now=NOON + timedelta(minutes=2))
        program_id = ada.program_id
        eve = factories.person(session, name="Eve Adams", email="eve@example.com")
        eve.program_id = factories.other_program(session).id
        return {"program": program_id, "ada": ada.id, "bob": bob.id, "marta": marta.id, "eve": eve.id}


@pytest.fixture
def people(in_app, began):
    return began


def names(people, **wanted):
    return [row.name for row in list_people(db.session(), people["program"], **wanted)[0]]


def test_people_of_a_program_are_listed_the_newest_first_with_their_friends(people):
    rows, more = list_people(db.session(), people["program"])
    assert [(row.name, row.role, row.friends) for row in rows] == [
        ("Marta Voss", "admin", 0),
        ("Bob 100 Miller", "referrer", 0),
        ("Ada Okafor", "referrer", 1),
    ]
    assert more is None
    assert count_people(db.session(), people["program"]) == {"admin": 1, "referrer": 2}


def test_a_list_goes_on_where_it_stopped(people):
    first, more = list_people(db.session(), people["program"], limit=2)
    assert (len(first), more) == (2, people["bob"])
    assert names(people, before=more) == ["Ada Okafor"]
    with pytest.raises(UnknownCursorError):
        list_people(db.session(), people["program"], before=people["eve"])
    with pytest.raises(UnknownCursorError):
        list_people(db.session(), people["program"], role="admin", before=more)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"named": "MILL"}, ["Bob 100 Miller"]),
        ({"named": "100%"}, ["Ada Okafor"]),
        ({"named": "_da"}, []),
        ({"named": "o", "role": "admin"}, ["Marta Voss"]),
        ({"role": "marketer"}, []),
        ({"named": "Eve"}, []),
    ],
)
def test_people_are_found_by_a_part_of_the_name_a_whole_id_and_their_role(people, wanted, found):
    assert names(people, **wanted) == found


@pytest.mark.parametrize(
    ("named", "who"),
    [("ADA@example.com", "ada"), ("100%", "ada"), ("Ada Okafor", None), ("eve@example.com", None), ("@", None)],
)
def test_one_person_is_found_by_their_whole_address_or_id(people, named, who):
    assert find_named(db.session(), people["program"], named) == (people[who] if who else None)


def test_a_person_of_another_program_is_not_found(people):
    assert find_person(db.session(), people["program"], people["eve"]) is None
    assert find_person(db.session(), people["program"], people["ada"]).name == "Ada Okafor"


def test_a_person_has_an_invitation_links_and_sessions(people):
    with write_transaction() as session:
        ada = session.get_one(User, people["ada"])
        create_link(session, factories.program(session), ada, choose=lambda letters: letters[1], now=NOON)
        for number, when in enumerate((NOON, NOON, NOON - LIFETIME)):
            start_session(session, ada, f"token {number}", when)
    ada, bob = (db.session.get_one(User, people[who]) for who in ("ada", "bob"))
    signup = signup_of(db.session(), people["program"], bob.id)
    assert (signup.referrer_id, signup.referrer_name, signup.method) == (ada.id, "Ada Okafor", "typed_code")
    assert signup_of(db.session(), people["program"], ada.id) is None
    assert [(row.clicks, row.signups) for row in links_of(db.session(), ada.id)] == [(1, 1), (0, 0)]
    assert account_of(db.session(), ada.id, NOON) == Account(1, 2, None)
