"""Coupon codes on the page of a person."""

import re

import pytest
from sqlalchemy import select

from tests import factories
from tests.factories import NOON, join, submit
from tests.views.admin.conftest import words
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import CouponCode, Link, User
from webapp.services.coupon_codes import add_coupon
from webapp.services.links import open_link
from webapp.services.signups import CameBy

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@pytest.fixture
def ada(app, marta):
    """Who shares; her id."""
    with app.app_context(), write_transaction() as session:
        return factories.person(session, email="ada@example.com").id


def add(marta, user_id, **fields):
    return submit(marta, f"/admin/users/{user_id}/coupon-codes", fields, page=f"/admin/users/{user_id}")


def coupons(app):
    with app.app_context():
        return db.session.execute(
            select(CouponCode.code, Link.code, CouponCode.retired_at).join(Link, Link.id == CouponCode.link_id)
        ).all()


def test_a_coupon_is_added_listed_retired_and_kept_in_the_log(app, marta, ada, acts, page):
    path = f"/admin/users/{ada}"
    added = add(marta, ada, code=" Ada-10 ")
    assert (added.status_code, added.location) == (303, f"{path}#coupons-h")
    said = marta.get(path).get_data(as_text=True)
    # Said once, where it was done.
    assert words(said).count("Ada-10 is a coupon code of Ada Okafor now.") == 1
    assert said.index("Ada-10 is a coupon code") > said.index('id="coupons-h"')
    (retirement,) = re.findall(r'action="([^"]+/retirement)"', said)
    assert 'aria-label="Retire Ada-10"' in said
    assert submit(marta, retirement, {}, page=path).location == f"{path}#coupons-h"
    assert "Ada-10 credits nobody from now on." in words(marta.get(path).get_data(as_text=True))
    said = page(path)
    assert re.search(r"Ada-10 For the link \w+, since Nov 22 Retired on Nov 22", said)
    assert [(code, retired_at) for code, _link, retired_at in coupons(app)] == [("Ada-10", NOON)]
    # Again changes nothing.
    assert submit(marta, retirement, {}, page=path).status_code == 303
    assert [(action, subject) for action, subject, _details in acts()] == [
        ("coupon_added", ada),
        ("coupon_retired", ada),
    ]
    log = page("/admin/audit")
    assert "Marta Voss gave Ada Okafor the coupon code Ada-10" in log
    assert "Marta Voss retired the coupon code Ada-10 of Ada Okafor" in log


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("", "Please write the code that buyers type."),
        ("10 % off", "Only the letters A to Z, digits, and hyphens between them, as in ada-bakes."),
        ("A" * 41, "Please choose at most 40 characters."),
        ("cy-1o", "Somebody else has this code, as a coupon or in a link, or had it."),
    ],
)
def test_what_cannot_be_a_coupon_is_said_at_the_field(app, marta, ada, acts, code, sentence):
    with app.app_context(), write_transaction() as session:
        cy = factories.person(session, name="Cy Young")
        add_coupon(session, factories.link_of(session, cy), "CY-10", by=cy.id, now=NOON)
    refused = add(marta, ada, code=code)
    said = refused.get_data(as_text=True)
    assert refused.status_code == 422
    assert sentence in words(said)
    assert 'aria-invalid="true"' in said
    assert f'value="{code}"' in said
    assert len(coupons(app)) == len(acts()) == 1


def test_a_coupon_counts_for_the_link_that_is_chosen(app, marta, ada):
    with app.app_context(), write_transaction() as session:
        further = open_link(
            session,
            factories.program(session),
            session.get_one(User, ada),
            code="ada-shop",
            label=None,
            destination_url=None,
            choose=str,
            now=NOON,
        ).id
        elses = factories.link_of(session, factories.person(session, name="Cy Young")).id
    add(marta, ada, code="SHOP10", link=str(further))
    assert [(code, link) for code, link, _retired in coupons(app)] == [("SHOP10", "ada-shop")]
    # Somebody else's link cannot be meant.
    add(marta, ada, code="ADA10", link=str(elses))
    add(marta, ada, code="ADA11", link="nonsense")
    with app.app_context():
        owners = db.session.scalars(select(Link.referrer_id).join(CouponCode, CouponCode.link_id == Link.id)).all()
    assert owners == [ada] * 3


def test_a_coupon_of_another_person_is_not_retired_through_this_one(app, marta, ada):
    with app.app_context(), write_transaction() as session:
        cy = factories.person(session, name="Cy Young")
        coupon_id = add_coupon(session, factories.link_of(session, cy), "CY-10", by=cy.id, now=NOON).id
    for user_id, coupon in ((ada, coupon_id), (new_id(), coupon_id), (ada, new_id())):
        path = f"/admin/users/{user_id}/coupon-codes/{coupon}/retirement"
        assert submit(marta, path, {}, page=f"/admin/users/{ada}").status_code == 404
    assert [retired_at for _code, _link, retired_at in coupons(app)] == [None]
    path = f"/admin/users/{new_id()}/coupon-codes"
    assert submit(marta, path, {"code": "X10"}, page=f"/admin/users/{ada}").status_code == 404


def test_who_came_by_a_coupon_can_be_listed_alone(app, marta, ada, page):
    with app.app_context(), write_transaction() as session:
        link = factories.link_of(session, session.get_one(User, ada))
        cora, _referral = join(session, CameBy(coupon=link), name="Cora Young", email="cora@example.org")
        join(session, CameBy(typed=link), name="Tom Typed", email="tom@example.org")
        cora_id = cora.id
    listed = page("/admin/referrals?method=coupon_code")
    assert "Cora Young Used the referrer’s coupon code" in listed
    assert "Tom Typed" not in listed
    assert "Ada Okafor by their coupon code" in page(f"/admin/users/{cora_id}")
