"""Somebody is erased at the very moment at which something is written about them: all of it goes, and nobody fails."""

import secrets
import threading

import pytest
from sqlalchemy import select

from tests import factories
from tests.factories import NOON
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import MailedLink, Referral, User, UserSession
from webapp.services import invitations, signups
from webapp.services.erasure import erase_person
from webapp.services.mailed_links import mail_link
from webapp.services.password_changes import reset_password
from webapp.services.sessions import start_session
from webapp.services.sightings import Seen
from webapp.services.signups import CameBy
from webapp.signing import sealer

# As long as the other one takes to come to where it has to wait.
MEANWHILE_SECONDS = 0.4


@pytest.fixture
def zoe(in_app):
    with write_transaction() as session:
        person = factories.person(session, name="Zoe Ordell", email="zoe@example.com")
        mail_link(session, person, "reset_password", link_id=new_id(), token="token", now=NOON)
        return person.id


class Erasing(threading.Thread):
    """Erases somebody in a thread; `error` is what came of it."""

    def __init__(self, app, person_id):
        super().__init__()
        self.app, self.person_id, self.error = app, person_id, None

    def run(self):
        how = {"by": None, "reason": "asked", "gives_up": True, "choose": secrets.choice, "now": NOON}
        with self.app.app_context():
            try:
                with write_transaction() as session:
                    erase_person(session, session.get_one(User, self.person_id), sealer=sealer(), **how)
            except Exception as error:
                self.error = error


def test_whoever_sets_their_first_password_meanwhile_has_none_and_is_signed_in_nowhere(in_app, zoe):
    erasing = Erasing(in_app, zoe)
    with write_transaction() as session:
        person = reset_password(session, "token", "a hash", NOON)
        erasing.start()
        erasing.join(MEANWHILE_SECONDS)
        start_session(session, person, "cookie", NOON, seen=Seen(browser="Firefox"))
    erasing.join()
    assert erasing.error is None
    person = db.session.get_one(User, zoe, populate_existing=True)
    assert (person.erased_at, person.password_hash) == (NOON, None)
    assert db.session.scalars(select(UserSession.id)).all() == []


def test_a_friend_joins_while_their_referrer_is_erased(in_app, zoe, monkeypatch):
    erasing, record = Erasing(in_app, zoe), signups.record_conversion

    def record_later(*what, **more):
        erasing.start()
        erasing.join(MEANWHILE_SECONDS)
        return record(*what, **more)

    monkeypatch.setattr(signups, "record_conversion", record_later)
    with write_transaction() as session:
        link = factories.link_of(session, session.get_one(User, zoe))
        factories.join(session, CameBy(typed=link), now=NOON)
    erasing.join()
    assert erasing.error is None
    assert db.session.scalars(select(Referral.referrer_id)).all() == [zoe]


def test_an_admin_invites_again_whom_another_erases(in_app, monkeypatch):
    with write_transaction() as session:
        admin = factories.person(session, name="Marta Voss", role="admin").id
        person_id = factories.person(session, name="Zoe Ordell", email="zoe@example.com").id
    erasing, check = Erasing(in_app, person_id), invitations.check_mail_limit

    def check_later(*what, **more):
        erasing.start()
        erasing.join(MEANWHILE_SECONDS)
        check(*what, **more)

    monkeypatch.setattr(invitations, "check_mail_limit", check_later)
    with write_transaction() as session:
        person = session.get_one(User, person_id)
        invitations.invite_again(session, person, link_id=new_id(), token="again", by=admin, now=NOON)
    erasing.join()
    assert erasing.error is None
    assert db.session.scalars(select(MailedLink.id)).all() == []
