"""What a visitor's browser is made to remember, by the program's setting and by Global Privacy Control."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select, update

from tests import factories
from tests.conftest import browser
from tests.factories import PASSWORD, submit
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import AttributionTouch, Click, Link, Program, Referral
from webapp.signing import read_id, sign_id

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

BOB = {"name": "Bob Miller", "email": "bob@example.org", "password": PASSWORD}
GPC = {"Sec-GPC": "1"}


@pytest.fixture
def code(app):
    with app.app_context(), write_transaction() as session:
        return factories.link_of(session, factories.person(session)).code


def set_program(app, **values):
    with app.app_context(), write_transaction() as session:
        session.execute(update(Program).values(**values))


def all_of(app, model):
    with app.app_context():
        return db.session.scalars(select(model).order_by(model.id)).all()


def visitor_cookies(*responses):
    return [line for one in responses for line in one.headers.getlist("Set-Cookie") if line.startswith("gv_visitor")]


def gv_of(url):
    return parse_qs(urlsplit(url).query).get("gv", [None])[0]


@pytest.mark.parametrize(("mode", "headers"), [("required", {}), ("none", {}), ("cookie", GPC)])
def test_without_a_cookie_the_click_travels_in_the_address_and_earns_the_credit(app, code, mode, headers):
    set_program(app, consent_mode=mode)
    client = browser(app)
    for name, value in headers.items():
        client.environ_base[f"HTTP_{name.upper().replace('-', '_')}"] = value
    opened = client.get(f"/r/{code}?utm_campaign=autumn")
    [click] = all_of(app, Click)
    with app.app_context():
        assert read_id("click", gv_of(opened.location)) == click.id
    page = client.get(opened.location)
    joined = submit(client, opened.location, BOB | {"ref": code})
    assert joined.status_code == 303
    assert visitor_cookies(opened, page, joined) == []
    # The opening of the page is the same click; it is what was credited, with its campaign.
    assert len(all_of(app, Click)) == 1
    [referral] = all_of(app, Referral)
    assert (referral.method, referral.utm_campaign) == ("link", "autumn")
    assert [(touch.kind, touch.click_id) for touch in all_of(app, AttributionTouch)] == [("click", click.id)]


def test_a_form_that_is_shown_again_keeps_the_click(app, code):
    set_program(app, consent_mode="none")
    client = browser(app)
    opened = client.get(f"/r/{code}").location
    wrong = submit(client, opened, BOB | {"ref": code, "password": "short"})
    assert wrong.status_code == 422
    (action,) = re.findall(r'<form class="auth-form[^>]*action="([^"]*)"', wrong.get_data(as_text=True))
    assert gv_of(action.replace("&amp;", "&")) == gv_of(opened)


def test_a_page_opened_without_a_click_hands_its_own_to_its_form(app, code):
    set_program(app, consent_mode="none")
    client = browser(app)
    page = client.get(f"/signup?ref={code}").get_data(as_text=True)
    (action,) = re.findall(r'<form class="auth-form[^>]*action="([^"]*)"', page)
    token = factories.csrf_token(page)
    assert client.post(action.replace("&amp;", "&"), data=BOB | {"ref": code, "csrf_token": token}).status_code == 303
    [click] = all_of(app, Click)
    assert [touch.click_id for touch in all_of(app, AttributionTouch)] == [click.id]


@pytest.mark.parametrize("mode", ["required", "none"])
def test_a_cookie_that_is_there_is_not_read(app, code, mode):
    client = browser(app)
    client.get(f"/r/{code}")
    set_program(app, consent_mode=mode)
    client.get(f"/r/{code}")
    assert len({click.visitor_id for click in all_of(app, Click)}) == 2


def test_with_global_privacy_control_a_cookie_is_neither_read_nor_renewed(app, code):
    client = browser(app)
    client.get(f"/r/{code}")
    again = client.get(f"/r/{code}", headers=GPC)
    page = client.get(f"/signup?ref={code}", headers=GPC)
    assert visitor_cookies(again, page) == []
    assert len({click.visitor_id for click in all_of(app, Click)}) == 3
    # Whoever stops sending it is known again.
    client.get(f"/r/{code}")
    assert len({click.visitor_id for click in all_of(app, Click)}) == 3


def test_with_a_cookie_the_address_stays_as_short_as_it_was(app, code):
    opened = browser(app).get(f"/r/{code}", headers={"Sec-GPC": "0"})
    assert opened.location == f"/signup?ref={code}"
    assert len(visitor_cookies(opened)) == 1


@pytest.mark.parametrize("mode", ["required", "none"])
def test_a_robot_gets_no_click_to_carry(app, code, mode):
    set_program(app, consent_mode=mode)
    opened = browser(app).get(f"/r/{code}", headers={"User-Agent": "Googlebot/2.1"})
    assert opened.location == f"/signup?ref={code}"


@pytest.mark.parametrize("whose", ["nobody's", "another link's", "a visitor's", "altered"])
def test_what_is_no_click_on_this_link_is_no_click(app, code, whose):
    set_program(app, consent_mode="none")
    with app.app_context(), write_transaction() as session:
        other = factories.link_of(session, factories.person(session, name="Cara Diaz")).code
    client = browser(app)
    gv = gv_of(client.get(f"/r/{other if whose.startswith('another') else code}").location)
    with app.app_context():
        of_a_visitor = sign_id("visitor", read_id("click", gv))
    forged = {"nobody's": "x", "another link's": gv, "a visitor's": of_a_visitor, "altered": gv[:-1]}[whose]
    client.get(f"/signup?ref={code}&gv={forged}")
    assert len(all_of(app, Click)) == 2


def test_a_click_whose_link_was_retired_meanwhile_still_counts(app, code):
    set_program(app, consent_mode="none")
    client = browser(app)
    opened = client.get(f"/r/{code}").location
    token = factories.csrf_token(client.get(opened).get_data(as_text=True))
    with app.app_context(), write_transaction() as session:
        session.execute(update(Link).values(retired_at=factories.NOON))
    assert client.post(opened, data=BOB | {"ref": code, "csrf_token": token}).status_code == 303
    assert [referral.method for referral in all_of(app, Referral)] == ["link"]


def test_the_cookie_of_a_browser_says_more_than_an_address_that_was_passed_on(app, code):
    client, other = browser(app), browser(app)
    opened = client.get(f"/r/{code}")
    passed_on = other.get(f"/r/{code}", headers=GPC).location
    submit(client, passed_on, BOB | {"ref": code})
    own, _others = all_of(app, Click)
    assert opened.location != passed_on
    assert [touch.click_id for touch in all_of(app, AttributionTouch)] == [own.id]
