"""Every mail, shown to whoever works on Grapevine."""

import pytest

from tests import factories
from tests.conftest import browser
from tests.factories import PASSWORD, sign_in
from webapp.database import write_transaction
from webapp.mail_samples import mail_templates

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


def admin_of(app):
    with app.app_context(), write_transaction() as session:
        factories.person(session, name="<b>Marta</b> Voss", email="marta@example.com", role="admin", password=PASSWORD)
    client = browser(app)
    sign_in(client, "marta@example.com")
    return client


def test_every_mail_can_be_seen_in_every_language(app):
    marta = admin_of(app)
    page = marta.get("/dev/mails").get_data(as_text=True)
    for template in mail_templates():
        for language in ("en", "de"):
            address = f"/dev/mails/{template}?language={language}"
            assert address in page
            shown = marta.get(address)
            assert shown.status_code == 200
            assert "<b>Marta" not in shown.get_data(as_text=True)


def test_the_page_of_a_mail_may_do_nothing_but_look_like_one(app):
    marta = admin_of(app)
    shown = marta.get("/dev/mails/friends_joined")
    assert "frame-src 'self'" in shown.headers["Content-Security-Policy"]
    assert "script-src 'self'" in shown.headers["Content-Security-Policy"]
    page = marta.get("/dev/mails/friends_joined/page?language=de")
    assert '<html lang="de">' in page.get_data(as_text=True)
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none';")
    assert policy.endswith("sandbox")
    assert "script" not in policy


@pytest.mark.parametrize("path", ["/dev/mails/x", "/dev/mails/_foot", "/dev/mails/friends_joined?language=fr"])
def test_what_is_no_mail_is_not_found(app, path):
    assert admin_of(app).get(path).status_code == 404


def test_where_people_live_there_is_no_such_page(make_app):
    app = make_app(GRAPEVINE_ENV="production", BASE_URL="http://localhost")
    app.config["SESSION_COOKIE_SECURE"] = False
    marta = admin_of(app)
    for path in ("/dev/mails", "/dev/mails/friends_joined", "/dev/mails/friends_joined/page"):
        assert marta.get(path).status_code == 404
        assert browser(app).get(path).status_code == 404
