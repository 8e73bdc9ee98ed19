"""The decision about a signup as a timeline."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from tests import factories
from tests.factories import NOON, join
from tests.views.admin.conftest import words
from webapp.database import write_transaction
from webapp.models import AttributionDecision
from webapp.services.signups import CameBy

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def entries(marta, referral_id):
    """Return the entries of the timeline, each with its classes and what it says, moments as @."""
    page = marta.get(f"/admin/referrals/{referral_id}").get_data(as_text=True)
    (timeline,) = re.findall(r'<ol class="card times".*?</ol>', page, re.DOTALL)
    found = re.findall(r'<li class="([^"]*)">(.*?)</li>', timeline, re.DOTALL)
    return [(classes, words(re.sub("<time.*?</time>", "@", markup, flags=re.DOTALL))) for classes, markup in found]


def test_the_decision_is_told_in_the_order_of_time(app, marta):
    visitor = uuid4()
    with app.app_context(), write_transaction() as session:
        factories.program(session).window_days = 30
        ada, cara = factories.person(session), factories.person(session, name="Cara Diaz")
        hers, caras = factories.link_of(session, ada), factories.link_of(session, cara)
        for link, before in ((hers, 41 * DAY), (caras, 5 * DAY), (hers, 21 * MINUTE), (caras, -3 * DAY)):
            factories.click(session, link, visitor_id=visitor, now=NOON - before)
        _bob, referral = join(session, CameBy(visitor_id=visitor))
        referral_id, hers_code, caras_code = referral.id, hers.code, caras.code
    window = "The window of 30 days begins @ A link that was opened from here until the signup can count."
    assert entries(marta, referral_id) == [
        ("outside", f"Opened the link @ Ada Okafor · {hers_code} · 41 days before the signup Lost: older than 30 days"),
        ("frame in-window", window),
        (
            "beaten in-window",
            f"Opened the link @ Cara Diaz · {caras_code} · 5 days before the signup Lost: a later link exists",
        ),
        (
            "won in-window",
            f"Opened the link @ Ada Okafor · {hers_code} · 21 min before the signup Won: the last link of the window",
        ),
        ("frame", "Bob Miller signed up @"),
        (
            "outside",
            f"Opened the link @ Cara Diaz · {caras_code} · 3 days after the signup Lost: opened only after the signup",
        ),
        ("won", "Ada Okafor gets the credit Last link opened in the last 30 days"),
    ]


def test_a_code_needs_no_window_and_comes_before_the_signup(app, marta):
    with app.app_context(), write_transaction() as session:
        link = factories.link_of(session, factories.person(session))
        _bob, referral = join(session, CameBy(coupon=link))
        referral_id, code = referral.id, link.code
    assert [said for _classes, said in entries(marta, referral_id)] == [
        f"Used a coupon code @ Ada Okafor · {code} · at the signup Won: a coupon code comes before every link",
        "Bob Miller signed up @",
        "Ada Okafor gets the credit Used the referrer’s coupon code",
    ]
    page = words(marta.get(f"/admin/referrals/{referral_id}").get_data(as_text=True))
    assert "A coupon code was used, and it comes before every link." in page


def test_the_browser_that_a_signup_named_is_told_apart_from_the_cookies(app, marta):
    cookie, named = uuid4(), uuid4()
    with app.app_context(), write_transaction() as session:
        ada, cara = factories.person(session), factories.person(session, name="Cara Diaz")
        factories.click(session, factories.link_of(session, cara), visitor_id=cookie, now=NOON - DAY)
        click_id = factories.click(session, factories.link_of(session, ada), visitor_id=named, now=NOON - 2 * DAY)
        _bob, referral = join(session, CameBy(visitor_id=cookie, click_id=click_id))
        referral_id = referral.id
    page = words(marta.get(f"/admin/referrals/{referral_id}").get_data(as_text=True))
    assert "The signup named a click: links of that browser come before those of the cookie." in page
    assert "Won: the last link of the browser that the signup named" in page
    assert "Lost: the signup named another browser" in page


def test_an_account_that_was_there_stands_in_the_timeline(app, marta):
    visitor = uuid4()
    with app.app_context(), write_transaction() as session:
        link = factories.link_of(session, factories.person(session))
        factories.person(session, name="Bob Miller", email="bob@gmail.com", now=NOON - 3 * DAY)
        factories.click(session, link, visitor_id=visitor, now=NOON - DAY)
        twin, _referral = join(session, CameBy(visitor_id=visitor), email="b.o.b@gmail.com")
        decision_id = session.scalars(
            select(AttributionDecision.id).where(AttributionDecision.friend_id == twin.id)
        ).one()
    told = entries(marta, decision_id)
    assert [said.split(" @")[0] for _classes, said in told] == [
        "The window of 60 days begins",
        "An account with the same mailbox was made",
        "Opened the link",
        "Bob Miller signed up",
        told[-1][1],
    ]
    assert told[-1][1] == "Nobody gets the credit Had an account before this signup"
