"""What a friend is looked at by, as it comes over HTTP: where from, with what, and when the page was opened."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from tests import factories, money
from tests.conftest import browser
from tests.factories import NOON, PASSWORD, csrf_token, sign_in
from tests.suspicion import suspect
from tests.views.api.caller import SIGNUP, Caller
from webapp.database import write_transaction
from webapp.domain.screening_lists import read_entry
from webapp.extensions import db
from webapp.models import Reward, ScreeningFinding, Sighting, User
from webapp.services.keys import create_key
from webapp.services.screening_lists import add_entry

# Rules are asked in tests of services, on both engines.
pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile Safari/604.1"
BOB = {"name": "Bob Miller", "email": "bob@example.org", "password": PASSWORD}


@pytest.fixture
def ada(app, time_machine):
    """Ada's code; a friend of hers is worth something at once."""
    time_machine.move_to(NOON, tick=False)
    with app.app_context(), write_transaction() as session:
        money.publish(session, trigger="signup", **{name: money.TEN_DOLLARS[name] for name in ("kind", "settings")})
        ada = factories.person(session, email="ada@example.com", password=PASSWORD, now=NOON - timedelta(days=9))
        session.execute(update(User).where(User.id == ada.id).values(external_id="cus_ada"))
        return factories.link_of(session, ada).code


def let(app, **settings):
    with app.app_context(), write_transaction() as session:
        suspect(session, **settings)


def outcome(app):
    with app.app_context():
        (status,) = db.session.scalars(select(Reward.status)).all()
        return status, set(db.session.scalars(select(ScreeningFinding.signal)))


@pytest.mark.parametrize(
    ("ip", "comes_out"),
    [
        ("198.51.100.7", ("held", {"shared_network"})),
        # Of a proxy that nobody counted: everybody has it.
        ("10.0.0.2", ("pending", set())),
        ("fd00::2", ("pending", set())),
    ],
)
def test_a_reported_signup_from_the_referrers_own_network_and_browser_is_held(app, ada, ip, comes_out):
    let(app, shared_network={"weight": 50, "alone": 15})
    herself = browser(app)
    herself.environ_base |= {"REMOTE_ADDR": ip, "HTTP_USER_AGENT": PHONE}
    sign_in(herself, "ada@example.com")
    with app.app_context(), write_transaction() as session:
        create_key(session, factories.program(session), name="shop", scope="write", secret="gvk_x", now=NOON)
    told = {**SIGNUP, "referral_code": ada, "ip": ip, "user_agent": PHONE}
    assert Caller(app, "gvk_x").post("/signups", told).status_code == 201
    assert outcome(app) == comes_out
    with app.app_context():
        kept = db.session.scalars(select(Sighting.browser)).all()
    # The browser counts also where the address says nothing.
    assert kept == ["Safari", "Safari"]


@pytest.mark.parametrize(
    ("opens_again", "comes_out"),
    [(False, ("held", {"too_fast"})), (True, ("pending", set()))],
    ids=["a click while the page was open", "the page was opened by it"],
)
def test_a_click_that_comes_while_the_page_is_open_was_made_up_for_it(app, ada, time_machine, opens_again, comes_out):
    let(app, too_fast={})
    client = browser(app)
    page = client.get("/signup")
    time_machine.move_to(NOON + timedelta(minutes=1), tick=False)
    click = client.get(f"/r/{ada}")
    if opens_again:
        page = client.get(click.location)
    time_machine.move_to(NOON + timedelta(minutes=2), tick=False)
    token = csrf_token(page.get_data(as_text=True))
    # What is wrong at first does not open the page anew.
    assert client.post("/signup", data={"csrf_token": token, **BOB, "email": "bob"}).status_code == 422
    assert client.post("/signup", data={"csrf_token": token, **BOB}).status_code == 303
    assert outcome(app) == comes_out


def test_whoever_opens_the_page_by_a_code_has_clicked_before_it_was_open(app, ada, time_machine):
    let(app, too_fast={})
    client = browser(app)
    # The click is stored some moments before the page is answered.
    time_machine.move_to(NOON, tick=True)
    page = client.get(f"/signup?ref={ada}").get_data(as_text=True)
    time_machine.move_to(NOON + timedelta(minutes=2), tick=False)
    sent = client.post(f"/signup?ref={ada}", data={"csrf_token": csrf_token(page), **BOB})
    assert sent.status_code == 303
    assert outcome(app) == ("pending", set())


def test_an_address_that_says_nothing_of_where_somebody_is_is_looked_up_in_the_lists_all_the_same(app, ada):
    let(app, too_fast={})
    with app.app_context(), write_transaction() as session:
        of, by = factories.program(session).id, session.scalars(select(User.id)).one()
        add_entry(session, of, read_entry("block", "network", "10.0.0.0/8"), by=by, now=NOON)
        create_key(session, factories.program(session), name="shop", scope="write", secret="gvk_x", now=NOON)
    Caller(app, "gvk_x").post("/signups", {**SIGNUP, "referral_code": ada, "ip": "10.0.0.2"})
    assert outcome(app) == ("held", {"on_block_list"})
