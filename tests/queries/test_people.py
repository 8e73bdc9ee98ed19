"""People, found by their address or known by their mailbox."""

from datetime import timedelta

import pytest

from tests import factories
from tests.factories import NOON
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.ids import new_id
from webapp.queries.people import find_by_email, find_person_id, has_people, known_since

pytestmark = pytest.mark.usefixtures("in_app")


@pytest.fixture
def bob():
    with write_transaction() as session:
        return factories.person(session, email="Bob.Miller@gmail.com").id


@pytest.mark.parametrize("typed", ["bob.miller@gmail.com", " BOB.MILLER@GMAIL.COM ", "bob.miller@gmail.com."])
def test_an_account_is_found_by_any_spelling_of_its_address(bob, typed):
    assert find_by_email(db.session(), typed).id == bob


@pytest.mark.parametrize(
    "typed",
    ["bobmiller@gmail.com", "bob.miller+x@gmail.com", "bob.miller@googlemail.com", "%@gmail.com", "bob", "", "@"],
)
def test_another_address_finds_nobody(bob, typed):
    assert find_by_email(db.session(), typed) is None


def test_a_person_is_named_by_their_address_else_by_the_oldest_account_of_its_mailbox():
    with write_transaction() as session:
        younger = factories.person(session, email="bob+2@gmail.com", now=NOON).id
        older = factories.person(session, email="b.ob@gmail.com", now=NOON - timedelta(days=3)).id
        program_id = factories.program(session).id
    named = {
        email: find_person_id(db.session(), program_id, email=email)
        for email in ("bob+2@gmail.com", "BOB+2@Gmail.com", "b.ob@gmail.com", "bob@googlemail.com", "bo@gmail.com")
    }
    assert list(named.values()) == [younger, younger, older, older, None]
    assert find_person_id(db.session(), new_id(), email="bob@gmail.com") is None


def test_a_mailbox_is_known_since_its_first_account():
    with write_transaction() as session:
        factories.person(session, email="bob+2@gmail.com", now=NOON)
        factories.person(session, email="b.ob@gmail.com", now=NOON - timedelta(days=3))
        factories.person(session, email="eve@gmail.com", now=NOON - timedelta(days=9))
        program_id = factories.program(session).id
    assert known_since(db.session(), program_id, "bob@gmail.com") == NOON - timedelta(days=3)
    assert known_since(db.session(), program_id, "dan@gmail.com") is None
    assert known_since(db.session(), new_id(), "bob@gmail.com") is None


@pytest.mark.parametrize(
    ("emails", "anyone", "anyone_real"),
    [
        pytest.param([], False, False, id="nobody"),
        pytest.param(["ada@demo.example"], True, False, id="demo people only"),
        pytest.param(["bob@miller.demo.example", "x@mailinator.com"], True, False, id="at other domains of theirs"),
        pytest.param(["ada@demo.example", "bob@example.org"], True, True, id="a real person among them"),
        pytest.param(["bob@notdemo.example"], True, True, id="a domain that ends alike"),
        pytest.param(["bob@demo.example.org"], True, True, id="a domain that begins alike"),
    ],
)
def test_real_people_are_told_from_demo_people(emails, anyone, anyone_real):
    with write_transaction() as session:
        for email in emails:
            factories.person(session, email=email)
    assert has_people(db.session()) == anyone
    assert has_people(db.session(), outside=("demo.example", "mailinator.com")) == anyone_real
