"""Marta begins her day: she looks at what is held, decides, and Ada reads why."""

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from tests import factories, money
from tests.factories import PASSWORD, join
from tests.suspicion import suspect
from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.models import Reward, User
from webapp.services.signups import CameBy

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]


@pytest.fixture
def house(site):
    """Three orders of Bob, who came through Ada: two are held."""
    now = utc_now()
    with site.app.app_context(), write_transaction() as session:
        money.publish(session, now=now - 20 * money.DAY, hold_days=30)
        factories.person(session, name="Marta Voss", email="marta@example.com", role="admin", password=PASSWORD)
        ada = factories.person(session, email="ada@example.com", password=PASSWORD, now=now - 19 * money.DAY)
        bob, _referral = join(session, CameBy(typed=factories.link_of(session, ada)), now=now - 18 * money.DAY)
        for number in range(3):
            at = now - (9 - number) * money.DAY
            bought = money.buy(session, bob, f"{10 + number}.00 USD", event_id=f"evt_{number}", at=at)
            if number < 2:
                money.send(session, bought.rewards[0].id, "held", now=at)


def sign_in(watched, email):
    page = watched.page
    page.goto("/login")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/login" not in url)
    return page


@pytest.mark.usefixtures("house")
@pytest.mark.parametrize("script", [True, False], ids=["with script", "without"])
def test_an_admin_decides_what_is_held_and_the_referrer_reads_why(open_browser, script):
    marta = open_browser(script=script)
    page = sign_in(marta, "marta@example.com")
    expect(page.get_by_text("One thing waits for you.")).to_be_visible()
    page.goto("/admin/rewards?status=held")
    page.get_by_role("link", name="Ada Okafor").last.click()
    expect(page.get_by_role("heading", name="US$2.00 for Ada Okafor")).to_be_visible()
    page.get_by_role("link", name="Reject US$2.00").click()
    page.get_by_label("The same order was rewarded before").check()
    page.get_by_label("Note for staff").fill("Twice in the export")
    page.get_by_role("button", name="Reject US$2.00").click()
    expect(page.get_by_text("1 reward is rejected, US$2.00.")).to_be_visible()
    expect(page.get_by_text("Twice in the export")).to_be_visible()

    page.get_by_role("link", name="One case waits for a decision").click()
    expect(page.get_by_role("heading", name="1 case to decide")).to_be_visible()
    page.goto("/admin/rewards?status=held")
    box = page.get_by_label("All on this page") if script else page.get_by_label("Select US$2.20 of Ada Okafor")
    box.check()
    page.get_by_role("button", name="Release").click()
    page.get_by_role("button", name="Release US$2.20").click()
    expect(page.get_by_text("1 reward is released, US$2.20.")).to_be_visible()
    expect(page.get_by_role("heading", name="Nothing to decide")).to_be_visible()
    page.get_by_role("navigation").get_by_role("link", name="Overview").first.click()
    expect(page.get_by_text("Nothing waits for you.")).to_be_visible()
    expect(page.get_by_text("Rejected a reward")).to_be_visible()
    marta.quiet()

    ada = open_browser(script=script)
    page = sign_in(ada, "ada@example.com")
    page.goto("/dashboard/rewards")
    page.get_by_role("link", name=re.compile("Not counted")).click()
    expect(page.get_by_text("The same order was counted once before.")).to_be_visible()
    expect(page.get_by_text("a person looks at it again")).to_be_visible()
    expect(page.get_by_text("Twice in the export")).to_have_count(0)
    ada.quiet()


def press_until(page, name):
    """Go on with the keyboard until what is called like that has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        focused = page.evaluate("""() => {
            const one = document.activeElement;
            return one.matches('a, button, input, select, textarea') ? (one.labels?.[0] ?? one).innerText : '';
        }""")
        if name in focused:
            return
    raise AssertionError(f"the keyboard does not reach {name}")


def test_a_case_is_opened_and_rejected_by_keyboard_and_the_referrer_reads_why(site, open_browser):
    now = utc_now()
    with site.app.app_context(), write_transaction() as session:
        signup = {name: money.TEN_DOLLARS[name] for name in ("kind", "settings")}
        money.publish(session, now=now - 20 * money.DAY, trigger="signup", hold_days=30, **signup)
        suspect(session, "disposable_mail")
        factories.person(session, name="Marta Voss", email="marta@example.com", role="admin", password=PASSWORD)
        ada = factories.person(session, email="ada@example.com", password=PASSWORD, now=now - 19 * money.DAY)
        came_by = CameBy(typed=factories.link_of(session, ada))
        join(session, came_by, name="Quinn Day", email="quinn@mailinator.com", now=now - money.DAY)

    marta = open_browser(width=360)
    page = sign_in(marta, "marta@example.com")
    page.goto("/admin/fraud")
    press_until(page, "Is Quinn a new customer, or Ada again?")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Is Quinn a new customer, or Ada again?")).to_be_visible()
    expect(page.get_by_label("Reason")).to_be_hidden()
    press_until(page, "Release US$10.00")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("button", name="Reject US$10.00")).to_be_visible()
    press_until(page, "Reason")
    page.keyboard.type("The friend was no new")
    why = "It looks as if this person bought from us before, so they are not a new friend."
    expect(page.get_by_text(why)).to_be_visible()
    press_until(page, "Note for other admins")
    page.keyboard.type("Nobody answers there")
    press_until(page, "Reject US$10.00")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 reward is rejected, US$10.00.")).to_be_visible()
    expect(page.get_by_role("heading", name="Everything is decided")).to_be_visible()
    marta.quiet()

    ada = open_browser(script=False)
    page = sign_in(ada, "ada@example.com")
    page.goto("/dashboard/rewards")
    page.get_by_role("link", name=re.compile("Not counted")).click()
    expect(page.get_by_text(why)).to_be_visible()
    expect(page.get_by_text("Nobody answers there")).to_have_count(0)
    ada.quiet()


@pytest.mark.usefixtures("house")
def test_a_name_of_one_long_word_makes_no_page_wider_than_a_phone(site, open_browser):
    with site.app.app_context(), write_transaction() as session:
        ada = session.scalars(select(User).where(User.email_key == "ada@example.com")).one()
        ada.name, person_id = "M" * 80, ada.id
        reward_id = session.scalars(select(Reward.id)).first()
    page = sign_in(open_browser(width=360), "marta@example.com")
    month = f"{utc_now():%Y-%m}"
    for path in (
        f"/admin/ledger?person={person_id}",
        f"/admin/users/{person_id}/statements/{month}",
        f"/admin/rewards/{reward_id}",
        f"/admin/rewards/{reward_id}/write-off",
        "/admin/fraud",
        f"/admin/fraud/{person_id}/orders",
        f"/admin/users/{person_id}/ban",
    ):
        page.goto(path)
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider == 0, path
