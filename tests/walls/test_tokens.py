"""Whatever opens something: for its purpose, for its person, for its time, and once where once is meant."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from tests import factories
from tests.conftest import browser
from tests.conventions.tree import repository_files
from tests.factories import NOON, PASSWORD, csrf_token, sign_in, submit
from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import Click, Model, Referral, SignInLink, User, UserSession
from webapp.services.keys import create_key
from webapp.services.mailed_links import LIFETIMES, find_link, mail_link, use_link
from webapp.services.sign_in_links import create_sign_in_link, use_sign_in_link
from webapp.signing import read_id, sign_id

on_sqlite = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

# Where the secrets of the site are kept, as hashes all of them, and the test that tries each beside the ones below.
SECRETS = {
    "api_keys.key_hash": "tests/views/api/test_scopes.py",
    "mailed_links.token_hash": "tests/services/test_mailed_links.py",
    "recovery_codes.code_hash": None,  # one's own, beside a password
    "sign_in_links.token_hash": "tests/services/test_sign_in_links.py",
    "user_sessions.token_hash": "tests/views/public/test_sessions.py",
    "users.password_hash": "tests/views/public/test_sessions.py",
}
# Hashes that open nothing.
NO_SECRETS = {"audit_entries.hash", "api_answers.content_hash"}


def test_secrets_are_stored_as_hashes_and_each_kind_has_its_test():
    columns = {f"{table.name}.{column.name}" for table in Model.metadata.sorted_tables for column in table.columns}
    hashes = {name for name in columns if name.endswith("hash") and not name.endswith(("address_hash", "network_hash"))}
    assert hashes - NO_SECRETS == set(SECRETS)
    # What is called a secret, a token or a password is never itself what is stored.
    assert [name for name in columns if name.endswith(("secret", "token", "password", "key_value"))] == []
    files = {str(path) for path in repository_files()}
    assert all(any(file.endswith(test) for file in files) for test in SECRETS.values() if test)


@on_sqlite
def test_a_token_of_one_kind_is_none_of_another(app):
    """The very same text, given to everything that takes one."""
    with app.app_context(), write_transaction() as session:
        ada = factories.person(session, email="ada@example.com", password=PASSWORD)
        mine = {"key": "gvk_a", "link": "link-a", "mail": "mail-a", "session": "session-a"}
        create_key(session, factories.program(session), name="shop", scope="write", secret=mine["key"], now=utc_now())
        create_sign_in_link(session, ada, mine["link"], utc_now())
        mail_link(session, ada, "reset_password", link_id=ada.id, token=mine["mail"], now=utc_now())
        session.add(
            UserSession(user_id=ada.id, token_hash="x", created_at=utc_now(), expires_at=utc_now() + timedelta(days=1))
        )
        signed = {purpose: sign_id(purpose, ada.id) for purpose in ("click", "visitor", "mailed link reset_password")}
        for token in (*mine.values(), *signed.values()):
            for purpose in LIFETIMES:
                good = (token, purpose) == (mine["mail"], "reset_password")
                assert (find_link(session, purpose, token, utc_now()) is not None) == good
            if token != mine["link"]:
                assert use_sign_in_link(session, token, utc_now()) is None
            key = browser(app).get("/api/v1/rewards", headers={"Authorization": f"Bearer {token}"})
            assert (key.status_code == 200) == (token == mine["key"])
        for purpose, token in signed.items():
            assert [name for name in signed if read_id(name, token)] == [purpose]


@on_sqlite
def test_a_token_of_a_form_is_worth_nothing_to_somebody_else_nor_after_signing_in_or_out(app):
    with app.app_context(), write_transaction() as session:
        for name in ("ada", "cara"):
            factories.person(session, email=f"{name}@example.com", password=PASSWORD)
    ada, cara = browser(app), browser(app)
    before = csrf_token(ada.get("/login").get_data(as_text=True))
    for client, name in ((ada, "ada"), (cara, "cara")):
        sign_in(client, f"{name}@example.com")
    hers = csrf_token(ada.get("/dashboard").get_data(as_text=True))
    for client, token in ((cara, hers), (ada, before)):
        assert client.post("/logout", data={"csrf_token": token}).status_code == 400
    assert ada.post("/logout", data={"csrf_token": hers}).status_code == 303
    assert ada.post("/login", data={"csrf_token": hers, "email": "ada@example.com"}).status_code == 400


@on_sqlite
@pytest.mark.parametrize("purpose", LIFETIMES)
def test_a_link_of_a_mail_is_for_one_person_once_and_over_when_another_is_sent(app, purpose):
    with app.app_context(), write_transaction() as session:
        ada = factories.person(session, email="ada@example.com")
        cara = factories.person(session, email="cara@example.com")
        for person in (ada, cara):
            mail_link(session, person, purpose, link_id=person.id, token=f"of {person.email}", now=NOON)
        link = use_link(session, purpose, "of ada@example.com", NOON)
        assert link.user_id == ada.id
        # Replayed; and hers, which his did not use up, until its time is over.
        assert use_link(session, purpose, "of ada@example.com", NOON) is None
        assert find_link(session, purpose, "of cara@example.com", NOON).user_id == cara.id
        assert use_link(session, purpose, "of cara@example.com", NOON + LIFETIMES[purpose]) is None


@on_sqlite
def test_a_session_is_over_when_it_ended_wherever_its_cookie_is(app):
    with app.app_context(), write_transaction() as session:
        factories.person(session, email="ada@example.com", password=PASSWORD)
    ada, thief = browser(app), browser(app)
    sign_in(ada, "ada@example.com")
    thief.set_cookie("gv_session", ada.get_cookie("gv_session").value)
    assert thief.get("/dashboard").status_code == 200
    with app.app_context(), write_transaction() as session:
        session.execute(update(UserSession).values(expires_at=utc_now()))
    assert [one.get("/dashboard").status_code for one in (ada, thief)] == [302, 302]


@on_sqlite
def test_the_cookie_of_one_person_does_not_carry_the_session_of_another(app):
    """Both parts are signed together: who is meant, and by which session."""
    with app.app_context(), write_transaction() as session:
        ada, cara = (
            factories.person(session, email=f"{one}@example.com", password=PASSWORD) for one in ("ada", "cara")
        )
        ids = {"ada": str(ada.id), "cara": str(cara.id)}
    client = browser(app)
    sign_in(client, "ada@example.com")
    with client.session_transaction() as cookie:
        assert cookie["_user_id"] == ids["ada"]
        cookie["_user_id"] = ids["cara"]
    assert client.get("/dashboard").status_code == 302


@on_sqlite
def test_a_signed_click_earns_for_its_own_link_and_its_own_time_only(app, time_machine):
    time_machine.move_to(NOON, tick=False)
    with app.app_context(), write_transaction() as session:
        session.execute(update(Model.metadata.tables["programs"]).values(consent_mode="none"))
        codes = [
            factories.link_of(session, factories.person(session, email=f"{one}@example.com")).code
            for one in ("ada", "cara")
        ]
    location = browser(app).get(f"/r/{codes[0]}").location
    stolen = location.partition("gv=")[2].partition("&")[0]
    assert stolen
    bob = {"name": "Bob Miller", "email": "bob@example.org", "password": PASSWORD, "ref": ""}
    # On the page of another link it is none; hers is a click of its own.
    assert submit(browser(app), f"/signup?ref={codes[1]}&gv={stolen}", bob).status_code == 303
    time_machine.shift(timedelta(days=61))
    late = {**bob, "name": "Cy Young", "email": "cy@example.org"}
    assert submit(browser(app), f"/signup?gv={stolen}", late).status_code == 303
    with app.app_context():
        referrers = db.session.scalars(select(User.email).join(Referral, Referral.referrer_id == User.id)).all()
        assert referrers == ["cara@example.com"]
        assert db.session.query(Click).count() == 2


@on_sqlite
def test_a_sign_in_link_opens_no_session_for_somebody_else_and_none_when_it_is_over(app):
    with app.app_context(), write_transaction() as session:
        ada, cara = (factories.person(session, email=f"{one}@example.com") for one in ("ada", "cara"))
        for number, at in enumerate((utc_now(), utc_now() - timedelta(minutes=5))):
            create_sign_in_link(session, ada, f"link-{number}", at)
        create_sign_in_link(session, cara, "link-of-cara", utc_now())
        ids = {"ada": ada.id, "cara": cara.id}
    client = browser(app)
    assert client.get("/sign-in/link-1").status_code == 410
    assert client.get("/sign-in/link-0").status_code == 303
    assert client.get("/sign-in/link-0").status_code == 410
    with app.app_context():
        assert db.session.scalars(select(UserSession.user_id)).all() == [ids["ada"]]
        assert len(db.session.scalars(select(SignInLink).where(SignInLink.used_at.is_(None))).all()) == 2
