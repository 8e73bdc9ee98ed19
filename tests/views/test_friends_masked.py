"""No page, no file and no address that a referrer or a marketer opens says who a friend is, or where they were."""

from io import BytesIO
from zipfile import ZipFile

import pytest
from sqlalchemy import select

from tests import factories, money
from tests.conftest import browser
from tests.factories import NOON, PASSWORD, csrf_token, sign_in, submit
from tests.suspicion import suspect
from tests.views.test_routes import ROUTES
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import Link, Reward, User

E_MAIL, ADDRESS = "bob.zqmail@zqhost.example", "203.0.113.77"
# What only staff with rights reads of a friend: also behind the @ alone, also in another spelling.
HIDDEN = ("zqmail", "zqhost", ADDRESS, "cus_zq", "order_zq", "evt_zq", "Aunt Zq", "Zqlast")


@pytest.fixture
def ada_link(app, time_machine):
    """Ada, whose friend Bob Zqlast signed up from an address and bought; a marketer; and what the ids are."""
    time_machine.move_to(NOON, tick=False)
    with app.app_context(), write_transaction() as session:
        ada = factories.person(session, email="ada@example.com", password=PASSWORD)
        factories.person(session, name="Mo Art", email="marketer@example.com", role="marketer", password=PASSWORD)
        suspect(session)
        money.publish(session)
        code = factories.link_of(session, ada).code
    bob = browser(app)
    bob.environ_base["REMOTE_ADDR"] = ADDRESS
    bob.get(f"/r/{code}")
    page = bob.get(f"/signup?ref={code}").get_data(as_text=True)
    form = {"csrf_token": csrf_token(page), "name": "Bob Zqlast", "email": E_MAIL, "password": PASSWORD, "ref": code}
    assert bob.post("/signup", data=form).status_code == 303
    with app.app_context(), write_transaction() as session:
        bob = session.scalars(select(User).where(User.name == "Bob Zqlast")).one()
        bob.external_id = "cus_zq"
        money.buy(session, bob, event_id="evt_zq", order_id="order_zq", details={"gift": "Aunt Zq"})
        return {"code": code, "bob": bob.id}


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize("who", ["ada", "marketer"])
def test_nothing_that_they_open_says_who_a_friend_is(app, ada_link, who):
    client = browser(app)
    sign_in(client, f"{who}@example.com")
    with app.app_context():
        link_id = db.session.scalars(select(Link.id).where(Link.code == ada_link["code"])).one()
        reward_id = db.session.scalars(select(Reward.id)).first()
    named = {"<uuid:link_id>": link_id, "<uuid:reward_id>": reward_id, "<month>": "2026-11", "<code>": "NOSUCH"}
    named |= {"<any(svg,png):kind>": "svg", "<uuid:user_id>": ada_link["bob"]}
    opened = 0
    for route in ROUTES:
        method, path = route.split(" ")
        for part, value in named.items():
            path = path.replace(part, str(value))
        if method != "GET" or "<" in path:
            continue
        answer = client.get(path)
        opened += answer.status_code == 200
        said = answer.get_data(as_text=True) + str(answer.headers)
        assert [hidden for hidden in HIDDEN if hidden.lower() in said.lower()] == [], path
    assert opened > 15
    taken = submit(client, "/settings/privacy/export", {"current_password": PASSWORD}, page="/settings/privacy")
    with ZipFile(BytesIO(taken.get_data())) as file:
        said = "".join(file.read(name).decode() for name in file.namelist())
    assert [hidden for hidden in HIDDEN if hidden.lower() in said.lower()] == []
