"""Keys of the API."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from tests import factories
from tests.factories import NOON
from tests.threads import at_once
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import ApiKey, AuditEntry
from webapp.queries.keys import count_keys, find_live_key, list_keys
from webapp.queries.paging import UnknownCursorError
from webapp.services.keys import create_key, key_hash, revoke_key

pytestmark = pytest.mark.usefixtures("in_app")


def make(secret="gvk_secret", scope="write", name="shop"):
    with write_transaction() as session:
        return create_key(session, factories.program(session), name=name, scope=scope, secret=secret, now=NOON).id


@pytest.mark.parametrize("scope", ["read", "write"])
def test_a_key_is_found_by_its_secret(scope):
    key_id = make(scope=scope)
    found = find_live_key(db.session(), key_hash("gvk_secret"))
    assert (found.id, found.scope, found.name, found.created_at) == (key_id, scope, "shop", NOON)
    assert (found.revoked_at, found.program_id) == (None, factories.program(db.session()).id)


def test_the_table_holds_no_secret():
    make()
    row = db.session.scalars(select(ApiKey)).one()
    assert len(row.key_hash) == 64
    assert not any("secret" in str(getattr(row, column.name)) for column in ApiKey.__table__.columns)
    assert find_live_key(db.session(), key_hash(row.key_hash)) is None, "the stored hash is no key"


@pytest.mark.parametrize("secret", ["gvk_Secret", "gvk_secret ", "secret", "gvk_", ""])
def test_another_secret_opens_nothing(secret):
    make()
    assert find_live_key(db.session(), key_hash(secret)) is None


def test_a_revoked_key_opens_nothing_and_its_neighbour_still_does():
    make("gvk_one")
    two_id = make("gvk_two")
    with write_transaction() as session:
        find_live_key(session, key_hash("gvk_one")).revoked_at = NOON
    assert find_live_key(db.session(), key_hash("gvk_one")) is None
    assert find_live_key(db.session(), key_hash("gvk_two")).id == two_id


def test_two_keys_may_have_one_name_but_never_one_secret():
    make("gvk_one")
    make("gvk_two")
    with pytest.raises(IntegrityError):
        make("gvk_one", name="other")


@pytest.mark.parametrize("scope", ["admin", "", "READ"])
def test_the_database_refuses_another_scope(scope):
    with pytest.raises(IntegrityError):
        make(scope=scope)


def acts():
    rows = db.session.scalars(select(AuditEntry).order_by(AuditEntry.sequence))
    return [(row.action, row.subject_id, row.actor_id, row.details) for row in rows]


def test_making_and_revoking_a_key_is_kept_with_who_did_it_and_no_name():
    with write_transaction() as session:
        marta_id = factories.person(session, role="admin").id
        key_id = create_key(
            session, factories.program(session), name="shop", scope="read", secret="gvk_x", by=marta_id, now=NOON
        ).id
    with write_transaction() as session:
        assert revoke_key(session, session.get_one(ApiKey, key_id), by=None, now=NOON)
    assert find_live_key(db.session(), key_hash("gvk_x")) is None
    assert db.session.get_one(ApiKey, key_id).revoked_at == NOON
    assert acts() == [
        ("key_created", key_id, marta_id, {"scope": "read"}),
        ("key_revoked", key_id, None, {"scope": "read"}),
    ]


def test_a_key_is_revoked_once_also_by_several_at_the_same_moment(app):
    key_id = make()

    def revoke():
        with write_transaction() as session:
            return revoke_key(session, session.get_one(ApiKey, key_id), by=None, now=NOON)

    assert sorted(at_once(app, [revoke] * 4)) == [False, False, False, True]
    assert [action for action, *_rest in acts()] == ["key_created", "key_revoked"]


def test_keys_are_listed_by_state_with_who_made_them_the_newest_first():
    with write_transaction() as session:
        program = factories.program(session)
        marta_id = factories.person(session, name="Marta Voss", role="admin").id
        for number, by in enumerate((None, marta_id, None)):
            later = NOON + timedelta(minutes=number)
            create_key(session, program, name=str(number), scope="read", secret=str(number), by=by, now=later)
        revoke_key(session, find_live_key(session, key_hash("0")), by=marta_id, now=NOON)
        program_id = program.id
    first, more = list_keys(db.session(), program_id, revoked=False, limit=1)
    then, end = list_keys(db.session(), program_id, revoked=False, before=more, limit=1)
    gone, _end = list_keys(db.session(), program_id, revoked=True)
    assert [(row.name, row.actor, row.maker_name) for row in (*first, *then, *gone)] == [
        ("2", "command", None),
        ("1", "person", "Marta Voss"),
        ("0", "command", None),
    ]
    assert end is None
    assert count_keys(db.session(), program_id) == (2, 1)
    with pytest.raises(UnknownCursorError):
        list_keys(db.session(), program_id, revoked=True, before=more)
