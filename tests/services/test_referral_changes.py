"""Referrals that people assign, move and remove: the money, the counts and the history that follow."""

import pytest
from sqlalchemy import func, select

from tests import factories
from tests.factories import NOON, join, link_of, person, program
from tests.money import (
    DAY,
    JOINED,
    TEN_DOLLARS,
    accounts,
    ada_and_bob,
    buy,
    history,
    publish,
    refund,
    rewards,
    send,
)
from tests.rollups import counted
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import (
    AuditEntry,
    CampaignDay,
    CohortWeek,
    Conversion,
    LinkDay,
    LinkRevenueDay,
    Referral,
    ReferralChange,
    ReferralChangeNote,
    Reward,
    RuleDay,
    User,
)
from webapp.queries import audit, ledger, rollups
from webapp.queries.bonds import count_changes
from webapp.queries.conversions import decisions_behind, decisions_of
from webapp.services.clicks import Visit
from webapp.services.referral_changes import (
    Wanted,
    change_referral,
)
from webapp.services.signups import CameBy

pytestmark = pytest.mark.usefixtures("in_app")

WELCOME = {**TEN_DOLLARS, "key": "welcome", "trigger": "signup"}
FRIENDS = {**TEN_DOLLARS, "key": "for-the-friend", "beneficiary": "friend", "hold_days": 0}


def admin(session):
    found = session.scalars(select(User).where(User.role == "admin")).first()
    return found or person(session, name="Noor Haddad", role="admin")


def change(session, friend, to, *, reason="wrong_credit", now=NOON, seen=None, note=""):
    """Credit another referrer, or nobody, for a friend."""
    referral = session.scalar(select(Referral.id).where(Referral.friend_id == friend.id))
    kind = "remove" if to is None else "assign" if referral is None else "move"
    wanted = Wanted(
        kind,
        link_of(session, to) if to else None,
        count_changes(session, friend.id) if seen is None else seen,
        reason,
        admin(session).id,
        note,
    )
    return change_referral(session, program(session), friend, wanted, now=now)


def proven():
    for proved in (ledger, rollups, audit):
        assert list(proved.breaches(db.session())) == []
    db.session.rollback()


def test_a_move_takes_from_one_and_gives_the_other_the_same():
    with write_transaction() as session:
        publish(session, hold_days=30)
        publish(session, **WELCOME)
        publish(session, **FRIENDS)
        ada, bob = ada_and_bob(session)
        luca = person(session, name="Luca Rossi", now=JOINED)
        buy(session, bob, "49.99 USD")
        moved = change(session, bob, luca, note="He wrote to us")
        assert accounts(session, ada) == {}
        assert accounts(session, luca) == {"expense": -2000, "pending": 2000}
        assert accounts(session, bob) == {"expense": -1000, "approved": 1000}
        assert [(str(one.amount), one.taken_as, one.beneficiary_id) for one in moved.taken] == [
            ("10.00 USD", "reversal", ada.id),
            ("10.00 USD", "reversal", ada.id),
        ]
        assert [(str(one.kept), one.status) for one in moved.granted] == [("10.00 USD", "pending")] * 2
        assert bob.referred_by == luca.id
        referral = session.scalars(select(Referral)).one()
        assert (referral.referrer_id, referral.method, referral.bond) == (luca.id, "assigned", 1)
        row = session.scalars(select(ReferralChange)).one()
        assert (row.kind, row.from_referrer_id, row.to_referrer_id) == ("move", ada.id, luca.id)
        assert session.scalars(select(ReferralChangeNote.text)).one() == "He wrote to us"
        entry = session.scalars(select(AuditEntry).where(AuditEntry.subject == "user")).one()
        assert (entry.action, entry.subject_id, entry.details["reason"]) == ("referral_moved", bob.id, "wrong_credit")
        assert "He wrote" not in str(entry.details)
        # Held as from the purchase, not from the change.
        new = session.scalars(select(Reward).where(Reward.bond == 1, Reward.beneficiary_id == luca.id)).all()
        assert NOON + 30 * DAY in [one.matures_at for one in new]
    proven()


def test_counts_follow_and_clicks_stay():
    with write_transaction() as session:
        publish(session, hold_days=30)
        ada, luca = person(session, now=JOINED), person(session, name="Luca Rossi", now=JOINED)
        visitor = ada.id
        visit = Visit(utm_campaign="autumn")
        factories.click(session, link_of(session, ada), visitor_id=visitor, now=JOINED - DAY, visit=visit)
        bob, _referral = join(session, CameBy(visitor_id=visitor), now=JOINED)
        buy(session, bob, "50.00 USD")
        buy(session, bob, "30.00 USD", event_id="evt_2", at=NOON + DAY)
        refund(session, "20.00 USD")
        hers, his = link_of(session, ada).id, link_of(session, luca).id
    with write_transaction() as session:
        bob, luca = session.get_one(User, bob.id), session.get_one(User, luca.id)
        change(session, bob, luca, now=NOON + 2 * DAY)
    session = db.session()
    for column in (LinkDay.signups, LinkDay.purchases, LinkDay.buyers, LinkDay.repeat_buyers):
        assert {row[0] for row in counted(session, LinkDay.link_id, LinkDay.day, column)} == {his}, column
    assert counted(session, LinkRevenueDay.link_id, LinkRevenueDay.refunded_minor) == [(his, 2000)]
    assert counted(session, LinkDay.link_id, LinkDay.clicks) == [(hers, 1)]
    # The campaign was that of a click on her link.
    assert counted(session, CampaignDay.utm_campaign, CampaignDay.signups) == []
    assert counted(session, CohortWeek.weeks_after, CohortWeek.buyers) == [(14, 1), (15, 1)]
    assert session.scalar(select(func.sum(RuleDay.granted_minor - RuleDay.withdrawn_minor))) == 600 + 600
    session.rollback()
    proven()
    with write_transaction() as session:
        change(session, session.get_one(User, bob.id), None, now=NOON + 3 * DAY)
    assert counted(db.session(), LinkDay.link_id, LinkDay.signups) == []
    assert counted(db.session(), CohortWeek.weeks_after, CohortWeek.buyers) == []
    db.session.rollback()
    proven()
    with write_transaction() as session:
        change(session, session.get_one(User, bob.id), session.get_one(User, ada.id), now=NOON + 3 * DAY)
    assert counted(db.session(), CampaignDay.utm_campaign, CampaignDay.signups) == [("autumn", 1)]
    db.session.rollback()
    proven()


def test_what_was_paid_is_owed_and_the_new_one_gets_theirs_all_the_same():
    with write_transaction() as session:
        publish(session, hold_days=0)
        ada, bob = ada_and_bob(session)
        luca = person(session, name="Luca Rossi")
        reward = buy(session, bob, "50.00 USD").rewards[0]
        send(session, reward.id, "in_payout", "paid")
        moved = change(session, bob, luca)
        assert accounts(session, ada) == {"clawback": -1000, "paid": 1000}
        assert accounts(session, luca)["approved"] == 1000
        assert [one.taken_as for one in moved.taken] == ["clawback"]
        assert history(session, reward.id)[-1] == ("paid", "referral_moved", 1000)
    proven()


def test_back_and_forth_five_times_with_events_between():
    with write_transaction() as session:
        publish(session, hold_days=0, settings={"percent": "20", "first_purchases": 4})
        publish(session, **FRIENDS)
        publish(session, **WELCOME)
        ada, bob = ada_and_bob(session)
        luca = person(session, name="Luca Rossi", now=JOINED)
        buy(session, bob, "50.00 USD", event_id="evt_0")
    for number in range(1, 6):
        with write_transaction() as session:
            ada, bob, luca = (session.get_one(User, one.id) for one in (ada, bob, luca))
            now = NOON + number * DAY
            change(session, bob, luca if number % 2 else ada, now=now)
            # A late one, so that all others count one higher, and a refund of the first.
            buy(session, bob, "10.00 USD", event_id=f"evt_{number}", at=NOON - number * DAY, now=now)
            refund(session, "5.00 USD", of="evt_0", event_id=f"ref_{number}", at=now)
        proven()
    with write_transaction() as session:
        ada, bob, luca = (session.get_one(User, one.id) for one in (ada, bob, luca))
        # evt_0 is the sixth by now and earns nothing; of the four first ones 2.00 USD each, and 10.00 for the signup.
        assert accounts(session, luca) == {"approved": 800, "pending": 1000, "expense": -1800}
        assert accounts(session, ada) == {}
        assert accounts(session, bob)["approved"] == 6 * 1000
        rows = session.execute(select(ReferralChange.sequence).order_by(ReferralChange.sequence)).scalars().all()
        assert rows == [1, 2, 3, 4, 5]


def test_the_example_of_the_documentation():
    with write_transaction() as session:
        publish(session)
        ada, bob = ada_and_bob(session)
        luca = person(session, name="Luca Rossi")

        def kept():
            return tuple(-accounts(session, one).get("expense", 0) for one in (ada, luca))

        buy(session, bob, "50.00 USD")
        assert kept() == (1000, 0)
        change(session, bob, luca)
        assert kept() == (0, 1000)
        refund(session, "25.00 USD")
        assert kept() == (0, 500)
        change(session, bob, ada)
        assert kept() == (500, 0)
        hers = session.scalars(select(Reward.id).where(Reward.ended_bond.is_(None))).one()
        send(session, hers, "approved", "in_payout", "paid")
        change(session, bob, luca)
        assert kept() == (0, 500)
        assert accounts(session, ada) == {"paid": 500, "clawback": -500}
    proven()


def test_removing_takes_the_friends_own_back_and_assigning_gives_it_again():
    with write_transaction() as session:
        publish(session, hold_days=0)
        publish(session, **FRIENDS)
        ada, bob = ada_and_bob(session)
        buy(session, bob, "50.00 USD")
        conversion_id = session.scalar(select(Conversion.id).where(Conversion.type == "purchase"))
        change(session, bob, None)
        assert accounts(session, ada) == accounts(session, bob) == {}
        assert bob.referred_by is None
        assert [one.code for one in decisions_of(session, conversion_id)] == ["not_referred"]
        # What happens meanwhile earns nobody anything, until somebody is credited for it too.
        buy(session, bob, "20.00 USD", event_id="evt_2", at=NOON + DAY)
        assert accounts(session, ada) == {}
        refund(session, "25.00 USD", of="evt_1", at=NOON + DAY)
    proven()
    with write_transaction() as session:
        ada, bob = session.get_one(User, ada.id), session.get_one(User, bob.id)
        change(session, bob, ada, now=NOON + 2 * DAY)
        assert accounts(session, ada)["approved"] == 500 + 400
        assert accounts(session, bob)["approved"] == 2000
        assert {one.code for one in decisions_of(session, conversion_id)} == {"earned"}
        first = decisions_behind(session, conversion_id, bond=0)
        assert {one.code for one in first} == {"earned"}
        assert len(first) == 2
    proven()


def test_someone_whom_nobody_referred_is_assigned_with_all_they_did():
    with write_transaction() as session:
        publish(session, hold_days=0)
        publish(session, **WELCOME, hold_days=0)
        ada = person(session, now=JOINED)
        bob, referral = join(session, CameBy(), now=JOINED)
        assert referral is None
        buy(session, bob, "50.00 USD")
        # A rule that came later is not for what was before.
        publish(session, **{**TEN_DOLLARS, "key": "later"}, now=NOON + DAY)
        change(session, bob, ada, now=NOON + 2 * DAY)
        assert accounts(session, ada)["approved"] == 1000 + 1000
        assert session.scalars(select(Referral.created_at)).one() == JOINED
        buy(session, bob, "50.00 USD", event_id="evt_2", at=NOON + 3 * DAY)
        assert accounts(session, ada)["pending"] == 1000
        assert accounts(session, ada)["approved"] == 3000
    proven()


def test_doubts_stay_with_the_order():
    with write_transaction() as session:
        publish(session)
        ada, bob = ada_and_bob(session)
        luca = person(session, name="Luca Rossi")
        held, rejected = (buy(session, bob, "50.00 USD", event_id=name).rewards[0].id for name in ("held", "rejected"))
        send(session, held, "held")
        send(session, rejected, "held", "rejected")
        change(session, bob, luca)
        assert rewards(session)[:2] == [
            ("referrer", "10.00 USD", "reversed"),
            ("referrer", "10.00 USD", "rejected"),
        ]
        assert accounts(session, luca) == {"expense": -2000, "held": 2000}
        change(session, bob, None)
        change(session, bob, ada)
        assert accounts(session, ada) == {"expense": -2000, "held": 2000}
        for reward_id in session.scalars(select(Reward.id).where(Reward.ended_bond.is_(None))).all():
            send(session, reward_id, "pending")
        change(session, bob, luca)
        assert accounts(session, luca) == {"expense": -2000, "pending": 2000}
    proven()


def test_doubts_stay_also_when_something_late_ended_the_reward_meanwhile():
    """A reward for the first or the third purchase, held: a late one ends it, another one brings its turn again."""
    when = {"all": [{"field": "nth_purchase", "op": "in", "value": [1, 3]}]}
    with write_transaction() as session:
        publish(session, when=when)
        _ada, bob = ada_and_bob(session)
        luca = person(session, name="Luca Rossi")
        held = buy(session, bob, "50.00 USD").rewards[0].id
        send(session, held, "held")
        buy(session, bob, "10.00 USD", event_id="late", at=NOON - DAY, now=NOON)
        buy(session, bob, "20.00 USD", event_id="later", at=NOON - 2 * DAY, now=NOON)
        assert [one.code for one in decisions_of(session, session.get_one(Reward, held).conversion_id)] == [
            "rewarded_before"
        ]
        change(session, bob, luca)
        assert accounts(session, luca)["held"] == 1000
    proven()


def test_the_signup_that_counts_is_the_first_one_whatever_was_told_of_another():
    """One that is reported later, and happened before, never counted."""
    first = {"all": [{"field": "nth_purchase", "op": "=", "value": 1}]}
    with write_transaction() as session:
        publish(session, **WELCOME, when=first)
        ada, bob = ada_and_bob(session)
        luca = person(session, name="Luca Rossi")
        buy(session, bob, None, type="signup", at=JOINED - DAY, now=NOON)
        assert accounts(session, ada) == {"expense": -1000, "pending": 1000}
        change(session, bob, luca)
        assert accounts(session, luca) == {"expense": -1000, "pending": 1000}
        change(session, bob, None)
        change(session, bob, ada)
        assert accounts(session, ada) == {"expense": -1000, "pending": 1000}
    proven()


def test_limits_are_judged_for_the_new_referrer_and_free_for_the_old():
    limits = {"per_referrer": {"count": 2, "period": "lifetime"}, "program": {"count": 3, "period": "lifetime"}}
    with write_transaction() as session:
        publish(session, hold_days=0, limits=limits)
        ada, bob = ada_and_bob(session)
        luca = person(session, name="Luca Rossi")
        eve, _referral = join(session, CameBy(typed=link_of(session, luca)), email="eve@example.org", now=JOINED)
        buy(session, eve, "50.00 USD", event_id="eve")
        for number in range(2):
            buy(session, bob, "50.00 USD", event_id=f"bob_{number}")
        assert accounts(session, ada)["approved"] == 2000
        change(session, bob, luca)
        # One of his two was used, and his second by the first of them.
        assert accounts(session, luca)["approved"] == 2000
        codes = session.scalars(
            select(Conversion.id).where(Conversion.user_id == bob.id, Conversion.type == "purchase")
        )
        said = [one.code for id_ in codes.all() for one in decisions_of(session, id_)]
        assert sorted(said) == ["earned", "limit_reached"]
        change(session, bob, ada)
        assert accounts(session, ada)["approved"] == 2000
    proven()
