"""Each signal changes what becomes of a reward: friends are looked at when they sign up, by the real evidence."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from tests import factories, money
from tests.factories import NOON, join, link_of, program
from tests.suspicion import suspect
from webapp.database import write_transaction
from webapp.domain.money import Money
from webapp.domain.reward_decisions import CHOICES
from webapp.domain.screening import SIGNALS
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import Conversion, Reward, Screening, ScreeningEntry, ScreeningFinding, User
from webapp.queries import ledger
from webapp.queries.cases import CaseKey, count_open_cases, held_in, held_rewards, open_cases
from webapp.services import screening
from webapp.services.bans import ban, unban
from webapp.services.cases import decide_cases
from webapp.services.clicks import Visit
from webapp.services.sightings import Seen, record_sighting
from webapp.services.signups import CameBy
from webapp.transactions import write_what_was_left

pytestmark = pytest.mark.usefixtures("in_app")

DAY = timedelta(days=1)
HOME = (b"a" * 16, b"n" * 16)
OFFICE = (b"b" * 16, b"m" * 16)
PHONE = Seen(browser="Firefox", device="desktop", hashes=(HOME,))


@pytest.fixture
def ada(in_app):
    with write_transaction() as session:
        money.publish(session, trigger="signup", **{name: money.TEN_DOLLARS[name] for name in ("kind", "settings")})
        return factories.person(session, now=NOON - 30 * DAY).id


def sees(session, user_id, seen, *, at):
    record_sighting(session, user_id, seen, is_signup=False, now=at)


def of(session, ada):
    return link_of(session, session.get_one(User, ada))


def comes(session, ada, *, at=NOON, email=None, clicked=timedelta(minutes=5), seen=PHONE, source_host=None, **came_by):
    """A friend clicks on Ada's link and signs up. Returns the account."""
    visitor = new_id()
    visit = Visit(source_host=source_host, address_hash=seen.address_hash, network_hash=seen.network_hash)
    click_id = factories.click(session, of(session, ada), visitor_id=visitor, now=at - clicked, visit=visit)
    told = CameBy(**{"visitor_id": visitor, "click_id": click_id, "seen": seen, **came_by})
    return join(session, told, email=email or f"{new_id().hex}@example.net", now=at)[0]


def status_of(session, friend):
    """Return how the newest reward stands that was given for what a friend did."""
    newest = select(Reward.status).join(Conversion).where(Conversion.user_id == friend.id).order_by(Reward.id.desc())
    return session.scalars(newest.limit(1)).first()


def found(session, friend):
    rows = select(ScreeningFinding.signal, ScreeningFinding.saw).join(Screening).where(Screening.friend_id == friend.id)
    return dict(session.execute(rows).all())


def by_the_browser(session, ada):
    browser = new_id()
    sees(session, ada, Seen(visitor_id=browser), at=NOON - 2 * DAY)
    return comes(session, ada, visitor_id=browser)


def in_a_circle(session, ada):
    bob = comes(session, ada, at=NOON - 5 * DAY)
    browser = new_id()
    sees(session, ada, Seen(visitor_id=browser), at=NOON - 4 * DAY)
    return comes(session, bob.id, visitor_id=browser)


def on_her_network(session, ada):
    sees(session, ada, PHONE, at=NOON - timedelta(hours=3))
    domain = session.get_one(User, ada).mailbox_key.rpartition("@")[2]
    return comes(session, ada, email=f"zoe@{domain}")


def with_a_throwaway_address(session, ada):
    return comes(session, ada, email="x7@mailinator.com")


def within_a_second(session, ada, *, at=NOON):
    return comes(session, ada, at=at, clicked=timedelta(seconds=1))


def from_a_banned_site(session, ada):
    return comes(session, ada, source_host="www.coupons.example")


def as_the_sixth_in_an_hour(session, ada):
    for number in range(5):
        before = comes(session, ada, at=NOON - timedelta(minutes=number), seen=Seen())
        assert status_of(session, before) == "pending"
    return comes(session, ada, seen=Seen())


def from_where_four_came_before(session, ada):
    for number in range(4):
        comes(session, ada, at=NOON - timedelta(days=1 + number))
    return comes(session, ada)


def amid_a_flood(session, ada):
    for second in range(61):
        visit = Visit(address_hash=HOME[0])
        factories.click(
            session,
            of(session, ada),
            visitor_id=new_id(),
            now=NOON - timedelta(minutes=6, seconds=-second),
            visit=visit,
        )
    return comes(session, ada, clicked=timedelta(minutes=5, seconds=30))


def after_eight_of_ten_were_sent_back(session, ada):
    others, bob = factories.person(session, now=NOON - 30 * DAY).id, comes(session, ada, at=NOON - 9 * DAY)
    eve = comes(session, others, at=NOON - 9 * DAY)
    for number in range(10):
        money.buy(session, bob, event_id=f"bob_{number}", at=NOON - 8 * DAY)
        for more in range(4):
            money.buy(session, eve, event_id=f"eve_{number}_{more}", at=NOON - 8 * DAY)
        if number < 8:
            refund = {"of": f"bob_{number}", "event_id": f"back_{number}", "at": NOON - 5 * DAY}
            money.refund(session, "0.01 USD" if number else None, **refund)
    write_what_was_left(session)
    return comes(session, ada)


def as_all_who_look(session, ada):
    others = of(session, factories.person(session, now=NOON - 30 * DAY).id)
    for _number in range(200):
        factories.click(session, others, visitor_id=new_id(), now=NOON - 8 * DAY)
    for number in range(10):
        comes(session, ada, at=NOON - timedelta(days=1 + number % 3, minutes=number), seen=Seen())
    write_what_was_left(session)
    return comes(session, ada)


def by_a_code_on_a_coupon_site(session, ada):
    for number in range(60):
        visit = Visit(source_host="www.retailmenot.com" if number % 3 == 0 else None)
        factories.click(session, of(session, ada), visitor_id=new_id(), now=NOON - 2 * DAY, visit=visit)
    write_what_was_left(session)
    # The friend need not have come from there: they typed the code.
    return join(session, CameBy(typed=of(session, ada)), email=f"{new_id().hex}@example.net", now=NOON)[0]


# What each of them is held by, with the weights at which the one signal is enough; None: its own.
STORIES = {
    "same_browser": (by_the_browser, None),
    "loop": (in_a_circle, None),
    "shared_network": (on_her_network, 50),
    "similar_mail": (on_her_network, 50),
    "disposable_mail": (with_a_throwaway_address, None),
    "too_fast": (within_a_second, None),
    "banned_source": (from_a_banned_site, None),
    "velocity": (as_the_sixth_in_an_hour, None),
    "same_origin_burst": (from_where_four_came_before, 50),
    "click_flood": (amid_a_flood, 50),
    "refund_rate": (after_eight_of_ten_were_sent_back, 50),
    "conversion_outlier": (as_all_who_look, 50),
    "code_leak": (by_a_code_on_a_coupon_site, 50),
}


def settings_of(name, weight):
    own = {"banned_source": {"hosts": ["coupons.example"]}}.get(name, {})
    return {name: own | ({} if weight is None else {"weight": weight})}


@pytest.mark.parametrize("is_on", [True, False])
@pytest.mark.parametrize("name", STORIES)
def test_what_a_signal_finds_holds_the_reward_and_without_it_nothing_does(name, is_on, ada):
    story, weight = STORIES[name]
    with write_transaction() as session:
        suspect(session, **settings_of(name, weight if is_on else 0))
        friend = story(session, ada)
        assert status_of(session, friend) == ("held" if is_on else "pending")
        assert (name in found(session, friend)) == is_on


def test_every_signal_has_a_story():
    assert set(STORIES) | {"same_person", "existing_customer", "already_referred"} == set(SIGNALS)


def test_what_refuses_a_signup_is_kept_as_the_proof_that_it_is(ada):
    with write_transaction() as session:
        session.get_one(User, ada).email = "ada@gmail.com"
        session.execute(update(User).where(User.id == ada).values(mailbox_key="ada@gmail.com"))
        herself = comes(session, ada, email="a.d.a+2@googlemail.com")
        eve = factories.person(session, now=NOON - 9 * DAY)
        comes(session, ada, email="bob@gmail.com", at=NOON - 5 * DAY)
        again = comes(session, eve.id, email="b.o.b@gmail.com")
        rows = session.execute(select(Screening.friend_id, Screening.referrer_id, Screening.verdict)).all()
        assert set(rows) >= {(herself.id, ada, "deny"), (again.id, eve.id, "deny")}
        assert found(session, herself)["same_person"] == {"what": "mailbox"}
        assert found(session, again)["already_referred"] == {"days": 5}
        assert all("existing_customer" in found(session, one) for one in (herself, again))
        assert [status_of(session, one) for one in (herself, again)] == [None, None]


def test_a_check_that_cannot_be_made_holds_and_loses_nothing(ada, monkeypatch):
    def breaks(*_args, **_named):
        raise ZeroDivisionError

    monkeypatch.setattr(screening, "evidence_of", breaks)
    with write_transaction() as session:
        friend = comes(session, ada)
        assert (status_of(session, friend), found(session, friend)) == (
            "held",
            {"check_failed": {"signal": "evidence"}},
        )


def entry(session, ada, list_, kind, value):
    about = {"program_id": program(session).id, "added_by": ada, "added_at": NOON}
    session.add(ScreeningEntry(list=list_, kind=kind, value=value, **about))
    session.flush()


@pytest.mark.parametrize(("kind", "value"), [("domain", "mailinator.com"), ("network", "198.51.100.0/24")])
def test_the_lists_are_asked_first_and_trust_wins(ada, kind, value):
    seen = Seen(address="198.51.100.7", hashes=(HOME,))
    with write_transaction() as session:
        suspect(session, "disposable_mail")
        entry(session, ada, "allow", kind, value)
        trusted = comes(session, ada, email="x7@mailinator.com", seen=seen)
        assert (status_of(session, trusted), found(session, trusted)) == ("pending", {"on_allow_list": {}})
        suspect(session, "velocity")
        session.execute(delete(ScreeningEntry))
        entry(session, ada, "block", kind, value)
        blocked = comes(session, ada, email="x8@mailinator.com", seen=seen)
        assert (status_of(session, blocked), found(session, blocked)) == ("held", {"on_block_list": {}})


def held(session):
    of_program = program(session).id
    return {
        one.id: one.sequence
        for case in open_cases(session, of_program)
        for one in held_in(session, of_program, case.key)
    }


def decide(session, name, *, by, reason=None):
    return decide_cases(session, program(session).id, CHOICES[name], held(session), reason=reason, by=by, now=NOON)


def test_what_is_held_is_in_the_case_of_its_referrer_and_kind(ada):
    with write_transaction() as session:
        suspect(session, "too_fast", "disposable_mail")
        fast = [within_a_second(session, ada) for _ in range(2)]
        thrown = with_a_throwaway_address(session, ada)
        comes(session, ada)
        cases = {one.key: one for one in open_cases(session, program(session).id)}
        traffic, person = (CaseKey(ada, category) for category in ("traffic", "person"))
        assert set(cases) == {traffic, person}
        assert count_open_cases(session, program(session).id) == 2
        assert (cases[traffic].rewards, cases[traffic].friends, cases[traffic].at_stake) == (
            2,
            2,
            (Money(2000, "USD"),),
        )
        assert {one.friend_id for one in held_in(session, program(session).id, traffic)} == {one.id for one in fast}
        assert [one.friend_id for one in held_in(session, program(session).id, person)] == [thrown.id]


def test_who_is_released_is_not_held_again_and_who_is_rejected_is_refused(ada):
    with write_transaction() as session:
        money.publish(session, key="buys", trigger="purchase")
        suspect(session, "too_fast")
        bob = within_a_second(session, ada)
        admin = factories.person(session, role="admin").id
        money.buy(session, bob, "10.00 USD", event_id="evt_1")
        assert status_of(session, bob) == "held"
        decide(session, "release", by=admin)
        money.buy(session, bob, "10.00 USD", event_id="evt_2")
        assert status_of(session, bob) == "pending"
        eve = within_a_second(session, ada)
        decide(session, "reject", by=admin, reason="same_person")
        money.buy(session, eve, "10.00 USD", event_id="evt_3")
        assert status_of(session, eve) == "rejected"
        assert open_cases(session, program(session).id) == []


def test_what_is_earned_later_for_an_order_of_a_rejected_friend_is_refused_too(ada):
    tiers = {"steps": [{"friends": 2, "percent": "10"}], "whole_period": True}
    with write_transaction() as session:
        money.publish(session, key="tiers", trigger="purchase", kind="tiered_percent", settings=tiers)
        suspect(session, "too_fast")
        admin = factories.person(session, role="admin").id
        eve = within_a_second(session, ada)
        money.buy(session, eve, "100.00 USD", event_id="evt_1")
        decide(session, "reject", by=admin, reason="same_person")
        money.buy(session, comes(session, ada), "100.00 USD", event_id="evt_2", at=NOON + DAY)
        of_eve = select(Reward.amount_minor, Reward.status).join(Conversion).where(Conversion.event_id == "evt_1")
        assert session.execute(of_eve).all() == [(1000, "rejected")]
    assert list(ledger.breaches(db.session())) == []


def test_a_banned_person_earns_nothing_new_and_what_was_paid_stays(ada):
    with write_transaction() as session:
        admin = factories.person(session, role="admin").id
        for number in (3, 2, 1):
            comes(session, ada, at=NOON - number * DAY)
        first, second, third = session.scalars(select(Reward.id).order_by(Reward.granted_at)).all()
        money.send(session, first, "approved", "in_payout", "paid")
        money.send(session, second, "approved")
        assert ban(session, program(session).id, ada, reason="terms", by=admin, now=NOON) == 2
        comes(session, ada, at=NOON + DAY)
        statuses = dict(session.execute(select(Reward.id, Reward.status)).all())
        assert [statuses.pop(id_) for id_ in (first, second, third)] == ["paid", "held", "held"]
        assert list(statuses.values()) == ["rejected"]
        assert ban(session, program(session).id, ada, reason="terms", by=admin, now=NOON) == 0
        unban(session, program(session).id, ada, by=admin, now=NOON)
        assert status_of(session, comes(session, ada, at=NOON + 2 * DAY)) == "pending"
        assert len(held(session)) == 2
    assert list(ledger.breaches(db.session())) == []


def test_false_signups_with_somebodys_code_leave_their_other_rewards_alone(ada):
    with write_transaction() as session:
        suspect(session)
        honest = comes(session, ada, at=NOON - 2 * DAY, seen=Seen(hashes=(OFFICE,)))
        flood = [comes(session, ada, at=NOON + timedelta(seconds=number), seen=Seen()) for number in range(12)]
        assert status_of(session, honest) == "pending"
        assert [status_of(session, one) for one in flood[5:]] == ["held"] * 7


def test_a_bonus_that_rests_on_friends_who_are_held_or_rejected_is_held(ada):
    steps = {"kind": "milestone", "settings": {"steps": [{"friends": 3, "amount": 5000}], "currency": "USD"}}
    with write_transaction() as session:
        money.publish(session, key="three-friends", trigger="purchase", **steps)
        suspect(session, "too_fast")
        admin = factories.person(session, role="admin").id

        def buys(friend, number):
            money.buy(session, friend, "10.00 USD", event_id=f"evt_{number}", at=NOON + timedelta(minutes=number))
            return status_of(session, friend)

        for number in (1, 2):
            buys(within_a_second(session, ada), number)
        decide(session, "reject", by=admin, reason="same_person")
        # The third one is as honest as can be, and the friends before are not.
        assert buys(comes(session, ada), 3) == "held"
        ((why, key),) = [(one.reason, one.key) for one in held_rewards(session, held(session))]
        assert (why, key.category) == ("friends_doubted", "orders")
