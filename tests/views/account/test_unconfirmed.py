"""Whoever has not confirmed the address of their account is not shown what the business reported of it."""

import json
from io import BytesIO
from zipfile import ZipFile

import pytest
from sqlalchemy import select

from tests import factories, money
from tests.conftest import browser
from tests.factories import NOON, PASSWORD, link_of, program, sign_in, submit
from tests.mails import newest_link, text_of
from tests.money import TWENTY_PERCENT
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import Reward
from webapp.queries.people import find_by_email
from webapp.services.coupon_pools import add_codes, add_pool
from webapp.services.keys import create_key

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

VERA = {"name": "Not Vera", "email": "vera@example.org", "password": PASSWORD}
EXPORT = "/settings/privacy/export"


@pytest.fixture
def business(app):
    with app.app_context(), write_transaction() as session:
        factories.person(session, name="Jo Winter", email="jo@example.com", role="admin", password=PASSWORD)
        create_key(session, program(session), name="shop", scope="write", secret="gvk_shop", now=NOON)
        money.publish(session, **{**TWENTY_PERCENT, "key": "friends", "beneficiary": "friend"})
        code = link_of(session, factories.person(session, name="Ada Okafor")).code
    client = app.test_client()

    def tell(path, body):
        answer = client.post(f"/api/v1{path}", json=body, headers={"Authorization": "Bearer gvk_shop"})
        assert answer.status_code in (200, 201), answer.get_data(as_text=True)

    tell.code = code
    return tell


@pytest.fixture
def vera(app, business):
    """A browser that opened an account with an address that is not its owner's; then she buys."""
    client = browser(app)
    assert submit(client, f"/signup?ref={business.code}", {**VERA, "ref": business.code}).status_code == 303
    return client


def buys(business):
    business("/signups", {"external_id": "cus_vera", "email": VERA["email"], "name": "Vera Lind"})
    purchase = {"event_id": "evt_1", "type": "purchase", "user": {"external_id": "cus_vera"}, "order_id": "order-77"}
    business("/conversions", {**purchase, "amount": 4321, "currency": "USD", "metadata": {"gift": "for Uncle Tom"}})


def confirm(app, client):
    path = newest_link(app, "verify_email")
    assert submit(client, path, {}).status_code == 303


def exported(client):
    answer = submit(client, EXPORT, {"current_password": PASSWORD}, page="/settings/privacy")
    with ZipFile(BytesIO(answer.get_data())) as file:
        return {name: file.read(name).decode() for name in file.namelist()}


def test_the_export_holds_no_order_of_an_address_that_nobody_confirmed(app, business, vera):
    assert "not in it yet" not in vera.get("/settings/privacy").get_data(as_text=True)
    buys(business)
    assert "Your orders are not in it yet." in vera.get("/settings/privacy").get_data(as_text=True)
    files = exported(vera)
    whole = "\n".join(files.values())
    assert [word for word in ("order-77", "evt_1", "cus_vera", "Uncle Tom", "4321") if word in whole] == []
    assert "Your e-mail address is not confirmed yet" in files["README.txt"]
    # What is theirs in any case.
    data = json.loads(files["data.json"])
    assert (data["account"][0]["name"], len(data["rewards"])) == ("Not Vera", 1)
    confirm(app, vera)
    files = exported(vera)
    assert "order-77" in files["tables/events.csv"]
    assert json.loads(files["data.json"])["account"][0]["external_id"] == "cus_vera"
    assert "is not confirmed" not in files["README.txt"]


def test_an_admin_takes_all_of_it(app, business, vera):
    buys(business)
    admin = browser(app)
    sign_in(admin, "jo@example.com")
    with app.app_context():
        where = f"/admin/users/{find_by_email(db.session(), VERA['email']).id}/privacy/export"
    answer = submit(admin, where, {"current_password": PASSWORD})
    with ZipFile(BytesIO(answer.get_data())) as file:
        assert "order-77" in file.read("data.json").decode()


def test_a_reward_does_not_tell_of_the_order_it_came_of(app, business, vera):
    buys(business)
    with app.app_context():
        reward = f"/dashboard/rewards/{db.session.scalars(select(Reward.id)).one()}"
    page = vera.get(reward).get_data(as_text=True)
    assert ("43.21" in page, "as soon as your e-mail address is confirmed" in page) == (False, True)
    admin = browser(app)
    sign_in(admin, "jo@example.com")
    seen = admin.get(f"/admin/rewards/{reward.rpartition('/')[2]}/as-seen").get_data(as_text=True)
    assert ("43.21" in seen, "as soon as your e-mail address is confirmed" in seen) == (False, True)
    confirm(app, vera)
    page = vera.get(reward).get_data(as_text=True)
    assert ("43.21" in page, "as soon as your e-mail address is confirmed" in page) == (True, False)


def test_a_reward_for_joining_tells_how_it_came_about(app, business):
    with app.app_context(), write_transaction() as session:
        joining = {"key": "joining", "trigger": "signup", "beneficiary": "friend", "kind": "fixed_amount"}
        money.publish(session, **joining, settings={"amount": 500, "currency": "USD"})
    client = browser(app)
    assert submit(client, f"/signup?ref={business.code}", {**VERA, "ref": business.code}).status_code == 303
    buys(business)
    with app.app_context():
        reward_id = db.session.scalars(select(Reward.id).where(Reward.amount_minor == 500)).one()
    page = client.get(f"/dashboard/rewards/{reward_id}").get_data(as_text=True)
    assert "as soon as your e-mail address is confirmed" not in page


def test_a_coupon_waits_for_the_address_to_be_confirmed(app, business, vera):
    with app.app_context(), write_transaction() as session:
        of = program(session).id
        admin = find_by_email(session, "jo@example.com").id
        pool = add_pool(session, of, key="spring", name="Spring", low_at=0, by=admin, now=NOON)
        add_codes(session, pool, ["TENOFF-1"], by=admin, now=NOON)
        coupon = {"kind": "coupon_from_pool", "settings": {"pool": "spring"}, "reward": "coupon", "hold_days": 0}
        money.publish(session, **{"key": "coupon", "beneficiary": "friend", **coupon})
    buys(business)
    with app.app_context():
        reward_id = db.session.scalars(select(Reward.id).where(Reward.kind == "coupon")).one()
    pages = ["/dashboard/rewards", f"/dashboard/rewards/{reward_id}"]
    assert [page for page in pages if "TENOFF-1" in vera.get(page).get_data(as_text=True)] == []
    assert "Confirm your e-mail address, and its code stands here." in vera.get(pages[1]).get_data(as_text=True)
    confirm(app, vera)
    assert [page for page in pages if "TENOFF-1" in vera.get(page).get_data(as_text=True)] == pages


def test_the_address_stays_until_it_is_confirmed(app, business, vera):
    new = {"email": "mine@example.net", "current_password": PASSWORD}
    assert 'name="email"' in vera.get("/settings/sign-in/email").get_data(as_text=True)
    token = factories.csrf_token(vera.get("/settings/sign-in/email").get_data(as_text=True))
    buys(business)
    refused = vera.post("/settings/sign-in/email", data={"csrf_token": token, **new})
    page = refused.get_data(as_text=True)
    assert (refused.status_code, "Confirm your address first" in page, 'name="email"' in page) == (422, True, False)
    confirm(app, vera)
    assert submit(vera, "/settings/sign-in/email", new).status_code == 303


def test_the_owner_reads_how_the_account_becomes_theirs(app, business, vera):
    buys(business)
    subject, text = text_of(app, "account_reported")
    assert subject == "Is this account at Grapevine yours?"
    assert "http://localhost/forgot" in text
    assert "http://localhost/settings/sign-in" in text
    path = newest_link(app, "verify_email")
    # Where they are not signed in, it may be the mail of somebody else's doing.
    page = browser(app).get(path).get_data(as_text=True)
    assert 'href="/forgot"' in page
    assert 'href="/forgot"' not in vera.get(path).get_data(as_text=True)
