"""A second factor from its set-up to the next sign-in, on a telephone; every page on the way is judged."""

import re

import pyotp
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests import factories
from tests.factories import PASSWORD
from tests.journeys.test_every_page import ALL_OF_IT, sign_in
from webapp.clock import utc_now
from webapp.database import write_transaction

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]

AXE = Axe()


def judge(page):
    found = AXE.run(page, options=ALL_OF_IT).response["violations"]
    assert found == [], [(v["id"], v["nodes"][0]["html"]) for v in found]
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{page.url} scrolls sideways by {wide} px"


def test_somebody_sets_a_second_factor_up_and_signs_in_with_it(site, open_browser, tmp_path):
    with site.app.app_context(), write_transaction() as session:
        factories.person(session, email="referrer@example.com", password=PASSWORD)
    watched = open_browser(width=360)
    page = watched.page
    sign_in(page, "referrer")
    page.goto("/settings/second-factor")
    show = page.get_by_role("button", name="Show the code for the app")
    show.click()
    # After a refusal the next key goes to where something is missing.
    expect(page.get_by_label("Your password")).to_be_focused()
    page.get_by_label("Your password").fill(PASSWORD)
    show.click()
    judge(page)
    here = page.get_by_role("link", name="Open it in the app here")
    expect(here).to_have_attribute("href", re.compile(r"^otpauth://totp/.*secret="))
    secret = page.locator("#factor-secret").inner_text().replace(" ", "")
    assert page.locator(".qr svg").bounding_box()["width"] > 150
    page.locator("#code").fill(pyotp.TOTP(secret).at(utc_now(), counter_offset=-1))
    page.get_by_role("button", name="Turn the second factor on").click()
    expect(page.locator("h1")).to_have_text("It is on. Keep these recovery codes now")
    judge(page)
    codes = page.locator("#recovery-codes li").all_inner_texts()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Save as a text file").click()
    saved.value.save_as(tmp_path / "codes.txt")
    assert (tmp_path / "codes.txt").read_text().split() == codes
    page.get_by_role("link", name="I have kept them; go on").click()
    judge(page)
    for link in ("Make new recovery codes", "Move it to another app", "Turn the second factor off"):
        page.goto("/settings/second-factor")
        page.get_by_role("link", name=link).click()
        page.locator("main form button[type=submit]").click()
        expect(page.locator(".hint.bad").first).to_be_visible()
        judge(page)
    page.context.clear_cookies()
    page.goto("/login")
    page.locator("#email").fill("referrer@example.com")
    page.locator("#password").fill(PASSWORD)
    page.locator("main button[type=submit]").click()
    expect(page.locator("h1")).to_have_text("Now the code from your app")
    page.locator("#code").fill("000000")
    page.locator("main button[type=submit]").click()
    expect(page.locator(".hint.bad")).to_be_visible()
    judge(page)
    page.locator("#code").fill(codes[0])
    page.locator("main button[type=submit]").click()
    expect(page).to_have_url(re.compile("/dashboard$"))
    watched.quiet()
