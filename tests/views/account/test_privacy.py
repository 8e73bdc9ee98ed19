"""Somebody takes all that is kept of them, and has it erased."""

import csv
import json
import secrets
from io import BytesIO, StringIO
from zipfile import ZipFile

import pytest
from sqlalchemy import select, text, update

from tests.conftest import browser
from tests.erasures import EMAIL, EXTERNAL_ID, MARK, NAME, PASSWORD, Story
from tests.factories import NOON, csrf_token, sign_in, submit
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import AttributionDecision, AuditEntry, Conversion, Model, Reward, User
from webapp.services.erasure import erase_person
from webapp.signing import sealer
from webapp.views.exports import ABOUT

ONLY_SQLITE = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

PAGE, ERASURE = "/settings/privacy", "/settings/privacy/erasure"


@pytest.fixture
def story(app, client, time_machine):
    time_machine.move_to(NOON, tick=False)
    told = Story(app, client)
    with app.app_context(), write_transaction() as session:
        # Whoever the story is about reads German; here pages are read in English.
        person = session.get_one(User, told.id)
        person.language, person.email_verified_at = None, NOON
    return told


@pytest.fixture
def person(app, story):
    client = browser(app)
    sign_in(client, EMAIL, PASSWORD)
    return client


def take(client, path=f"{PAGE}/export", page=PAGE, password=PASSWORD):
    return submit(client, path, {"current_password": password}, page=page)


def files_of(response):
    with ZipFile(BytesIO(response.get_data())) as file:
        return {name: file.read(name).decode("utf-8") for name in file.namelist()}


def test_all_that_is_kept_comes_as_one_file_without_anybody_else(app, story, person):
    response = take(person)
    assert (response.status_code, response.mimetype) == (200, "application/zip")
    assert response.headers["Cache-Control"] == "no-store"
    assert "attachment" in response.headers["Content-Disposition"]
    files = files_of(response)
    data = json.loads(files["data.json"])
    assert set(data) == set(ABOUT)
    account, events = data["account"][0], data["events"]
    assert (account["name"], account["email"], account["external_id"]) == (NAME, EMAIL, EXTERNAL_ID)
    assert {"gift_for": "Aunt Zqxjv"} in [one["details"] for one in events]
    assert [one["name"] for one in data["friends"]] == ["Fred S."]
    # Every table of the JSON is a table for a spreadsheet too, with as many rows, and formulas are text.
    for name, rows in data.items():
        assert name in files["README.txt"]
        assert (f"tables/{name}.csv" in files) == bool(rows)
        if rows:
            text = files[f"tables/{name}.csv"].removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")
            header, *table = csv.reader(StringIO(text))
            assert (header, len(table)) == (list(rows[0]), len(rows))
    whole = "\n".join(files.values())
    others = ("rita", "Stone", "fred@", "evt_fred", "Winter", "jo@example.com", "autumn", "too_fast", "similar_mail")
    assert [other for other in others if other in whole] == []
    # Neither hashes nor secrets.
    with app.app_context():
        assert db.session.get_one(User, story.id).password_hash not in whole
    assert take(person).get_data() == response.get_data()


@ONLY_SQLITE
def test_the_password_is_asked_for_and_reading_writes_nothing(app, story, person):
    refused = take(person, password="wrong")
    assert (refused.status_code, refused.mimetype) == (422, "text/html")
    assert "This is not your password." in refused.get_data(as_text=True)


@ONLY_SQLITE
def test_every_table_of_a_person_is_in_the_file_or_left_out_on_purpose(app):
    owned = {
        table.name
        for table in Model.metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table.name == "users"
    }
    in_file = {"attribution_decisions", "attribution_touches", "referrals", "links", "link_days", "conversions"}
    in_file |= {"rewards", "ledger_entries", "redemptions", "appeals", "screenings", "bans", "user_sessions"}
    in_file |= {"sightings", "outbox_mails", "mailed_links", "sign_in_links", "former_mailboxes"}
    # What only serves signing in, what is about friends, and what stands in other tables of the file.
    secrets = {"recovery_codes", "second_factors"}
    of_friends = {"qualified_friends", "referral_changes", "link_revenue_days"}
    of_staff = {"referral_change_notes", "reward_notes", "screening_entries", "exchange_quotes"}
    assert owned - in_file - secrets - of_friends - of_staff == {"reward_decisions", "reward_rule_versions"}


@ONLY_SQLITE
def test_somebody_is_erased_who_says_what_they_give_up_and_types_who_they_are(app, story, person):
    page = person.get(ERASURE).get_data(as_text=True)
    assert "I give up" in page
    seen = page.partition('name="seen"')[2].partition('value="')[2].partition('"')[0]
    form = {"csrf_token": csrf_token(page), "seen": seen, "typed_email": EMAIL.upper(), "current_password": PASSWORD}
    for left_out in ("typed_email", "current_password", "gives_up"):
        sent = {"gives_up": "y", **form, left_out: ""}
        if left_out == "gives_up":
            del sent["gives_up"]
        assert person.post(ERASURE, data=sent).status_code == 422
    late = person.post(ERASURE, data={**form, "gives_up": "y", "seen": "1"})
    assert late.status_code == 422
    with app.app_context():
        assert db.session.get_one(User, story.id).erased_at is None
    done = person.post(ERASURE, data={**form, "gives_up": "y"})
    assert (done.status_code, done.location) == (303, "/privacy")
    assert "has been erased" in person.get("/privacy").get_data(as_text=True)
    assert person.get("/dashboard").status_code == 302
    assert submit(browser(app), "/login", {"email": EMAIL, "password": PASSWORD}).status_code == 422
    with app.app_context():
        act = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "person_erased")).one()
        assert (act.actor_id, act.details["reason"]) == (story.id, "self")
    # Whoever brought them, and staff, see that somebody left.
    admin = browser(app)
    sign_in(admin, "jo@example.com", PASSWORD)
    shown = admin.get(f"/admin/users/{story.id}").get_data(as_text=True)
    assert "Someone who left" in shown
    assert "Everything about this person was erased on" in shown
    admin.environ_base["HTTP_ACCEPT_LANGUAGE"] = "de"
    for path in ("/admin/users", f"/admin/users/{story.id}"):
        shown = admin.get(path).get_data(as_text=True)
        assert ("Jemand, der gegangen ist" in shown, "Someone who left" in shown) == (True, False), path


@ONLY_SQLITE
@pytest.mark.parametrize("who", ["person", "admin"])
def test_while_a_payout_is_on_its_way_no_form_asks_for_what_cannot_be(app, story, who):
    with app.app_context(), write_transaction() as session:
        session.execute(text("DROP TRIGGER IF EXISTS rewards_status"))
        session.execute(update(Reward).where(Reward.beneficiary_id == story.id).values(status="in_payout"))
    client = browser(app)
    sign_in(client, EMAIL if who == "person" else "jo@example.com", PASSWORD)
    page = client.get(ERASURE if who == "person" else f"/admin/users/{story.id}/privacy/erasure").get_data(as_text=True)
    assert "is on its way" in page
    assert 'name="current_password"' not in page
    assert "Leave it as it is" in page
    assert ('aria-current="true"' in page) == (who == "admin")  # The side bar says that it is about people.


@ONLY_SQLITE
def test_the_only_admin_reads_why_they_stay(app, story):
    client = browser(app)
    sign_in(client, "jo@example.com", PASSWORD)
    page = client.get(ERASURE).get_data(as_text=True)
    assert "friends who joined" not in page  # There are none, so nothing is said of them.
    assert ("only admin left" in page, 'name="current_password"' in page) == (True, False)
    form = {"csrf_token": csrf_token(page), "seen": "0", "typed_email": "jo@example.com", "current_password": PASSWORD}
    refused = client.post(ERASURE, data=form)
    assert refused.status_code == 422
    assert "only admin left" in refused.get_data(as_text=True)


@ONLY_SQLITE
def test_an_admin_does_both_for_who_cannot_and_the_audit_log_keeps_it(app, story):
    client = browser(app)
    sign_in(client, "jo@example.com", PASSWORD)
    where = f"/admin/users/{story.id}/privacy"
    assert NAME in files_of(take(client, f"{where}/export", f"{where}/export"))["data.json"]
    page = client.get(f"{where}/erasure").get_data(as_text=True)
    seen = page.partition('name="seen"')[2].partition('value="')[2].partition('"')[0]
    form = {"csrf_token": csrf_token(page), "seen": seen, "reason": "asked", "gives_up": "y"}
    form |= {"current_password": PASSWORD}
    assert client.post(f"{where}/erasure", data=form).status_code == 422
    assert client.post(f"{where}/erasure", data={**form, "sure": "y"}).status_code == 303
    assert client.get(f"{where}/erasure").status_code == 404
    with app.app_context():
        acts = db.session.scalars(select(AuditEntry).where(AuditEntry.subject_id == story.id)).all()
        assert {"person_exported", "person_erased"} <= {act.action for act in acts}
    assert "erased all that told who" in client.get("/admin/audit").get_data(as_text=True)
    # Every page about what they did still opens, and says nothing of them.
    with app.app_context():
        session = db.session()
        conversions = session.scalars(select(Conversion.id).where(Conversion.user_id == story.id)).all()
        rewards = session.scalars(select(Reward.id).where(Reward.beneficiary_id == story.id)).all()
        signup = session.scalars(select(AttributionDecision.id).where(AttributionDecision.friend_id == story.id)).one()
    pages = [f"/admin/users/{story.id}", f"/admin/referrals/{signup}", f"/admin/ledger?person={story.id}"]
    pages += [f"/admin/conversions/{id_}" for id_ in conversions]
    pages += [f"/admin/rewards/{id_}{of}" for id_ in rewards for of in ("", "/as-seen")]
    pages += [
        f"/admin/fraud/{story.id}/person",
        "/admin/fraud",
        "/admin/users",
        "/admin/rewards",
        "/admin/keys",
    ]
    pages += [
        "/admin/conversions",
        "/admin/referrals",
        "/admin/fraud/lists",
        "/analytics/links",
        "/analytics/referrers",
    ]
    for path in pages:
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert MARK not in answer.get_data(as_text=True).lower(), path


@ONLY_SQLITE
def test_a_friend_who_left_is_shown_without_a_name(app, story, person):
    assert "Fred" in person.get("/dashboard/referrals").get_data(as_text=True)
    with app.app_context(), write_transaction() as session:
        fred = session.get_one(User, story.fred)
        how = {"by": None, "reason": "asked", "gives_up": True, "sealer": sealer(), "now": NOON}
        erase_person(session, fred, choose=secrets.choice, **how)
    for path in ("/dashboard", "/dashboard/referrals", "/dashboard/rewards"):
        page = person.get(path).get_data(as_text=True)
        assert "Fred" not in page, path
    assert "Someone who left" in person.get("/dashboard/referrals").get_data(as_text=True)
