"""The page that says what is kept, and the file that says whom to tell about a hole."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from tests.factories import NOON
from webapp.database import write_transaction
from webapp.models import Program

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


def page(client):
    return client.get("/privacy").get_data(as_text=True)


def change(app, **settings):
    with app.app_context(), write_transaction() as session:
        session.execute(update(Program).values(**settings))


def test_the_page_says_what_the_settings_say(app, client):
    before = page(client)
    assert "400 days" in before
    assert "gv_visitor" in before
    assert "60 days" in before
    assert "93 days" not in before
    change(app, keep_clicks_days=93, keep_metadata_days=77, window_days=41)
    after = page(client)
    for said in ("93 days", "77 days", "41 days"):
        assert said in after
    assert "400 days" not in after
    change(app, consent_mode="none")
    assert "gv_visitor" not in page(client)


def test_whoever_may_sign_up_or_in_finds_it(client):
    for path in ("/signup", "/login", "/privacy"):
        assert 'href="/privacy"' in client.get(path).get_data(as_text=True)


def test_security_txt_says_whom_to_tell_and_until_when(make_app, time_machine):
    time_machine.move_to(NOON, tick=False)
    contact = "mailto:security@example.com"
    client = make_app(SECURITY_CONTACT=contact, BASE_URL="https://friends.example.com").test_client()
    answer = client.get("/.well-known/security.txt", base_url="https://friends.example.com")
    assert (answer.status_code, answer.content_type) == (200, "text/plain; charset=utf-8")
    fields = dict(line.split(": ", 1) for line in answer.get_data(as_text=True).splitlines())
    assert fields["Contact"] == contact
    assert fields["Canonical"] == "https://friends.example.com/.well-known/security.txt"
    assert fields["Preferred-Languages"] == "de, en"
    expires = datetime.fromisoformat(fields["Expires"]).astimezone(UTC)
    assert timedelta(days=30) < expires - NOON < timedelta(days=365)


def test_without_a_contact_there_is_no_such_file(client):
    assert client.get("/.well-known/security.txt").status_code == 404
