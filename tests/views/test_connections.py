"""A request takes one connection at a time: many that hold one and wait for another would wait for each other."""

from collections import Counter

import pytest
from sqlalchemy import event

from tests import factories
from tests.conftest import browser
from tests.factories import PASSWORD, sign_in, submit
from webapp.clicks import visits
from webapp.clock import utc_now
from webapp.database import close_connections, write_transaction
from webapp.extensions import db
from webapp.services.keys import create_key

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

SECRET = "gvk_of_the_shop"
REPORTED = {"external_id": "cus_1", "email": "reported@example.org", "name": "Bob Miller", "ip": "93.184.216.34"}


@pytest.fixture
def most_at_once(app):
    """How many connections were taken at once, by what asked for them: `most_at_once[what]`."""
    held, most = set(), Counter()
    most.what = None

    def take(connection, *_):
        held.add(connection)
        most[most.what] = max(most[most.what], len(held))

    with app.app_context():
        close_connections()
        for engine in db.engines.values():
            event.listen(engine, "checkout", take)
            event.listen(engine, "checkin", lambda connection, *_: held.discard(connection))
    return most


def test_asking_where_somebody_is_takes_no_second_connection(app, most_at_once):
    with app.app_context(), write_transaction() as session:
        program = factories.program(session)
        create_key(session, program, name="shop", scope="write", secret=SECRET, now=utc_now())
        code = factories.link_of(session, factories.person(session, email="ada@example.com")).code

    def somewhere():
        client = browser(app)
        client.environ_base["REMOTE_ADDR"] = "93.184.216.34"
        return client

    bob, shop = somewhere(), somewhere()
    shop.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {SECRET}"
    joining = {"name": "Bob Miller", "email": "bob@example.org", "password": PASSWORD, "ref": ""}
    asked = {
        "a signup that a shop tells of": lambda: shop.post("/api/v1/signups", json=REPORTED).status_code == 201,
        "a click on the page": lambda: somewhere().get(f"/signup?ref={code}").status_code == 200,
        "a signup": lambda: submit(somewhere(), "/signup", joining).status_code == 303,
        "a sign-in": lambda: sign_in(bob, "bob@example.org").status_code == 303,
        "a sign-out": lambda: submit(bob, "/logout", {}, page="/dashboard").status_code == 303,
    }
    for what, ask in asked.items():
        # The first to come after the start asks for the key in force; all ask for those that are alive.
        visits.init_app(app)
        most_at_once.what = what
        assert ask(), what
    del most_at_once[None]
    assert most_at_once == dict.fromkeys(asked, 1)
