"""The other kinds of rule, written with the keyboard alone: what is wrong is said where one is."""

import re

import pytest
from playwright.sync_api import expect

from tests import factories
from tests.journeys.test_rules import go_to, press, sign_in, write
from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.models import User
from webapp.services.coupon_pools import add_pool

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]

# What is written first and is wrong: the field, the value, and what is said there. Then what is right, and the rule in
# words.
KINDS = {
    "first_purchase": (
        ("Percentage", "0", "Please write a percentage above 0"),
        {"Percentage": "30"},
        "30% of the friend’s first purchase",
    ),
    "recurring": (
        ("For how many payments", "many", "Please write a whole number"),
        {"Percentage": "10", "For how many payments": "3", "For how many months": "6"},
        "10% of each payment in the first 6 months after the friend signs up (3 payments at most)",
    ),
    "staggered": (
        ("Percentage later", "-1", "Please write a percentage above 0"),
        {"Percentage at first": "20", "Percentage later": "10"},
        "in the first 12 months after they sign up, then 10%",
    ),
    "coupon_from_pool": (
        ("Pool", "no such pool", "Please write the key of a coupon pool"),
        {"Pool": "autumn"},
        "The referrer gets a coupon",
    ),
}


def setting(page, label):
    """Return a field of the rule; the example beside it has fields of the same names."""
    return page.get_by_role("region", name="What it pays").get_by_label(label, exact=True)


def write_setting(page, label, value):
    go_to(page, setting(page, label))
    page.keyboard.press("Control+A")
    page.keyboard.type(value)


def test_each_kind_is_written_put_right_and_published_with_the_keyboard(site, open_browser):
    watched = open_browser()
    page = watched.page
    sign_in(site, page, "/admin/rules")
    with site.app.app_context(), write_transaction() as session:
        by = session.query(User).filter_by(email="admin@example.com").one().id
        about = {"key": "autumn", "name": "Autumn", "low_at": 2}
        add_pool(session, factories.program(session).id, **about, by=by, now=utc_now())
    for kind, ((label, wrong, problem), right, words) in KINDS.items():
        page.goto(f"/admin/rules/new?kind={kind}")
        write(page, "Name", f"With {kind}")
        write_setting(page, label, wrong)
        page.keyboard.press("Enter")
        field = setting(page, label)
        expect(field).to_have_accessible_description(re.compile(re.escape(problem)))
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(page.get_by_label("Name", exact=True)).to_have_value(f"With {kind}")
        for name, value in right.items():
            write_setting(page, name, value)
        press(page, "button", "Look at it once more")
        expect(page.get_by_text(words)).not_to_have_count(0)
        write(page, "Why", "To begin with")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Version 1 is live.")).to_be_visible()
    page.goto("/admin/rules")
    expect(page.get_by_role("heading", name=f"{len(KINDS)} reward rules are live")).to_be_visible()
    watched.quiet()
