"""An admin makes a key, copies it, revokes it, and finds both acts in the audit log."""

import re

import pytest
from playwright.sync_api import expect

from tests import factories
from tests.factories import PASSWORD
from tests.journeys.conftest import come_in
from webapp.database import write_transaction

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]


@pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_key_from_its_making_to_its_end(site, open_browser, script):
    with site.app.app_context(), write_transaction() as session:
        factories.person(session, name="Marta Voss", email="marta@example.com", role="admin", password=PASSWORD)
    watched = open_browser(width=360 if script else 1280, script=script)
    page = watched.page
    come_in(site, page, "marta@example.com", "/admin/keys")
    page.get_by_role("link", name="Make the first key").click()
    page.get_by_label("Name").fill("shop checkout")
    page.get_by_text("Only read", exact=True).click()
    page.get_by_role("button", name="Make the key and show it once").click()
    expect(page.locator("h1")).to_have_text("“shop checkout” is made. Copy it now")
    secret = page.locator("#key-secret").inner_text()
    assert re.fullmatch(r"gvk_[\w-]{43}", secret)
    copy = page.get_by_role("button", name="Copy the key")
    if script:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        copy.click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == secret
    else:
        expect(copy).to_be_hidden()
    answer = page.request.get("/api/v1/referrals", headers={"Authorization": f"Bearer {secret}"})
    assert answer.status == 200

    page.get_by_role("link", name="I have it").click()
    page.get_by_role("link", name="Revoke shop checkout").click()
    page.get_by_role("button", name="Revoke “shop checkout” now").click()
    expect(page.get_by_text("“shop checkout” is revoked.")).to_be_visible()
    answer = page.request.get("/api/v1/referrals", headers={"Authorization": f"Bearer {secret}"})
    assert answer.status == 401

    page.goto("/admin/audit")
    expect(page.locator("h1")).to_have_text("2 acts on record")
    acts = page.locator(".act p").all_inner_texts()
    assert acts == [
        "Marta Voss revoked the API key “shop checkout”",
        "Marta Voss made the API key “shop checkout”, which may only read",
    ]
    watched.quiet()
