"""A referrer's own pages."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest

from tests import factories, money
from tests.conftest import browser
from tests.factories import NOON, PASSWORD, sign_in
from tests.services.test_signups import join
from webapp.database import write_transaction
from webapp.queries.links import find_live_link
from webapp.services.signups import CameBy

# What is read from a request and shown on a page is no matter of the database.
pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

EMAIL = "ada@example.com"


@pytest.fixture
def ada(app, time_machine):
    time_machine.move_to(NOON, tick=False)
    with app.app_context(), write_transaction() as session:
        user = factories.person(session, email=EMAIL, password=PASSWORD)
        return factories.link_of(session, user).code


def bring_friends(app, code, count, *, name="Bob Miller", host="example.org", buying=False):
    """Let `count` people come through Ada's link."""
    with app.app_context(), write_transaction() as session:
        link = find_live_link(session, factories.program(session).id, code)
        for number in range(count):
            visitor = uuid4()
            factories.click(session, link, visitor_id=visitor)
            friend, _ = join(session, CameBy(visitor_id=visitor), name=name, email=f"friend.secret{number}@{host}")
            if buying:
                money.buy(session, friend, event_id=f"{host} {number}")


def page_of(app, path="/dashboard", **headers):
    client = browser(app)
    sign_in(client, EMAIL)
    return client.get(path, headers=headers).get_data(as_text=True)


def metric(page, name):
    found = re.search(rf'data-metric="{name}"\s+data-value="(\d+)"\s*>([^<]*)<', page)
    assert found, name
    return int(found.group(1)), found.group(2).strip()


def test_the_first_day_shows_the_link_and_what_happens_next(app, ada):
    page = page_of(app)
    link = re.search(r'id="referral-link"[^>]*>([^<]*)<', page).group(1)
    assert link == f"http://localhost/r/{ada}"
    assert "<svg" in page
    assert metric(page, "clicks") == (0, "0")
    assert metric(page, "signups") == (0, "0")
    # Nothing after nothing is no trend.
    assert "0 in 30 days" in page
    assert 'class="change' not in page
    assert "No friends yet" in page
    assert "Good afternoon, Ada" in page


def test_a_friend_stands_there_with_the_reason_why_they_count(app, ada):
    bring_friends(app, ada, 1)
    page = page_of(app)
    assert metric(page, "clicks") == (1, "1")
    assert metric(page, "signups") == (1, "1")
    assert "Bob M." in page
    assert "Bob counts as your friend" in page
    assert "They opened your link on November 22 and signed up less than a day later." in page
    assert "A link counts for 60 days after it was opened." in page


def test_nothing_of_a_friend_but_first_name_and_initial_is_shown(app, ada):
    bring_friends(app, ada, 1, name="Bob Xylander-Miller")
    for path in ("/dashboard", "/dashboard/referrals"):
        page = page_of(app, path)
        assert "Bob X." in page
        assert "Xylander" not in page
        assert "secret" not in page


def test_someone_who_does_not_count_is_there_without_a_name_and_with_the_reason(app, ada):
    with app.app_context(), write_transaction() as session:
        ada_link = find_live_link(session, factories.program(session).id, ada)
        cara_link = factories.link_of(session, factories.person(session, name="Cara Diaz"))
        visitor = uuid4()
        factories.click(session, ada_link, visitor_id=visitor)
        join(session, CameBy(visitor_id=visitor, typed=cara_link), name="Bob Miller", email="bob@example.org")
    page = page_of(app)
    assert "Someone" in page
    assert "They typed another code" in page
    assert "Bob" not in page
    assert "Cara" not in page
    assert metric(page, "signups") == (0, "0")


def test_who_came_too_late_is_told_in_figures_and_by_nobody_s_name(app, ada):
    visitor = uuid4()
    with app.app_context(), write_transaction() as session:
        factories.program(session).window_days = 30
        link = find_live_link(session, factories.program(session).id, ada)
        factories.click(session, link, visitor_id=visitor, now=NOON - timedelta(days=41))
        join(session, CameBy(visitor_id=visitor), name="Sam Late", email="sam@example.org")
        join(session, CameBy(coupon=link), name="Cora Young", email="cora@example.org")
    page = page_of(app, "/dashboard/referrals")
    assert "Someone signed up 41 days after your link was opened on October 12; the window is 30 days." in page
    assert "Sam" not in page
    assert "They used your coupon code, and a coupon code comes before every link." in page
    assert "Cora counts as your friend" in page


def test_figures_are_written_as_people_read_them(app, ada):
    with app.app_context(), write_transaction() as session:
        link = find_live_link(session, factories.program(session).id, ada)
        for _ in range(1234):
            factories.click(session, link, visitor_id=uuid4())
    assert metric(page_of(app), "clicks") == (1234, "1,234")


def test_friends_come_in_pages_that_htmx_can_fetch_in_parts(app, ada):
    bring_friends(app, ada, 45)
    client = browser(app)
    sign_in(client, EMAIL)
    path, seen = "/dashboard/referrals", []
    while path:
        page = client.get(path).get_data(as_text=True)
        part = client.get(path, headers={"HX-Request": "true"}).get_data(as_text=True)
        assert "<html" in page
        assert "<html" not in part
        names = re.findall(r"Bob M\.", page)
        assert len(re.findall(r"Bob M\.", part)) == len(names)
        seen += names
        more = re.search(r'href="(/dashboard/referrals\?before=[^"]+)"', page)
        path = more.group(1) if more else None
    assert len(seen) == 45
    assert "45 friends joined through you" in client.get("/dashboard/referrals").get_data(as_text=True)


@pytest.mark.parametrize("before", ["x", "", "0" * 5000, "%00", "00000000-0000-0000-0000-00000000000g"])
def test_a_hostile_cursor_is_not_there(app, ada, before):
    client = browser(app)
    sign_in(client, EMAIL)
    assert client.get(f"/dashboard/referrals?before={before}").status_code == 404


def test_a_friend_who_has_not_ordered_yet_may_be_reminded(app, ada):
    with app.app_context(), write_transaction() as session:
        money.publish(session)
    bring_friends(app, ada, 1)
    page = page_of(app)
    assert "Bob has not ordered yet" in page
    assert "Hi Bob, have you had a look at" in page
    bring_friends(app, ada, 1, name="Cy Young", host="example.net")
    assert "Cy and Bob have not ordered yet" in page_of(app)
    bring_friends(app, ada, 2, name="Eve", host="example.com")
    page = page_of(app)
    assert "Eve, Eve and 2 more have not ordered yet" in page
    assert "Hi, have you had a look at" in page


@pytest.mark.parametrize("why", ["no rule pays for orders", "they have ordered", "it is long ago"])
def test_nobody_is_reminded_without_a_point(app, ada, time_machine, why):
    with app.app_context(), write_transaction() as session:
        trigger = "signup" if why == "no rule pays for orders" else "purchase"
        money.publish(session, **money.TEN_DOLLARS, trigger=trigger)
    bring_friends(app, ada, 1, buying=why == "they have ordered")
    if why == "it is long ago":
        time_machine.move_to(NOON + timedelta(days=31), tick=False)
    assert "not ordered yet" not in page_of(app)


@pytest.mark.parametrize(
    ("show", "names"),
    [("", {"Wait W.", "Back B.", "Idle I."}), ("waiting", {"Wait W."}), ("nothing", {"Back B."}), ("x", None)],
)
def test_friends_are_shown_by_what_became_of_them(app, ada, show, names):
    with app.app_context(), write_transaction() as session:
        money.publish(session)
    for name, buying in (("Wait W", True), ("Back B", True), ("Idle I", False)):
        bring_friends(app, ada, 1, name=name, host=f"{name[:4]}.example", buying=buying)
    with app.app_context(), write_transaction() as session:
        money.refund(session, of="Back.example 0")
    page = page_of(app, f"/dashboard/referrals?show={show}")
    shown = set(re.findall(r"(?:Wait W|Back B|Idle I)\.", page))
    assert shown == (names or {"Wait W.", "Back B.", "Idle I."})
    assert ">All" in page
    counts = re.findall(r'(All|Waiting|No reward) <span class="num">(\d+)</span>', page)
    assert counts == [("All", "3"), ("Waiting", "1"), ("No reward", "1")]


def test_nobody_of_a_kind_is_said_in_words(app, ada):
    bring_friends(app, ada, 1)
    assert "Nobody’s reward is waiting" in page_of(app, "/dashboard/referrals?show=waiting")
    assert "Nobody came without a reward" in page_of(app, "/dashboard/referrals?show=nothing")


def test_the_pages_of_a_choice_keep_it(app, ada):
    with app.app_context(), write_transaction() as session:
        money.publish(session)
    bring_friends(app, ada, 22, buying=True)
    page = page_of(app, "/dashboard/referrals?show=waiting")
    (more,) = set(re.findall(r'href="(/dashboard/referrals\?before=[^"]+)"', page))
    assert "show=waiting" in more
    assert page_of(app, more.replace("&amp;", "&")).count("Bob M.") == 2
