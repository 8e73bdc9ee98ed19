"""A browser in which somebody signed in or out is known when it opens their link, also if it never did before."""

import pytest
from sqlalchemy import select, update

from tests import factories
from tests.factories import PASSWORD, sign_in, submit
from tests.suspicion import suspect
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import Link, Program, Screening, ScreeningFinding, User

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

ADA = "ada@example.com"


@pytest.fixture
def code(app):
    with app.app_context(), write_transaction() as session:
        suspect(session, "same_browser")
        return factories.link_of(session, factories.person(session, email=ADA, password=PASSWORD)).code


def sign_out(client, page="/dashboard"):
    assert submit(client, "/logout", {}, page=page).status_code == 303


def joins(client, code, email="bob@example.org"):
    client.get(f"/r/{code}")
    joined = submit(client, f"/signup?ref={code}", {"name": "Bob", "email": email, "password": PASSWORD, "ref": code})
    assert joined.status_code == 303


def findings(app):
    with app.app_context():
        found = select(ScreeningFinding.signal).join(Screening).order_by(Screening.screened_at)
        return db.session.scalars(found).all()


def test_who_signs_in_out_and_opens_their_own_link_is_known(app, client, code):
    sign_in(client, ADA)
    sign_out(client)
    joins(client, code)
    assert findings(app) == ["same_browser"]


def test_who_has_just_joined_and_signs_out_is_known(app, client, code):
    joins(client, code)
    sign_out(client)
    with app.app_context():
        bobs = db.session.scalars(select(Link.code).join(User, User.id == Link.referrer_id).where(User.name == "Bob"))
        own_code = bobs.one()
    joins(client, own_code, email="rob@example.net")
    assert findings(app) == ["same_browser"]


def test_where_nothing_may_be_remembered_nobody_gets_a_name(app, client, code):
    with app.app_context(), write_transaction() as session:
        session.execute(update(Program).values(consent_mode="none"))
    for response in (sign_in(client, ADA), submit(client, "/logout", {}, page="/dashboard")):
        assert not any("gv_visitor" in line for line in response.headers.getlist("Set-Cookie"))
