"""The password and the address, changed by whoever is signed in."""

import pytest
from sqlalchemy import select, update

from tests import factories
from tests.conftest import browser
from tests.factories import PASSWORD, sign_in, submit
from tests.mails import newest_link, queued, text_of
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import AuditEntry, User

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

ADA, NEW_ADDRESS, NEW = "ada@gmail.com", "ada.o@example.net", "quite another sentence"
PAGE, PASSWORD_PAGE, EMAIL_PAGE = (f"/settings/sign-in{path}" for path in ("", "/password", "/email"))


@pytest.fixture
def ada(app):
    with app.app_context(), write_transaction() as session:
        factories.person(session, email=ADA, password=PASSWORD)
    return signed_in(app)


def signed_in(app):
    client = browser(app)
    sign_in(client, ADA)
    return client


def words(response):
    return " ".join(response.get_data(as_text=True).split())


def acts(app):
    with app.app_context():
        return [(one.action, one.details) for one in db.session.scalars(select(AuditEntry))]


def test_a_new_password_takes_the_one_before_and_ends_every_other_session(app, ada):
    other, thief = signed_in(app), browser(app)
    thief.set_cookie("gv_session", ada.get_cookie("gv_session").value)
    assert thief.get("/dashboard").status_code == 200
    response = submit(ada, PASSWORD_PAGE, {"current_password": PASSWORD, "password": NEW})
    assert (response.status_code, response.location) == (303, PAGE)
    assert "Your password is changed. All other browsers are signed out." in words(ada.get(PAGE))
    # Also who has stolen this browser's cookie.
    assert [client.get("/dashboard").status_code for client in (ada, other, thief)] == [200, 302, 302]
    assert queued(app) == [("password_changed", ADA)]
    assert [action for action, _details in acts(app)] == ["sessions_ended", "password_changed"]
    sign_in(browser(app), ADA, NEW)


def test_an_address_that_may_be_somebody_elses_is_told_of_new_passwords_once_a_day(app, ada):
    with app.app_context(), write_transaction() as session:
        session.execute(update(User).where(User.email == ADA).values(email_verified_at=None))
    for before, new in ((PASSWORD, NEW), (NEW, PASSWORD)):
        assert submit(ada, PASSWORD_PAGE, {"current_password": before, "password": new}).status_code == 303
    assert queued(app) == [("password_changed", ADA)]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"current_password": "wrong", "password": NEW}, "This is not your password."),
        ({"current_password": PASSWORD, "password": "ada"}, "at least 8"),
        ({"current_password": PASSWORD, "password": "gmail.com"}, "made of your name"),
        ({"current_password": PASSWORD, "password": PASSWORD}, "This is the password that you have."),
    ],
)
def test_a_password_that_is_not_changed_stays(app, ada, typed, sentence):
    response = submit(ada, PASSWORD_PAGE, typed)
    assert response.status_code == 422
    assert sentence in words(response)
    assert queued(app) == []
    sign_in(browser(app), ADA)


def test_who_has_no_password_chooses_one_by_mail(app, ada):
    with app.app_context(), write_transaction() as session:
        session.execute(update(User).values(password_hash=None))
    for page in (PAGE, PASSWORD_PAGE, EMAIL_PAGE):
        assert "You have no password yet." in words(ada.get(page))
    refused = submit(ada, EMAIL_PAGE, {"email": NEW_ADDRESS, "current_password": ""}, page=PAGE)
    assert refused.status_code == 422
    assert submit(ada, f"{PASSWORD_PAGE}/link", {}, page=PAGE).location == PAGE
    assert queued(app) == [("reset_password", ADA)]
    assert submit(ada, newest_link(app, "reset_password"), {"password": NEW}).location == "/login"
    sign_in(ada, ADA, NEW)


def test_an_address_changes_when_the_new_one_confirms_and_the_old_one_is_told(app, ada):
    other = signed_in(app)
    typed = {"email": f" {NEW_ADDRESS} ", "current_password": PASSWORD}
    assert submit(ada, EMAIL_PAGE, typed).location == PAGE
    page = words(ada.get(PAGE))
    assert f"A mail is on its way to {NEW_ADDRESS}." in page
    assert "Another address waits to be confirmed." in page
    assert sorted(queued(app)) == [("change_email", NEW_ADDRESS), ("email_change_asked", ADA)]
    path = newest_link(app, "change_email")
    assert f"http://localhost{path}" in text_of(app, "change_email")[1]
    assert "UTC" in text_of(app, "email_change_asked")[1]
    phone = browser(app)
    assert NEW_ADDRESS in words(phone.get(path))
    sign_in(browser(app), ADA)
    assert submit(ada, path, {}).location == PAGE
    assert queued(app)[-1] == ("email_changed", ADA)
    assert [client.get("/dashboard").status_code for client in (ada, other)] == [200, 302]
    with app.app_context():
        user = db.session.scalars(select(User)).one()
        assert (user.email, user.email_key, user.mailbox_key) == (NEW_ADDRESS,) * 3
    # Ids and codes only.
    assert acts(app)[-1] == ("email_changed", {})
    assert submit(phone, "/login", {"email": ADA, "password": PASSWORD}).status_code == 422
    sign_in(phone, NEW_ADDRESS)
    assert phone.get(path).status_code == 410


def test_in_another_browser_a_changed_address_leads_to_signing_in(app, ada):
    submit(ada, EMAIL_PAGE, {"email": NEW_ADDRESS, "current_password": PASSWORD})
    phone = browser(app)
    assert submit(phone, newest_link(app, "change_email"), {}).location == "/login"
    assert [client.get("/dashboard").status_code for client in (ada, phone)] == [302, 302]


def test_whether_the_new_address_has_an_account_is_told_to_its_owner_only(app, ada):
    with app.app_context(), write_transaction() as session:
        factories.person(session, name="Bob Miller", email="bob@example.org", password=PASSWORD)
    answers = []
    for email in ("bob@example.org", "not@example.org"):
        response = submit(ada, EMAIL_PAGE, {"email": email, "current_password": PASSWORD})
        page = ada.get(PAGE).get_data(as_text=True)
        token = factories.csrf_token(page)
        answers.append((response.status_code, page.replace(email, "").replace(token, "")))
        if email == "bob@example.org":
            path = newest_link(app, "change_email")
            taken = submit(browser(app), path, {})
            assert taken.status_code == 422
            assert "This address cannot be used for that account" in words(taken)
    assert answers[0] == answers[1]
    with app.app_context():
        assert sorted(db.session.scalars(select(User.email))) == [ADA, "bob@example.org"]
    sign_in(browser(app), ADA)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"email": NEW_ADDRESS, "current_password": "wrong"}, "This is not your password."),
        ({"email": "ada@", "current_password": PASSWORD}, "does not look like an e-mail address"),
        ({"email": "ADA@gmail.com", "current_password": PASSWORD}, "This is the address that you have."),
    ],
)
def test_an_address_that_is_not_asked_for_well_is_not_mailed(app, ada, typed, sentence):
    response = submit(ada, EMAIL_PAGE, typed)
    assert response.status_code == 422
    assert sentence in words(response)
    assert queued(app) == []


def test_a_request_can_be_withdrawn_and_a_new_password_ends_it_too(app, ada):
    for end in (
        lambda: submit(ada, f"{EMAIL_PAGE}/withdrawal", {}, page=PAGE),
        lambda: submit(ada, PASSWORD_PAGE, {"current_password": PASSWORD, "password": NEW}),
    ):
        submit(ada, EMAIL_PAGE, {"email": NEW_ADDRESS, "current_password": PASSWORD})
        path = newest_link(app, "change_email")
        assert browser(app).get(path).status_code == 200
        assert end().status_code == 303
        assert browser(app).get(path).status_code == 410


@pytest.mark.parametrize("role", ["marketer", "admin"])
def test_staff_read_which_address_waits_and_only_when_one_does(app, role):
    with app.app_context(), write_transaction() as session:
        factories.person(session, email=ADA, password=PASSWORD, role=role)
    client = signed_in(app)
    assert "Another address waits" not in words(client.get(PAGE))
    submit(client, EMAIL_PAGE, {"email": NEW_ADDRESS, "current_password": PASSWORD})
    client.get(PAGE)  # Says once that the mail is on its way, which names the address too.
    assert f"the link is opened that went to {NEW_ADDRESS}." in words(client.get(PAGE))


def test_strangers_are_not_mailed_without_end(app, ada):
    typed = [{"email": f"bob+{number}@example.org", "current_password": PASSWORD} for number in range(4)]
    assert [submit(ada, EMAIL_PAGE, one).status_code for one in typed] == [303, 303, 303, 429]
    assert [template for template, _to in queued(app)].count("change_email") == 3


def test_who_asks_too_often_reads_when_to_come_back_where_they_asked(app, ada):
    typed = {"email": NEW_ADDRESS, "current_password": PASSWORD}
    for _ in range(3):
        submit(ada, EMAIL_PAGE, typed)
    refused = submit(ada, EMAIL_PAGE, typed)
    assert refused.status_code == 429
    assert 3000 < int(refused.headers["Retry-After"]) <= 3600
    assert "The next one can go in 60 minutes." in words(refused)
    assert f'value="{NEW_ADDRESS}"' in words(refused)
    with app.app_context(), write_transaction() as session:
        session.execute(update(User).values(password_hash=None))
    answers = [submit(ada, f"{PASSWORD_PAGE}/link", {}, page=PAGE) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [303, 303, 303, 429]
    assert "No mail was sent. Several mails went there lately." in words(answers[-1]).replace("</b>", "")


def test_wrong_passwords_here_close_the_sign_in_of_this_network_too(app, ada):
    wrong = {"current_password": "wrong", "password": NEW}
    answers = [submit(ada, PASSWORD_PAGE, wrong).status_code for _ in range(11)]
    assert answers == [422] * 10 + [429]
    assert submit(browser(app), "/login", {"email": ADA, "password": PASSWORD}).status_code == 429
