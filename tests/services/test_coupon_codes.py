"""Coupon codes: who has one, whom it credits, and what the audit log keeps."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests import factories
from tests.factories import NOON
from tests.threads import at_once
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import AuditEntry, CouponCode, Link, User
from webapp.queries.coupon_codes import find_coupon_link
from webapp.services.coupon_codes import CouponTakenError, add_coupon, retire_coupon
from webapp.services.links import CodeTakenError, open_link

pytestmark = pytest.mark.usefixtures("in_app")

LATER = NOON + timedelta(days=1)


@pytest.fixture
def ada():
    """Her id, and the id of her link."""
    with write_transaction() as session:
        person = factories.person(session)
        return person.id, factories.link_of(session, person).id


@pytest.fixture
def cara():
    with write_transaction() as session:
        person = factories.person(session, name="Cara Diaz")
        return person.id, factories.link_of(session, person).id


def add(who, code="Ada-10", *, now=NOON):
    with write_transaction() as session:
        return add_coupon(session, session.get_one(Link, who[1]), code, by=who[0], now=now).id


def retire(coupon_id, *, by, now=LATER):
    with write_transaction() as session:
        return retire_coupon(session, session.get_one(CouponCode, coupon_id), by=by, now=now)


def credited(code):
    with write_transaction() as session:
        link = find_coupon_link(session, factories.program(session).id, code)
        return link.id if link else None


def acts():
    entries = db.session.scalars(select(AuditEntry).order_by(AuditEntry.sequence)).all()
    return [(entry.action, entry.subject_id, entry.details) for entry in entries]


def test_a_coupon_credits_its_link_in_whatever_case_it_is_typed(ada):
    coupon_id = add(ada)
    assert {credited(typed) for typed in ("Ada-10", "ADA-1O", " ada-1o ")} == {ada[1]}
    assert [credited(typed) for typed in ("ADA10", "", "10 % off")] == [None] * 3
    # By its id: the code itself may hold a name.
    assert acts() == [("coupon_added", ada[0], {"coupon": str(coupon_id)})]


def test_a_retired_coupon_credits_nobody_and_can_be_brought_back(ada):
    coupon_id = add(ada)
    assert [retire(coupon_id, by=ada[0]), retire(coupon_id, by=ada[0])] == [True, False]
    assert credited("ADA-10") is None
    assert add(ada, "ADA-10", now=LATER) == coupon_id
    assert credited("ada-10") == ada[1]
    assert [action for action, *_rest in acts()] == ["coupon_added", "coupon_retired", "coupon_added"]


def test_adding_what_is_there_changes_nothing(ada):
    assert add(ada) == add(ada, now=LATER)
    assert len(acts()) == 1


def test_a_coupon_never_changes_hands(ada, cara):
    coupon_id = add(ada)
    for code in ("ada-10", "ADA-1O"):
        with pytest.raises(CouponTakenError):
            add(cara, code)
    retire(coupon_id, by=ada[0])
    with pytest.raises(CouponTakenError):
        add(cara)
    assert len(db.session.scalars(select(CouponCode)).all()) == 1


def test_the_code_of_a_link_is_its_coupon_and_nobody_elses(ada, cara):
    code = db.session.get_one(Link, ada[1]).code
    assert credited(code) == ada[1]
    with pytest.raises(CouponTakenError):
        add(cara, code.lower())
    coupon_id = add(ada, code)
    retire(coupon_id, by=ada[0])
    assert credited(code) is None, "what was retired on purpose does not count by another way"


def test_nobody_takes_the_coupon_of_someone_else_as_the_code_of_their_link(ada, cara):
    add(ada)
    choice = {"code": "ADA-1O", "label": None, "destination_url": None, "choose": str, "now": NOON}
    with pytest.raises(CodeTakenError), write_transaction() as session:
        open_link(session, factories.program(session), session.get_one(User, cara[0]), **choice)
    with write_transaction() as session:
        assert open_link(session, factories.program(session), session.get_one(User, ada[0]), **choice).code == "ADA-1O"


def test_a_coupon_of_a_further_link_goes_on_when_the_link_is_retired(ada):
    with write_transaction() as session:
        link = session.get_one(Link, ada[1])
        referrer = session.get_one(User, link.referrer_id)
        further = open_link(
            session,
            factories.program(session),
            referrer,
            code="ada-shop",
            label=None,
            destination_url=None,
            choose=str,
            now=NOON,
        )
        further.retired_at = LATER
        further_id = further.id
    add((ada[0], further_id))
    assert credited("ada-10") == further_id
    assert credited("ada-shop") is None


def test_programs_have_coupons_of_their_own(ada):
    add(ada)
    with write_transaction() as session:
        other = factories.other_program(session)
        assert find_coupon_link(session, other.id, "ADA-10") is None


def test_one_of_many_who_add_the_same_code_at_once_gets_it(app, ada, cara):
    db.session.rollback()
    answers = at_once(app, [lambda who=who: add(who) for who in (ada, cara, ada, cara)])
    refused = [answer for answer in answers if isinstance(answer, Exception)]
    assert [type(error) for error in refused] == [CouponTakenError] * 2
    assert len(db.session.scalars(select(CouponCode)).all()) == 1
