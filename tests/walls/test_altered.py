"""A thousand requests with keys, tokens and signed values that somebody altered: none is taken, and none writes."""

import secrets
from urllib.parse import quote

import pytest
from itsdangerous.encoding import base64_decode
from sqlalchemy import select, update

from tests import factories, money
from tests.conftest import browser
from tests.factories import PASSWORD, csrf_token, join, sign_in
from tests.views.api.caller import rows
from tests.walls.alterations import altered
from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.ids import new_id
from webapp.mailed_links import draw_link
from webapp.models import Reward, SignInLink, User, UserSession
from webapp.services.keys import PREFIX, create_key, revoke_key
from webapp.services.mailed_links import LIFETIMES, find_link, mail_link, use_link
from webapp.services.sign_in_links import create_sign_in_link
from webapp.services.signups import CameBy
from webapp.signing import IdSigner, read_id, sign_id

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

METRICS_TOKEN = "a-token-for-prometheus-0123456789"
KEY, REVOKED = (PREFIX + secrets.token_urlsafe(32) for _ in range(2))


@pytest.fixture
def app(make_app):
    return make_app(METRICS_TOKEN=METRICS_TOKEN)


@pytest.fixture
def house(app):
    """Ada with a password, who earned something; and keys of the API."""
    with app.app_context(), write_transaction() as session:
        ada = factories.person(session, email="ada@example.com", password=PASSWORD)
        money.publish(session)
        bob, _referral = join(session, CameBy(typed=factories.link_of(session, ada)))
        money.buy(session, bob)
        program = factories.program(session)
        create_key(session, program, name="shop", scope="write", secret=KEY, now=utc_now())
        revoke_key(
            session,
            create_key(session, program, name="old", scope="write", secret=REVOKED, now=utc_now()),
            by=None,
            now=utc_now(),
        )
        return ada.id


def wire(value):
    """Text as WSGI hands it over: the octets of UTF-8, each as a letter."""
    return value.encode("utf-8", "replace").decode("latin-1")


def signed_for(app, purpose, value, *, secret_key=None):
    return IdSigner(secret_key or app.config["SECRET_KEY"], purpose).sign(value)


def ask(app, path, method="GET", *, form=None, **environ):
    given = {f"HTTP_{name.upper()}": wire(value) for name, value in environ.items()}
    client = app.test_client(use_cookies=False)
    return client.open(path, method=method, data=form, environ_overrides={**browser(app).environ_base, **given})


def test_no_key_of_the_api(app, house):
    assert ask(app, "/api/v1/rewards", authorization=f"Bearer {KEY}").status_code == 200
    before = rows(app)
    for one in altered(KEY, others=[REVOKED, PREFIX + secrets.token_urlsafe(32), PREFIX, METRICS_TOKEN]):
        for scheme in ("Bearer", "Basic"):
            answer = ask(app, "/api/v1/signups", "POST", authorization=f"{scheme} {one}")
            assert answer.status_code == 401, one
    assert rows(app) == before


def test_no_token_of_the_metrics(app, house):
    assert ask(app, "/metrics", authorization=f"Bearer {METRICS_TOKEN}").status_code == 200
    for one in altered(METRICS_TOKEN, others=[KEY]):
        assert ask(app, "/metrics", authorization=f"Bearer {one}").status_code == 404, one


@pytest.mark.parametrize(("purpose", "foreign"), [("click", "visitor"), ("visitor", "click")])
def test_no_signed_id(app, house, purpose, foreign):
    value, other = new_id(), new_id()
    with app.app_context():
        good = sign_id(purpose, value)
        assert read_id(purpose, good) == value
        others = [
            sign_id(foreign, value),
            sign_id("", value),
            *(sign_id(f"mailed link {one}", value) for one in LIFETIMES),
            sign_id(purpose, other),
            signed_for(app, purpose, value, secret_key="another key of more than 32 characters"),
            signed_for(app, purpose, value, secret_key=""),
            signed_for(app, purpose.upper(), value),
        ]
        for one in altered(good, others=others):
            # Somebody else's is theirs; nothing is ever read as this one.
            assert read_id(purpose, one) == (other if one == others[-4] else None), one
            assert read_id(purpose, wire(one)) != value


def test_no_click_that_an_address_names(app, house):
    with app.app_context():
        code = factories.link_of(db.session(), db.session.get_one(User, house)).code
    click = ask(app, f"/r/{code}").headers["Set-Cookie"].partition("=")[2].partition(";")[0]
    with app.app_context():
        stolen = sign_id("click", new_id())
    before = rows(app)
    for one in [stolen, click, *altered(stolen)[:60]]:
        sent = {"external_id": "cus_9", "email": "x@example.org", "name": "X", "click_id": one, "amount": 1}
        answer = browser(app).post("/api/v1/signups", json=sent, headers={"Authorization": f"Bearer {KEY}"})
        # Wrong in another field as well: nothing of it is taken.
        assert answer.status_code in {400, 422}, one
    assert rows(app) == before


def test_no_cookie_of_a_session(app, house):
    client, other = browser(app), browser(app)
    sign_in(client, "ada@example.com")
    sign_in(other, "ada@example.com")
    good, ended = (one.get_cookie("gv_session").value for one in (client, other))
    assert ask(app, "/dashboard", cookie=f"gv_session={good}").status_code == 200
    other.post("/logout", data={"csrf_token": csrf_token(other.get("/dashboard").get_data(as_text=True))})
    with app.app_context():
        hashes = db.session.scalars(select(UserSession.token_hash)).all()
    before = rows(app)
    for one in altered(good, others=[ended, *hashes]):
        # Where cookies stand, quotes around one are none of it, and behind a semicolon the next one begins.
        cookie = one.replace(";", ":").replace('"', "'")
        answer = ask(app, "/dashboard", cookie=f"gv_session={cookie}")
        assert answer.status_code == 302, one
    assert rows(app) == before


def test_no_token_of_a_form(app, house):
    client, stranger = browser(app), browser(app)
    sign_in(client, "ada@example.com")
    good = csrf_token(client.get("/dashboard").get_data(as_text=True))
    others = [csrf_token(stranger.get("/login").get_data(as_text=True)), client.get_cookie("gv_session").value]
    before = rows(app)
    for one in altered(good, others=others):
        if is_another_spelling(one, good):
            continue
        for form, headers in (({"csrf_token": one}, {}), ({}, {"x_csrftoken": one})):
            cookie = f"gv_session={client.get_cookie('gv_session').value}"
            answer = ask(app, "/settings/profile", "POST", form=form, cookie=cookie, **headers)
            assert answer.status_code == 400, one
    assert rows(app) == before


def is_another_spelling(token, of):
    """Whether it is the same signature, in Base64 with something in it that is skipped."""
    try:
        return token.rpartition(".")[0] == of.rpartition(".")[0] and base64_decode(
            token.rpartition(".")[2]
        ) == base64_decode(of.rpartition(".")[2])
    except Exception:
        return False


def test_no_link_in_an_address(app, house):
    """The routes with a token in them, whatever it is for."""
    token = secrets.token_urlsafe(32)
    with app.app_context(), write_transaction() as session:
        ada = session.get_one(User, house)
        create_sign_in_link(session, ada, token, utc_now())
        links = {}
        for purpose in LIFETIMES:
            link_id, links[purpose] = draw_link(purpose)
            mail_link(session, ada, purpose, link_id=link_id, token=links[purpose], now=utc_now())
    tried = [rule for rule in app.url_map.iter_rules() if "<token>" in rule.rule]
    assert tried
    with app.app_context():
        foreign = [sign_id("click", new_id()), sign_id("visitor", new_id())]
    before = rows(app)
    for rule in tried:
        for value in (token, links["verify_email"]):
            for one in altered(value, others=foreign)[:90]:
                path = rule.rule.replace("<token>", quote(one, safe=""))
                answer = ask(app, path)
                assert answer.status_code in {400, 404, 410, 308}, (rule.rule, one)
                assert "Set-Cookie" not in answer.headers or "gv_session" not in answer.headers["Set-Cookie"]
    assert rows(app) == before
    with app.app_context():
        assert db.session.scalars(select(SignInLink.used_at)).all() == [None]


@pytest.mark.parametrize("purpose", LIFETIMES)
def test_no_link_of_a_mail(app, house, purpose):
    with app.app_context(), write_transaction() as session:
        ada = session.get_one(User, house)
        good = {}
        for one in LIFETIMES:
            link_id, good[one] = draw_link(one)
            mail_link(session, ada, one, link_id=link_id, token=good[one], now=utc_now())
        others = [
            *(token for name, token in good.items() if name != purpose),
            *(sign_id(f"mailed link {name}", link_id) for name in LIFETIMES if name != "invitation"),
            signed_for(app, f"mailed link {purpose}", link_id, secret_key="another key of more than 32 characters"),
            str(link_id),
        ]
        others = [one for one in others if one != good[purpose]]
        for one in altered(good[purpose], others=others):
            assert find_link(session, purpose, one, utc_now()) is None, one
            assert use_link(session, purpose, one, utc_now()) is None, one
        assert find_link(session, purpose, good[purpose], utc_now()) is not None


def test_no_place_in_a_list(app, house):
    with app.app_context():
        good = str(db.session.scalars(select(Reward.id)).one())
    key = {"authorization": f"Bearer {KEY}"}
    assert ask(app, f"/api/v1/rewards?cursor={good}", **key).status_code == 200
    client = browser(app)
    with app.app_context(), write_transaction() as session:
        session.execute(update(User).where(User.id == house).values(role="admin"))
    sign_in(client, "ada@example.com")
    assert client.get(f"/admin/rewards?before={good}").status_code == 200
    for one in altered(good, others=[str(new_id()), str(house)])[:60]:
        sent = quote(one.encode("utf-8", "replace"), safe="")
        assert ask(app, f"/api/v1/rewards?cursor={sent}", **key).status_code == 422, one
        assert client.get(f"/admin/rewards?before={sent}").status_code in {404, 200 if not one.strip() else 404}, one
