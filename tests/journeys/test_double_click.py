"""A secret that is shown once is shown, also to those who click twice."""

import pytest
from playwright.sync_api import expect

from tests import factories
from tests.factories import PASSWORD
from tests.journeys.conftest import come_in
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import ApiKey

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]


def test_a_double_click_makes_one_key_and_shows_its_secret(site, open_browser):
    with site.app.app_context(), write_transaction() as session:
        factories.person(session, name="Marta Voss", email="marta@example.com", role="admin", password=PASSWORD)
    watched = open_browser()
    page = watched.page
    come_in(site, page, "marta@example.com", "/admin/keys/new")
    page.locator("#name").fill("shop")
    button = page.locator("form.form-narrow button[type=submit]")
    # As far apart as the clicks of a hand: the first one has reached the server by the second.
    button.evaluate("button => { button.click(); setTimeout(() => button.click(), 15); }")
    expect(page.locator("h1")).to_contain_text("“shop” is made")
    with site.app.app_context():
        assert db.session.query(ApiKey).count() == 1
    watched.quiet()
