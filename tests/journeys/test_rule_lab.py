"""An admin tries a rule on the past: sees how far it is, can stop it, and gets charts without the page being loaded."""

from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests import money
from tests.journeys.test_rules import sign_in
from webapp.clock import utc_now
from webapp.database import write_transaction

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]


@pytest.fixture
def history(site):
    with site.app.app_context(), write_transaction() as session:
        now = utc_now()
        money.publish(session, now=now - timedelta(days=200))
        _ada, bob = money.ada_and_bob(session, now=now - timedelta(days=150))
        for number in range(4):
            at = now - timedelta(days=100 - number)
            money.buy(session, bob, "50.00 USD", event_id=f"evt_{number}", at=at)


@pytest.mark.usefixtures("history")
@pytest.mark.parametrize("width", [360, 1280])
def test_a_draft_is_tried_without_loading_the_page(site, open_browser, width):
    watched = open_browser(width=width)
    page = watched.page
    sign_in(site, page, "/admin/rules/lab")
    draft = page.get_by_label("The draft")
    draft.fill(draft.input_value().replace('percent = "20"', 'percent = "30"'))
    page.evaluate("window.stayed = true")
    page.get_by_role("button", name="Try it on the past").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("It would have cost US$20.00 more")
    expect(page.locator("#lab-months svg.main-svg").first).to_be_visible()
    expect(page.locator("#lab-steps svg.main-svg").first).to_be_visible()
    assert page.evaluate("window.stayed")
    page.get_by_text("US$10.00 paid, US$15.00 in the draft").first.click()
    expect(page.get_by_text("30% of US$50.00 is US$15.00.").first).to_be_visible()
    found = Axe().run(page).response["violations"]
    assert found == [], [(one["id"], one["nodes"][0]["html"]) for one in found]
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    with page.expect_download() as download:
        page.get_by_role("button", name="By month").click()
    assert download.value.suggested_filename == "rule-lab-months.csv"
    page.get_by_label("Why are you changing it?").fill("Tried on the past")
    page.get_by_role("button", name="Publish version 2").click()
    expect(page.get_by_text("Version 2 is live.")).to_be_visible()
    watched.quiet()


@pytest.mark.usefixtures("history")
def test_it_can_be_stopped_and_what_is_wrong_is_said_at_its_field(site, open_browser):
    page = open_browser(width=360).page
    with site.app.app_context(), write_transaction() as session:
        name = "Eine Vergütung mit einem Namen von Donaudampfschifffahrtsgesellschaftslänge"
        money.publish(session, now=utc_now(), key="long", name=name)
    sign_in(site, page, "/admin/rules/lab")
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    assert Axe().run(page).response["violations"] == []
    # An answer that takes long: the first lines are there, the last one never comes.
    lines = '{"done": 41000, "total": 3024000, "text": "41,000 of 3,024,000"}\\n'
    page.evaluate(
        """(lines) => { window.fetch = (address, { signal }) => {
            const body = new ReadableStream({ start(to) {
                to.enqueue(new TextEncoder().encode(lines));
                signal.addEventListener("abort", () => to.error(new DOMException("", "AbortError")));
            } });
            return Promise.resolve(new Response(body, { headers: { "Content-Type": "application/x-ndjson" } }));
        }; }""",
        lines.replace("\\n", "\n"),
    )
    page.get_by_role("button", name="Try it on the past").click()
    expect(page.get_by_text("41,000 of 3,024,000")).to_be_visible()
    assert page.locator("progress").evaluate("(bar) => [bar.value, bar.max]") == [41000, 3024000]
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped. Nothing was written.")).to_be_visible()
    page.reload()
    page.get_by_label("The draft").fill("[[rules")
    page.get_by_role("button", name="Try it on the past").click()
    expect(page.get_by_text("it is not TOML")).to_be_visible()
