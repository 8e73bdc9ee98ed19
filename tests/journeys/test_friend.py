"""Ada shares her link, Bob joins through it, and Ada sees him with the reason why he counts."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

PASSWORD = "a good long sentence"


def join(page, name, email):
    page.get_by_label("Your name").fill(name)
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Join and get your link").click()
    expect(page.locator("#referral-link")).to_be_visible()


@pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without JavaScript"])
@pytest.mark.parametrize("width", [1280, 360])
def test_a_friend_joins_through_a_shared_link(site, open_browser, script, width):
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
