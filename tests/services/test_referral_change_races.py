"""Referrals that change at the very moment at which the friend does something: before it or after it, never between."""

import pytest
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from tests import factories
from tests.factories import NOON, join
from tests.money import DAY, TEN_DOLLARS, publish
from tests.services.test_money_races import (
    Case,
    Pair,
    approved,
    bought,
    bought_twice,
    freeze,
    half_back,
    late_purchase,
    race,
    second_purchase,
)
from tests.services.test_money_races import beginning as beginning
from tests.services.test_money_races import cases as cases
from webapp.domain.reward_decisions import CHOICES
from webapp.models import Conversion, Reward, User
from webapp.queries.people import find_by_email
from webapp.services.referral_changes import Wanted, change_referral
from webapp.services.reward_decisions import decide_rewards
from webapp.services.signups import CameBy

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("in_app")]


def somebody_else(_case: Case, session: Session) -> None:
    """Someone to whom referrals are moved, and who has not brought anybody."""
    if find_by_email(session, "luca@example.com") is None:
        factories.person(session, name="Luca Rossi", email="luca@example.com")


def bought_and_somebody_else(case: Case, session: Session) -> None:
    somebody_else(case, session)
    bought(case, session)


def approved_and_somebody_else(case: Case, session: Session) -> None:
    somebody_else(case, session)
    approved(case, session)


def bought_twice_and_somebody_else(case: Case, session: Session) -> None:
    somebody_else(case, session)
    bought_twice(case, session)


def both_earned_and_some_went_back(case: Case, session: Session) -> None:
    """Bob earns by what he buys too, and sent some of the first order back."""
    publish(session, **{**TEN_DOLLARS, "key": "friends", "beneficiary": "friend"}, hold_days=10)
    bought_twice_and_somebody_else(case, session)
    half_back(case, session)


def decision_about_some_of_both(case: Case, session: Session) -> None:
    """His by the first order and hers by the second."""
    some = or_(Reward.beneficiary_id == case.bob, Conversion.event_id == case.named("second"))
    found = select(Reward.id, Reward.sequence).join(Conversion, Conversion.id == Reward.conversion_id)
    mine = found.where(Conversion.user_id == case.bob, Reward.status == "pending", Reward.bond == 0, some)
    seen = dict(session.execute(mine).all())
    decide_rewards(session, factories.program(session).id, CHOICES["hold"], seen, by=case.ada, now=NOON)


def move(case: Case, session: Session) -> None:
    luca = find_by_email(session, "luca@example.com")
    wanted = Wanted("move", factories.link_of(session, luca), 0, "wrong_credit", by=luca.id)
    change_referral(session, factories.program(session), session.get_one(User, case.bob), wanted, now=NOON)


def removal(case: Case, session: Session) -> None:
    wanted = Wanted("remove", None, 0, "terms", by=case.ada)
    change_referral(session, factories.program(session), session.get_one(User, case.bob), wanted, now=NOON)


def two_whom_nobody_referred(case: Case, session: Session) -> None:
    for name in ("zoe", "max"):
        join(session, CameBy(), name=name.title(), email=f"{name}{case.number}@example.org", now=NOON - 90 * DAY)


def zoe_brings_max(case: Case, session: Session) -> None:
    zoe, max_ = (find_by_email(session, f"{name}{case.number}@example.org") for name in ("zoe", "max"))
    wanted = Wanted("assign", factories.link_of(session, zoe), 0, "other", by=case.ada)
    change_referral(session, factories.program(session), max_, wanted, now=NOON)


def max_brings_zoe(case: Case, session: Session) -> None:
    zoe, max_ = (find_by_email(session, f"{name}{case.number}@example.org") for name in ("zoe", "max"))
    wanted = Wanted("assign", factories.link_of(session, max_), 0, "other", by=case.ada)
    change_referral(session, factories.program(session), zoe, wanted, now=NOON)


# As in the races of money: what Ada keeps is nothing, whoever comes first.
PAIRS: dict[str, Pair] = {
    "two who would bring each other": (
        *(two_whom_nobody_referred, zoe_brings_max, max_brings_zoe, 0, {"ReferralProblemError"}),
    ),
    "a move, a purchase": (bought_and_somebody_else, move, second_purchase, 0, {""}),
    "a move, a refund": (bought_and_somebody_else, move, half_back, 0, {""}),
    "a move, a freeze": (approved_and_somebody_else, move, freeze, 0, {"", "StatusError"}),
    "a move, a decision about both sides": (
        *(both_earned_and_some_went_back, move, decision_about_some_of_both, 0, {""}),
    ),
    "a removal, a late purchase": (bought_twice_and_somebody_else, removal, late_purchase, 0, {""}),
    "a removal, a move": (bought_and_somebody_else, removal, move, 0, {"ChangedMeanwhileError"}),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_a_change_is_before_or_after_what_happens_at_the_same_moment(pair, in_app, databases, cases, record_property):
    record_property("interleavings", race(PAIRS[pair], in_app, databases, cases))
