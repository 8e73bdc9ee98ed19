"""Keys of the API."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from tests import factories
from tests.factories import NOON
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import ApiKey
from webapp.queries.keys import find_live_key
from webapp.services.keys import create_key, key_hash

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
