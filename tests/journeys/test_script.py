"""What the little script adds: copying, light and dark, more friends in place, and care when an answer is lost."""

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import come_in
from tests.journeys.houses import fill

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]


@pytest.fixture
def ada(site, open_browser):
    """Ada's browser, signed in, with 25 friends."""
    site.code = fill(site.app, full=True)["code"]
    watched = open_browser()
    come_in(site, watched.page, "referrer@example.com")
    return watched


def test_the_link_is_copied(site, ada):
    ada.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ada.page.get_by_role("button", name="Copy link").click()
    expect(ada.page.get_by_role("button", name="Copied")).to_be_visible()
    assert ada.page.evaluate("navigator.clipboard.readText()") == f"{site.url}/r/{site.code}"
    ada.quiet()


def test_the_choice_of_light_and_dark_is_remembered(ada):
    page = ada.page
    html = page.locator("html")
    expect(html).to_have_attribute("data-bs-theme", "light")
    page.get_by_role("button", name="light and dark").click()
    expect(html).to_have_attribute("data-bs-theme", "dark")
    page.reload()
    expect(html).to_have_attribute("data-bs-theme", "dark")
    ada.quiet()


def test_more_friends_come_in_place_and_the_keyboard_keeps_its_place(ada):
    page = ada.page
    page.goto("/dashboard/referrals")
    expect(page.locator("details.friend")).to_have_count(20)
    with page.expect_response(lambda response: "before=" in response.url) as part:
        page.get_by_role("link", name="Show more friends").press("Enter")
    assert "<html" not in part.value.text()
    expect(page.locator("details.friend")).to_have_count(22)
    # The focus follows when htmx has settled, a moment after the friends are there.
    expect(page.locator("summary:focus")).to_have_count(1)
    ada.quiet()


def test_a_lost_connection_says_so_and_offers_again(ada):
    page = ada.page
    page.goto("/dashboard/referrals")
    page.context.set_offline(True)
    page.get_by_role("link", name="Show more friends").click()
    expect(page.get_by_text("The connection was lost.")).to_be_visible()
    expect(page.locator("details.friend")).to_have_count(20)
    page.context.set_offline(False)
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("details.friend")).to_have_count(22)
    expect(page.get_by_text("The connection was lost.")).to_be_hidden()


def test_a_session_that_ended_meanwhile_leads_to_sign_in(ada):
    page = ada.page
    page.goto("/dashboard/referrals")
    page.context.clear_cookies()
    page.get_by_role("link", name="Show more friends").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_every_action_can_be_reached_by_keyboard(ada):
    page = ada.page
    reached = []
    for _ in range(50):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent.trim().split('\\n')[0].trim()"))
        if reached[-1] == "Show everyone":
            break
    for wanted in ("Skip to the content", "Home", "Friends", "Copy link", "Show everyone"):
        assert wanted in reached, reached
    page.keyboard.press("Enter")
    page.wait_for_url("**/dashboard/referrals")
