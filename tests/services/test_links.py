"""Links and their codes."""

import itertools

import pytest
from sqlalchemy import select

from tests import factories
from tests.factories import NOON
from webapp.database import write_transaction
from webapp.domain.codes import GENERATED_LENGTH
from webapp.extensions import db
from webapp.models import Link, User
from webapp.services.links import TRIES, NoFreeCodeError, create_link

pytestmark = pytest.mark.usefixtures("in_app")


def test_a_code_that_is_taken_is_drawn_again():
    draws = itertools.cycle("BCDFGH2345" * 2 + "ZYWVTS6789")
    with write_transaction() as session:
        ada, bob = factories.person(session), factories.person(session)
        first = create_link(session, factories.program(session), ada, choose=lambda _: next(draws), now=NOON)
        second = create_link(session, factories.program(session), bob, choose=lambda _: next(draws), now=NOON)
        assert (first.code, second.code) == ("BCDFGH2345", "ZYWVTS6789")
        bob_id = bob.id
    stored = db.session.scalars(select(Link).where(Link.code_key == "ZYWVTS6789")).one()
    assert stored.referrer_id == bob_id
    assert len(db.session.scalars(select(User)).all()) == 2


def test_randomness_that_is_broken_ends_in_an_error_and_not_in_a_loop():
    drawn = []
    with write_transaction() as session:
        ada = factories.person(session)
        create_link(session, factories.program(session), ada, choose=lambda _: "B", now=NOON)
        with pytest.raises(NoFreeCodeError):
            create_link(session, factories.program(session), ada, choose=lambda _: drawn.append(1) or "B", now=NOON)
    assert len(drawn) == TRIES * GENERATED_LENGTH
    assert len(db.session.scalars(select(Link)).all()) == 2


def test_a_link_starts_live_and_leads_to_the_landing_page():
    with write_transaction() as session:
        factories.person(session)
    link = db.session.scalars(select(Link)).one()
    assert (link.destination_url, link.retired_at, link.created_at) == (None, None, NOON)
    assert link.code_key == link.code
