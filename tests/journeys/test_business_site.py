"""The business's own site, on another origin, with the script that it embeds."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import func, select, update

from tests import factories
from tests.factories import NOON
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import Click, Program, Referral
from webapp.services.keys import create_key

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]

GPC = "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true });"
BLOCKED = "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } });"


@dataclass
class Business:
    """A shop of plain pages. `attributes` and `before` are what it writes around the script."""

    url: str
    code: str
    attributes: str = ""
    before: str = ""
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def business(site) -> Iterator[Business]:
    """A shop that the program's links lead to."""

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shop.asked.append(self.path)
            page = f"""<!doctype html><html lang="en"><head><title>Fernhill</title><link rel="icon" href="data:,">
                <script src="/before.js"></script>
                <script src="{site.url}/static/js/grapevine.js" defer {shop.attributes}></script></head>
                <body><h1>Coffee</h1><a href="/join">Join</a>
                <form action="/joined"><input type="hidden" name="referral_code"><input type="hidden" name="click_id">
                <input type="hidden" name="plan" value="pro"><button>Sign up</button></form></body></html>"""
            script = self.path == "/before.js"
            self.send_response(200)
            self.send_header("Content-Type", "text/javascript" if script else "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write((shop.before if script else page).encode())

        def log_message(self, *_args: object) -> None:
            """Nobody reads along."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    url = f"http://127.0.0.1:{server.server_port}"
    with site.app.app_context(), write_transaction() as session:
        session.execute(update(Program).values(landing_url=f"{url}/welcome?lang=en"))
        code = factories.link_of(session, factories.person(session)).code
        create_key(session, factories.program(session), name="shop", scope="write", secret="gvk_shop", now=NOON)
    shop = Business(url, code)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield shop
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def visit(business, open_browser):
    """A browser that also takes pages of the shop for its own."""

    def open_one(script: str = "") -> Page:
        watched = open_browser()
        if script:
            watched.page.context.add_init_script(script)
        visit.watched = watched
        return watched.page

    visit = open_one
    yield visit
    complaints = [one for one in visit.watched.complaints if not one.startswith(f"asked for {business.url}/")]
    assert complaints == []
    assert visit.watched.page.evaluate("window.violations || []") == []


def fields(page: Page) -> dict[str, str]:
    return page.eval_on_selector_all("input", "all => Object.fromEntries(all.map((one) => [one.name, one.value]))")


def stored(page: Page) -> dict[str, str] | None:
    return json.loads(page.evaluate("localStorage.grapevine || null") or "null")


def is_filled(page: Page) -> None:
    expect(page.locator("[name=click_id]")).not_to_have_value("")


def clicks(site) -> int:
    with site.app.app_context():
        return db.session.scalar(select(func.count()).select_from(Click))


def report(site, told: dict[str, str]) -> dict[str, object]:
    """The shop's server reports the signup with what its form brought."""
    body = {"external_id": "cus_1", "email": "bob@example.org", "name": "Bob Miller", **told}
    answer = site.app.test_client().post(
        "/api/v1/signups", json=body, headers={"Authorization": "Bearer gvk_shop"}, base_url=site.url
    )
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return answer.get_json()


def test_a_click_survives_the_way_through_the_shop_and_is_credited(site, business, visit):
    page = visit()
    page.goto(f"{site.url}/r/{business.code}")
    assert page.url.startswith(f"{business.url}/welcome?lang=en&ref={business.code}&gv=")
    page.wait_for_function("localStorage.grapevine")
    page.goto(f"{business.url}/join")
    page.get_by_role("button", name="Sign up").click()
    page.wait_for_url("**/joined?**")
    sent = {name: value for name, (value,) in parse_qs(urlsplit(page.url).query).items()}
    assert sent["plan"] == "pro"
    assert (sent["referral_code"], len(sent["click_id"]) > 40) == (business.code, True)
    answer = report(site, {"click_id": sent["click_id"], "referral_code": sent["referral_code"]})
    assert answer["referral"] is not None
    with site.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Referral)) == 1
    assert clicks(site) == 1


def test_a_page_with_a_code_alone_tells_its_click_once(site, business, visit):
    page = visit()
    page.goto(f"{business.url}/?ref={business.code}&utm_source=friend")
    is_filled(page)
    first = fields(page)
    assert first["referral_code"] == business.code
    # Kept in the shop's own storage, not in its address.
    assert page.url == f"{business.url}/?ref={business.code}&utm_source=friend"
    days = (stored(page)["until"] / 1000 - page.evaluate("Date.now()") / 1000) / 86_400
    assert 59.9 < days <= 60
    page.reload()
    is_filled(page)
    page.goto(f"{business.url}/join")
    is_filled(page)
    assert fields(page) == first
    assert clicks(site) == 1
    # A form that a script of the shop adds later.
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<form id=late><input type=hidden name=click_id>')")
    expect(page.locator("#late input")).to_have_value(first["click_id"])
    assert page.evaluate("grapevine.click().gv") == first["click_id"]


def test_what_is_kept_ends_with_the_window(site, business, visit):
    page = visit()
    page.goto(f"{business.url}/?ref={business.code}")
    page.wait_for_function("localStorage.grapevine")
    page.evaluate('localStorage.grapevine = localStorage.grapevine.replace(/"until":\\d+/, \'"until":1\')')
    page.goto(f"{business.url}/join")
    assert fields(page)["click_id"] == ""


@pytest.mark.parametrize("who", ["the shop", "the program"])
def test_where_consent_is_required_nothing_is_stored_before_it(site, business, visit, who):
    if who == "the shop":
        business.attributes = 'data-consent="required"'
    else:
        consent_mode(site, "required")
    page = visit()
    page.goto(f"{business.url}/?ref={business.code}")
    page.wait_for_url("**&gv=*")
    is_filled(page)
    assert page.evaluate("localStorage.length") == 0
    # Loaded again, the address says that it is the same click.
    page.reload()
    is_filled(page)
    assert clicks(site) == 1
    assert page.evaluate("localStorage.length") == 0
    with page.expect_response("**/t/clicks"):
        page.reload()
    page.evaluate("grapevine.consent()")
    page.wait_for_function("localStorage.grapevine")
    page.goto(f"{business.url}/join")
    is_filled(page)
    page.evaluate("grapevine.consent(false)")
    assert page.evaluate("localStorage.length") == 0


def test_who_says_no_before_the_click_is_told_is_not_remembered_by_its_answer(site, business, visit):
    page = visit()
    page.route("**/t/clicks", lambda route: page.evaluate("grapevine.consent(false)") or route.continue_())
    page.goto(f"{business.url}/?ref={business.code}")
    page.wait_for_url("**&gv=*")
    is_filled(page)
    assert page.evaluate("localStorage.length") == 0
    page.evaluate("grapevine.consent()")
    assert stored(page)["ref"] == business.code


def test_a_consent_that_came_before_the_script_counts(site, business, visit):
    business.attributes, business.before = 'data-consent="required"', 'window.grapevine = ["consent"];'
    page = visit()
    page.goto(f"{site.url}/r/{business.code}")
    page.wait_for_function("localStorage.grapevine")
    assert page.context.cookies() != []


@pytest.mark.parametrize("who", ["the shop", "the program", "the browser"])
def test_where_nothing_may_be_stored_nothing_is_whatever_the_shop_says(site, business, visit, who):
    if who == "the shop":
        business.attributes = 'data-consent="none"'
    if who == "the program":
        consent_mode(site, "none")
    page = visit(GPC if who == "the browser" else "")
    if who == "the browser":
        page.context.set_extra_http_headers({"Sec-GPC": "1", "User-Agent": "Mozilla/5.0 Chrome/140.0 Safari/537.36"})
    page.goto(f"{business.url}/?ref={business.code}")
    page.wait_for_url("**&gv=*")
    is_filled(page)
    page.evaluate("grapevine.consent()")
    with page.expect_response("**/t/clicks"):
        page.reload()
    is_filled(page)
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert page.context.cookies() == []
    assert clicks(site) == 1


def test_a_browser_that_stores_nothing_breaks_nothing(site, business, visit):
    page = visit(BLOCKED)
    page.goto(f"{business.url}/?ref={business.code}")
    page.wait_for_url("**&gv=*")
    is_filled(page)
    page.evaluate("grapevine.consent(); grapevine.consent(false)")


def consent_mode(site, mode: str) -> None:
    with site.app.app_context(), write_transaction() as session:
        session.execute(update(Program).values(consent_mode=mode))
