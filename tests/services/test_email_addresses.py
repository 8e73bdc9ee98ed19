"""An address is one account's, whoever asks for it at the same moment."""

import threading
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests import factories
from tests.factories import NOON
from tests.threads import at_once
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import OutboxMail, User
from webapp.queries.people import find_by_email, find_person_id, known_since
from webapp.services import email_addresses, mail_limits
from webapp.services.email_addresses import ask_to_change_email, ask_to_verify, change_email
from webapp.services.mail_limits import MailedTooOftenError
from webapp.services.password_changes import mail_password_link, reset_password
from webapp.services.people import EmailTakenError
from webapp.services.signups import CameBy

pytestmark = pytest.mark.usefixtures("in_app")

NEW_ADDRESS = "the.same+x@gmail.com"


def asked(*emails):
    """Let people ask for the same address; the token of each is their own."""
    for email in emails:
        with write_transaction() as session:
            user = factories.person(session, email=email)
            ask_to_change_email(session, user, NEW_ADDRESS, link_id=new_id(), token=email, now=NOON)


def change(token):
    with write_transaction() as session:
        user = change_email(session, token, NOON)
        return user and user.email


def test_of_two_who_take_an_address_at_once_one_gets_it(in_app):
    asked("ada@example.com", "bob@example.com")
    got = at_once(in_app, [lambda token=token: change(token) for token in ("ada@example.com", "bob@example.com")])
    assert sorted(type(one) for one in got if one != NEW_ADDRESS) == [EmailTakenError]
    db.session.rollback()
    users = db.session.scalars(select(User).order_by(User.email_verified_at.desc())).all()
    assert sorted(user.email_key for user in users if user.email != NEW_ADDRESS) in [
        ["ada@example.com"],
        ["bob@example.com"],
    ]
    (winner,) = [user for user in users if user.email == NEW_ADDRESS]
    assert (winner.email_key, winner.mailbox_key) == (NEW_ADDRESS, "thesame@gmail.com")
    told = db.session.scalars(select(OutboxMail.email).where(OutboxMail.template == "email_changed")).all()
    assert told == [
        next(email for email in ("ada@example.com", "bob@example.com") if email not in {u.email for u in users})
    ]


def test_one_who_confirms_twice_at_once_changes_it_once(in_app):
    asked("ada@example.com")
    got = at_once(in_app, [lambda: change("ada@example.com")] * 3)
    assert sorted(got, key=str) == [None, None, NEW_ADDRESS]


def test_somebody_elses_address_of_meanwhile_leaves_all_as_it_was():
    asked("ada@example.com")
    with write_transaction() as session:
        factories.person(session, name="Bob Miller", email=NEW_ADDRESS)
    with pytest.raises(EmailTakenError):
        change("ada@example.com")
    assert "email_changed" not in db.session.scalars(select(OutboxMail.template)).all()
    assert sorted(db.session.scalars(select(User.email))) == ["ada@example.com", NEW_ADDRESS]


def test_one_mailbox_is_mailed_so_often_however_many_accounts_ask():
    with pytest.raises(MailedTooOftenError) as refused:
        asked(*(f"person{number}@example.com" for number in range(4)))
    assert refused.value.wait == timedelta(hours=1)


def test_accounts_of_one_mailbox_count_together_and_those_of_others_are_not_even_read(monkeypatch):
    """Else everybody who joins in a busy hour would be read for each who joins."""

    def verify(email, before=None):
        with write_transaction() as session:
            user = factories.person(session, email=before or email)
            user.email_verified_at = user.email_verified_at if before else None
            ask_to_verify(session, user, link_id=new_id(), token=email, now=NOON)
            if before:
                ask_to_change_email(session, user, email, link_id=new_id(), token=f"{email} new", now=NOON)
        if before:
            assert change(f"{email} new") == email

    for number in range(9):
        verify(f"other{number}@example.net")
    verify("elsewhere@example.org", before="a.d.a@gmail.com")
    verify("ada+1@gmail.com")
    verify("ada+2@googlemail.com")
    read, key = [], mail_limits.mailbox_key
    monkeypatch.setattr(mail_limits, "mailbox_key", lambda email: read.append(email) or key(email))
    with pytest.raises(MailedTooOftenError):
        verify("ada+3@gmail.com")
    assert not [email for email in read if email.startswith("other")]


def test_nobody_uses_up_the_mails_of_whoever_has_shown_that_the_mailbox_is_theirs():
    """By accounts that they open with other spellings of it: it could never be asked for a forgotten password."""
    with write_transaction() as session:
        ada = factories.person(session, email="ada@gmail.com")
        for number in range(3):
            thief = factories.person(session, email=f"ada+{number}@gmail.com")
            thief.email_verified_at = None
            mail_password_link(session, thief, link_id=new_id(), token=f"thief {number}", now=NOON)
        for number in range(3):
            mail_password_link(session, ada, link_id=new_id(), token=f"ada {number}", now=NOON)
        for whose in (ada, thief):
            with pytest.raises(MailedTooOftenError):
                mail_password_link(session, whose, link_id=new_id(), token="one more", now=NOON)


@pytest.mark.parametrize(
    ("is_confirmed", "mailed"),
    [
        # Three at once, and then one whenever the one before is good no longer.
        (True, [0, 1, 2, 32, 61, 62, 92]),
        # Whoever shares a mailbox with others is mailed no more often than all of them together.
        (False, [0, 1, 2, 60, 61, 62]),
    ],
)
def test_an_owner_can_get_in_again_though_somebody_asks_for_mails_all_the_time(is_confirmed, mailed):
    with write_transaction() as session:
        ada = factories.person(session, email="ada@gmail.com")
        ada.email_verified_at = NOON if is_confirmed else None
        ada_id = ada.id
    went = []
    for minutes in range(100):
        with suppress(MailedTooOftenError), write_transaction() as session:
            how = {"link_id": new_id(), "token": f"{minutes}", "now": NOON + timedelta(minutes=minutes)}
            mail_password_link(session, session.get_one(User, ada_id), **how)
            went.append(minutes)
    assert went == mailed


def test_the_next_mail_may_go_when_the_third_last_is_an_hour_old():
    with write_transaction() as session:
        user_id = factories.person(session).id
    for minutes, goes in ((0, True), (20, True), (40, True), (59, False), (60, True), (61, False)):
        now, sent = NOON + timedelta(minutes=minutes), True
        try:
            with write_transaction() as session:
                user = session.get_one(User, user_id)
                ask_to_verify(session, user, link_id=new_id(), token=str(minutes), now=now)
        except MailedTooOftenError:
            sent = False
        assert sent == goes, minutes


def test_many_who_ask_at_once_are_mailed_no_more_often(in_app):
    with write_transaction() as session:
        user_id = factories.person(session).id

    def ask(token):
        try:
            with write_transaction() as session:
                ask_to_verify(session, session.get_one(User, user_id), link_id=new_id(), token=token, now=NOON)
        except MailedTooOftenError:
            return "too often"
        return "mailed"

    answers = at_once(in_app, [lambda token=token: ask(token) for token in "abcdef"])
    assert sorted(answers) == ["mailed"] * 3 + ["too often"] * 3


def test_who_has_changed_their_address_is_known_by_the_one_before_too():
    """Nobody brings themselves as a friend by it, and what the business reports of it is theirs."""
    with write_transaction() as session:
        ada = factories.person(session, email="ada.okafor@gmail.com")
        code, ada_id = factories.link_of(session, ada), ada.id
        ask_to_change_email(session, ada, "ada@example.net", link_id=new_id(), token="ada", now=NOON)
    assert change("ada") == "ada@example.net"
    with write_transaction() as session:
        program_id = factories.program(session).id
        assert find_person_id(session, program_id, email="adaokafor+shop@googlemail.com") == ada_id
        assert known_since(session, program_id, "adaokafor@gmail.com") == NOON
        again, referral = factories.join(session, CameBy(typed=code), email="ada.okafor@gmail.com", now=NOON)
        assert referral is None
        # Whoever has an address now comes before whoever had it.
        assert find_person_id(session, program_id, email="adaokafor@gmail.com") == again.id


def test_an_address_that_nobody_confirmed_leaves_nothing_behind():
    """Else whoever joins with somebody else's address, and leaves it, would keep what is reported of them."""
    with write_transaction() as session:
        eve = factories.person(session, email="ada.okafor@gmail.com")
        eve.email_verified_at = None
        ask_to_change_email(session, eve, "eve@example.net", link_id=new_id(), token="eve", now=NOON)
    assert change("eve") == "eve@example.net"
    with write_transaction() as session:
        program_id = factories.program(session).id
        assert find_person_id(session, program_id, email="ada.okafor@gmail.com") is None
        assert known_since(session, program_id, "adaokafor@gmail.com") is None


def test_of_several_accounts_of_a_mailbox_one_that_is_confirmed_is_meant():
    with write_transaction() as session:
        eve = factories.person(session, email="ada+eve@gmail.com")
        eve.email_verified_at = None
        ada = factories.person(session, email="ada@gmail.com", now=NOON + timedelta(days=1))
        program_id = factories.program(session).id
        assert find_person_id(session, program_id, email="A.da@gmail.com") == ada.id
        assert find_person_id(session, program_id, email="ada+eve@gmail.com") == eve.id


def test_a_password_that_is_set_by_mail_while_the_address_changes_waits_for_it(app, in_app, monkeypatch):
    """Else each would wait for what the other has, and the database would end one of them."""
    asked("ada@example.com")
    with write_transaction() as session:
        ada = find_by_email(session, "ada@example.com")
        mail_password_link(session, ada, link_id=new_id(), token="reset", now=NOON)
        ada_id = ada.id
    came, take = [], email_addresses.take_address

    def reset():
        with app.app_context(), write_transaction() as session:
            came.append(reset_password(session, "reset", "a hash", NOON))

    resetting = threading.Thread(target=reset)

    def take_slowly(*what, **how):
        resetting.start()
        resetting.join(0.4)
        take(*what, **how)

    monkeypatch.setattr(email_addresses, "take_address", take_slowly)
    assert change("ada@example.com") == NEW_ADDRESS
    resetting.join()
    # The link had gone to the address of before.
    assert came == [None]
    assert db.session.get_one(User, ada_id, populate_existing=True).password_hash is None
