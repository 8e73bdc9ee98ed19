"""Links and their codes."""

import itertools
import secrets
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select

from tests import factories
from tests.factories import NOON
from tests.threads import at_once
from webapp.database import write_transaction
from webapp.domain.codes import GENERATED_LENGTH
from webapp.extensions import db
from webapp.models import Link, User
from webapp.services.links import (
    MOST_LIVE_LINKS,
    TRIES,
    CodeTakenError,
    LastLinkError,
    NoFreeCodeError,
    TooManyLinksError,
    change_link,
    create_link,
    open_link,
    retire_link,
)

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


@pytest.fixture
def ada():
    with write_transaction() as session:
        return factories.person(session).id


def opened(session, user_id, code=None, *, label=None, now=NOON):
    return open_link(
        session,
        factories.program(session),
        session.get_one(User, user_id),
        code=code,
        label=label,
        destination_url=None,
        choose=secrets.choice,
        now=now,
    )


def changed(session, link_id, code, *, label=None):
    return change_link(
        session,
        factories.program(session),
        session.get_one(Link, link_id),
        code=code,
        label=label,
        destination_url=None,
        choose=secrets.choice,
        now=NOON,
    )


def test_a_further_link_has_the_code_and_the_label_that_were_chosen(ada):
    with write_transaction() as session:
        opened(session, ada, "Ada-Bakes", label="On the van")
        opened(session, ada)
    links = db.session.scalars(select(Link).order_by(Link.id)).all()
    assert [(link.code, link.code_key, link.label) for link in links[1:2]] == [("Ada-Bakes", "ADA-BAKES", "On the van")]
    assert {link.referrer_id for link in links} == {ada}
    assert len(links[2].code) == GENERATED_LENGTH


@pytest.mark.parametrize("code", ["Ada-Bakes", "ada-bakes", "ADA-BAKES"])
def test_a_code_that_reads_like_another_is_taken_also_after_that_was_retired(ada, code):
    with write_transaction() as session:
        bob = factories.person(session).id
        link = opened(session, ada, "ada-bakes")
        retire_link(session, link, now=NOON)
        with pytest.raises(CodeTakenError):
            opened(session, bob, code)
        # The transaction goes on.
        opened(session, bob, "bob-bakes")
    assert db.session.scalar(select(Link.referrer_id).where(Link.code == "bob-bakes")) == bob


def test_look_alikes_of_a_code_are_taken(ada):
    with write_transaction() as session:
        opened(session, ada, "cool-01")
        for look_alike in ("COOL-O1", "c001-0l", "cooi-0i"):
            with pytest.raises(CodeTakenError):
                opened(session, ada, look_alike)


def test_nobody_has_more_links_than_one_may_have(ada):
    with write_transaction() as session:
        for _ in range(MOST_LIVE_LINKS - 1):
            link = opened(session, ada)
        with pytest.raises(TooManyLinksError):
            opened(session, ada)
        retire_link(session, link, now=NOON)
        opened(session, ada)


def test_another_code_is_another_link_and_the_old_one_goes_on_working(ada):
    with write_transaction() as session:
        old = opened(session, ada, "ada-bakes", label="Van")
        new = changed(session, old.id, "ada-fries", label="New van")
        assert new.id != old.id
        old_id, new_id = old.id, new.id
    stored = {link.id: link for link in db.session.scalars(select(Link))}
    assert (stored[old_id].code, stored[old_id].label, stored[old_id].retired_at) == ("ada-bakes", "Van", None)
    assert (stored[new_id].code, stored[new_id].label) == ("ada-fries", "New van")


def test_a_label_and_the_spelling_of_a_code_change_in_place(ada):
    with write_transaction() as session:
        old = opened(session, ada, "ada-bakes", label="Van")
        assert changed(session, old.id, "Ada-Bakes", label=None).id == old.id
        link_id = old.id
    stored = db.session.get_one(Link, link_id)
    assert (stored.code, stored.code_key, stored.label) == ("Ada-Bakes", "ADA-BAKES", None)


def test_the_last_link_that_works_cannot_be_retired(ada):
    with write_transaction() as session:
        first = session.scalars(select(Link).where(Link.referrer_id == ada)).one()
        with pytest.raises(LastLinkError):
            retire_link(session, first, now=NOON)
        second = opened(session, ada)
        retire_link(session, first, now=NOON)
        # Again is not an error, and changes nothing.
        retire_link(session, first, now=NOON + timedelta(days=1))
        with pytest.raises(LastLinkError):
            retire_link(session, second, now=NOON)
    assert {link.retired_at for link in db.session.scalars(select(Link))} == {NOON, None}


def test_of_two_links_retired_at_once_one_is_left(in_app, ada):
    with write_transaction() as session:
        first = session.scalars(select(Link.id).where(Link.referrer_id == ada)).one()
        ids = [first, opened(session, ada).id]

    def retire(link_id):
        with write_transaction() as session:
            retire_link(session, session.get_one(Link, link_id), now=NOON)

    first_answer, second_answer = at_once(in_app, [partial(retire, link_id) for link_id in ids])
    assert {type(first_answer), type(second_answer)} == {type(None), LastLinkError}
