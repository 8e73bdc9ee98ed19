"""Ada makes a link, shares it, and looks at her days and rewards: by mouse, by keyboard, and without a script."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import come_in
from tests.journeys.houses import fill

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]


@pytest.fixture
def ada(site, open_browser):
    """Ada's browser, signed in, with friends, orders and rewards in every state."""

    def open_signed_in(**how):
        watched = open_browser(**how)
        come_in(site, watched.page, "referrer@example.com")
        return watched

    fill(site.app, full=True)
    return open_signed_in


def make_a_link(page):
    page.get_by_role("navigation").get_by_role("link", name="Links").first.click()
    page.get_by_role("link", name="New link").click()
    page.get_by_label("Name for yourself").fill("On the van")
    page.get_by_label("Code").fill("admin")
    page.get_by_role("button", name="Make the link").click()
    expect(page.get_by_text("This word is kept for the site itself.")).to_be_visible()
    expect(page.get_by_label("Name for yourself")).to_have_value("On the van")
    page.get_by_label("Code").fill("ada-bakes")
    page.get_by_role("button", name="Make the link").click()
    expect(page.get_by_text("The link ada-bakes works now.")).to_be_visible()
    return page.locator(".link-row").filter(has_text="On the van")


def test_a_link_of_ones_own_is_made_copied_and_shared(site, ada):
    watched = ada()
    page = watched.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    row = make_a_link(page)
    row.get_by_role("button", name="Copy").click()
    expect(row.get_by_role("button", name="Copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == f"{site.url}/r/ada-bakes"

    page.goto("/dashboard")
    more = page.locator("#more-ways")
    expect(more).to_be_hidden()
    page.get_by_role("button", name="More ways").press("Enter")
    expect(more.get_by_role("link", name="Telegram")).to_be_visible()
    with page.expect_download() as download:
        more.get_by_role("link", name="QR code to print").click()
    assert download.value.suggested_filename.endswith(".svg")
    page.keyboard.press("Escape")
    expect(more).to_be_hidden()

    page.get_by_text("Read it first").click()
    page.get_by_role("button", name="Copy the message").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    message = page.evaluate("navigator.clipboard.readText()")
    assert "I get a reward if you join through it." in message
    assert message.splitlines()[-1] == page.locator("#referral-link").inner_text()
    watched.quiet()


def test_the_period_is_switched_by_keyboard_in_place_and_back_goes_back(ada):
    watched = ada()
    page = watched.page
    shows(page, 30)
    page.evaluate("window.stayed = true")
    with page.expect_response(lambda response: "days=7" in response.url) as part:
        page.get_by_role("link", name="7 days").press("Enter")
    assert "<html" not in part.value.text()
    shows(page, 7)
    expect(page).to_have_url(re.compile(r"/dashboard\?days=7$"))
    expect(page.locator("#days-7")).to_be_focused()
    assert page.evaluate("window.stayed")
    page.get_by_role("link", name="90 days").press("Enter")
    shows(page, 90)
    for move, period in ((page.go_back, 7), (page.go_back, 30), (page.go_forward, 7)):
        move()
        shows(page, period)
    watched.quiet()


def shows(page, period):
    """Wait until the card shows a period, and its picture is drawn from the rows of it."""
    expect(page.get_by_role("heading", name=f"Your last {period} days")).to_be_visible()
    expect(page.locator("#chart-days.drawn .main-svg").first).to_be_visible()
    assert page.evaluate("document.querySelector('#chart-days .plot').data[0].x.length") == period


def test_rewards_are_narrowed_down_in_place_and_the_choice_keeps_the_focus(ada):
    watched = ada()
    page = watched.page
    page.goto("/dashboard/rewards")
    state = page.get_by_label("State", exact=True)
    state.focus()
    with page.expect_response(lambda response: "status=paid" in response.url) as part:
        state.select_option("paid")
    assert "<html" not in part.value.text()
    expect(page.locator(".reward-row .s-pending")).to_have_count(0)
    expect(page.locator(".reward-row .s-paid").first).to_be_visible()
    expect(page).to_have_url(re.compile("status=paid"))
    expect(state).to_be_focused()
    page.go_back()
    expect(page.locator(".reward-row .s-pending").first).to_be_visible()
    expect(page.get_by_label("State", exact=True)).to_have_value("")
    watched.quiet()


def test_all_of_it_works_without_a_script(site, ada):
    page = ada(width=360, script=False).page
    page.get_by_role("link", name="7 days").click()
    expect(page.get_by_role("heading", name="Your last 7 days")).to_be_visible()
    page.get_by_text("The same as a table").click()
    expect(page.locator("#days tbody tr")).to_have_count(7)
    page.get_by_text("Read it first").click()
    expect(page.locator("#share-message")).to_contain_text("I get a reward if you join through it.")

    page.get_by_label("Main, for phones").get_by_role("link", name="Rewards").click()
    page.get_by_label("State", exact=True).select_option("paid")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".reward-row .s-pending")).to_have_count(0)
    expect(page.get_by_label("State", exact=True)).to_have_value("paid")

    row = make_a_link(page)
    expect(row).to_contain_text(f"{site.url}/r/ada-bakes")
    row.get_by_role("link", name="Change").click()
    page.get_by_role("button", name="Retire ada-bakes: it stops working").click()
    expect(page.get_by_text("The link ada-bakes is retired.")).to_be_visible()

    page.goto("/settings/profile")
    page.get_by_role("radio", name="Dark").check()
    page.get_by_role("button", name="Save your settings").click()
    expect(page.get_by_text("Your settings are saved.")).to_be_visible()
    expect(page.locator("body")).to_have_css("background-color", "rgb(21, 18, 26)")


def test_a_statement_is_printed_as_a_sheet_of_paper(ada):
    page = ada(dark=True).page
    page.goto("/dashboard/rewards")
    page.get_by_role("link", name="Statement for").click()
    page.emulate_media(media="print", color_scheme="dark")
    for away in ("header.topbar", "nav.tabs", ".btn", ".crumbs", ".foot"):
        expect(page.locator(away).first).to_be_hidden()
    expect(page.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")
    for words in ("h1", ".sum td >> nth=0", "tbody .state >> nth=0"):
        expect(page.locator(words)).to_have_css("color", "rgb(0, 0, 0)")
