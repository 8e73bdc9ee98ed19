"""Who is credited for a signup, as it is stored."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from tests import factories
from tests.factories import NOON, join
from tests.threads import at_once
from webapp.database import write_transaction
from webapp.domain.attribution import Touch, decide
from webapp.extensions import db
from webapp.models import AttributionDecision, AttributionTouch, Link, ProgramDay, Referral, User
from webapp.services.people import EmailTakenError
from webapp.services.signups import CameBy

pytestmark = pytest.mark.usefixtures("in_app")

DAY = timedelta(days=1)


def stored_touches():
    return db.session.scalars(select(AttributionTouch).order_by(AttributionTouch.position)).all()


def test_the_last_link_opened_in_the_window_is_credited():
    visitor = uuid4()
    with write_transaction() as session:
        ada, cara = factories.person(session), factories.person(session, name="Cara Diaz")
        factories.click(session, factories.link_of(session, ada), visitor_id=visitor, now=NOON - timedelta(days=3))
        factories.click(session, factories.link_of(session, cara), visitor_id=visitor, now=NOON - timedelta(days=2))
        bob, referral = join(session, CameBy(visitor_id=visitor))
        assert referral.referrer_id == cara.id == bob.referred_by
        assert referral.method == "link"
        cara_id, ada_id = cara.id, ada.id
    assert [(touch.referrer_id, touch.outcome) for touch in stored_touches()] == [
        (cara_id, "credited"),
        (ada_id, "beaten_by_later_touch"),
    ]


def test_a_program_of_the_first_touch_credits_the_first_link():
    visitor = uuid4()
    with write_transaction() as session:
        factories.program(session).attribution_model = "first"
        ada, cara = factories.person(session), factories.person(session, name="Cara Diaz")
        factories.click(session, factories.link_of(session, ada), visitor_id=visitor, now=NOON - 3 * DAY)
        factories.click(session, factories.link_of(session, cara), visitor_id=visitor, now=NOON - 2 * DAY)
        bob, _referral = join(session, CameBy(visitor_id=visitor))
        assert bob.referred_by == ada.id
    assert db.session.scalars(select(AttributionDecision)).one().model == "first"
    assert [touch.outcome for touch in stored_touches()] == ["credited", "beaten_by_earlier_touch"]


def test_a_typed_code_beats_the_link_and_both_are_kept():
    visitor = uuid4()
    with write_transaction() as session:
        ada, cara = factories.person(session), factories.person(session, name="Cara Diaz")
        click_id = factories.click(session, factories.link_of(session, ada), visitor_id=visitor, now=NOON - DAY)
        typed = factories.link_of(session, cara)
        bob, referral = join(session, CameBy(typed=typed, visitor_id=visitor))
        assert bob.referred_by == cara.id
        assert (referral.method, referral.link_id) == ("typed_code", typed.id)
    assert [(touch.kind, touch.outcome, touch.click_id, touch.touched_at) for touch in stored_touches()] == [
        ("typed_code", "credited", None, NOON),
        ("click", "beaten_by_typed_code", click_id, NOON - DAY),
    ]


@pytest.mark.parametrize("model", ["first", "last"])
def test_typed_code_coupon_click_id_cookie_in_this_order(model):
    cookie, named = uuid4(), uuid4()
    with write_transaction() as session:
        factories.program(session).attribution_model = model
        ada, cara, dan, eli = (factories.person(session, name=name) for name in ("Ada", "Cara", "Dan", "Eli"))
        typed, coupon, by_click, by_cookie = (factories.link_of(session, one) for one in (ada, cara, dan, eli))
        # The cookie's browser was both the first and the last to open a link.
        factories.click(session, by_cookie, visitor_id=cookie, now=NOON - 5 * DAY)
        click_id = factories.click(session, by_click, visitor_id=named, now=NOON - 3 * DAY)
        factories.click(session, by_cookie, visitor_id=cookie, now=NOON - DAY)
        everything = {"typed": typed, "coupon": coupon, "click_id": click_id, "visitor_id": cookie}
        came_by = [dict(list(everything.items())[number:]) for number in range(4)]
        referrals = [
            join(session, CameBy(**came), email=f"bob{number}@example.org")[1] for number, came in enumerate(came_by)
        ]
        credited = [(referral.method, referral.referrer_id) for referral in referrals]
        methods = ["typed_code", "coupon_code", "link", "link"]
        assert credited == list(zip(methods, [one.id for one in (ada, cara, dan, eli)], strict=True))
        decisions = [referral.decision_id for referral in referrals]
    beaten = [[touch.outcome for touch in stored_touches() if touch.decision_id == one] for one in decisions]
    by_model = "beaten_by_earlier_touch" if model == "first" else "beaten_by_later_touch"
    assert beaten == [
        ["credited", *["beaten_by_typed_code"] * 4],
        ["credited", *["beaten_by_coupon_code"] * 3],
        ["credited", *["beaten_by_click_id"] * 2],
        ["credited", by_model],
    ]


def test_a_browser_that_is_named_twice_is_one():
    visitor = uuid4()
    with write_transaction() as session:
        link = factories.link_of(session, factories.person(session))
        click_id = factories.click(session, link, visitor_id=visitor, now=NOON - DAY)
        join(session, CameBy(click_id=click_id, visitor_id=visitor))
    assert [(touch.outcome, touch.by_click_id) for touch in stored_touches()] == [("credited", True)]


def test_a_click_that_was_forgotten_leaves_the_credit_to_the_cookie():
    visitor = uuid4()
    with write_transaction() as session:
        ada = factories.person(session)
        factories.click(session, factories.link_of(session, ada), visitor_id=visitor, now=NOON - DAY)
        bob, _referral = join(session, CameBy(click_id=uuid4(), visitor_id=visitor))
        assert bob.referred_by == ada.id


def test_a_later_signup_from_another_device_never_makes_the_friend_anybody_else_s():
    phone, laptop = uuid4(), uuid4()
    with write_transaction() as session:
        ada, cara = factories.person(session), factories.person(session, name="Cara Diaz")
        factories.click(session, factories.link_of(session, ada), visitor_id=phone, now=NOON - 3 * DAY)
        bob, _referral = join(session, CameBy(visitor_id=phone), email="bob.miller@gmail.com", now=NOON - 2 * DAY)
        click_id = factories.click(session, factories.link_of(session, cara), visitor_id=laptop, now=NOON - DAY)
        came = CameBy(click_id=click_id, visitor_id=phone)
        twin, referral = join(session, came, email="BobMiller+laptop@gmail.com")
        assert (bob.referred_by, twin.referred_by, referral) == (ada.id, None, None)
        second = session.scalars(select(AttributionDecision).where(AttributionDecision.friend_id == twin.id)).one()
        assert (second.reason, second.known_since) == ("existing_customer", NOON - 2 * DAY)
        decision_id = second.id
    theirs = [touch.outcome for touch in stored_touches() if touch.decision_id == decision_id]
    assert theirs == ["existing_customer", "existing_customer"]


def test_the_page_counts_where_the_browser_keeps_no_cookie():
    with write_transaction() as session:
        ada = factories.person(session)
        bob, referral = join(session, CameBy(opened=factories.link_of(session, ada)))
        assert bob.referred_by == ada.id
        assert referral.method == "link"
    assert [(touch.kind, touch.outcome) for touch in stored_touches()] == [("page", "credited")]


def test_the_page_adds_nothing_to_a_click_on_the_same_link():
    visitor = uuid4()
    with write_transaction() as session:
        link = factories.link_of(session, factories.person(session))
        factories.click(session, link, visitor_id=visitor, now=NOON - DAY)
        join(session, CameBy(opened=link, visitor_id=visitor))
    assert [touch.kind for touch in stored_touches()] == ["click"]


def test_who_came_by_themselves_is_nobody_s_friend():
    with write_transaction() as session:
        factories.click(session, factories.link_of(session, factories.person(session)), visitor_id=uuid4())
        bob, referral = join(session, CameBy(visitor_id=uuid4()))
        assert referral is None
        assert bob.referred_by is None
    assert stored_touches() == []
    decision = db.session.scalars(select(AttributionDecision)).one()
    assert (decision.reason, decision.known_since, decision.signed_up_at) == ("not_referred", None, NOON)
    assert db.session.scalars(select(ProgramDay)).one().signups == 0


def test_nobody_refers_themselves_in_disguise():
    visitor = uuid4()
    with write_transaction() as session:
        ada = factories.person(session, email="ada.okafor@gmail.com", now=NOON - 9 * DAY)
        link = factories.link_of(session, ada)
        factories.click(session, link, visitor_id=visitor, now=NOON - DAY)
        twin, referral = join(session, CameBy(typed=link, visitor_id=visitor), email="AdaOkafor+2@googlemail.com")
        assert referral is None
        assert twin.referred_by is None
    assert [(touch.kind, touch.outcome) for touch in stored_touches()] == [
        ("typed_code", "same_person"),
        ("click", "same_person"),
    ]
    assert db.session.scalars(select(AttributionDecision)).one().reason == "same_person"


@pytest.mark.parametrize("account_made", [NOON - 5 * DAY, NOON - DAY], ids=["before the click", "after the click"])
def test_a_second_account_of_the_same_mailbox_is_nobody_s_friend(account_made):
    visitor = uuid4()
    with write_transaction() as session:
        link = factories.link_of(session, factories.person(session))
        factories.person(session, name="Bob Miller", email="bob.miller@gmail.com", now=account_made)
        factories.click(session, link, visitor_id=visitor, now=NOON - 2 * DAY)
        twin, referral = join(session, CameBy(visitor_id=visitor), email="bobmiller+new@gmail.com")
        assert referral is None
        assert twin.referred_by is None
    decision = db.session.scalars(select(AttributionDecision)).one()
    assert (decision.reason, decision.known_since) == ("existing_customer", account_made)
    assert [touch.outcome for touch in stored_touches()] == ["existing_customer"]


def test_one_click_never_earns_the_credit_for_every_alias_of_a_mailbox():
    visitor = uuid4()
    with write_transaction() as session:
        link = factories.link_of(session, factories.person(session))
        factories.click(session, link, visitor_id=visitor, now=NOON - DAY)
        credits = [
            join(session, CameBy(visitor_id=visitor), email=f"bob+{number}@example.org", now=NOON + number * DAY)[1]
            for number in range(3)
        ]
    assert [referral is not None for referral in credits] == [True, False, False]
    assert len(db.session.scalars(select(Referral)).all()) == 1


def test_a_decision_keeps_the_settings_it_was_made_with():
    visitor = uuid4()
    with write_transaction() as session:
        factories.program(session).window_days = 7
        link = factories.link_of(session, factories.person(session))
        factories.click(session, link, visitor_id=visitor, now=NOON - 8 * DAY)
        join(session, CameBy(visitor_id=visitor))
    with write_transaction() as session:
        factories.program(session).window_days = 60
        factories.program(session).attribution_model = "first"
    decision = db.session.scalars(select(AttributionDecision)).one()
    assert (decision.window_days, decision.model, decision.reason) == (7, "last", "outside_window")


def test_a_decision_computed_again_from_what_was_stored_is_the_same():
    visitor = uuid4()
    with write_transaction() as session:
        people = [factories.person(session, now=NOON - 90 * DAY) for _ in range(4)]
        factories.person(session, email="bob@gmail.com", now=NOON - 50 * DAY)
        links = [factories.link_of(session, person) for person in people]
        for days, link in enumerate([links[0], links[1], links[1], links[2]], start=1):
            factories.click(session, link, visitor_id=visitor, now=NOON - 20 * days * DAY)
        came = CameBy(opened=links[3], visitor_id=visitor)
        join(session, came)
        join(session, CameBy(typed=links[2], opened=links[3], visitor_id=visitor), email="eve@example.org")
        named = factories.click(session, links[0], visitor_id=uuid4(), now=NOON - DAY)
        both = CameBy(coupon=links[1], opened=links[3], visitor_id=visitor, click_id=named)
        join(session, both, email="fay@example.org")
        join(session, came, email="b.o.b@gmail.com")
        join(session, came, email=people[3].email.replace("@", "+2@"))
    decisions = db.session.scalars(select(AttributionDecision)).all()
    assert sorted({decision.reason for decision in decisions}) == ["credited", "existing_customer", "same_person"]
    for decision in decisions:
        stored = [touch for touch in stored_touches() if touch.decision_id == decision.id]
        again = decide(
            [
                Touch(
                    touch.kind,
                    touch.link_id,
                    touch.referrer_id,
                    touch.same_mailbox,
                    touch.touched_at,
                    touch.click_id,
                    touch.by_click_id,
                )
                for touch in reversed(stored)
            ],
            signed_up_at=decision.signed_up_at,
            known_since=decision.known_since,
            window=timedelta(days=decision.window_days),
            model=decision.model,
        )
        assert again.reason == decision.reason
        assert len(stored) >= 5
        assert [(verdict.touch.link_id, verdict.outcome) for verdict in again.verdicts] == [
            (touch.link_id, touch.outcome) for touch in stored
        ]
        assert [touch.position for touch in stored] == list(range(len(stored)))


def referred_pair(session):
    """Ada, and Bob whom she referred."""
    ada = factories.person(session)
    bob, referral = join(session, CameBy(typed=factories.link_of(session, ada)))
    return ada, bob, referral


def test_a_friend_has_at_most_one_referrer_in_a_program():
    with write_transaction() as session:
        _ada, bob, first = referred_pair(session)
        cara = factories.person(session, name="Cara Diaz")
        second = {
            "program_id": first.program_id,
            "friend_id": bob.id,
            "referrer_id": cara.id,
            "link_id": factories.link_of(session, cara).id,
            "method": "link",
            "decision_id": first.decision_id,
            "created_at": NOON,
        }
    with pytest.raises(IntegrityError), write_transaction() as session:
        session.add(Referral(**second))
    assert len(db.session.scalars(select(Referral)).all()) == 1


def test_the_database_refuses_a_referral_of_oneself():
    with write_transaction() as session:
        _ada, bob, _referral = referred_pair(session)
        bob_id = bob.id
    with pytest.raises(IntegrityError), write_transaction() as session:
        session.execute(update(Referral).values(referrer_id=bob_id))


@pytest.mark.parametrize("who", ["bob", "cara"])
def test_the_database_refuses_a_referrer_whom_no_referral_backs(who):
    with write_transaction() as session:
        _ada, bob, _referral = referred_pair(session)
        cara, dan = factories.person(session, name="Cara Diaz"), factories.person(session, name="Dan Weber")
        person_id, dan_id = {"bob": bob, "cara": cara}[who].id, dan.id
    with pytest.raises(IntegrityError), write_transaction() as session:
        session.execute(update(User).where(User.id == person_id).values(referred_by=dan_id))


def test_a_referral_cannot_go_away_under_the_friend():
    with write_transaction() as session:
        referred_pair(session)
    with pytest.raises(IntegrityError), write_transaction() as session:
        session.execute(text("DELETE FROM referrals"))


def test_the_friend_follows_when_a_referral_is_moved_to_someone_else():
    with write_transaction() as session:
        _ada, bob, _referral = referred_pair(session)
        cara = factories.person(session, name="Cara Diaz")
        bob_id, cara_id = bob.id, cara.id
    with write_transaction() as session:
        session.execute(update(Referral).values(referrer_id=cara_id))
    assert db.session.get_one(User, bob_id).referred_by == cara_id


def test_a_signup_is_counted_for_the_link_that_is_credited():
    with write_transaction() as session:
        referred_pair(session)
    assert db.session.scalars(select(ProgramDay)).one().signups == 1


def test_a_refused_signup_leaves_nothing_behind():
    with write_transaction() as session:
        factories.person(session, email="bob@example.org")
    with pytest.raises(EmailTakenError), write_transaction() as session:
        join(session, CameBy(), email="BOB@Example.ORG")
    assert db.session.scalars(select(AttributionDecision)).all() == []
    assert len(db.session.scalars(select(User)).all()) == 1
    assert db.session.scalars(select(Referral)).all() == []


@pytest.mark.slow
def test_two_signups_at_once_with_one_address_make_one_account(app):
    with write_transaction() as session:
        code = factories.link_of(session, factories.person(session)).code
    db.session.rollback()

    def sign_up_as(email):
        with write_transaction() as session:
            typed = session.scalars(select(Link).where(Link.code == code)).one()
            return join(session, CameBy(typed=typed), email=email)[0].id

    for number in range(5):
        spellings = [f"bob{number}@example.org", f"BOB{number}@Example.ORG"]
        answers = at_once(app, [lambda email=email: sign_up_as(email) for email in spellings])
        refused = [answer for answer in answers if isinstance(answer, Exception)]
        assert [type(error) for error in refused] == [EmailTakenError]
        accounts = db.session.scalars(select(User).where(User.email_key == spellings[0])).all()
        assert [account.id for account in accounts] == [answer for answer in answers if answer not in refused]
        assert len(db.session.scalars(select(Referral)).all()) == number + 1
        db.session.rollback()


def test_aliases_of_one_mailbox_that_arrive_together_are_one_friend(app):
    visitor = uuid4()
    with write_transaction() as session:
        factories.click(session, factories.link_of(session, factories.person(session)), visitor_id=visitor)
    db.session.rollback()

    def sign_up_as(email):
        with write_transaction() as session:
            join(session, CameBy(visitor_id=visitor), email=email)

    answers = at_once(app, [lambda number=number: sign_up_as(f"b.ob+{number}@gmail.com") for number in range(6)])
    assert answers == [None] * 6
    assert len(db.session.scalars(select(Referral)).all()) == 1
    reasons = sorted(db.session.scalars(select(AttributionDecision.reason)).all())
    assert reasons == ["credited", *["existing_customer"] * 5]
    assert set(db.session.scalars(select(AttributionDecision.visitor_id)).all()) == {visitor}
