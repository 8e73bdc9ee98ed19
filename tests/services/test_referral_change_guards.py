"""What a change of a referral refuses, and what it never touches."""

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from tests.factories import NOON, join, link_of, person, program
from tests.money import (
    JOINED,
    ada_and_bob,
    buy,
    publish,
)
from tests.services.test_referral_changes import admin, change, proven
from webapp.database import write_transaction
from webapp.models import (
    AttributionDecision,
    ReferralChange,
    Reward,
)
from webapp.services.referral_changes import (
    ChangedMeanwhileError,
    ReferralProblemError,
    Wanted,
    change_referral,
)
from webapp.services.signups import CameBy

pytestmark = pytest.mark.usefixtures("in_app")


def test_nobody_refers_themselves_and_nobody_is_in_a_ring():
    with write_transaction() as session:
        ada = person(session, email="ada@example.com", now=JOINED)
        bob, _referral = join(session, CameBy(typed=link_of(session, ada)), now=JOINED)
        cleo, _other = join(
            session, CameBy(typed=link_of(session, bob)), name="Cleo", email="c@example.org", now=JOINED
        )
        ada_again, _none = join(session, CameBy(), name="Ada", email="ada+2@example.com", now=JOINED)
        by_hand = person(session, name="By Hand")

        def problem(friend, referrer):
            with pytest.raises(ReferralProblemError) as raised:
                change(session, friend, referrer)
            return raised.value.problem

        assert problem(ada_again, ada) == "same_person"
        assert problem(bob, bob) == "same_person"
        assert problem(ada_again, cleo) == "loop"
        assert problem(bob, cleo) == "loop"
        assert problem(bob, person(session, email="c+2@example.org")) == "loop"
        assert problem(bob, ada) == "same_referrer"
        assert problem(by_hand, ada) == "never_signed_up"
        link_of(session, by_hand).retired_at = NOON
        session.flush()
        assert problem(bob, by_hand) == "retired_link"
        assert session.scalar(select(func.count()).select_from(ReferralChange)) == 0


def test_what_was_not_seen_is_not_changed():
    with write_transaction() as session:
        ada, bob = ada_and_bob(session)
        luca = person(session, name="Luca Rossi")
        change(session, bob, luca)
        with pytest.raises(ChangedMeanwhileError):
            change(session, bob, ada, seen=0)
        wanted = Wanted("assign", link_of(session, ada), 1, "other", admin(session).id)
        with pytest.raises(ChangedMeanwhileError):
            change_referral(session, program(session), bob, wanted, now=NOON)
        assert bob.referred_by == luca.id


def test_the_database_itself_refuses_a_second_reward_that_holds():
    with write_transaction() as session:
        publish(session)
        ada, bob = ada_and_bob(session)
        buy(session, bob)
        change(session, bob, person(session, name="Luca Rossi"))
    for again in ({"ended_bond": None}, {"ended_bond": None, "bond": 5}):
        with pytest.raises(IntegrityError), write_transaction() as session:
            session.execute(update(Reward).where(Reward.bond == 0).values(again))
    with pytest.raises(IntegrityError), write_transaction() as session:
        # Not even one that ended, for the same person and bond.
        session.execute(update(Reward).values(bond=0, beneficiary_id=ada.id, ended_bond=1))


def test_the_attribution_decision_stays_as_it_was():
    with write_transaction() as session:
        ada, bob = ada_and_bob(session)
        before = session.scalars(select(AttributionDecision)).one()
        kept = (before.id, before.reason, before.signed_up_at)
        change(session, bob, person(session, name="Luca Rossi"))
        change(session, bob, None)
        change(session, bob, ada)
        after = session.scalars(select(AttributionDecision).where(AttributionDecision.friend_id == bob.id)).one()
        assert (after.id, after.reason, after.signed_up_at) == kept
    proven()
