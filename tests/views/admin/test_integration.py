"""Joining the business's own site to this one, and trying the whole way from click to refund."""

import re
import secrets

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from tests import factories, money
from tests.conftest import browser
from tests.factories import NOON, sign_in, submit
from tests.views.admin.conftest import words
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import ApiKey, Click, Conversion, OutboxMail, Program, Refund, Reward, User
from webapp.queries import audit, ledger, rollups
from webapp.queries.programs import find_program
from webapp.services.keys import create_key
from webapp.services.sandbox import open_sandbox
from webapp.views.admin.whole_way import go_whole_way

PAGE = "/admin/integration"
on_sqlite = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
# Where something of another program could show.
ELSEWHERE = (
    *("/admin", "/admin/users", "/admin/keys", "/admin/keys?state=revoked", "/admin/audit?check=1", "/admin/rules"),
    *("/admin/audit/entries.csv", "/admin/referrals", "/admin/referrals?method=nobody", "/admin/conversions"),
    *("/admin/rewards", "/admin/settings", "/analytics", "/analytics/funnel", "/analytics/cohorts", "/analytics/links"),
    *("/analytics/referrers", "/analytics/rewards", "/analytics/days.csv", "/analytics/links.csv", "/dashboard"),
    *("/analytics/campaigns.csv", "/analytics/rewards.csv", "/analytics/referrers.csv", "/analytics/cohorts.csv"),
)


def without_tokens(page):
    return re.sub(r'name="csrf_token"[^>]*value="[^"]*"|"X-CSRFToken": "[^"]*"', "", page)


def looks(client):
    return {path: without_tokens(client.get(path).get_data(as_text=True)) for path in ELSEWHERE}


def test_the_whole_way_is_green_and_nothing_of_it_shows_anywhere(app, marta):
    before = looks(marta)
    for _again in range(2):
        tried = submit(marta, PAGE, {})
        said = words(tried.get_data(as_text=True))
        assert tried.status_code == 200
        assert "The whole way works, from click to refund" in said
        assert "The signup was credited to the link" in said
        assert "The purchase earned $5.00" in said
        assert "The refund took $5.00 back" in said
    assert looks(marta) == before
    assert "Not yet" in words(marta.get(PAGE).get_data(as_text=True))
    with app.app_context():
        session = db.session()
        sandbox = find_program(session, "sandbox")
        for model, rows in ((Click, 2), (Conversion, 4), (Refund, 2), (Reward, 2), (User, 3)):
            assert session.scalar(select(func.count()).where(model.program_id == sandbox.id)) == rows
        assert session.scalar(select(func.count()).where(ApiKey.revoked_at.is_(None))) == 0
        assert session.scalar(select(func.count()).select_from(OutboxMail)) == 0
        for prove in (ledger, rollups, audit):
            assert list(prove.breaches(session)) == []
        # Who tried is signed in as before, and nobody else is.
        assert session.scalar(select(func.count()).select_from(Program)) == 2
    assert marta.get("/admin").status_code == 200


@on_sqlite
def test_a_hop_that_fails_is_red_with_what_is_missing_and_the_others_are_not_tried(app, marta, monkeypatch):
    def fail(*_args, **_kwargs):
        raise OperationalError("INSERT", {}, Exception("disk full"))

    monkeypatch.setattr("webapp.clicks.writer.record_clicks", fail)
    said = words(submit(marta, PAGE, {}).get_data(as_text=True))
    assert "The way breaks off" in said
    assert "The click did not come through" in said
    assert "it was not stored. The log says “click_lost”." in said
    assert "The signup was not tried" in said
    with app.app_context():
        assert db.session.scalar(select(func.count()).where(ApiKey.revoked_at.is_(None))) == 0


@on_sqlite
def test_what_the_api_answers_to_a_failing_hop_is_shown_in_its_own_words(marta, monkeypatch):
    monkeypatch.setattr(
        "webapp.views.admin.whole_way._Walk.click", lambda walk: walk._hop("click", "", Ok(), (200,), "")
    )
    said = words(submit(marta, PAGE, {}).get_data(as_text=True))
    assert "The account was made, but nobody is credited for it." not in said
    assert "The signup did not come through" in said
    assert "answered with 422" in said
    assert "click_id must" in said


class Ok:
    """A click that told no id."""

    status_code = 200

    def get_json(self, *, silent):
        return None


@on_sqlite
@pytest.mark.parametrize(
    ("broken", "sentence"), [("rule", "no rule rewarded it"), ("link", "nobody is credited for it")]
)
def test_what_came_without_its_effect_is_red_too(app, marta, monkeypatch, broken, sentence):
    if broken == "rule":
        monkeypatch.setattr("webapp.services.sandbox._rule", lambda: money.rule(key="sandbox", trigger="renewal"))
    else:
        monkeypatch.setattr("webapp.views.api.signups.read_id", lambda *_: None)
    said = words(submit(marta, PAGE, {}).get_data(as_text=True))
    assert sentence in said
    assert "The refund was not tried" in said


@on_sqlite
def test_the_page_holds_what_is_real_and_copies_without_the_key(app, marta):
    with app.app_context(), write_transaction() as session:
        program = factories.program(session)
        program.landing_url, program.currency, program.consent_mode = "https://shop.example/hello", "EUR", "required"
        code = factories.link_of(session, session.get_one(User, marta.user_id)).code
    page = marta.get(PAGE).get_data(as_text=True)
    said = words(page)
    assert "No link was opened yet" in said
    assert "You need a key first" in said
    assert "Links lead to https://shop.example/hello." in said
    script = (
        "&lt;script src=&#34;http://localhost/static/js/grapevine.js&#34; defer data-consent=&#34;required&#34;&gt;"
    )
    assert script in page
    assert f"http://localhost/r/{code}" in page
    assert "curl http://localhost/api/v1/signups" in page
    assert "Bearer gvk_…" in page
    assert f"&#34;referral_code&#34;: &#34;{code}&#34;" in page
    assert "&#34;currency&#34;: &#34;EUR&#34;" in page
    assert "Your page says so by calling grapevine.consent()." in said
    assert "4999 is €49.99." in said
    assert page.count("btn-primary") == 1
    assert page.count("data-copy=") == 5


@on_sqlite
def test_the_heading_says_what_does_not_arrive_yet(app, marta):
    with app.app_context(), write_transaction() as session:
        code = factories.link_of(session, factories.person(session)).code
        program = factories.program(session)
        program.landing_url = "https://shop.example/hello"
        create_key(session, program, name="shop", scope="write", secret="gvk_shop", now=NOON)
    headings = [heading(marta)]
    browser(app).get(f"/r/{code}")
    headings.append(heading(marta))
    for path, body in (
        ("signups", {"external_id": "cus_1", "email": "bob@example.org", "name": "Bob", "referral_code": code}),
        (
            "conversions",
            {"event_id": "e", "type": "purchase", "user": {"external_id": "cus_1"}, "amount": 1, "currency": "USD"},
        ),
        ("refunds", {"event_id": "r", "conversion_event_id": "e"}),
    ):
        headers = {"Authorization": "Bearer gvk_shop"}
        assert app.test_client().post(f"/api/v1/{path}", json=body, headers=headers).status_code == 201
        headings.append(heading(marta))
    assert headings == [
        "No link was opened yet",
        "Links are opened; signups are not reported yet",
        "Signups arrive; purchases are not reported yet",
        "Signups and purchases arrive; no refund was reported yet",
        "Clicks, signups, purchases and refunds arrive",
    ]


@on_sqlite
def test_no_signup_is_missed_while_people_sign_up_here(app, marta):
    with app.app_context(), write_transaction() as session:
        code = factories.link_of(session, factories.person(session)).code
    browser(app).get(f"/r/{code}")
    said = words(marta.get(PAGE).get_data(as_text=True))
    assert "People sign up on this site; purchases are not reported yet" in said
    assert "None is needed while links lead to the sign-up page of this site." in said


def heading(client):
    return re.search(r"<h1>(.*?)</h1>", client.get(PAGE).get_data(as_text=True)).group(1)


@on_sqlite
def test_trying_costs_nobody_s_calls(app, marta, monkeypatch):
    counted = []
    monkeypatch.setattr("webapp.views.api.calling.count_api_call", counted.append)
    submit(marta, PAGE, {})
    with app.app_context():
        sandbox = find_program(db.session(), "sandbox")
        of_sandbox = set(db.session.scalars(select(ApiKey.id).where(ApiKey.program_id == sandbox.id)))
    assert set(counted) == of_sandbox
    assert len(counted) == 3


@on_sqlite
def test_the_way_is_the_same_in_production_behind_a_proxy(make_app):
    app = make_app(GRAPEVINE_ENV="production", BASE_URL="https://friends.example.com", TRUSTED_PROXIES="1")
    with app.app_context(), write_transaction() as session:
        admin_id = factories.person(session, role="admin").id
        sandbox = open_sandbox(session, secret="gvk_x", choose=secrets.choice, by=admin_id, now=NOON)
    assert [(hop.status, hop.missing) for hop in go_whole_way(app, code=sandbox.code, secret="gvk_x")] == [
        (302, ""),
        *[(201, "")] * 3,
    ]
    assert [hop.status for hop in go_whole_way(app, code="NOSUCHCODE", secret="gvk_x")] == [404, None, None, None]
    refused = go_whole_way(app, code=sandbox.code, secret="gvk_other")[1]
    assert (refused.status, refused.missing) == (401, "status")
    assert "Send a key of this site" in refused.answer


@on_sqlite
def test_only_admins_try_it(app, staff):
    client = browser(app)
    sign_in(client, "marketer@example.com")
    assert client.get(PAGE).status_code == 403
    with app.app_context():
        assert find_program(db.session(), "sandbox") is None
