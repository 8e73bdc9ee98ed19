"""A page of the business's site tells that it was opened with a code."""

import json

import pytest
from limits import RateLimitItemPerMinute
from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError

from tests import factories
from tests.conftest import browser
from webapp.assets import EMBEDDED
from webapp.config import ROOT
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import Click, LinkDay, Program
from webapp.signing import read_id

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

SHOP = "https://shop.example"


@pytest.fixture
def code(app):
    with app.app_context(), write_transaction() as session:
        session.execute(
            update(Program).values(landing_url=f"{SHOP}/welcome", allowed_hosts="other.example:8443", window_days=7)
        )
        return factories.link_of(session, factories.person(session)).code


def tell(app, body, *, origin=SHOP, content_type="text/plain;charset=UTF-8", client=None, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    if origin:
        headers["Origin"] = origin
    data = body if isinstance(body, str) else json.dumps(body)
    return (client or browser(app)).post("/t/clicks", data=data, content_type=content_type, headers=headers)


def clicks(app):
    with app.app_context():
        return db.session.scalars(select(Click).order_by(Click.id)).all()


def test_a_page_tells_its_click_once_and_gets_its_signed_id(app, code):
    told = tell(
        app,
        {
            "ref": code.lower(),
            "source_url": "https://chat.example/room/17?who=me",
            "url": f"{SHOP}/?ref={code}&utm_source=friend&utm_source=other&utm_medium=a%00b&utm_campaign={'c' * 200}",
        },
    )
    [click] = clicks(app)
    answer = told.get_json()
    assert (told.status_code, answer["consent"], answer["days"]) == (201, "cookie", 7)
    with app.app_context():
        assert read_id("click", answer["gv"]) == click.id
        assert db.session.scalar(select(func.sum(LinkDay.clicks))) == 1
    assert (click.source_host, click.utm_source, click.utm_medium) == ("chat.example", "friend", "ab")
    assert click.utm_campaign == "c" * 100
    assert told.headers["Access-Control-Allow-Origin"] == SHOP
    assert "Origin" in told.headers["Vary"]
    assert told.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in told.headers
    again = tell(app, {"ref": code, "gv": answer["gv"]})
    assert (again.status_code, again.get_json()) == (200, answer)
    assert len(clicks(app)) == 1


def test_an_earlier_click_on_another_link_is_the_same_visitors(app, code):
    first = tell(app, {"ref": code}).get_json()["gv"]
    with app.app_context(), write_transaction() as session:
        other = factories.link_of(session, factories.person(session)).code
    second = tell(app, {"ref": other, "gv": first})
    assert second.status_code == 201
    assert second.get_json()["gv"] != first
    stranger = tell(app, {"ref": other, "gv": "forged"})
    assert stranger.status_code == 201
    one, two, three = (click.visitor_id for click in clicks(app))
    assert one == two != three


@pytest.mark.parametrize(
    ("mode", "gpc", "consent"), [("required", "", "required"), ("none", "", "none"), ("cookie", "1", "none")]
)
def test_the_answer_says_what_may_be_remembered(app, code, mode, gpc, consent):
    with app.app_context(), write_transaction() as session:
        session.execute(update(Program).values(consent_mode=mode))
    assert tell(app, {"ref": code}, Sec_GPC=gpc).get_json()["consent"] == consent


def test_a_cookie_of_ours_is_neither_read_nor_set(app, code):
    client = browser(app)
    client.get(f"/r/{code}")
    told = tell(app, {"ref": code}, client=client)
    assert "Set-Cookie" not in told.headers
    assert len({click.visitor_id for click in clicks(app)}) == 2


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "*",
        "https://evil.example",
        "http://shop.example",
        "https://shop.example:8443",
        "https://shop.example.evil.example",
        "http://other.example",
        "https://[broken",
    ],
)
def test_a_foreign_site_is_refused_and_told_why(app, code, origin):
    told = tell(app, {"ref": code}, origin=origin)
    assert (told.status_code, told.mimetype) == (403, "application/problem+json")
    assert "may tell clicks" in told.get_json()["detail"]
    assert "Access-Control-Allow-Origin" not in told.headers
    assert "Origin" in told.headers["Vary"]
    assert clicks(app) == []
    headers = {"Origin": origin} if origin else {}
    assert browser(app).options("/t/clicks", headers=headers).status_code == 403


@pytest.mark.parametrize(
    "origin", [SHOP, "https://other.example:8443", "http://other.example:8443", "http://localhost"]
)
def test_the_programs_own_sites_may_ask_before_they_send_json(app, code, origin):
    asked = browser(app).options("/t/clicks", headers={"Origin": origin, "Access-Control-Request-Method": "POST"})
    assert asked.status_code == 200
    assert asked.headers["Access-Control-Allow-Origin"] == origin
    assert asked.headers["Access-Control-Allow-Methods"] == "POST"
    assert asked.headers["Access-Control-Allow-Headers"] == "Content-Type"
    assert "Access-Control-Allow-Credentials" not in asked.headers
    assert tell(app, {"ref": code}, origin=origin, content_type="application/json").status_code == 201


@pytest.mark.parametrize(
    "headers", [{"User_Agent": "Googlebot/2.1"}, {"User_Agent": ""}, {"Sec_Purpose": "prefetch;prerender"}]
)
def test_what_no_person_opened_is_not_counted(app, code, headers):
    told = tell(app, {"ref": code}, **headers)
    assert (told.status_code, told.get_json()["gv"]) == (200, None)
    assert clicks(app) == []


def test_unknown_codes_are_refused_in_a_sentence_and_limited(app, code):
    for number in range(30):
        unknown = tell(app, {"ref": f"GUESS{number}"})
        assert (unknown.status_code, unknown.mimetype) == (404, "application/problem+json")
        assert unknown.headers["Access-Control-Allow-Origin"] == SHOP
    refused = tell(app, {"ref": "GUESS99"})
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert tell(app, {"ref": code}).status_code == 201


def test_a_flood_from_one_network_is_limited(app, code, monkeypatch):
    monkeypatch.setattr("webapp.limits.REPORTED_CLICKS", RateLimitItemPerMinute(2))
    assert [tell(app, {"ref": code}).status_code for _ in range(3)] == [201, 201, 429]


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        ("{", "text/plain", 400),
        ("[]", "text/plain", 422),
        ("{}", "text/plain", 422),
        ({"ref": 7}, "text/plain", 422),
        ({"ref": "X", "visitor": "me"}, "text/plain", 422),
        ({"ref": "X"}, "multipart/form-data", 415),
        ({"ref": "X" * 70_000}, "text/plain", 413),
        ({"ref": "\ud800"}, "text/plain", 404),
        ({"ref": "A\x00B"}, "text/plain", 404),
    ],
)
def test_a_hostile_body_is_refused_and_writes_nothing(app, code, body, content_type, status):
    assert tell(app, body, content_type=content_type).status_code == status
    assert clicks(app) == []


@pytest.mark.parametrize("url", ["https://[broken", "\ud800", "?" + "a=1&" * 5_000, "javascript:alert(1)", ""])
def test_addresses_that_are_none_cost_their_fields_alone(app, code, url):
    assert tell(app, {"ref": code, "url": url, "source_url": url, "gv": url[:50]}).status_code == 201
    [click] = clicks(app)
    assert (click.source_host, click.utm_source) == (None, None)


def test_a_failing_database_is_said_so_that_the_page_can_tell_again(app, code, monkeypatch):
    def fail(*_args, **_kwargs):
        raise OperationalError("INSERT", {}, Exception("disk full"))

    monkeypatch.setattr("webapp.clicks.recording.record_click", fail)
    told = tell(app, {"ref": code})
    assert told.status_code == 503
    assert told.headers["Access-Control-Allow-Origin"] == SHOP


@pytest.mark.parametrize("environment", ["development", "production"])
def test_the_script_is_small_and_may_be_embedded_under_a_name_that_stays(make_app, environment):
    app = make_app(GRAPEVINE_ENV=environment)
    served = browser(app).get(EMBEDDED)
    assert served.status_code == 200
    assert len(served.data) < 2_000
    assert served.data == (ROOT / "static/js/grapevine.js").read_bytes()
    served.close()
    assert served.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert served.headers["Cache-Control"] == "max-age=3600, public"
    others = browser(app).head("/static/js/app.js")
    assert others.headers["Cross-Origin-Resource-Policy"] == "same-origin"
