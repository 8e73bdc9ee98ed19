"""Letting somebody back in, over HTTP: with the admin's own password, and never into an admin's account."""

import pytest
from sqlalchemy import select

from tests import factories
from tests.conftest import browser
from tests.factories import NOON, PASSWORD, sign_in, submit
from tests.phones import phone_of
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import OutboxMail, User

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

SURE = {"current_password": PASSWORD}


@pytest.fixture
def bob(app, marta):
    """Bob's browser, in which he is signed in; `bob.path` is his page for admins."""
    with app.app_context(), write_transaction() as session:
        user_id = factories.person(session, name="Bob Miller", email="bob@example.org", password=PASSWORD).id
    client = browser(app)
    sign_in(client, "bob@example.org")
    client.user_id, client.path = user_id, f"/admin/users/{user_id}"
    return client


def row(app, user_id):
    with app.app_context():
        return db.session.get(User, user_id)


def test_a_lost_telephone_is_one_link_and_one_password_away(app, marta, bob, acts, page):
    asking = f"{bob.path}/second-factor"
    assert marta.get(asking).location == bob.path
    phone_of(app, "bob@example.org")
    assert f'href="{asking}"' in marta.get(bob.path).get_data(as_text=True)
    assert submit(marta, asking, {"current_password": "wrong"}).status_code == 422
    assert row(app, bob.user_id).second_factor_since == NOON
    assert submit(marta, asking, SURE).location == bob.path
    assert row(app, bob.user_id).second_factor_since is None
    assert "The second factor of Bob is off, and a mail tells them." in page(bob.path)
    assert acts()[-1] == ("second_factor_off", bob.user_id, {})


def test_an_account_is_given_another_address_and_who_was_in_it_is_out(app, marta, bob, acts, page):
    asking = f"{bob.path}/address"
    for fields, sentence in (
        ({"email": "bob@new.example", "current_password": "wrong"}, "This is not your password."),
        ({"email": "BOB@example.org", **SURE}, "This is the address that the account has."),
        ({"email": "bob", **SURE}, "This does not look like an e-mail address."),
        ({"email": "marta@example.com", **SURE}, "This address has an account already."),
    ):
        wrong = submit(marta, asking, fields)
        assert (wrong.status_code, sentence in wrong.get_data(as_text=True)) == (422, True), fields
    assert bob.get("/dashboard").status_code == 200
    assert submit(marta, asking, {"email": "bob@new.example", **SURE}).location == bob.path
    assert bob.get("/dashboard").status_code == 302
    assert row(app, bob.user_id).email == "bob@new.example"
    said = page(bob.path)
    assert "A mail is on its way to Bob. Its link is good for seven days." in said
    assert "Sent by Marta Voss" in said
    assert [act[0] for act in acts()] == ["sessions_ended", "address_given"]
    assert "gave the account of Bob Miller another address" in page("/admin/audit")


@pytest.mark.parametrize("way", ["second-factor", "address"])
def test_the_account_of_an_admin_is_opened_on_the_server_only(app, marta, way):
    with app.app_context(), write_transaction() as session:
        eve = factories.person(session, name="Eve", email="eve@example.com", role="admin", password=PASSWORD).id
    phone_of(app, "eve@example.com")
    path = f"/admin/users/{eve}"
    assert "flask --app wsgi users" in marta.get(f"{path}/{way}").get_data(as_text=True)
    sent = submit(marta, f"{path}/{way}", {"email": "eve@new.example", **SURE}, page=path)
    assert sent.status_code == 422
    assert (row(app, eve).email, row(app, eve).second_factor_since) == ("eve@example.com", NOON)


def test_an_invitation_that_was_refused_is_said_with_the_way_out(app, marta, page):
    asked = {"name": "Jo Winter", "email": "jo@wnter.example", "role": "marketer"}
    path = submit(marta, "/admin/users", asked, page="/admin/users/new").location
    with app.app_context(), write_transaction() as session:
        mail = session.scalars(select(OutboxMail)).one()
        mail.ended_at, mail.unsent_because = NOON, "refused"
    assert "The invitation did not reach them" in page("/admin/users")
    assert "Their mail server takes nothing for this address." in page(path)
    submit(marta, f"{path}/address", {"email": "jo@winter.example", **SURE})
    said = page(path)
    assert ("did not reach them" in said, "Sent by Marta Voss" in said) == (False, True)
