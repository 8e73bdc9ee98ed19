"""Joining, over HTTP."""

import re

import pytest
from sqlalchemy import func, select

from tests import factories, money
from tests.conftest import browser
from tests.factories import PASSWORD, submit
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import (
    AttributionDecision,
    AttributionTouch,
    Click,
    Link,
    OutboxMail,
    Program,
    Referral,
    User,
    UserSession,
)

BOB = {"name": "Bob Miller", "email": "bob@example.org", "password": PASSWORD}


@pytest.fixture
def ada(app):
    """Ada's code."""
    with app.app_context(), write_transaction() as session:
        return factories.link_of(session, factories.person(session, email="ada@example.com", password=PASSWORD)).code


def count(app, model):
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(model))


def all_of(app, model):
    with app.app_context():
        return db.session.scalars(select(model).order_by(model.id)).all()


def test_a_friend_who_opened_a_link_is_credited_and_signed_in_at_once(app, ada):
    client = browser(app)
    opened = client.get(f"/r/{ada}")
    assert opened.location == f"/signup?ref={ada}"
    page = client.get(opened.location)
    assert "Ada invites you" in page.get_data(as_text=True)
    response = submit(client, opened.location, {**BOB, "ref": ada})
    assert (response.status_code, response.location) == (303, "/dashboard")
    assert client.get("/dashboard").status_code == 200
    [referral] = all_of(app, Referral)
    assert referral.method == "link"
    # The page followed the link's click within half an hour, so it is the same click.
    assert count(app, Click) == 1
    with app.app_context():
        bob = db.session.scalars(select(User).where(User.email == "bob@example.org")).one()
        assert bob.referred_by == referral.referrer_id
        assert bob.email_verified_at is None


@pytest.mark.parametrize(("wanted", "language"), [("de-AT,de;q=0.9,en;q=0.5", "de"), ("en-GB", "en"), ("", None)])
def test_mails_come_in_the_language_in_which_somebody_joined(app, wanted, language):
    client = browser(app)
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = wanted
    assert submit(client, "/signup", BOB).status_code == 303
    [bob] = all_of(app, User)
    assert bob.language == language


def test_a_page_opened_with_a_code_is_a_click_of_its_own(app, ada):
    client = browser(app)
    response = client.get(f"/signup?ref={ada.lower()}")
    assert "gv_visitor=" in response.headers["Set-Cookie"]
    assert count(app, Click) == 1
    client.get(f"/signup?ref={ada}")
    assert count(app, Click) == 1


def test_a_page_opened_with_a_code_half_an_hour_later_is_another_click(app, ada, time_machine):
    client = browser(app)
    time_machine.move_to("2026-11-22 12:00:00+00:00", tick=False)
    client.get(f"/signup?ref={ada}")
    time_machine.move_to("2026-11-22 12:30:00+00:00", tick=False)
    client.get(f"/signup?ref={ada}")
    assert count(app, Click) == 1
    time_machine.move_to("2026-11-22 12:30:01+00:00", tick=False)
    client.get(f"/signup?ref={ada}")
    assert count(app, Click) == 2


def test_without_cookies_the_code_of_the_page_is_a_link_touch(app, ada):
    client = browser(app)
    token = factories.csrf_token(client.get(f"/signup?ref={ada}").get_data(as_text=True))
    client.delete_cookie("gv_visitor")
    client.post(f"/signup?ref={ada}", data={"csrf_token": token, **BOB, "ref": ada})
    [referral] = all_of(app, Referral)
    assert referral.method == "link"
    assert [touch.kind for touch in all_of(app, AttributionTouch)] == ["page"]


def test_a_code_that_was_typed_beats_the_link(app, ada):
    with app.app_context(), write_transaction() as session:
        cara = factories.link_of(session, factories.person(session, name="Cara Diaz")).code
    client = browser(app)
    submit(client, f"/signup?ref={ada}", {**BOB, "ref": f" {cara.lower()} "})
    [referral] = all_of(app, Referral)
    assert referral.method == "typed_code"


def test_a_typed_code_alone_is_enough(app, ada):
    submit(browser(app), "/signup", {**BOB, "ref": ada})
    assert [referral.method for referral in all_of(app, Referral)] == ["typed_code"]


@pytest.mark.parametrize(
    "typed",
    [
        "http://localhost/r/{code}",
        " http://localhost/r/{code} ",
        "localhost/r/{code}/",
        "HTTPS://Friends.Example.COM/r/{lower}?utm_source=mail#top",
        "http://localhost/signup?ref={code}",
        "http://localhost/signup/?utm_source=mail&ref={lower}",
        "/r/{code}",
    ],
)
def test_the_whole_link_may_be_typed_for_its_code(app, ada, typed):
    response = submit(browser(app), "/signup", {**BOB, "ref": typed.format(code=ada, lower=ada.lower())})
    assert response.status_code == 303
    assert [referral.method for referral in all_of(app, Referral)] == ["typed_code"]


def test_the_link_that_the_page_was_opened_with_is_not_a_typed_one_either(app, ada):
    submit(browser(app), f"/signup?ref={ada}", {**BOB, "ref": f"http://localhost/r/{ada}"})
    assert [referral.method for referral in all_of(app, Referral)] == ["link"]


def test_a_slash_behind_the_page_changes_nothing_and_its_click_counts_once(app, ada):
    client = browser(app)
    assert client.get(f"/signup/?ref={ada}").status_code == 200
    assert submit(client, f"/signup/?ref={ada}", {**BOB, "ref": ada}).status_code == 303
    assert count(app, Click) == 1


def test_someone_who_comes_by_themselves_has_no_referrer(app, ada):
    submit(browser(app), "/signup", {**BOB, "ref": ""})
    assert all_of(app, Referral) == []
    assert [decision.reason for decision in all_of(app, AttributionDecision)] == ["not_referred"]


def test_a_link_that_was_retired_while_the_page_was_open_does_not_stop_the_signup(app, ada, time_machine):
    client = browser(app)
    token = factories.csrf_token(client.get(f"/signup?ref={ada}").get_data(as_text=True))
    with app.app_context(), write_transaction() as session:
        session.execute(Link.__table__.update().values(retired_at=factories.NOON))
    response = client.post(f"/signup?ref={ada}", data={"csrf_token": token, **BOB, "ref": ada})
    assert response.status_code == 303
    # The click was made while the link was alive, and counts.
    assert len(all_of(app, Referral)) == 1


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        pytest.param("name", "", "Please write your name", id="no name"),
        pytest.param("name", " \t ", "Please write your name", id="an empty name"),
        pytest.param("name", "bob@example.org", "not an address", id="an e-mail as a name"),
        pytest.param("name", "http://evil.test", "not an address", id="an address as a name"),
        pytest.param("name", "www.evil.com", "not an address", id="a host as a name"),
        pytest.param("name", "Bob\x00Miller", "invisible characters", id="a NUL"),
        pytest.param("name", "Bob\u202eMiller", "invisible characters", id="a direction override"),
        pytest.param("name", "…", "in letters", id="no letter"),
        pytest.param("name", "x" * 81, "at most 80", id="a long name"),
        pytest.param("email", "", "Please write your e-mail", id="no e-mail"),
        pytest.param("email", "bob@", "does not look like an e-mail", id="half an e-mail"),
        pytest.param("email", "bob@example.org\r\nBcc: x@example.com", "does not look like", id="a header"),
        pytest.param("email", "b" * 300 + "@example.org", "does not look like", id="a long e-mail"),
        pytest.param("password", "", "choose a password", id="no password"),
        pytest.param("password", "short", "at least 8", id="a short password"),
        pytest.param("password", "x" * 257, "at most 256", id="a long password"),
        pytest.param("password", "password1", "Many people use this one", id="a common password"),
        pytest.param("password", "bobmiller7", "made of your name", id="the name as the password"),
        pytest.param("ref", "NOSUCHCODE", "No link has this code", id="an unknown code"),
        pytest.param("ref", "'; DROP TABLE users; --", "only letters, digits and hyphens", id="SQL"),
        pytest.param("ref", "A" * 41, "only letters, digits and hyphens", id="a long code"),
        pytest.param("ref", "７KX2", "only letters, digits and hyphens", id="a digit of another script"),
        pytest.param("ref", "A\x00B", "only letters, digits and hyphens", id="a NUL in the code"),
        pytest.param("ref", "http://localhost/r/NOSUCHCODE", "No link has this code", id="a link with an unknown code"),
        pytest.param("ref", "https://evil.test/<x>", "only letters, digits and hyphens", id="a link with no code"),
        pytest.param("ref", "http://[evil/r/x y", "only letters, digits and hyphens", id="a broken link"),
        pytest.param("ref", "http://localhost/", "only letters, digits and hyphens", id="a link to nothing"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_lost_or_written(app, field, value, sentence):
    client = browser(app)
    response = submit(client, "/signup", {**BOB, field: value})
    page = response.get_data(as_text=True)
    assert response.status_code == 422
    assert sentence in page
    assert 'aria-invalid="true"' in page
    if field != "email":
        assert "bob@example.org" in page
    assert PASSWORD not in page
    assert count(app, User) == count(app, UserSession) == count(app, AttributionDecision) == 0


def test_the_first_field_that_is_wrong_is_the_one_to_type_into(app):
    page = submit(browser(app), "/signup", {**BOB, "name": "", "password": ""}).get_data(as_text=True)
    assert re.findall(r"<input[^>]* autofocus[^>]* name=\"(\w+)\"", page) == ["name"]


@pytest.mark.parametrize("taken", ["ada@example.com", "ADA@EXAMPLE.com", "  ada@example.com "])
def test_a_taken_address_gets_one_neutral_sentence_and_its_owner_a_mail(app, ada, taken):
    client = browser(app)
    response = submit(client, "/signup", {**BOB, "email": taken})
    assert response.status_code == 422
    assert "cannot open a new account" in response.get_data(as_text=True)
    submit(client, "/signup", {**BOB, "email": taken})
    assert [mail.template for mail in all_of(app, OutboxMail)] == ["address_already_used"]
    assert count(app, User) == 1
    assert client.get("/dashboard").status_code == 302


def test_an_address_in_another_spelling_of_its_domain_is_taken_too(app):
    submit(browser(app), "/signup", {**BOB, "email": "bob@müller.example"})
    response = submit(browser(app), "/signup", {**BOB, "email": "bob@xn--mller-kva.example"})
    assert response.status_code == 422
    assert count(app, User) == 1


def test_a_disguise_of_the_referrers_own_mailbox_is_no_friend(app):
    with app.app_context(), write_transaction() as session:
        code = factories.link_of(session, factories.person(session, email="ada.okafor@gmail.com")).code
    client = browser(app)
    response = submit(client, f"/signup?ref={code}", {**BOB, "email": "adaokafor+friend@googlemail.com", "ref": code})
    assert response.status_code == 303
    assert all_of(app, Referral) == []
    assert [decision.reason for decision in all_of(app, AttributionDecision)] == ["same_person"]


@pytest.mark.parametrize(
    "ref", ["NOSUCHCODE", "%00", "'%20OR%201=1", "A" * 5000, "%F0%9F%8D%87", "../admin", "%0d%0aSet-Cookie:x=1", "%ff"]
)
def test_a_hostile_ref_opens_the_plain_page_and_writes_nothing(app, ref):
    response = browser(app).get(f"/signup?ref={ref}")
    assert response.status_code == 200
    assert "invites you" not in response.get_data(as_text=True)
    assert "Set-Cookie" not in response.headers or "gv_visitor" not in response.headers["Set-Cookie"]
    assert count(app, Click) == 0


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Purpose": "prefetch"}, {"Sec-Fetch-Dest": "iframe"}, {"User-Agent": "Googlebot/2.1"}, {"User-Agent": ""}],
)
def test_opening_the_page_ahead_of_time_or_as_a_bot_is_no_click(app, ada, headers):
    assert browser(app).get(f"/signup?ref={ada}", headers=headers).status_code == 200
    assert count(app, Click) == 0


def test_a_form_without_its_token_is_refused(app):
    response = browser(app).post("/signup", data=BOB)
    assert response.status_code == 400
    assert "Reload it" in response.get_data(as_text=True)
    assert count(app, User) == 0


def test_a_person_who_is_signed_in_already_is_sent_home_and_makes_no_click(app, ada):
    client = browser(app)
    factories.sign_in(client, "ada@example.com")
    assert client.get(f"/signup?ref={ada}").location == "/dashboard"
    assert count(app, Click) == 0


def test_signups_are_limited_by_network_and_mistakes_cost_nothing(app):
    client = browser(app)
    for _ in range(25):
        assert submit(client, "/signup", {**BOB, "password": "short"}).status_code == 422
    for number in range(20):
        fresh = browser(app)
        assert submit(fresh, "/signup", {**BOB, "email": f"bob{number}@example.org"}).status_code == 303
    refused = submit(browser(app), "/signup", {**BOB, "email": "bob20@example.org"})
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 3600
    assert count(app, User) == 20


def test_the_name_of_the_inviter_is_text_and_not_markup(app):
    with app.app_context(), write_transaction() as session:
        code = factories.link_of(session, factories.person(session, name="<script>alert(1)</script> X")).code
        session.get_one(Program, factories.program(session).id).name = "Fern & <b>hill</b>"
    page = browser(app).get(f"/signup?ref={code}").get_data(as_text=True)
    assert "<script>alert" not in page
    assert "<b>hill" not in page
    assert re.search(r"Fern &amp; &lt;b&gt;hill", page)


def test_one_click_is_one_friend_whoever_uses_the_browser_next(app, ada):
    client = browser(app)
    client.get(f"/r/{ada}")
    for number in range(3):
        response = submit(client, "/signup", {**BOB, "email": f"bob{number}@example.org"})
        assert response.status_code == 303
        assert client.get_cookie("gv_visitor") is None
        submit(client, "/logout", {}, page="/dashboard")
    assert len(all_of(app, Referral)) == 1
    assert [decision.reason for decision in all_of(app, AttributionDecision)] == ["credited", *["not_referred"] * 2]


def test_guessing_codes_by_posting_the_form_is_limited_too(app, ada):
    client = browser(app)
    token = factories.csrf_token(client.get("/signup").get_data(as_text=True))
    answers = [client.post(f"/signup?ref=GUESS{n}", data={"csrf_token": token}).status_code for n in range(31)]
    assert answers == [422] * 30 + [429]


def test_a_name_is_kept_in_one_spelling_and_a_disguised_address_is_none(app):
    client = browser(app)
    assert submit(client, "/signup", {**BOB, "name": "bob＠example.org"}).status_code == 422
    assert submit(client, "/signup", {**BOB, "name": " Ｂｏｂ \u00a0 Miller "}).status_code == 303
    assert [user.name for user in all_of(app, User)] == ["Bob Miller"]


def test_an_invitation_says_what_the_friend_gets_for_it(app, client, ada):
    with app.app_context(), write_transaction() as session:
        money.publish(session, **{**money.TEN_DOLLARS, "beneficiary": "friend", "trigger": "signup"})
    assert "You get $10 for joining." in client.get(f"/signup?ref={ada}").get_data(as_text=True)
    assert "You get $10" not in client.get("/signup").get_data(as_text=True)
