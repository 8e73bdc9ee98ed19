"""Signups that the business reports."""

import json
from datetime import timedelta
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import delete, select, update

from tests import factories
from tests.conftest import browser
from tests.factories import NOON
from tests.views.api.caller import SIGNUP, problems, refused, rows, told
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import ApiAnswer, Click, Link, Program, Referral, User
from webapp.services.coupon_codes import add_coupon
from webapp.views.api.schemas import SignupBody

DAY = timedelta(days=1)


def test_a_signup_without_a_link_makes_a_person_with_a_code_of_their_own(app, api):
    response = api.post("/signups", SIGNUP)
    assert response.status_code == 201
    answer = response.get_json()
    with app.app_context():
        (user,) = db.session.scalars(select(User)).all()
        (link,) = db.session.scalars(select(Link)).all()
    assert answer == {
        "user": {
            "id": str(user.id),
            "external_id": "cus_1",
            "referral_code": link.code,
            "referral_url": f"http://localhost/r/{link.code}",
        },
        "referral": None,
        "rewards": [],
        "explanation": [{"code": "not_referred", "text": "Came without a link"}],
    }
    assert (user.email, user.name, user.role, user.external_id) == (
        "bob@example.org",
        "Bob Miller",
        "referrer",
        "cus_1",
    )
    assert (user.email_verified_at, user.password_hash) == (None, None)


@pytest.mark.parametrize("spell", [str, str.lower, lambda code: f" {code} "], ids=["as shown", "lower", "with spaces"])
def test_a_code_makes_a_friend(app, api, ada, spell):
    answer = api.post("/signups", SIGNUP | {"referral_code": spell(ada["user"]["referral_code"])}).get_json()
    with app.app_context():
        (referral,) = db.session.scalars(select(Referral)).all()
    assert answer["referral"] == {
        "id": str(referral.id),
        "referrer_id": ada["user"]["id"],
        "method": "typed_code",
    }
    assert str(referral.friend_id) == answer["user"]["id"]
    assert referral.created_at == NOON
    assert answer["explanation"][0] == {"code": "credited", "text": "Typed the referrer’s code"}


def test_the_click_id_of_the_redirect_makes_a_friend(app, api, ada, clock):
    with app.app_context(), write_transaction() as session:
        session.execute(update(Program).values(landing_url="https://shop.example/welcome?from=friends"))
    code = ada["user"]["referral_code"]
    sent_to = browser(app).get(f"/r/{code}").location
    (click_id,) = parse_qs(urlsplit(sent_to).query)["gv"]
    clock.move_to(NOON + 60 * DAY, tick=False)
    answer = api.post("/signups", SIGNUP | {"click_id": click_id}).get_json()
    assert (answer["referral"]["referrer_id"], answer["referral"]["method"]) == (ada["user"]["id"], "link")
    assert answer["explanation"][0] == {"code": "credited", "text": "Last link opened in the last 60 days"}


@pytest.mark.parametrize(
    ("sends", "method", "whose"), [("the click's", "link", "ada"), ("another", "typed_code", "cara")]
)
def test_the_code_of_the_click_s_own_link_was_not_typed(app, api, ada, sends, method, whose):
    with app.app_context(), write_transaction() as session:
        session.execute(update(Program).values(landing_url="https://shop.example/", attribution_model="first"))
    people = {"ada": ada["user"]}
    body = {"external_id": "cara", "email": "cara@example.com", "name": "Cara Diaz"}
    people["cara"] = api.post("/signups", body).get_json()["user"]
    client, clicks = browser(app), {}
    for name in ("ada", "cara"):
        sent_to = client.get(f"/r/{people[name]['referral_code']}").location
        clicks[name] = parse_qs(urlsplit(sent_to).query)["gv"][0]
    click = clicks["cara" if sends == "the click's" else "ada"]
    sent = {"click_id": click, "referral_code": people["cara"]["referral_code"].lower()}
    referral = api.post("/signups", SIGNUP | sent).get_json()["referral"]
    # In this program the first link wins, and a typed code before any.
    assert (referral["method"], referral["referrer_id"]) == (method, people[whose]["id"])


def test_a_click_counts_for_the_moment_of_the_signup_not_of_the_report(app, api, ada, clock):
    with app.app_context(), write_transaction() as session:
        session.execute(update(Program).values(landing_url="https://shop.example/"))
    sent_to = browser(app).get(f"/r/{ada['user']['referral_code']}").location
    (click_id,) = parse_qs(urlsplit(sent_to).query)["gv"]
    clock.move_to(NOON + 90 * DAY, tick=False)
    late = {**SIGNUP, "click_id": click_id, "occurred_at": "2026-11-22T13:00:00+01:00"}
    assert told(api.post("/signups", late))[0] == "credited"
    too_late = {"external_id": "cus_2", "email": "cy@example.org", "name": "Cy", "click_id": click_id}
    response = api.post("/signups", too_late)
    assert response.get_json()["referral"] is None
    assert told(response) == ["outside_window"]


@pytest.mark.parametrize(
    ("sent", "codes"),
    [
        pytest.param({"referral_code": "NOSUCHCODE"}, ["unknown_code"], id="an unknown code"),
        pytest.param({"referral_code": "no code at all!"}, ["unknown_code"], id="what cannot be a code"),
        pytest.param({"coupon_code": "NOSUCHCODE"}, ["unknown_coupon"], id="an unknown coupon"),
        pytest.param({"coupon_code": "10 % off!"}, ["unknown_coupon"], id="what cannot be a coupon here"),
        pytest.param({"click_id": "AAAA.BBBB"}, ["unknown_click"], id="a click id that we did not sign"),
        pytest.param(
            {"referral_code": "NOSUCHCODE", "click_id": "x"}, ["unknown_code", "unknown_click"], id="neither of both"
        ),
    ],
)
def test_what_is_unknown_is_left_aside_and_said(app, api, sent, codes):
    response = api.post("/signups", SIGNUP | sent)
    assert response.status_code == 201
    assert response.get_json()["referral"] is None
    assert told(response) == codes
    assert rows(app)["referrals"] == 0


def test_a_retired_code_is_unknown(app, api, ada):
    with app.app_context(), write_transaction() as session:
        session.execute(update(Link).values(retired_at=NOON))
    response = api.post("/signups", SIGNUP | {"referral_code": ada["user"]["referral_code"]})
    assert (response.status_code, told(response)) == (201, ["unknown_code"])


@pytest.mark.parametrize(
    ("email", "reason"),
    [("ada+2@example.com", "same_person"), ("cy+2@example.org", "existing_customer")],
    ids=["her own code", "a second account"],
)
def test_an_alias_of_a_mailbox_is_nobody_s_friend(api, ada, email, reason):
    api.post("/signups", {"external_id": "cy", "email": "cy@example.org", "name": "Cy Young"})
    code = ada["user"]["referral_code"]
    response = api.post("/signups", {"external_id": "cus_2", "email": email, "name": "X", "referral_code": code})
    assert (response.status_code, response.get_json()["referral"]) == (201, None)
    assert told(response) == [reason]


def coupon_of(app, person, code="Ada-10"):
    """Give someone who was reported a coupon code; returns its id."""
    with app.app_context(), write_transaction() as session:
        link = session.scalars(select(Link).where(Link.code == person["user"]["referral_code"])).one()
        return add_coupon(session, link, code, by=link.referrer_id, now=NOON).id


@pytest.mark.parametrize("typed", ["Ada-10", "ada-1o", " ADA-10 "])
def test_a_coupon_code_makes_a_friend(app, api, ada, typed):
    coupon_of(app, ada)
    answer = api.post("/signups", SIGNUP | {"coupon_code": typed}).get_json()
    assert (answer["referral"]["referrer_id"], answer["referral"]["method"]) == (ada["user"]["id"], "coupon_code")
    assert answer["explanation"][0] == {"code": "credited", "text": "Used the referrer’s coupon code"}


def test_a_coupon_that_is_the_code_of_a_link_counts_as_its_coupon(api, ada):
    answer = api.post("/signups", SIGNUP | {"coupon_code": ada["user"]["referral_code"].lower()}).get_json()
    assert (answer["referral"]["referrer_id"], answer["referral"]["method"]) == (ada["user"]["id"], "coupon_code")


def test_a_typed_code_comes_before_a_coupon_and_that_before_the_click(app, api, ada):
    cy = api.post("/signups", {"external_id": "cy", "email": "cy@example.org", "name": "Cy Young"}).get_json()
    di = api.post("/signups", {"external_id": "di", "email": "di@example.org", "name": "Di Ross"}).get_json()
    coupon_of(app, cy, "CY10")
    with app.app_context(), write_transaction() as session:
        session.execute(update(Program).values(landing_url="https://shop.example/"))
    sent_to = browser(app).get(f"/r/{di['user']['referral_code']}").location
    (click_id,) = parse_qs(urlsplit(sent_to).query)["gv"]
    told_all = {"click_id": click_id, "coupon_code": "CY10", "referral_code": ada["user"]["referral_code"]}
    credited = {}
    for number, left_out in enumerate([(), ("referral_code",), ("referral_code", "coupon_code")]):
        sent = {name: value for name, value in told_all.items() if name not in left_out}
        body = {"external_id": f"cus_{number}", "email": f"bob{number}@example.org", "name": "Bob"} | sent
        referral = api.post("/signups", body).get_json()["referral"]
        credited[referral["method"]] = referral["referrer_id"]
    assert credited == {name: one["user"]["id"] for name, one in zip(METHODS, (ada, cy, di), strict=True)}


METHODS = ("typed_code", "coupon_code", "link")


def test_an_unknown_coupon_leaves_the_credit_to_the_code(api, ada):
    response = api.post("/signups", SIGNUP | {"coupon_code": "NOSUCH", "referral_code": ada["user"]["referral_code"]})
    assert response.get_json()["referral"]["method"] == "typed_code"
    assert told(response)[:2] == ["unknown_coupon", "credited"]


def test_a_click_that_was_forgotten_is_said(app, api, ada):
    with app.app_context(), write_transaction() as session:
        session.execute(update(Program).values(landing_url="https://shop.example/"))
    sent_to = browser(app).get(f"/r/{ada['user']['referral_code']}").location
    (click_id,) = parse_qs(urlsplit(sent_to).query)["gv"]
    with app.app_context(), write_transaction() as session:
        session.execute(delete(Click))
    response = api.post("/signups", SIGNUP | {"click_id": click_id})
    assert (response.status_code, response.get_json()["referral"]) == (201, None)
    assert response.get_json()["explanation"][0] == {
        "code": "unknown_click",
        "text": "The click of this click id is not on record, or no longer, so it was left aside.",
    }


def test_what_was_sent_before_there_were_coupons_is_the_same_content_today():
    fields = dict.fromkeys(("referral_code", "click_id", "ip", "user_agent", "occurred_at"))
    before = sha256(json.dumps(SIGNUP | fields, sort_keys=True).encode("ascii")).hexdigest()
    assert SignupBody.model_validate(SIGNUP).content_hash() == before
    assert SignupBody.model_validate(SIGNUP | {"coupon_code": None}).content_hash() == before
    assert SignupBody.model_validate(SIGNUP | {"coupon_code": "ADA10"}).content_hash() != before


def test_a_purchase_of_another_spelling_is_the_friend_s(app, api, ada, publish):
    publish(trigger="purchase", kind="fixed_amount", settings=usd(500))
    friend = {"external_id": "cus_1", "email": "bob.miller@gmail.com", "name": "Bob Miller"}
    api.post("/signups", friend | {"referral_code": ada["user"]["referral_code"]})
    bought = {"type": "purchase", "amount": 4999, "currency": "USD"}
    for number, email in enumerate(["BobMiller+shop@googlemail.com", "bob.miller@gmail.com", "bo.b@gmail.com"]):
        answer = api.post("/conversions", bought | {"event_id": f"evt_{number}", "user": {"email": email}}).get_json()
        assert [reward["beneficiary_id"] for reward in answer["rewards"]] == (
            [ada["user"]["id"]] if number < 2 else []
        ), email


def test_a_signup_is_rewarded_in_the_same_answer(api, ada, publish):
    publish(key="welcome", trigger="signup", beneficiary="friend", kind="fixed_amount", settings=usd(500))
    publish(key="thanks", trigger="signup", kind="fixed_amount", settings=usd(1000), hold_days=0)
    answer = api.post("/signups", SIGNUP | {"referral_code": ada["user"]["referral_code"]}).get_json()
    shown = {reward["rule"]["key"]: reward for reward in answer["rewards"]}
    assert set(shown) == {"welcome", "thanks"}
    assert {name: shown["welcome"][name] for name in shown["welcome"] if name != "id"} == {
        "beneficiary_id": answer["user"]["id"],
        "side": "friend",
        "kind": "cash",
        "amount": 500,
        "reversed": 0,
        "currency": "USD",
        "status": "pending",
        # The program holds for 30 days.
        "matures_at": "2026-12-22T12:00:00Z",
        "rule": {"key": "welcome", "version": 1},
        "correction": 0,
    }
    assert shown["thanks"]["beneficiary_id"] == ada["user"]["id"]
    assert (shown["thanks"]["side"], shown["thanks"]["status"], shown["thanks"]["amount"]) == (
        "referrer",
        "approved",
        1000,
    )
    assert [one["code"] for one in answer["explanation"]] == ["credited", "earned", "earned"]


def test_a_signup_sent_again_gets_the_very_same_answer(app, api, ada, publish, clock):
    publish(trigger="signup", kind="fixed_amount", settings=usd(500))
    body = SIGNUP | {"referral_code": ada["user"]["referral_code"]}
    first = api.post("/signups", body)
    before = rows(app)
    clock.move_to(NOON + DAY, tick=False)
    again = api.post("/signups", dict(reversed(body.items())) | {"ip": None})
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.data == first.data
    assert rows(app) == before


def test_the_same_id_with_other_content_is_refused(app, api, subtests):
    api.post("/signups", SIGNUP)
    before = rows(app)
    for changed in (
        {"name": "Bob Muller"},
        {"email": "bob@example.net"},
        {"referral_code": "NOSUCHCODE"},
        {"coupon_code": "NOSUCHCODE"},
        {"click_id": "x"},
        {"ip": "192.0.2.1"},
        {"user_agent": "x"},
        {"occurred_at": "2026-11-22T12:00:00Z"},
    ):
        with subtests.test(str(changed)):
            response = api.post("/signups", SIGNUP | changed)
            assert refused(response) == (409, ["external_id"])
            detail = response.get_json()["detail"]
            assert detail == "external_id was sent before with other content. Nothing was written."
    assert rows(app) == before


@pytest.mark.parametrize("email", ["bob@example.org", "BOB@Example.ORG"])
def test_an_account_that_is_there_takes_the_external_id_and_nobody_becomes_a_friend_by_it(app, api, ada, email):
    with app.app_context(), write_transaction() as session:
        known = factories.person(session, name="Robert", email="bob@example.org")
        user_id, code = str(known.id), factories.link_of(session, known).code
    response = api.post("/signups", SIGNUP | {"email": email, "referral_code": ada["user"]["referral_code"]})
    assert response.status_code == 201
    answer = response.get_json()
    assert (answer["user"]["id"], answer["user"]["external_id"]) == (user_id, "cus_1")
    assert answer["user"]["referral_code"] == code
    assert answer["referral"] is None
    assert told(response) == ["existing_customer"]
    assert rows(app)["referrals"] == 0
    with app.app_context():
        assert db.session.scalars(select(User.name).where(User.external_id == "cus_1")).all() == ["Robert"]


def test_an_account_that_takes_an_external_id_keeps_the_referral_it_has(app, api, ada):
    with app.app_context(), write_transaction() as session:
        typed = session.scalars(select(Link).where(Link.code == ada["user"]["referral_code"])).one()
        factories.join(session, factories.CameBy(typed=typed), email="bob@example.org")
    answer = api.post("/signups", SIGNUP).get_json()
    assert answer["referral"]["referrer_id"] == ada["user"]["id"]
    assert [one["code"] for one in answer["explanation"]] == ["existing_customer"]


@pytest.mark.usefixtures("staff")
@pytest.mark.parametrize(
    ("sent", "field"),
    [
        pytest.param({"external_id": "cus_2", "email": "ada@example.com"}, "email", id="it has another id"),
        pytest.param({"external_id": "cus_2", "email": "admin@example.com"}, "email", id="it is an admin's"),
        pytest.param({"external_id": "marketer", "email": "new@example.org"}, "external_id", id="the id is taken"),
    ],
)
def test_an_account_that_cannot_take_the_external_id_is_a_conflict(app, api, ada, sent, field):
    before = rows(app)
    response = api.post("/signups", SIGNUP | sent)
    assert refused(response) == (409, [field])
    assert response.get_json()["detail"] == f"{field} {problems(response)[0][1]}. Nothing was written."
    assert rows(app) == before


def test_staff_without_an_external_id_do_not_take_one(app, api):
    with app.app_context(), write_transaction() as session:
        factories.person(session, email="marketer@example.com", role="marketer")
    assert refused(api.post("/signups", SIGNUP | {"email": "marketer@example.com"})) == (409, ["email"])


def test_two_programs_give_the_same_external_id_to_two_people(app, api, elsewhere):
    here = api.post("/signups", SIGNUP)
    there = elsewhere.post("/signups", SIGNUP | {"email": "cy@example.org"})
    assert (here.status_code, there.status_code) == (201, 201)
    assert here.get_json()["user"]["id"] != there.get_json()["user"]["id"]
    assert api.post("/signups", SIGNUP).data == here.data
    with app.app_context():
        assert len(set(db.session.scalars(select(ApiAnswer.program_id)))) == 2


def test_a_code_and_a_click_of_another_program_are_unknown(app, api, elsewhere, ada):
    with app.app_context(), write_transaction() as session:
        session.execute(update(Program).values(landing_url="https://shop.example/"))
    code = ada["user"]["referral_code"]
    (click_id,) = parse_qs(urlsplit(browser(app).get(f"/r/{code}").location).query)["gv"]
    response = elsewhere.post("/signups", SIGNUP | {"referral_code": code, "click_id": click_id})
    assert (response.status_code, response.get_json()["referral"]) == (201, None)
    assert told(response) == ["unknown_code", "unknown_click"]
    assert rows(app)["referrals"] == 0


def test_an_account_of_another_program_takes_no_external_id_from_here(app, elsewhere, ada):
    """An address has one account on the whole site, and it belongs to one program."""
    before = rows(app)
    response = elsewhere.post("/signups", SIGNUP | {"email": "ada@example.com"})
    assert refused(response) == (409, ["email"])
    assert rows(app) == before


def usd(minor):
    return {"amount": minor, "currency": "USD"}
