"""An admin writes a reward rule with the keyboard alone, sees what it would pay, publishes it and pauses it."""

import re

import pytest
from playwright.sync_api import expect

from tests import factories
from tests.factories import PASSWORD
from tests.journeys.conftest import come_in
from webapp.clock import utc_now
from webapp.database import write_transaction

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]

MOST_STEPS = 60


def sign_in(site, page, at):
    with site.app.app_context(), write_transaction() as session:
        factories.person(
            session, name="Marta Voss", email="admin@example.com", role="admin", password=PASSWORD, now=utc_now()
        )
    come_in(site, page, "admin@example.com", at)


def go_to(page, control):
    """Press the tab key until a control has the focus."""
    for _ in range(MOST_STEPS):
        if control.evaluate("(element) => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not reach {control}")


def press(page, role, name):
    control = page.locator("main").get_by_role(role, name=name)
    go_to(page, control)
    page.keyboard.press("Enter")


def write(page, label, text):
    go_to(page, page.get_by_label(label, exact=True))
    page.keyboard.press("Control+A")
    page.keyboard.type(text)


def test_a_rule_is_written_tried_published_and_paused_with_the_keyboard(site, open_browser):
    watched = open_browser()
    page = watched.page
    sign_in(site, page, "/admin/rules")
    press(page, "link", "Write the first rule")
    press(page, "link", "A percentage of each purchase")
    pays = page.locator("#example-pays")

    write(page, "Name", "A fifth")
    write(page, "Percentage", "20")
    expect(pays).to_have_text("US$10.00")
    write(page, "Percentage", "25")
    expect(pays).to_have_text("US$12.50")

    press(page, "button", "Add a condition")
    value = page.get_by_label("What it is compared with")
    expect(value).to_be_visible()
    # The focus stays where it was, so that the next condition is one key away.
    expect(page.get_by_role("button", name="Add a condition")).to_be_focused()
    for _ in range(MOST_STEPS):
        if value.evaluate("(element) => element === document.activeElement"):
            break
        page.keyboard.press("Shift+Tab")
    page.keyboard.type("60")
    expect(pays).to_have_text("nothing")
    write(page, "Amount", "60")
    expect(pays).to_have_text("US$15.00")
    expect(page.get_by_text("US$59.99, purchase 1")).to_be_visible()

    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="A new rule, ready to publish")).to_be_visible()
    expect(page.get_by_text("The amount is at least US$60.00")).to_be_visible()
    write(page, "Why", "To begin with")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Version 1 is live.")).to_be_visible()

    press(page, "link", "Pause this rule")
    expect(page.get_by_text("earns nothing by this rule, until you let it go on")).to_be_visible()
    write(page, "Why", "Too dear")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The rule is paused.")).to_be_visible()
    page.goto("/admin/rules")
    expect(page.get_by_role("heading", name="No rule is live")).to_be_visible()
    expect(page.locator(".state")).to_have_text("Paused")
    watched.quiet()


def test_without_a_script_a_condition_is_added_and_the_example_worked_out(site, open_browser):
    page = open_browser(script=False).page
    sign_in(site, page, "/admin/rules/new?kind=fixed_amount")
    page.get_by_label("Amount", exact=True).first.fill("5")
    page.get_by_role("button", name="Add a condition").click()
    page.get_by_label("What is looked at").select_option("A detail of the event")
    page.get_by_label("Name of the detail").fill("plan")
    page.get_by_label("How it is compared").select_option("is")
    page.get_by_label("What it is compared with").fill("pro")
    page.get_by_role("button", name="Work it out").click()
    expect(page.locator("#example-pays")).to_have_text("US$5.00")
    expect(page.get_by_label("Detail “plan”")).to_be_visible()
    page.get_by_label("Detail “plan”").fill("basic")
    page.get_by_role("button", name="Work it out").click()
    expect(page.locator("#example-pays")).to_have_text("nothing")
    expect(page.get_by_label("Amount", exact=True).first).to_have_value("5")


def test_steps_are_written_and_published_with_the_keyboard(site, open_browser):
    watched = open_browser()
    page = watched.page
    pays = page.locator("#example-pays")
    sign_in(site, page, "/admin/rules/new?kind=tiered_percent")
    write(page, "Name", "More for many")
    write(page, "Step 1: friends", "1")
    write(page, "Step 1: percentage", "10")
    expect(pays).to_have_text("US$5.00")
    press(page, "button", "Add a step")
    # The focus goes on into the new step.
    second = page.get_by_label("Step 2: friends")
    expect(second).to_be_focused()
    page.keyboard.type("1")
    write(page, "Step 2: percentage", "15")
    page.keyboard.press("Enter")
    expect(second).to_have_accessible_description(re.compile("Another step is at this number already"))
    write(page, "Step 2: friends", "5")
    press(page, "button", "Add a step")
    expect(page.get_by_label("Step 3: friends")).to_be_focused()
    press(page, "button", "Remove step 3")
    expect(page.get_by_role("button", name="Remove step 2")).to_be_focused()
    expect(page.get_by_text("With 5 friends who count")).to_be_visible()
    go_to(page, page.get_by_label("How friends are counted"))
    page.keyboard.type("counted anew each m")
    go_to(page, page.get_by_label("A new step also raises what was earned before"))
    page.keyboard.press("Space")
    go_to(page, page.get_by_text("Only the best of a group pays"))
    page.keyboard.press("Enter")
    write(page, "Name of the group", "friends-bonus")
    page.keyboard.press("Enter")
    says = "15% from 5 friends on, counted anew each month, for all of that time"
    expect(page.get_by_text(says)).not_to_have_count(0)
    expect(page.get_by_text("Of the rules in “friends-bonus” only the one worth most pays")).to_be_visible()
    write(page, "Why", "To begin with")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Version 1 is live.")).to_be_visible()

    page.goto("/admin/rules/new?kind=milestone")
    write(page, "Name", "Three friends")
    write(page, "Step 1: friends", "3")
    write(page, "Step 1: bonus", "12.50")
    expect(pays).to_have_text("US$12.50")
    write(page, "Friends who count", "4")
    expect(pays).to_have_text("nothing")
    press(page, "button", "Look at it once more")
    expect(page.get_by_text("a bonus (US$12.50 at 3 friends, counted from the first on)")).not_to_have_count(0)
    write(page, "Why", "To begin with")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Version 1 is live.")).to_be_visible()
    page.goto("/admin/rules")
    expect(page.get_by_role("heading", name="2 reward rules are live")).to_be_visible()
    watched.quiet()
