"""The audit log as people read it."""

import csv
import json
import re
from datetime import timedelta
from io import StringIO

import pytest

from tests import factories, money
from tests.factories import NOON, join
from tests.services.test_audit import tamper
from tests.views.admin.conftest import words
from webapp.database import write_transaction
from webapp.ids import new_id
from webapp.models import User
from webapp.queries.rewards import list_rewards
from webapp.services.audit import record_act
from webapp.services.keys import create_key, revoke_key
from webapp.services.roles import change_role
from webapp.services.signups import CameBy

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

DAY = timedelta(days=1)


@pytest.fixture
def keep(app):
    """Keep an act: `keep("sessions_ended", "user", user_id, by=…, now=…, sessions=2)`."""

    def act(action, subject, subject_id, *, by=None, now=NOON, **details):
        with app.app_context(), write_transaction() as session:
            program_id = factories.program(session).id
            record_act(
                session, program_id, action, subject=subject, subject_id=subject_id, by=by, now=now, details=details
            )

    return act


@pytest.fixture
def things(app, marta):
    """One of everything that acts are about."""
    with app.app_context(), write_transaction() as session:
        program = factories.program(session)
        money.publish(session, name="A fifth <of> all")
        bob = factories.person(session, name="Bob Miller", email="bob@example.org")
        cy, _referral = join(session, CameBy(typed=factories.link_of(session, bob)), name="Cy", email="cy@example.org")
        money.buy(session, cy, "49.99 USD", at=NOON)
        key = create_key(session, program, name="=cmd|' /C calc'!A0", scope="read", secret="x", now=NOON)
        revoke_key(session, key, by=marta.user_id, now=NOON)
        change_role(session, bob, "marketer", by=marta.user_id, now=NOON)
        reward = list_rewards(session, program.id)[0][0]
        return {"user": bob.id, "key": key.id, "reward": reward.id, "program": program.id}


def test_acts_are_sentences_with_the_names_of_today_and_links(app, marta, things, keep, page):
    keep("reward_rejected", "reward", things["reward"], by=marta.user_id, reason="x")
    keep(
        *("settings_changed", "program", things["program"]),
        changed=["name", "window_days", "attribution_model"],
        window_days={"from": 60, "to": 30},
        attribution_model={"from": "last", "to": "first"},
    )
    said = page("/admin/audit")
    for sentence in (
        "The command line published version 1 of the rule “A fifth &lt;of&gt; all”",
        "Marta Voss changed Bob Miller from referrer to marketer",
        "The command line made the API key “=cmd|&#39; /C calc&#39;!A0” , which may only read",
        "Marta Voss rejected the reward of $10.00 for Bob Miller",
        "The command line changed the settings: the name, the window from 60 to 30 days, and the credit from the last"
        " link to the first link",
    ):
        assert sentence in said
    markup = marta.get("/admin/audit").get_data(as_text=True)
    assert f'<a href="/admin/users/{things["user"]}">Bob Miller</a>' in markup
    assert 'href="/admin/keys?state=revoked"' in markup


def test_who_and_what_is_gone_is_someone(keep, page):
    keep("role_changed", "user", new_id(), by=new_id(), **{"from": "admin", "to": "referrer"})
    keep("key_revoked", "key", new_id())
    keep("reward_held", "reward", new_id())
    keep("rule_ended", "rule", new_id(), key="old-rule")
    said = page("/admin/audit")
    assert "Someone changed someone from admin to referrer" in said
    assert "The command line held a reward" in said
    assert "The command line ended the rule “old-rule”" in said


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [4, 3, 2, 1]),
        ("action=role_changed", [4, 2]),
        ("who=command", [3, 1]),
        ("who={marta}", [4, 2]),
        ("subject=key", [3, 1]),
        ("subject=user&subject_id={bob}", [2]),
        ("since=2026-11-23", [4, 3]),
        ("until=2026-11-22", [2, 1]),
        ("since=2026-11-23&until=2026-11-23", [3]),
        ("action=role_changed&who={marta}&since=2026-11-23", [4]),
        ("action=rule_ended", []),
    ],
)
def test_filters_stand_in_the_address_and_the_file_follows_them(marta, keep, query, numbers):
    bob = new_id()
    keep("key_created", "key", new_id())
    keep("role_changed", "user", bob, by=marta.user_id)
    keep("key_revoked", "key", new_id(), now=NOON + DAY)
    keep("role_changed", "user", new_id(), by=marta.user_id, now=NOON + 2 * DAY)
    query = query.format(marta=marta.user_id, bob=bob)
    page = marta.get(f"/admin/audit?{query}").get_data(as_text=True)
    assert [int(number) for number in re.findall(r"entry (\d+)", page)] == numbers
    rows = read_csv(marta.get(f"/admin/audit/entries.csv?{query}"))
    assert [int(row["number"]) for row in rows] == numbers
    if numbers and query:
        assert f"/admin/audit/entries.csv?{query.split('&')[0]}" in page


@pytest.mark.parametrize(
    "query",
    ["action=unknown", "who=nobody", "subject=cat", "subject_id=1", "since=yesterday", "until=0001-01-01", "before=x"],
)
def test_what_is_no_filter_is_not_there(marta, query):
    assert marta.get(f"/admin/audit?{query}").status_code == 404
    if not query.startswith("before"):
        assert marta.get(f"/admin/audit/entries.csv?{query}").status_code == 404


def test_a_day_is_one_of_the_program(app, marta, keep):
    with app.app_context(), write_transaction() as session:
        factories.program(session).time_zone = "Asia/Tokyo"
    # 04:00 on the 23rd in Tokyo.
    keep("key_created", "key", new_id(), now=NOON + timedelta(hours=7))
    assert len(read_csv(marta.get("/admin/audit/entries.csv?since=2026-11-23"))) == 1
    assert len(read_csv(marta.get("/admin/audit/entries.csv?until=2026-11-22"))) == 0


def test_the_file_has_codes_and_words_and_nothing_that_a_spreadsheet_would_run(marta, things):
    response = marta.get("/admin/audit/entries.csv")
    assert response.headers["Content-Disposition"] == 'attachment; filename="audit-log-2026-11-22.csv"'
    newest = read_csv(response)[0]
    assert (newest["actor"], newest["who"], newest["action"]) == ("person", "Marta Voss", "role_changed")
    assert newest["what"] == "Marta Voss changed Bob Miller from referrer to marketer"
    assert json.loads(newest["details"]) == {"from": "referrer", "to": "marketer"}
    assert len(newest["fingerprint"]) == 64


def test_the_file_has_the_same_codes_for_every_reader_and_words_in_their_language(marta, things):
    english, german = (
        read_csv(marta.get("/admin/audit/entries.csv", headers={"Accept-Language": language}))
        for language in ("en-US", "de-DE")
    )
    said = [(row.pop("what"), row.pop("who")) for row in english]
    assert ("The command line published version 1 of the rule “A fifth <of> all”", "The command line") in said
    said_in_german = [(row.pop("what"), row.pop("who")) for row in german]
    assert all(english != german for english, german in zip(said, said_in_german, strict=True))
    assert english == german


def test_a_name_that_is_a_formula_is_written_as_text(app, marta, keep):
    with app.app_context(), write_transaction() as session:
        session.get_one(User, marta.user_id).name = "=1+1"
    keep("key_created", "key", new_id(), by=marta.user_id)
    (row,) = read_csv(marta.get("/admin/audit/entries.csv"))
    assert row["who"] == "'=1+1"
    assert row["what"].startswith("'=1+1 made")


def test_the_log_is_checked_when_asked(marta, keep, page, app):
    assert "There is nothing to check yet." in page("/admin/audit?check=1")
    for _ in range(3):
        keep("key_created", "key", new_id())
    assert "Each follows from the one before" not in page("/admin/audit")
    assert "3 entries, checked just now. Each follows from the one before." in page("/admin/audit?check=1")
    with app.app_context():
        tamper("UPDATE audit_entries SET action = 'key_revoked' WHERE sequence = 2")
    said = page("/admin/audit?check=1")
    assert "The log was tampered with, or damaged." in said
    assert "Entry 2 does not follow from the one before it." in said


def test_older_acts_come_as_a_part_in_the_order_of_their_numbers(marta, keep):
    for number in range(53):
        # A clock that goes backwards changes no order.
        keep("key_created", "key", new_id(), now=NOON - number * DAY)
    first = marta.get("/admin/audit?action=key_created").get_data(as_text=True)
    (older,) = re.findall(r'hx-get="([^"]+)"', first)
    part = marta.get(older.replace("&amp;", "&"), headers={"HX-Request": "true"}).get_data(as_text=True)
    assert "<html" not in part
    assert re.findall(r"entry (\d+)", first + part) == [str(number) for number in range(53, 0, -1)]
    assert "53 acts fit the filters" in words(first)


def read_csv(response):
    return list(csv.DictReader(StringIO(response.get_data().decode("utf-8-sig"))))
