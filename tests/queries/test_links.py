"""Links, found by their code."""

from datetime import timedelta
from uuid import uuid4

import pytest

from tests import factories
from tests.factories import NOON, join
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import Link
from webapp.queries.clicks import has_clicked_since, touches_of
from webapp.queries.figures import Counted
from webapp.queries.links import (
    count_live_links,
    find_live_link,
    find_own_link,
    first_link_of,
    list_links,
    referrer_of,
)
from webapp.services.signups import CameBy

pytestmark = pytest.mark.usefixtures("in_app")

INSTANT = timedelta(microseconds=1)


def found(code, program_id=None):
    return find_live_link(db.session(), program_id or factories.program(db.session()).id, code)


@pytest.fixture
def link():
    """The link of Ada, whose code has a 0 and a 1."""
    with write_transaction() as session:
        ada = factories.person(session)
        link = factories.link_of(session, ada)
        link.code = link.code_key = "ABC01DEFGH"
        return link.id


@pytest.mark.parametrize(
    "typed", ["ABC01DEFGH", "abc01defgh", " AbC01dEfGh ", "ABCO1DEFGH", "abcoldefgh", "ABCOIDEFGH"]
)
def test_a_link_is_found_however_its_code_is_typed(link, typed):
    assert found(typed).id == link


@pytest.mark.parametrize("typed", ["ABC01DEFG", "ABC01DEFGHH", "", "%", "ABC01%", "ABC01DEFGH\x00", "A" * 10_000])
def test_another_code_finds_nothing(link, typed):
    assert found(typed) is None


def test_a_retired_link_is_not_found(link):
    with write_transaction() as session:
        session.get_one(Link, link).retired_at = NOON
    assert found("ABC01DEFGH") is None


def test_a_link_of_another_program_is_not_found(link):
    assert found("ABC01DEFGH", new_id()) is None


def test_the_first_link_of_a_person_is_the_oldest_of_their_own(link):
    with write_transaction() as session:
        first = session.get_one(Link, link)
        other = factories.link_of(session, factories.person(session, now=NOON - timedelta(days=9)))
        session.add(
            Link(
                program_id=first.program_id,
                referrer_id=first.referrer_id,
                code="YOUNGER",
                code_key="Y0UNGER",
                created_at=NOON + INSTANT,
            )
        )
        referrer_id, other_id = first.referrer_id, other.id
    assert first_link_of(db.session(), referrer_id).id == link != other_id
    assert referrer_of(db.session(), db.session.get_one(Link, link)).id == referrer_id


def test_every_click_of_a_visitor_is_a_touch_and_no_one_else_s(link):
    visitor = uuid4()
    with write_transaction() as session:
        hers = session.get_one(Link, link)
        ids = [
            factories.click(session, hers, visitor_id=visitor, now=NOON - timedelta(days=days)) for days in (400, 0, 0)
        ]
        factories.click(session, hers, visitor_id=uuid4())
        program_id, mailbox = hers.program_id, referrer_of(session, hers).mailbox_key
    touches = touches_of(db.session(), program_id, visitor, mailbox=mailbox)
    assert sorted(touch.click_id for touch in touches) == sorted(ids)
    assert {(touch.kind, touch.link_id, touch.same_mailbox) for touch in touches} == {("click", link, True)}
    others = touches_of(db.session(), program_id, visitor, mailbox="bob@example.org")
    assert {touch.same_mailbox for touch in others} == {False}
    assert touches_of(db.session(), new_id(), visitor, mailbox=mailbox) == []


def test_a_click_is_recent_from_its_moment_on(link):
    visitor = uuid4()
    with write_transaction() as session:
        factories.click(session, session.get_one(Link, link), visitor_id=visitor)
    assert has_clicked_since(db.session(), link, visitor, NOON)
    assert not has_clicked_since(db.session(), link, visitor, NOON + INSTANT)
    assert not has_clicked_since(db.session(), link, uuid4(), NOON)
    assert not has_clicked_since(db.session(), new_id(), visitor, NOON)


@pytest.fixture
def younger(link):
    """A second link of Ada's, a moment younger."""
    with write_transaction() as session:
        first = session.get_one(Link, link)
        second = Link(
            program_id=first.program_id,
            referrer_id=first.referrer_id,
            code="YOUNGER",
            code_key="Y0UNGER",
            label="On the van",
            created_at=NOON + INSTANT,
        )
        session.add(second)
        session.flush()
        return second.id


def test_once_retired_the_next_link_that_works_is_the_first(link, younger):
    with write_transaction() as session:
        session.get_one(Link, link).retired_at = NOON
        referrer_id = session.get_one(Link, link).referrer_id
    assert first_link_of(db.session(), referrer_id).id == younger
    assert count_live_links(db.session(), referrer_id) == 1


def test_links_are_listed_with_their_own_figures_retired_ones_last(link, younger):
    with write_transaction() as session:
        first, second = (session.get_one(Link, one) for one in (link, younger))
        for days in (40, 30, 29, 0):
            factories.click(session, second, visitor_id=uuid4(), now=NOON - timedelta(days=days))
        join(session, CameBy(typed=second))
        first.retired_at = NOON
        factories.link_of(session, factories.person(session))
        referrer_id = first.referrer_id
    of_ada = list_links(db.session(), referrer_id, NOON.date())
    assert [(row.id, row.label, row.retired_at) for row in of_ada] == [
        (younger, "On the van", None),
        (link, None, NOON),
    ]
    assert (of_ada[0].recent, of_ada[0].total) == (Counted(2, 1, 0), Counted(4, 1, 0))
    assert (of_ada[1].recent, of_ada[1].total) == (Counted(), Counted())


def test_a_link_is_found_by_its_owner_alone(link):
    with write_transaction() as session:
        other_id = factories.person(session).id
        referrer_id = session.get_one(Link, link).referrer_id
    assert find_own_link(db.session(), referrer_id, link).id == link
    assert find_own_link(db.session(), other_id, link) is None
    assert find_own_link(db.session(), referrer_id, new_id()) is None
