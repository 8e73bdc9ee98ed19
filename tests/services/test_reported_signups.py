"""Signups at the business's own site."""

import secrets
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from tests import factories, money
from tests.factories import NOON, join
from tests.money import DAY, TEN_DOLLARS, publish
from tests.threads import at_once
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import AttributionDecision, Conversion, Link, LinkDay, Referral, RewardEvent, User
from webapp.services.reported_signups import ExternalIdTakenError, OtherAccountError, SignupReport, report_signup
from webapp.services.reward_steps import SYSTEM, Actor
from webapp.services.signups import CameBy

pytestmark = pytest.mark.usefixtures("in_app")


def report(
    session,
    came_by=None,
    *,
    external_id="cus_1",
    email="bob@example.org",
    name="Bob Miller",
    at=NOON,
    now=NOON,
    actor=SYSTEM,
    program=None,
):
    return report_signup(
        session,
        program or factories.program(session),
        SignupReport(external_id, email, name, at),
        came_by=came_by or CameBy(),
        choose=secrets.choice,
        actor=actor,
        now=now,
    )


def typed(session, user):
    return CameBy(typed=factories.link_of(session, user))


def people(session):
    return session.scalar(select(func.count()).select_from(User))


def test_someone_new_gets_an_account_that_the_business_can_name():
    with write_transaction() as session:
        reported = report(session, at=NOON - DAY)
        bob = reported.user
        assert (bob.external_id, bob.email, bob.name, bob.role) == (
            "cus_1",
            "bob@example.org",
            "Bob Miller",
            "referrer",
        )
        assert (bob.password_hash, bob.email_verified_at, bob.created_at) == (None, None, NOON)
        assert session.scalars(select(Link)).one().referrer_id == bob.id
        signup = session.scalars(select(Conversion)).one()
        assert (signup.type, signup.user_id, signup.occurred_at, signup.recorded_at) == (
            "signup",
            bob.id,
            NOON - DAY,
            NOON,
        )
        assert (reported.referral, reported.reason) == (None, "not_referred")
        assert [decided.code for decided in reported.recorded.decisions] == ["not_referred"]


def test_a_code_credits_the_referrer_at_the_moment_of_the_signup():
    with write_transaction() as session:
        ada = factories.person(session)
        reported = report(session, typed(session, ada), at=NOON - DAY)
        assert (reported.reason, reported.referral.method) == ("credited", "typed_code")
        assert (reported.referral.referrer_id, reported.user.referred_by) == (ada.id, ada.id)
        assert reported.referral.created_at == NOON - DAY
    day = db.session.scalars(select(LinkDay)).one()
    assert (day.day, day.signups) == ((NOON - DAY).date(), 1)


def test_the_click_of_the_redirect_credits_its_link():
    visitor = uuid4()
    with write_transaction() as session:
        ada, cara = factories.person(session), factories.person(session)
        click_id = factories.click(session, factories.link_of(session, ada), visitor_id=visitor, now=NOON - 2 * DAY)
        factories.click(session, factories.link_of(session, cara), visitor_id=uuid4(), now=NOON - DAY)
        reported = report(session, CameBy(click_id=click_id))
        assert (reported.reason, reported.referral.method) == ("credited", "link")
        assert reported.user.referred_by == ada.id


def test_a_click_after_the_signup_credits_nobody_however_late_it_is_reported():
    visitor = uuid4()
    with write_transaction() as session:
        link = factories.link_of(session, factories.person(session))
        click_id = factories.click(session, link, visitor_id=visitor, now=NOON - DAY)
        reported = report(session, CameBy(click_id=click_id), at=NOON - DAY - timedelta(microseconds=1))
        assert (reported.reason, reported.referral) == ("after_signup", None)


def test_a_click_that_is_not_there_credits_nobody():
    with write_transaction() as session:
        reported = report(session, CameBy(click_id=new_id()))
        assert (reported.reason, reported.referral) == ("not_referred", None)


def test_the_signup_is_rewarded_by_the_version_of_its_moment_in_the_name_of_who_reported_it():
    actor = Actor("api", new_id())
    with write_transaction() as session:
        publish(session, **TEN_DOLLARS, trigger="signup", now=NOON - 2 * DAY)
        publish(session, **{**TEN_DOLLARS, "settings": {"amount": 2000, "currency": "USD"}}, trigger="signup", now=NOON)
        ada = factories.person(session)
        reported = report(session, typed(session, ada), at=NOON - DAY, actor=actor)
        assert money.rewards(session) == [("referrer", "10.00 USD", "pending")]
        assert [reward.version.number for reward in reported.recorded.rewards] == [1]
        event = session.scalars(select(RewardEvent)).one()
        assert (event.actor, event.actor_id) == ("api", actor.id)


@pytest.mark.parametrize("email", ["bob@example.org", "eve@example.org"])
def test_an_external_id_is_given_once(email):
    with write_transaction() as session:
        report(session)
        with pytest.raises(ExternalIdTakenError):
            report(session, email=email)
        assert people(session) == 1


@pytest.mark.parametrize("email", ["bob@example.org", "BOB@Example.ORG"])
def test_an_account_takes_the_external_id_when_it_has_none(email):
    with write_transaction() as session:
        publish(session, **TEN_DOLLARS, trigger="signup")
        ada, cara = factories.person(session), factories.person(session)
        bob, referral = join(session, typed(session, ada), now=NOON - DAY)
        reported = report(session, typed(session, cara), email=email, name="Robert")
        assert (reported.user.id, reported.user.external_id, reported.user.name) == (bob.id, "cus_1", "Bob Miller")
        assert (reported.referral.id, reported.reason, reported.recorded) == (referral.id, "existing_customer", None)
        assert bob.referred_by == ada.id
        assert people(session) == 3
        assert len(money.rewards(session)) == 1


def test_nobody_becomes_a_friend_by_a_report_about_their_account():
    with write_transaction() as session:
        ada = factories.person(session)
        bob, _referral = join(session, CameBy(), now=NOON - DAY)
        reported = report(session, typed(session, ada))
        assert (reported.user.id, reported.referral, reported.reason) == (bob.id, None, "existing_customer")
        assert session.scalar(select(func.count()).select_from(Referral)) == 0
        assert session.scalar(select(func.count()).select_from(AttributionDecision)) == 1


@pytest.mark.parametrize("role", ["marketer", "admin"])
def test_only_a_referrer_s_account_takes_an_external_id(role):
    with write_transaction() as session:
        boss = factories.person(session, email="bob@example.org", role=role)
        with pytest.raises(OtherAccountError):
            report(session)
        assert session.get_one(User, boss.id, populate_existing=True).external_id is None


def test_an_account_keeps_the_external_id_it_has():
    with write_transaction() as session:
        bob = report(session).user
        with pytest.raises(OtherAccountError):
            report(session, external_id="cus_2")
        assert session.get_one(User, bob.id, populate_existing=True).external_id == "cus_1"


def test_an_account_of_another_program_is_left_alone():
    with write_transaction() as session:
        bob, _referral = join(session, CameBy())
        with pytest.raises(OtherAccountError):
            report(session, program=money.another_program(session))
        assert session.get_one(User, bob.id, populate_existing=True).external_id is None


def test_two_programs_may_use_the_same_external_id():
    with write_transaction() as session:
        ours = report(session).user
        theirs = report(session, program=money.another_program(session), email="eve@example.org").user
        assert (ours.external_id, theirs.external_id) == ("cus_1", "cus_1")
        assert ours.program_id != theirs.program_id


def test_an_alias_of_a_known_mailbox_is_nobody_s_friend():
    with write_transaction() as session:
        ada = factories.person(session)
        factories.person(session, email="bob.miller@gmail.com", now=NOON - DAY)
        reported = report(session, typed(session, ada), email="bobmiller+shop@googlemail.com")
        assert (reported.reason, reported.referral, reported.user.external_id) == ("existing_customer", None, "cus_1")
        assert people(session) == 3


@pytest.mark.parametrize(
    ("reports", "error"),
    [
        ([("cus_1", f"bob{number}@example.org") for number in range(5)], "ExternalIdTakenError"),
        ([(f"cus_{number}", "bob@example.org") for number in range(5)], "OtherAccountError"),
        ([("cus_1", "bob@example.org")] * 5, "ExternalIdTakenError"),
    ],
    ids=["one id, many addresses", "one address, many ids", "the same report"],
)
def test_reports_at_once_make_one_account(app, reports, error):
    def tell(external_id, email):
        with write_transaction() as session:
            report(session, external_id=external_id, email=email)

    answers = at_once(app, [lambda one=one: tell(*one) for one in reports])
    assert sorted(type(answer).__name__ for answer in answers) == sorted(["NoneType", *[error] * 4])
    assert people(db.session()) == 1
