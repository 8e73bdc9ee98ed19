"""Invitations: an account that nobody can use until its owner accepts, and that goes when it is withdrawn."""

import secrets
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from tests import factories
from tests.factories import NOON, PASSWORD
from tests.threads import at_once
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.ids import new_id
from webapp.mailed_links import told_of
from webapp.models import AuditEntry, Link, MailedLink, OutboxMail, User
from webapp.queries.directory import list_people
from webapp.queries.invitations import count_invited, invitation_of
from webapp.services.invitations import (
    INVITATION,
    HasPasswordError,
    NotInvitedError,
    accept,
    find_invitation,
    invite,
    invite_again,
    withdraw,
)
from webapp.services.mailed_links import LIFETIMES, forget_old_links, mail_link
from webapp.services.people import EmailTakenError
from webapp.services.roles import NoLongerAdminError, is_last_admin

pytestmark = pytest.mark.usefixtures("in_app")

WEEK = LIFETIMES[INVITATION]


@pytest.fixture
def marta():
    with write_transaction() as session:
        return factories.person(session, name="Marta Voss", role="admin", password=PASSWORD).id


def send(by, *, role="admin", email="jo@winter.example", token="secret", now=NOON):
    """Invite Jo, and return who she is."""
    with write_transaction() as session:
        about = {"name": "Jo Winter", "email": email, "role": role, "link_id": new_id(), "token": token}
        return invite(session, factories.program(session), **about, choose=secrets.choice, by=by, now=now).id


def of(act, user_id, **options):
    with write_transaction() as session:
        return act(session, session.get_one(User, user_id), **options)


def again(jo, by, *, token="newer", now=NOON):
    of(invite_again, jo, link_id=new_id(), token=token, by=by, now=now)


def took(token="secret", now=NOON):
    with write_transaction() as session:
        return accept(session, token, "a hash", now) is not None


def found(token="secret", now=NOON):
    db.session.rollback()
    return find_invitation(db.session(), token, now) is not None


def person(user_id):
    db.session.rollback()
    return db.session.get(User, user_id)


def acts():
    db.session.rollback()
    rows = db.session.scalars(select(AuditEntry).order_by(AuditEntry.sequence))
    return [(row.action, row.subject_id, row.actor_id, row.details) for row in rows]


def test_an_invitation_makes_an_account_that_nobody_can_use_and_a_mail(marta):
    jo = send(marta)
    made = person(jo)
    assert (made.role, made.password_hash, made.email_verified_at) == ("admin", None, None)
    mail = db.session.scalars(select(OutboxMail)).one()
    assert (mail.user_id, mail.template) == (jo, "invitation")
    invitation = invitation_of(db.session(), jo)
    assert (invitation.by_name, invitation.sent_at, invitation.expires_at) == ("Marta Voss", NOON, NOON + WEEK)
    assert acts() == [("person_invited", jo, marta, {"role": "admin"})]


def test_looking_uses_nothing_up_and_accepting_is_once(marta):
    jo = send(marta)
    assert [found(), found(), took(), took(), found()] == [True, True, True, False, False]
    made = person(jo)
    assert (made.password_hash, made.email_verified_at) == ("a hash", NOON)
    assert acts()[-1] == ("invitation_accepted", jo, jo, {})
    assert invitation_of(db.session(), jo) is None


def test_of_several_who_accept_at_once_one_does(in_app, marta):
    send(marta)
    assert sorted(at_once(in_app, [took] * 4)) == [False, False, False, True]


def test_who_accepts_while_it_is_withdrawn_has_an_account_or_none(in_app, marta):
    for number in range(3):
        jo, token = send(marta, email=f"jo{number}@winter.example", token=f"secret {number}"), f"secret {number}"
        outcomes = at_once(in_app, [lambda: took(token), lambda: of(withdraw, jo, by=marta, now=NOON)])  # noqa: B023
        accepted, withdrawn = outcomes
        assert (accepted, type(withdrawn)) in {(True, HasPasswordError), (False, bool)}
        assert (person(jo) is not None) is accepted


@pytest.mark.parametrize("purpose", [purpose for purpose in LIFETIMES if purpose != INVITATION])
def test_a_link_for_something_else_accepts_nothing(marta, purpose):
    jo = send(marta)
    of(mail_link, jo, purpose=purpose, link_id=new_id(), token="other", now=NOON)
    assert [found("other"), took("other"), person(jo).password_hash] == [False, False, None]


def test_an_invitation_runs_out(marta):
    jo = send(marta)
    assert [found(now=NOON + WEEK), took(now=NOON + WEEK)] == [False, False]
    again(jo, marta, now=NOON + WEEK)
    assert [found(now=NOON + WEEK), took("newer", now=NOON + WEEK)] == [False, True]


def test_the_newest_mail_counts(marta):
    jo = send(marta)
    again(jo, marta)
    assert [took("secret"), took("newer")] == [False, True]
    assert [act[0] for act in acts()] == ["person_invited", "invitation_sent", "invitation_accepted"]


def test_one_that_nobody_took_up_is_still_told_of_after_its_link_was_swept(marta):
    jo = send(marta)
    with write_transaction() as session:
        forget_old_links(session, NOON + 10 * WEEK)
    assert invitation_of(db.session(), jo)
    with write_transaction() as session:
        session.get_one(User, jo).password_hash = "chosen by other means"
        session.flush()
        forget_old_links(session, NOON + 10 * WEEK)
    assert db.session.query(MailedLink).count() == 0


def test_who_chose_a_password_by_other_means_is_not_given_another(marta):
    jo = send(marta)
    with write_transaction() as session:
        session.get_one(User, jo).password_hash = "her own"
    assert [found(), took(), person(jo).password_hash] == [False, False, "her own"]
    for act in (lambda: again(jo, marta), lambda: of(withdraw, jo, by=marta, now=NOON)):
        with pytest.raises(HasPasswordError):
            act()


def test_who_invited_and_was_erased_is_not_named(marta):
    jo = send(marta)
    with write_transaction() as session:
        session.get_one(User, marta).erased_at = NOON
    invitation = invitation_of(db.session(), jo)
    assert (invitation.by_name, told_of(db.session.scalars(select(MailedLink)).one())["inviter"]) == (None, "")
    assert found()


def test_accepting_ends_other_links_for_a_first_password(marta):
    jo = send(marta)
    of(mail_link, jo, purpose="reset_password", link_id=new_id(), token="reset", now=NOON)
    assert took()
    assert db.session.scalars(select(MailedLink).where(MailedLink.ended_at.is_(None))).all() == []


def test_an_address_that_has_an_account_is_not_invited(marta):
    jo = send(marta)
    with pytest.raises(EmailTakenError) as taken:
        send(marta, email="JO@winter.example")
    assert taken.value.user.id == jo


def test_only_an_admin_invites_sends_again_and_withdraws(marta):
    jo = send(marta)
    with write_transaction() as session:
        session.get_one(User, marta).role = "marketer"
    for act in (
        lambda: send(marta, email="bob@example.org"),
        lambda: again(jo, marta),
        lambda: of(withdraw, jo, by=marta, now=NOON),
    ):
        with pytest.raises(NoLongerAdminError):
            act()
    # What was sent while she was one is good.
    assert took()


def test_an_invited_admin_counts_once_they_have_accepted(marta):
    send(marta)
    assert of(is_last_admin, marta)
    took()
    assert not of(is_last_admin, marta)


def test_an_account_to_which_nothing_happened_goes_with_its_invitation(marta):
    jo = send(marta)
    again(jo, marta)
    assert of(withdraw, jo, by=marta, now=NOON)
    assert (person(jo), took("newer")) == (None, False)
    for table in (MailedLink, OutboxMail):
        assert db.session.query(table).count() == 0
    assert db.session.scalars(select(Link.referrer_id)).all() == [marta]
    assert acts()[-1] == ("invitation_withdrawn", jo, marta, {})
    # The address is free again.
    send(marta, token="third")


def test_an_account_that_something_hangs_on_stays_without_its_role(marta):
    jo = send(marta)
    with write_transaction() as session:
        factories.click(session, factories.link_of(session, session.get_one(User, jo)), visitor_id=uuid4())
    assert not of(withdraw, jo, by=marta, now=NOON)
    left = person(jo)
    assert (left.role, left.password_hash, took()) == ("referrer", None, False)
    assert acts()[-1] == ("role_changed", jo, marta, {"from": "admin", "to": "referrer"})


def test_an_account_that_was_there_before_stays_as_it_was(marta):
    with write_transaction() as session:
        # As the command line makes it: confirmed, without a password.
        jo = factories.person(session, name="Jo Winter", email="jo@winter.example", role="marketer").id
    again(jo, marta)
    assert not of(withdraw, jo, by=marta, now=NOON)
    assert (person(jo).role, took("newer")) == ("marketer", False)
    with pytest.raises(NotInvitedError):
        of(withdraw, jo, by=marta, now=NOON)


def test_the_list_of_people_tells_who_has_still_to_accept(marta):
    jo = send(marta)
    session, program_id = db.session(), factories.program(db.session()).id
    everyone = {row.id: row.invited_until for row in list_people(session, program_id)[0]}
    assert everyone == {marta: None, jo: NOON + WEEK}
    assert [row.id for row in list_people(session, program_id, invited=True)[0]] == [jo]
    assert count_invited(session, program_id) == 1
    db.session.rollback()
    took(now=NOON + timedelta(days=1))
    assert list_people(db.session(), program_id, invited=True) == ([], None)
