"""People, as admins look for them and decide what they may do."""

import re
import secrets
from uuid import uuid4

import pytest
from sqlalchemy import select

from tests import factories, money
from tests.conftest import browser
from tests.factories import NOON, PASSWORD, join, sign_in, submit
from tests.views.admin.conftest import words
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import User
from webapp.services.people import create_person
from webapp.services.signups import CameBy

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

JO = {"name": "Jo Winter", "email": "jo@winter.example", "role": "marketer"}


@pytest.fixture
def bob(app, marta):
    """Someone who signs in; his browser, and who he is."""
    with app.app_context(), write_transaction() as session:
        person = factories.person(session, name="Bob Miller", email="bob@example.org", password=PASSWORD)
        person.external_id = "cus_1"
        user_id = person.id
    client = browser(app)
    sign_in(client, "bob@example.org")
    client.user_id = user_id
    return client


def person_named(app, name):
    with app.app_context():
        return db.session.scalars(select(User).where(User.name == name)).one_or_none()


def change(marta, user_id, **fields):
    return submit(marta, f"/admin/users/{user_id}/role", fields)


def search(marta, named):
    return submit(marta, "/admin/users/search", {"named": named}, page="/admin/users")


@pytest.mark.parametrize("named", ["bob@example.org", "BOB@Example.org ", "cus_1"])
def test_a_whole_address_or_id_leads_to_the_person_and_stands_in_no_url(marta, bob, named):
    found = search(marta, named)
    assert (found.status_code, found.location) == (303, f"/admin/users/{bob.user_id}")


def test_an_address_that_nobody_has_is_answered_in_place(marta, bob):
    found = search(marta, "nobody@example.org")
    assert (found.status_code, found.location) == (422, None)
    said = found.get_data(as_text=True)
    assert "Nobody here has exactly this e-mail address" in said
    assert 'value="nobody@example.org"' in said


def test_an_address_that_was_typed_into_the_url_is_not_repeated(marta, bob):
    assert "example.org" not in marta.get("/admin/users?named=bob@example.org").get_data(as_text=True)


def test_a_part_of_a_name_leads_to_a_list(marta, bob, page):
    assert search(marta, "mill").location == "/admin/users?named=mill"
    assert "Bob Miller" in page("/admin/users?named=mill")
    assert "Nobody is called “100%”" in page("/admin/users?named=100%25")
    assert "Bob Miller" not in page("/admin/users?named=_ob")
    assert search(marta, " ").location == "/admin/users"


def test_nobody_is_called_by_a_text_without_end(marta, bob):
    """SQLite would not even search for it."""
    assert marta.get(f"/admin/users?named={'x' * 60_000}").status_code == 200
    found = search(marta, "x" * 60_000)
    assert (found.status_code, len(found.location)) == (303, 1_019)


def test_the_list_shows_nobodys_address_and_can_be_filtered_by_role(marta, bob, page):
    everyone = marta.get("/admin/users").get_data(as_text=True)
    assert "2 people" in everyone
    assert "example.org" not in everyone
    assert "Bob Miller" not in page("/admin/users?role=admin")
    assert "Bob Miller" in page("/admin/users?role=referrer")
    assert marta.get("/admin/users?role=owner").status_code == 404


def test_the_page_of_a_person_tells_everything_about_them(app, marta, bob, page):
    with app.app_context(), write_transaction() as session:
        money.publish(session)
        link = factories.link_of(session, session.get_one(User, bob.user_id))
        factories.click(session, link, visitor_id=uuid4())
        cy, _referral = join(session, CameBy(typed=link), name="Cy Young", email="cy@example.org")
        money.buy(session, cy, "49.99 USD", at=NOON)
        code, cy_id = link.code, cy.id
    said = page(f"/admin/users/{bob.user_id}")
    for fact in (
        *("Bob Miller", "bob@example.org confirmed", "cus_1", "1 friend joined through them.", "Referrer."),
        *(f"/r/{code}", "Pending 1", "USD $10.00", "Signed in on 1 browser."),
    ):
        assert fact in said
    assert "Bob Miller who told them the code" in page(f"/admin/users/{cy_id}")
    assert f'href="/admin/users/{bob.user_id}"' in marta.get(f"/admin/users/{cy_id}").get_data(as_text=True)


def test_a_new_role_counts_at_the_next_request_and_is_kept(marta, bob, acts):
    assert bob.get("/analytics").status_code == 403
    assert change(marta, bob.user_id, role="marketer").status_code == 303
    assert bob.get("/analytics").status_code == 200
    assert "Bob Miller is a marketer." in words(marta.get(f"/admin/users/{bob.user_id}").get_data(as_text=True))
    assert acts() == [("role_changed", bob.user_id, {"from": "referrer", "to": "marketer"})]


def test_nobody_takes_the_admins_role_from_themselves(app, marta, acts):
    refused = change(marta, marta.user_id, role="referrer")
    assert refused.status_code == 422
    assert "You cannot take the admin’s role from yourself." in words(refused.get_data(as_text=True))
    assert person_named(app, "Marta Voss").role == "admin"
    assert acts() == []


def test_an_account_with_an_unconfirmed_address_gets_no_role_of_staff(app, marta, bob, acts):
    """Else whoever joins with the address of somebody who is invited later would be made staff in their place."""
    with app.app_context(), write_transaction() as session:
        session.get_one(User, bob.user_id).email_verified_at = None
    refused = change(marta, bob.user_id, role="marketer")
    assert refused.status_code == 422
    assert "Bob Miller has not confirmed their e-mail address" in words(refused.get_data(as_text=True))
    assert (person_named(app, "Bob Miller").role, acts()) == ("referrer", [])


def test_who_lost_the_right_a_moment_ago_changes_no_role(app, marta, bob, acts, monkeypatch):
    # Between the guard and the act.
    monkeypatch.setattr("webapp.services.roles.queue_for", lambda session, *_names: demote(session, marta.user_id))
    assert change(marta, bob.user_id, role="admin").status_code == 403
    assert person_named(app, "Bob Miller").role == "referrer"
    assert acts() == []


def demote(session, user_id):
    session.get_one(User, user_id).role = "referrer"
    session.flush()


@pytest.mark.parametrize("fields", [{}, {"role": "owner"}, {"role": ""}])
def test_a_role_that_there_is_not_changes_nothing(app, marta, bob, fields):
    assert change(marta, bob.user_id, **fields).status_code == 422
    assert person_named(app, "Bob Miller").role == "referrer"


def test_fields_that_the_form_does_not_have_change_nothing(app, marta, bob):
    change(marta, bob.user_id, role="marketer", email="eve@example.org", name="Eve", password_hash="x", program_id="1")
    person = person_named(app, "Bob Miller")
    assert (person.email, person.role) == ("bob@example.org", "marketer")


def test_signing_someone_out_ends_every_session_at_once(marta, bob, acts):
    assert bob.get("/dashboard").status_code == 200
    path = f"/admin/users/{bob.user_id}"
    assert submit(marta, f"{path}/sign-out", {}, page=path).location == path
    assert bob.get("/dashboard").status_code == 302
    assert "Bob Miller was signed out of 1 browser." in words(marta.get(path).get_data(as_text=True))
    assert marta.get("/dashboard").status_code == 200
    assert acts() == [("sessions_ended", bob.user_id, {"sessions": 1})]


def test_an_invitation_is_sent_and_said_and_kept(app, marta, acts, page):
    made = submit(marta, "/admin/users", JO, page="/admin/users/new")
    jo = person_named(app, "Jo Winter")
    path = f"/admin/users/{jo.id}"
    assert (made.status_code, made.location) == (303, path)
    assert (jo.role, jo.password_hash, jo.email_verified_at) == ("marketer", None, None)
    assert acts() == [("person_invited", jo.id, {"role": "marketer"})]
    said = page(path)
    for fact in (
        "A mail is on its way to Jo Winter.",
        "Invited",
        "Sent by Marta Voss, today at",
        "The link is good until",
    ):
        assert fact in said
    assert "Invited, not in yet" in page("/admin/users")
    assert "Jo Winter" in page("/admin/users?invited=1")
    assert "Marta Voss since" not in page("/admin/users?invited=1")


def test_an_invitation_is_sent_again_and_withdrawn(app, marta, acts, page):
    submit(marta, "/admin/users", JO, page="/admin/users/new")
    jo = person_named(app, "Jo Winter").id
    path = f"/admin/users/{jo}"
    assert submit(marta, f"{path}/invitation", {}, page=path).location == path
    assert "A mail with a new link is on its way to Jo Winter." in page(path)
    for said, look in (
        ("A mail with a new link is on its way", "good"),
        ("Several mails went there lately. The next one can go in 60 minutes.", "warn"),
    ):
        submit(marta, f"{path}/invitation", {}, page=path)
        shown = marta.get(path).get_data(as_text=True)
        assert said in words(shown)
        assert re.findall(r'role="status">\s*<div class="note note-(\w+)"', shown) == [look]
    assert submit(marta, f"{path}/invitation/withdrawal", {}, page=path).location == "/admin/users"
    assert "The invitation of Jo Winter is withdrawn. Their account is gone" in page("/admin/users")
    assert person_named(app, "Jo Winter") is None
    assert [act[0] for act in acts()] == ["person_invited", *["invitation_sent"] * 2, "invitation_withdrawn"]
    # Who she was is forgotten, and that something was done is not.
    assert "withdrew the invitation of someone" in page("/admin/audit")
    assert submit(marta, f"{path}/invitation/withdrawal", {}, page="/admin/users").status_code == 404


def test_who_can_sign_in_is_not_invited(app, marta, bob, acts, page):
    path = f"/admin/users/{bob.user_id}"
    assert "invitation" not in page(path).lower()
    submit(marta, f"{path}/invitation", {}, page=path)
    assert "They have a password by now" in page(path)
    submit(marta, f"{path}/invitation/withdrawal", {}, page=path)
    assert "Bob Miller has a password by now." in page(path)
    assert acts() == []


def test_who_has_no_password_can_be_invited_later(app, marta, page):
    with app.app_context(), write_transaction() as session:
        jo = factories.person(session, name="Jo Winter", email="jo@winter.example").id
    path = f"/admin/users/{jo}"
    assert "They have no password yet. An invitation lets them choose one." in page(path)
    submit(marta, f"{path}/invitation", {}, page=path)
    assert "Send it again" in page(path)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": ""}, "Please write the person’s name"),
        ({"name": "jo@winter.example"}, "Please write the person’s name"),
        ({"email": "jo"}, "This does not look like an e-mail address."),
        ({"email": ""}, "Please write the person’s address, as in noor@example.com."),
        ({"email": "MARTA@example.com"}, "This address has an account already. Look for it among the people;"),
        ({"role": "owner"}, "Please choose what the person may do."),
    ],
)
def test_what_is_wrong_is_said_and_no_account_is_made(app, marta, acts, fields, sentence):
    response = submit(marta, "/admin/users", JO | fields, page="/admin/users/new")
    assert response.status_code == 422
    assert sentence in words(response.get_data(as_text=True))
    assert person_named(app, "Jo Winter") is None
    assert acts() == []


def test_people_of_another_program_are_not_there(app, marta):
    with app.app_context(), write_transaction() as session:
        eve = create_person(
            session,
            factories.other_program(session),
            name="Eve Adams",
            email="eve@example.org",
            password_hash=None,
            role="referrer",
            verified=True,
            choose=secrets.choice,
            now=NOON,
        )
        eve_id = eve.id
    assert "Eve Adams" not in marta.get("/admin/users").get_data(as_text=True)
    assert search(marta, "eve@example.org").status_code == 422
    for unknown in (eve_id, new_id()):
        path = f"/admin/users/{unknown}"
        assert [marta.get(path).status_code, marta.get(f"{path}/role").status_code] == [404, 404]
        for act in ("role", "sign-out", "invitation", "invitation/withdrawal"):
            assert submit(marta, f"{path}/{act}", {"role": "admin"}, page="/admin/users").status_code == 404
    with app.app_context():
        assert db.session.get_one(User, eve_id).role == "referrer"
