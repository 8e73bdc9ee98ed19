"""Ada shares her link, Bob joins through it, buys and sends it back; Ada sees each step with its reason."""

import json
import re
from datetime import UTC, datetime
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import expect

from tests import factories, money
from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.services.keys import create_key

pytestmark = pytest.mark.browser

PASSWORD = "a good long sentence"
SECRET = "gvk_the_shop"


def open_shop(app):
    """Give the business a key and a rule: 20% of each purchase, after 30 days."""
    with app.app_context(), write_transaction() as session:
        create_key(session, factories.program(session), name="shop", scope="write", secret=SECRET, now=utc_now())
        money.publish(session, hold_days=30)


def report(site, path, **fields):
    """Tell the site something, as the business's own programs do."""
    headers = {"Authorization": f"Bearer {SECRET}", "Content-Type": "application/json"}
    request = Request(f"{site.url}/api/v1/{path}", json.dumps(fields).encode(), headers)
    with urlopen(request, timeout=10) as answer:
        return json.load(answer)


def join(page, name, email):
    page.get_by_label("Your name").fill(name)
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Join and get your link").click()
    expect(page.locator("#referral-link")).to_be_visible()


def bobs_order_earns_ada_her_share(site, ada):
    bought = report(
        site,
        "conversions",
        event_id="evt_1",
        type="purchase",
        user={"email": "bob@example.org"},
        amount=4999,
        currency="USD",
        order_id="1001",
    )
    ready = formatted_day(bought["rewards"][0]["matures_at"])
    ada.reload()
    expect(ada.locator('[data-metric="purchases"]')).to_have_attribute("data-value", "1")
    expect(ada.locator('[data-metric="pending"]')).to_have_attribute("data-value", "1000")
    expect(ada.locator('[data-metric="pending"]')).to_have_text("US$10.00")
    expect(ada.locator('[data-metric="approved"]')).to_have_attribute("data-value", "0")
    row = ada.locator("details.friend")
    expect(row.get_by_text("Waiting")).to_be_visible()
    row.locator("summary").click()
    expect(row.get_by_role("heading", name=f"Ready on {ready}")).to_be_visible()
    expect(row.get_by_text("20% of US$49.99 is US$10.00. It waits 30 days")).to_be_visible()

    row.get_by_role("link", name="The whole story of this reward").click()
    expect(ada.get_by_role("heading", name="US$10.00 for Bob’s order")).to_be_visible()
    expect(ada.get_by_text("20% of each purchase")).to_be_visible()
    ada.go_back()


def bob_gets_his_money_back(site, ada):
    report(site, "refunds", event_id="ref_1", order_id="1001")
    ada.reload()
    expect(ada.locator('[data-metric="pending"]')).to_have_attribute("data-value", "0")
    row = ada.locator("details.friend")
    expect(row.locator(".state")).to_have_text("Sent back")
    row.locator("summary").click()
    expect(row.get_by_role("heading", name="The order was sent back")).to_be_visible()
    expect(row.get_by_text("The US$10.00 were taken off again before they were paid.")).to_be_visible()


def formatted_day(moment):
    """Say a day as the browser's reader does, in the program's time zone, which is UTC."""
    local = datetime.fromisoformat(moment).astimezone(UTC)
    year = f" {local.year}" if local.year != utc_now().year else ""
    return f"{local.day} {local:%B}{year}"


@pytest.mark.parametrize(
    ("databases", "width", "script"),
    [
        pytest.param("sqlite", 1280, True, id="1280 with JavaScript"),
        pytest.param("sqlite", 360, True, id="360 with JavaScript"),
        pytest.param("sqlite", 360, False, id="360 without JavaScript"),
        pytest.param("postgresql", 1280, True, id="1280 on PostgreSQL", marks=pytest.mark.postgresql),
    ],
    indirect=["databases"],
)
def test_a_friend_joins_through_a_shared_link(site, open_browser, script, width):
    open_shop(site.app)
    adas, bobs = open_browser(script=script, width=width), open_browser(script=script, width=width)
    ada, bob = adas.page, bobs.page
    ada.goto("/signup")
    join(ada, "Ada Okafor", "ada@example.com")
    expect(ada.get_by_text("No friends yet")).to_be_visible()
    link = ada.locator("#referral-link").inner_text()
    assert re.fullmatch(rf"{re.escape(site.url)}/r/[0-9A-HJKMNP-Z]{{10}}", link)

    bob.goto(link)
    assert bob.url == f"{site.url}/signup?ref={link[-10:]}"
    expect(bob.get_by_text("Ada invites you")).to_be_visible()
    join(bob, "Bob Miller", "bob@example.org")
    expect(bob.locator("#referral-link")).not_to_have_text(link)

    ada.reload()
    expect(ada.locator('[data-metric="clicks"]')).to_have_attribute("data-value", "1")
    expect(ada.locator('[data-metric="signups"]')).to_have_text("1")
    expect(ada.get_by_text("1 friend joined through you in the last 30 days.")).to_be_visible()
    row = ada.locator("details.friend")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("Bob M.")
    row.locator("summary").click()
    expect(row.get_by_text("Bob counts as your friend")).to_be_visible()
    expect(row.get_by_text("signed up less than a day later")).to_be_visible()
    for secret in ("bob@example.org", "Miller"):
        assert secret not in ada.content()

    bobs_order_earns_ada_her_share(site, ada)
    bob_gets_his_money_back(site, ada)

    if width == 1280:
        ada.get_by_role("button", name="Your account").click()
        ada.get_by_role("button", name="Sign out").click()
        expect(ada.get_by_role("heading", name="Sign in")).to_be_visible()
        ada.goto("/dashboard")
        ada.get_by_label("E-mail").fill("ada@example.com")
        ada.get_by_label("Password").fill(PASSWORD)
        ada.get_by_role("button", name="Sign in").click()
        expect(ada.locator("#referral-link")).to_have_text(link)
    if script:
        adas.quiet()
        bobs.quiet()
