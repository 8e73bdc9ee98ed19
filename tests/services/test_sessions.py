"""Signed-in browsers."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests import factories
from tests.factories import NOON
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.jobs.forget_sessions import forget_sessions
from webapp.models import AuditEntry, User, UserSession
from webapp.queries.people import find_by_session
from webapp.services.sessions import (
    LIFETIME,
    end_other_sessions,
    end_session,
    end_sessions_of,
    start_session,
    token_hash,
)
from webapp.services.sign_in_links import create_sign_in_link, use_sign_in_link

pytestmark = pytest.mark.usefixtures("in_app")

INSTANT = timedelta(microseconds=1)


def signed_in(*tokens, now=NOON):
    with write_transaction() as session:
        ada = factories.person(session)
        for token in tokens:
            start_session(session, ada, token, now)
        return ada.id


def whose(token, now=NOON):
    found = find_by_session(db.session(), token_hash(token), now)
    return found.id if found else None


def test_a_browser_is_signed_in_until_its_lifetime_is_over():
    ada_id = signed_in("secret")
    assert whose("secret") == ada_id
    assert whose("secret", NOON + LIFETIME - INSTANT) == ada_id
    assert whose("secret", NOON + LIFETIME) is None


def test_the_table_holds_no_token():
    signed_in("secret")
    row = db.session.scalars(select(UserSession)).one()
    assert len(row.token_hash) == 64
    assert "secret" not in row.token_hash
    assert whose(row.token_hash) is None, "the stored hash is no token"


@pytest.mark.parametrize("token", ["Secret", "secret ", "", "x\x00y"])
def test_another_token_signs_nobody_in(token):
    signed_in("secret")
    assert whose(token) is None


def test_an_ended_session_is_over_at_once_and_its_neighbours_live_on():
    ada_id = signed_in("laptop", "phone")
    with write_transaction() as session:
        end_session(session, "laptop", NOON + INSTANT)
    assert whose("laptop", NOON + INSTANT) is None
    assert whose("phone", NOON + INSTANT) == ada_id


def test_ending_twice_keeps_the_first_moment():
    signed_in("secret")
    for minutes in (1, 2):
        with write_transaction() as session:
            end_session(session, "secret", NOON + timedelta(minutes=minutes))
    assert db.session.scalars(select(UserSession)).one().ended_at == NOON + timedelta(minutes=1)


def test_what_is_long_over_is_forgotten_and_what_lives_is_kept():
    signed_in("old", now=NOON - LIFETIME - INSTANT)
    signed_in("young", now=NOON - LIFETIME)
    assert forget_sessions(NOON) == 1
    assert db.session.scalars(select(UserSession.token_hash)).all() == [token_hash("young")]
    assert len(db.session.scalars(select(User)).all()) == 2


def test_sessions_go_with_their_person_when_the_database_deletes_one():
    ada_id = signed_in("secret")
    assert forget_sessions(NOON) == 0
    with write_transaction() as session:
        session.delete(factories.link_of(session, session.get_one(User, ada_id)))
        session.flush()
        session.delete(session.get_one(User, ada_id))
    assert db.session.scalars(select(UserSession)).all() == []


def test_signing_out_everywhere_ends_every_session_and_link_and_is_kept():
    ada_id, bob_id = signed_in("laptop", "phone"), signed_in("other")
    with write_transaction() as session:
        ada = session.get_one(User, ada_id)
        create_sign_in_link(session, ada, "link", NOON)
        assert end_sessions_of(session, ada, by=bob_id, now=NOON + INSTANT) == 2
    assert [whose(token, NOON + INSTANT) for token in ("laptop", "phone", "other")] == [None, None, bob_id]
    with write_transaction() as session:
        assert use_sign_in_link(session, "link", NOON + INSTANT) is None
        # Nothing is left to end, so there is nothing to keep.
        assert end_sessions_of(session, session.get_one(User, ada_id), by=bob_id, now=NOON + INSTANT) == 0
    entry = db.session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.subject_id, entry.actor_id) == ("sessions_ended", ada_id, bob_id)
    assert entry.details == {"sessions": 2}


def test_every_browser_but_one_is_signed_out():
    ada_id, bob_id = signed_in("laptop", "phone", "tablet"), signed_in("other")
    with write_transaction() as session:
        ada = session.get_one(User, ada_id)
        create_sign_in_link(session, ada, "link", NOON)
        assert end_other_sessions(session, ada, "phone", NOON + INSTANT) == 2
    later = NOON + INSTANT
    assert [whose(token, later) for token in ("laptop", "phone", "tablet", "other")] == [None, ada_id, None, bob_id]
    with write_transaction() as session:
        assert use_sign_in_link(session, "link", later) is None
        # A token of somebody else keeps nothing of hers.
        assert end_other_sessions(session, session.get_one(User, ada_id), "other", later) == 1
    assert [whose("phone", later), whose("other", later)] == [None, bob_id]
    entries = db.session.scalars(select(AuditEntry).order_by(AuditEntry.sequence)).all()
    assert [(entry.actor_id, entry.details) for entry in entries] == [
        (ada_id, {"sessions": 2, "kept": 1}),
        (ada_id, {"sessions": 1, "kept": 1}),
    ]
