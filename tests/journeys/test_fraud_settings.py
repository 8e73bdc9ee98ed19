"""An admin tries other settings on the past in the browser: the answer comes in place, and what was typed stays."""

from datetime import timedelta

import pytest

from tests import factories
from tests.factories import PASSWORD
from tests.journeys.conftest import come_in
from tests.journeys.test_every_page import ALL_OF_IT, AXE, on_sqlite
from tests.services.test_screening import within_a_second
from webapp.clock import utc_now
from webapp.database import write_transaction

pytestmark = pytest.mark.browser


@on_sqlite
def test_a_trial_is_answered_in_place(site, open_browser):
    now = utc_now()
    with site.app.app_context(), write_transaction() as session:
        factories.person(session, name="Marta Voss", email="admin@example.com", role="admin", password=PASSWORD)
        ada = factories.person(session, now=now - timedelta(days=30))
        within_a_second(session, ada.id, at=now - timedelta(hours=1))
    watched = open_browser(width=360)
    page = watched.page
    come_in(site, page, "admin@example.com", "/admin/fraud/settings")
    page.locator("summary", has_text="Signed up within moments").press("Enter")
    weight = page.get_by_label("Weight", exact=True).locator("visible=true")
    weight.fill("0.7")
    page.get_by_role("button", name="Try them on the past").press("Enter")
    page.get_by_role("heading", name="Would have held 1 of 1 friend; as it is set now: 0").wait_for()
    assert page.locator("#try").evaluate("it => it === document.activeElement")
    assert weight.input_value() == "0.7"
    assert AXE.run(page, options=ALL_OF_IT).response["violations"] == []
    # What is wrong stands at its field, whose signal is open.
    weight.fill("1.7")
    page.get_by_role("button", name="Try again").press("Enter")
    page.get_by_text("Please write a number from 0 to 1").wait_for()
    assert weight.input_value() == "1.7"
    weight.fill("0.7")
    weight.press("Enter")
    page.get_by_text("Saved. Friends who sign up from now on").wait_for()
    page.locator("summary", has_text="Signed up within moments").press("Enter")
    page.get_by_role("button", name="Back to the default").press("Enter")
    page.locator("#too_fast__weight[value='0.60']").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
