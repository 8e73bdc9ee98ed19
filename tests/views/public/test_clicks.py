"""Opening a shared link, over HTTP."""

import itertools
from datetime import date
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from tests import factories
from tests.conftest import browser
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import Click, Link, LinkDay, Program, ProgramDay
from webapp.signing import read_id


@pytest.fixture
def code(app):
    with app.app_context(), write_transaction() as session:
        return factories.link_of(session, factories.person(session)).code


def clicks(app):
    with app.app_context():
        return db.session.scalars(select(Click).order_by(Click.clicked_at, Click.id)).all()


def change(app, model, **values):
    with app.app_context(), write_transaction() as session:
        session.execute(update(model).values(**values))


def counted(app):
    """Clicks by the rows and by both roll-ups, which always agree."""
    with app.app_context():
        rows = db.session.scalar(select(func.count()).select_from(Click))
        assert (db.session.scalar(select(func.sum(LinkDay.clicks))) or 0) == rows
        assert (db.session.scalar(select(func.sum(ProgramDay.clicks))) or 0) == rows
        return rows


def test_a_click_is_stored_counted_and_sent_on_with_a_cookie(app, code, time_machine):
    time_machine.move_to(factories.NOON, tick=False)
    response = browser(app).get(
        f"/r/{code}?utm_source=friend&utm_campaign=autumn", headers={"Referer": "https://chat.example/room/17?who=me"}
    )
    assert response.status_code == 302
    assert response.location == f"/signup?utm_source=friend&utm_campaign=autumn&ref={code}"
    assert response.headers["Cache-Control"] == "no-store"
    cookie = response.headers["Set-Cookie"]
    assert cookie.startswith("gv_visitor=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie
    assert f"Max-Age={60 * 24 * 3600}" in cookie
    [click] = clicks(app)
    assert (click.source_host, click.utm_source, click.utm_campaign) == ("chat.example", "friend", "autumn")
    with app.app_context():
        assert db.session.scalars(select(LinkDay.day)).all() == [date(2026, 11, 22)]
    assert counted(app) == 1


def test_in_production_the_cookie_travels_over_https_only(make_app, code):
    production = make_app(GRAPEVINE_ENV="production", BASE_URL="https://friends.example.com")
    response = browser(production).get(f"/r/{code}", base_url="https://friends.example.com")
    assert "Secure" in response.headers["Set-Cookie"]
    assert "max-age=" in response.headers["Strict-Transport-Security"]


def test_a_visitor_keeps_their_id_and_every_click_counts(app, code):
    client = browser(app)
    for _ in range(3):
        client.get(f"/r/{code}")
    assert len({click.visitor_id for click in clicks(app)}) == 1
    assert counted(app) == 3


def test_a_slash_behind_a_code_changes_nothing_and_the_click_counts_once(app, code):
    client = browser(app)
    opened = client.get(f"/r/{code}/")
    assert (opened.status_code, opened.location) == (302, f"/signup?ref={code}")
    assert counted(app) == 1
    assert client.get("/r/NOSUCHCODE/").data == client.get("/r/NOSUCHCODE").data


def test_codes_are_read_in_either_case_and_with_look_alikes(app, code):
    spelled = code.lower().replace("0", "o").replace("1", "l")
    response = browser(app).get(f"/r/{spelled}")
    assert response.location == f"/signup?ref={code}"
    assert counted(app) == 1


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("HEAD", {}),
        ("GET", {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}),
        ("GET", {"User-Agent": "WhatsApp/2.23"}),
        ("GET", {"User-Agent": "   "}),
        ("GET", {"Sec-Purpose": "prefetch;prerender"}),
        ("GET", {"Purpose": "prefetch"}),
        ("GET", {"X-Moz": "prefetch"}),
        ("GET", {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Mode": "navigate"}),
        ("GET", {"Sec-Fetch-Dest": "image", "Sec-Fetch-Mode": "no-cors"}),
        ("GET", {"Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "cors"}),
        ("GET", {"X-Purpose": "preview"}),
    ],
)
def test_what_no_person_opened_is_sent_on_without_count_or_cookie(app, code, method, headers):
    response = browser(app).open(f"/r/{code}", method=method, headers=headers)
    assert (response.status_code, response.location) == (302, f"/signup?ref={code}")
    assert "Set-Cookie" not in response.headers
    assert counted(app) == 0


@pytest.mark.parametrize(
    "path",
    [
        "NOSUCHCODE",
        "%00",
        "%F0%9F%8D%87",
        "a" * 3000,
        "'%20OR%201=1--",
        "%0d%0aX-Evil:1",
        "%ff%fe",
        "<script>",
        "-",
    ],
)
def test_an_unknown_or_hostile_code_is_one_and_the_same_page_and_writes_nothing(app, code, path):
    change(app, Link, retired_at=factories.NOON)
    retired = browser(app).get(f"/r/{code}")
    response = browser(app).get(f"/r/{path}")
    assert response.status_code == retired.status_code == 404
    assert response.data == retired.data
    assert "csrf_token" not in response.get_data(as_text=True)
    assert "/signup" in response.get_data(as_text=True)
    assert "Set-Cookie" not in response.headers
    assert "X-Evil" not in response.headers
    assert counted(app) == 0


def test_guessing_codes_is_limited_by_network_and_known_codes_go_on(make_app, code):
    app = make_app(TRUSTED_PROXIES="1")
    guesser = {"X-Forwarded-For": "2001:db8:1:2:aaaa::1"}
    for number in range(30):
        assert browser(app).get(f"/r/GUESS{number}", headers=guesser).status_code == 404
    neighbour = {"X-Forwarded-For": "2001:db8:1:2:bbbb::9"}
    for path in ("/r/GUESS99", "/signup?ref=GUESS99"):
        refused = browser(app).get(path, headers=neighbour)
        assert refused.status_code == 429
        assert 0 < int(refused.headers["Retry-After"]) <= 60
    typed = {"name": "Bob", "email": "bob@example.org", "password": factories.PASSWORD, "ref": "GUESS99"}
    client = browser(app)
    client.environ_base["HTTP_X_FORWARDED_FOR"] = neighbour["X-Forwarded-For"]
    assert factories.submit(client, "/signup", typed).status_code == 429
    assert browser(app).get(f"/r/{code}", headers=neighbour).status_code == 302
    assert browser(app).get("/r/GUESS99", headers={"X-Forwarded-For": "2001:db8:1:3::1"}).status_code == 404


def test_an_outside_destination_gets_a_signed_click_id_and_keeps_its_own_query(app, code):
    change(app, Program, landing_url="https://shop.example/start?a=1&a=2&utm_source=own&empty=&gv=x#top")
    response = browser(app).get(f"/r/{code}?utm_source=friend&utm_medium=chat&other=1")
    parts = urlsplit(response.location)
    query = parse_qs(parts.query, keep_blank_values=True)
    assert (parts.scheme, parts.netloc, parts.path, parts.fragment) == ("https", "shop.example", "/start", "top")
    assert query["a"] == ["1", "2"]
    assert query["empty"] == [""]
    assert query["utm_source"] == ["own"]
    assert query["utm_medium"] == ["chat"]
    assert query["ref"] == [code]
    assert "other" not in query
    [gv] = query["gv"]
    with app.app_context():
        assert read_id("click", gv) == clicks(app)[0].id
        assert read_id("visitor", gv) is None
        for position, other in itertools.product(range(len(gv)), "AB_9"):
            altered = gv[:position] + other + gv[position + 1 :]
            assert altered == gv or read_id("click", altered) is None


def test_a_shop_on_another_port_of_the_same_host_is_another_site(make_app, code):
    app = make_app(BASE_URL="http://localhost:8137")
    change(app, Program, landing_url="http://localhost:9000/shop")
    response = browser(app).get(f"/r/{code}")
    assert response.location.startswith(f"http://localhost:9000/shop?ref={code}&gv=")
    assert browser(app).get(f"/r/{code}?to=http://localhost:9000/plans").status_code == 302
    here = browser(app).get(f"/r/{code}?to=http://localhost:8137/plans")
    assert here.location == f"http://localhost:8137/plans?ref={code}"


def test_a_bot_on_its_way_outside_gets_no_click_id(app, code):
    change(app, Program, landing_url="https://shop.example/")
    response = browser(app).get(f"/r/{code}", headers={"User-Agent": "Googlebot/2.1"})
    assert response.location == f"https://shop.example/?ref={code}"


@pytest.mark.parametrize(
    "to",
    [
        "https://evil.test/",
        "//evil.test/",
        "/\\evil.test",
        "\\\\evil.test",
        "https://localhost@evil.test/",
        "https://localhost.evil.test/",
        "javascript:alert(1)",
        "data:text/html,x",
        "https:evil.test",
        "http:///evil.test",
        "/ok\r\nSet-Cookie: x=1",
        "\t//evil.test",
        "https://[evil",
        "",
        "ftp://localhost/",
        "http://localhost:22/",
        "https://localhost/",
    ],
)
def test_a_foreign_or_hostile_destination_is_refused_and_nothing_is_written(app, code, to):
    response = browser(app).get(f"/r/{code}", query_string={"to": to})
    assert response.status_code == 400
    assert "Location" not in response.headers
    assert "Set-Cookie" not in response.headers
    assert counted(app) == 0


@pytest.mark.parametrize(
    ("to", "begins"),
    [
        ("/plans?size=l", "/plans?size=l&ref="),
        ("https://SHOP.example:8443/a b", None),
        ("https://shop.example/tea%20pot?x=%26", "https://shop.example/tea%20pot?x=%26&ref="),
        ("http://localhost/x", "http://localhost/x?ref="),
        ("https://ported.example:8443/a", "https://ported.example:8443/a?"),
    ],
)
def test_a_deep_link_leads_to_this_site_and_to_listed_hosts(app, code, to, begins):
    change(app, Program, allowed_hosts="shop.example\nother.example\nported.example:8443")
    response = browser(app).get(f"/r/{code}", query_string={"to": to})
    if begins is None:
        assert response.status_code == 400
    else:
        assert response.status_code == 302
        assert response.location.startswith(begins)


def test_a_link_whose_host_is_no_longer_allowed_leads_to_the_landing_page(app, code):
    change(app, Link, destination_url="https://gone.example/")
    assert browser(app).get(f"/r/{code}").location == f"/signup?ref={code}"


@pytest.mark.parametrize(
    "cookie", ["x", "a" * 4000, "AAAAAAAAAAAAAAAAAAAAAA.AAAA", "é", "00000000-0000-4000-8000-000000000000"]
)
def test_a_forged_visitor_is_a_new_visitor(app, code, cookie):
    client = browser(app)
    client.set_cookie("gv_visitor", cookie)
    response = client.get(f"/r/{code}")
    assert response.status_code == 302
    assert clicks(app)[0].visitor_id.version == 7


@pytest.mark.parametrize(
    ("referer", "kept"),
    [
        ("https://Chat.Example:444/secret?token=1", "chat.example"),
        ("not a url", None),
        ("https://<script>alert(1)</script>/", None),
        ("https://[broken", None),
        ("javascript:alert(1)", None),
        ("https://" + "a" * 300 + ".example/", None),
    ],
)
def test_only_the_host_of_the_source_is_kept(app, code, referer, kept):
    browser(app).get(f"/r/{code}", headers={"Referer": referer})
    assert clicks(app)[0].source_host == kept


def test_campaign_fields_are_cut_and_cleaned(app, code):
    browser(app).get(f"/r/{code}", query_string={"utm_source": "a\x00b\r\n" + "c" * 500, "utm_medium": " \t "})
    [click] = clicks(app)
    assert click.utm_source == "ab" + "c" * 95
    assert click.utm_medium is None


def test_a_failing_database_costs_the_click_but_not_the_visitors_page(app, code, monkeypatch):
    def fail(*_args, **_kwargs):
        raise OperationalError("INSERT", {}, Exception("disk full"))

    monkeypatch.setattr("webapp.clicks.writer.record_clicks", fail)
    with capture_logs() as logged:
        response = browser(app).get(f"/r/{code}")
    assert (response.status_code, response.location) == (302, f"/signup?ref={code}")
    assert counted(app) == 0
    assert "click_lost" in [entry["event"] for entry in logged]


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("flag", "flag&ref="),
        ("flag&a=", "flag&a=&ref="),
        ("q=%E9t%E9", "q=%E9t%E9&ref="),
        ("a=x;y&b=%20+", "a=x;y&b=%20+&ref="),
        ("sig=AbC%2Fd%3D%3D&ref=old&%72ef=hidden&gv=x", "sig=AbC%2Fd%3D%3D&ref="),
        ("", "ref="),
    ],
)
def test_the_query_of_a_destination_stays_as_it_is(app, code, query, kept):
    change(app, Program, landing_url=f"/start?{query}")
    assert browser(app).get(f"/r/{code}").location == f"/start?{kept}{code}"


def test_a_long_campaign_field_is_passed_on_whole(app, code):
    long = "c" * 300
    assert f"utm_term={long}" in browser(app).get(f"/r/{code}?utm_term={long}").location
