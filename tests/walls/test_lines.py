"""Lines that others end: of the log, of headers and of mails. Nobody writes a line of their own into any of them."""

import email
import io
import itertools
import json
import re
import sys
from email import policy
from urllib.parse import urlencode, urljoin, urlsplit

import pytest
from sqlalchemy import select

from tests import factories
from tests.conftest import browser
from tests.factories import PASSWORD, csrf_token
from tests.walls.house import House, routes
from tests.walls.payloads import MARKUP, PAYLOADS
from webapp.clock import utc_now
from webapp.config import ROOT
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.jobs.deliver_mail import deliver_mail
from webapp.mail_samples import sample_mail
from webapp.models import Click, User
from webapp.services.keys import create_key
from webapp.services.sign_in_links import create_sign_in_link

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

FORGED = '{"event": "request", "route": "/forged", "status": 200}'
BREAKS = f"Mark\r\n{FORGED}\n\x1b[2K\x1b[1A\u2028{FORGED}\x85"
AGENT = "MarkedAgent/9"
ADDRESS = "203.0.113.177"
SECRET = "gvk_marked_secret_0123456789"
LINK = "marked-link-0123456789"
# What nobody reading the log may learn, in small letters.
MARKS = ("mark", "forged", "@example", ADDRESS, "a good long sentence", "\x1b")


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_whole_story_leaves_no_line_and_no_word_of_anybodys_own_in_the_log(make_app, monkeypatch, form):
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    app = make_app(TRUSTED_PROXIES="1", settings={"LOG_FORMAT": form, "PROPAGATE_EXCEPTIONS": False})
    house = House(app)
    with app.app_context(), write_transaction() as session:
        ada = session.get_one(User, house.named["user"])
        create_key(session, factories.program(session), name="shop", scope="write", secret=SECRET, now=utc_now())
        create_sign_in_link(session, ada, LINK, utc_now())
        code = factories.link_of(session, ada).code
    written.truncate(0)
    written.seek(0)
    seen = {"HTTP_USER_AGENT": f"{AGENT} {BREAKS}", "HTTP_X_FORWARDED_FOR": ADDRESS, "HTTP_REFERER": f"//m/{BREAKS}"}
    seen = {name: value.encode().decode("latin-1") for name, value in seen.items()}
    query = urlencode(
        {"next": f"/{BREAKS}", "q": BREAKS, "ref": BREAKS, "utm_campaign": BREAKS, "email": "mark@mark.example"}
    )
    asked = 0
    for client in [*house.clients.values(), browser(app)]:
        client.environ_base |= seen
    for person in (None, "referrer", "admin") if form == "json" else ("admin",):
        for rule in routes(app, "GET"):
            house.clients[person].get(f"{house.path(rule)}?{query}").close()
            asked += 1
    for path in (f"/{BREAKS}", f"/r/{BREAKS}", f"/r/{code}", f"/nowhere/{ADDRESS}"):
        house.clients[None].get(path)
    assert browser(app).get(f"/sign-in/{LINK}").status_code == 303
    token = house.token(None)
    for fields in (
        {"email": f"mark@mark.example{BREAKS}", "password": PASSWORD},
        {"name": BREAKS, "email": "mark@mark.example", "password": PASSWORD, "ref": BREAKS},
    ):
        for path in ("/login", "/signup"):
            house.clients[None].post(path, data={"csrf_token": token, **fields})
    joined = browser(app)
    fields = {"name": "Mark Markson", "email": "mark.markson@mark.example", "password": PASSWORD}
    token = csrf_token(joined.get("/signup").get_data(as_text=True))
    assert joined.post("/signup", data={"csrf_token": token, **fields}).status_code == 303
    for body in ({"external_id": "mark_1", "email": "mark2@mark.example", "name": "Mark Two"}, {"name": BREAKS}):
        joined.post("/api/v1/signups", json=body, headers={"Authorization": f"Bearer {SECRET}"})
    joined.open(
        f"/{BREAKS}", method="MARK\x1b", environ_overrides={"HTTP_HOST": f"mark{BREAKS}".encode().decode("latin-1")}
    )
    # A failure tells its kind and place.
    monkeypatch.setattr("webapp.views.public.sessions.find_by_email", lambda *_args: 1 / len(""))
    token = csrf_token(joined.get("/settings/profile").get_data(as_text=True))
    assert joined.post("/login", data={"csrf_token": token, **fields}).status_code == 500
    assert deliver_all(app) >= 0
    told = written.getvalue()
    for mark in (*MARKS, code.lower(), token.lower()):
        assert mark not in told.lower(), mark
    lines = told.splitlines()
    assert told.count("\n") == len(lines)
    if form == "json":
        assert {json.loads(line)["event"] for line in lines} >= {"request", "unhandled"}
    assert all(re.match(r'\{"|\d{4}-\d\d-\d\dT\S+ \[(info|warning|error) *\] \w', line) for line in lines)
    assert len(lines) > asked


def deliver_all(app):
    with app.app_context():
        return deliver_mail(utc_now())


def test_no_header_is_written_by_whoever_asks(app, house):
    """Locations, file names and cookies repeat some of what was sent; none of it ends a line or leads away."""
    code, admin = house.named["code"], house.clients["admin"]
    hostile = (
        "\r\nSet-Cookie: evil=1",
        "x\nLocation: //evil.example",
        "\u560d\u560aSet-Cookie: evil=1",
        "/\x85\x00\u2028z",
    )
    names = ("to", "utm_campaign", "utm_source", "next", "gv", "since", "link", "ref")
    for name, value in itertools.product(names, (*hostile, "//evil.example", "/\\evil.example", "https:evil.example")):
        for path in (f"/r/{code}", "/signup", "/login", "/dashboard/links", "/analytics/links.csv"):
            answer = admin.get(path, query_string={name: value})
            answer.close()
            for header, told in answer.headers:
                assert "evil" not in header.lower()
                assert told.isprintable(), (path, header, told)
                assert "evil" not in told or header == "Location", (path, header, told)
            where = urlsplit(urljoin("http://localhost", answer.headers.get("Location", "/")))
            assert where.netloc == "localhost", (path, name, value)


def test_what_a_click_tells_is_cut_down_to_what_it_can_be(app, house):
    """Payloads in each header and field that a click has: only campaigns are kept in words, on one line."""
    client, code = browser(app), house.named["code"]
    for payload in PAYLOADS:
        wire = payload.encode().decode("latin-1")
        headers = {
            "HTTP_USER_AGENT": f"Mozilla/5.0 Firefox/140.0 {wire}",
            "HTTP_REFERER": f"https://{wire}/",
            "HTTP_X_FORWARDED_FOR": wire,
            "HTTP_ACCEPT_LANGUAGE": wire,
            "HTTP_COOKIE": f"gv_visitor={wire}",
        }
        fields = dict.fromkeys(("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"), payload)
        answer = client.get(f"/r/{code}", query_string=fields, environ_overrides=headers)
        assert answer.status_code == 302
        assert re.fullmatch(r"[!-~]+", answer.location)
        assert answer.location.startswith("/signup?")
    app.extensions["grapevine_clicks"].writer.stop()
    with app.app_context():
        clicks = db.session.scalars(select(Click).where(Click.utm_campaign.is_not(None))).all()
        assert len(clicks) >= len(PAYLOADS)
        for click in clicks:
            assert (click.browser, click.country) == ("Firefox", None)
            assert click.source_host is None or re.fullmatch(r"[a-z0-9._:-]+", click.source_host), click.source_host
            assert all(
                one is None or one.isprintable() for one in (click.utm_source, click.utm_medium, click.utm_campaign)
            )


MAILS = sorted(path.stem for path in (ROOT / "templates" / "mail").glob("*.txt"))
HEADERS = {
    *("Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"),
    *("Content-Transfer-Encoding", "List-Unsubscribe", "List-Unsubscribe-Post"),
}


@pytest.mark.parametrize("template", MAILS)
def test_no_payload_writes_a_header_of_a_mail(app, template):
    """Nor does a name that no form takes: there is one mail to the one who is meant, or none."""
    with app.app_context(), write_transaction() as session:
        user, program = factories.person(session, email="ada@example.com"), factories.program(session)
        written = 0
        for payload in PAYLOADS:
            user.name = program.name = payload
            try:
                octets = bytes(sample_mail(template, user, "en", names=(payload,)))
            except ValueError:
                assert not payload.isprintable()
                continue
            mail = email.message_from_bytes(octets, policy=policy.default)
            assert (mail["To"], mail.get_all("Bcc")) == ("ada@example.com", None)
            assert set(mail.keys()) <= HEADERS
            assert mail["From"].addresses[0].domain == "localhost"
            for part in mail.walk():
                if part.get_content_type() == "text/html":
                    assert payload not in MARKUP or payload not in part.get_content()
            written += 1
        assert written > 50
