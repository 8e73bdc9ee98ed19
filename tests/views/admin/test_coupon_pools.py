"""Coupon pools on the pages of admins, and the code as its owner sees it."""

import io

import pytest
from sqlalchemy import select

from tests import factories, money
from tests.conftest import browser
from tests.factories import NOON, PASSWORD, csrf_token, sign_in, submit
from tests.services.test_coupon_pools import COUPON
from tests.views.admin.conftest import words
from tests.views.admin.rule_forms import FIXED, PERCENT, hidden, said, send, versions
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import PoolCoupon

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@pytest.fixture
def pool(marta):
    """The address of an empty pool that Marta made."""
    response = submit(
        marta, "/admin/coupon-pools", {"name": "Autumn", "key": "autumn", "low_at": "2"}, page="/admin/coupon-pools/new"
    )
    assert response.status_code == 303
    return response.location


def codes(app):
    with app.app_context():
        return db.session.scalars(select(PoolCoupon.code).order_by(PoolCoupon.id)).all()


def add(client, pool, text):
    return submit(client, f"{pool}/coupons", {"codes": text}, page=pool)


def test_without_pools_the_page_says_what_they_are_for(page):
    assert "No coupon pools yet" in page("/admin/coupon-pools")


@pytest.mark.parametrize("wrong", [{"name": ""}, {"key": "Two Words"}, {"low_at": "-1"}, {"key": "autumn"}])
def test_a_wrong_pool_comes_back(marta, pool, wrong):
    typed = {"name": "Winter", "key": "winter", "low_at": "0"} | wrong
    response = submit(marta, "/admin/coupon-pools", typed, page="/admin/coupon-pools/new")
    assert response.status_code == 422
    assert f'value="{typed["name"]}"' in response.get_data(as_text=True)


def test_pasted_codes_are_added_and_the_page_counts_them(app, marta, page, pool):
    assert add(marta, pool, "A-1\n\n A-2 \r\nA-3").status_code == 303
    assert codes(app) == ["A-1", "A-2", "A-3"]
    said = page(pool)
    assert "Autumn: 3 left" in said
    assert "3 codes were added." in said
    assert "Every pool has coupons enough" in page("/admin/coupon-pools")


def test_a_file_of_codes_is_added(app, marta, pool):
    token = csrf_token(marta.get(pool).get_data(as_text=True))
    data = {"csrf_token": token, "codes": "", "file": (io.BytesIO(b"\xef\xbb\xbfA-1\r\nA-2\r\n"), "codes.txt")}
    assert marta.post(f"{pool}/coupons", data=data).status_code == 303
    assert codes(app) == ["A-1", "A-2"]


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param("A-1", id="text under the name of the file"),
        pytest.param((io.BytesIO(b"A-1\nA-2\xff"), "codes.txt"), id="no UTF-8"),
        pytest.param((io.BytesIO("A-1".encode("utf-16")), "codes.txt"), id="UTF-16"),
        pytest.param((io.BytesIO(b"PK\x03\x04" + bytes(2_000)), "codes.zip", "application/zip"), id="an archive"),
        pytest.param((io.BytesIO(b"A-1\0"), "codes.txt"), id="a NUL"),
        pytest.param((io.BytesIO("A\u20131\n\u202eA".encode()), "codes.txt"), id="letters beyond ASCII"),
        pytest.param((io.BytesIO(b"<script>ran(1)</script> x"), "codes.html", "text/html"), id="a page"),
        pytest.param((io.BytesIO(b""), ""), id="no file"),
    ],
)
def test_what_is_no_file_of_codes_comes_back_and_adds_nothing(app, marta, pool, sent):
    token = csrf_token(marta.get(pool).get_data(as_text=True))
    response = marta.post(f"{pool}/coupons", data={"csrf_token": token, "codes": "", "file": sent})
    assert response.status_code == 422
    assert codes(app) == []


def test_what_a_file_is_called_means_nothing(app, marta, pool):
    token = csrf_token(marta.get(pool).get_data(as_text=True))
    file = (io.BytesIO(b"A-1"), "../../<script>ran(1)</script>.exe", "application/x-msdownload")
    answer = marta.post(f"{pool}/coupons", data={"csrf_token": token, "file": file}, follow_redirects=True)
    assert "script>ran" not in answer.get_data(as_text=True)
    assert codes(app) == ["A-1"]


def test_ten_thousand_codes_are_added_at_once_pasted_or_in_a_file(app, marta, pool):
    pasted, filed = ("\r\n".join(f"{kind}-{number:018}" for number in range(10_000)) for kind in "AB")
    assert add(marta, pool, pasted).status_code == 303
    data = {"codes": "", "file": (io.BytesIO(filed.encode()), "codes.txt")}
    assert submit(marta, f"{pool}/coupons", data, page=pool).status_code == 303
    assert len(codes(app)) == 20_000


def test_above_two_mebibytes_the_limit_is_said_and_nothing_is_added(app, marta, pool):
    response = add(marta, pool, "A-1\n" * 600_000)
    assert response.status_code == 413
    assert "At most 2 MiB can be sent here at once. Nothing was changed." in response.get_data(as_text=True)
    # Whatever else stands on it, a page that is not for that takes no more than before.
    response = submit(marta, "/admin/coupon-pools", {"name": "x" * 70_000}, page="/admin/coupon-pools/new")
    assert response.status_code == 413
    assert "At most 64 KiB can be sent here at once." in response.get_data(as_text=True)
    assert codes(app) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("A-1\ntwo words\nA-2", "look at line 2"),
        ("A-1\nA-2\nA-1", "The code of line 3 stands in a line before, too."),
        ("A-1\nOLD", "The code of line 2 is in the pool already."),
        ("", "Please paste codes"),
        ("x" * 101, "look at line 1"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_added(app, marta, pool, text, problem):
    add(marta, pool, "OLD")
    response = add(marta, pool, text)
    assert response.status_code == 422
    assert problem in response.get_data(as_text=True)
    assert codes(app) == ["OLD"]


def test_a_pool_that_runs_low_is_told_on_the_overview(marta, page, pool):
    add(marta, pool, "A-1")
    assert "The coupon pool “Autumn” is running low" in page("/admin")
    assert "One coupon pool is running low" in page("/admin/coupon-pools")
    add(marta, pool, "A-2")
    assert "is running low" not in page("/admin")


def test_only_its_owner_and_admins_see_a_code_and_no_money(app, marta, page, pool):
    add(marta, pool, "SECRET-1\nSECRET-2")
    with app.app_context(), write_transaction() as session:
        ada = factories.person(session, email="ada@example.com", password=PASSWORD, now=money.JOINED)
        eve = factories.person(session, name="Eve", email="eve@example.com", password=PASSWORD)
        money.publish(session, **COUPON, hold_days=0)
        came_by = factories.CameBy(typed=factories.link_of(session, ada))
        bob, _referral = factories.join(session, came_by, now=money.JOINED)
        reward_id = money.buy(session, bob, at=NOON).rewards[0].id
        assert ada.id != eve.id
    hers, theirs = browser(app), browser(app)
    sign_in(hers, "ada@example.com")
    sign_in(theirs, "eve@example.com")
    for path in ("/dashboard/rewards", f"/dashboard/rewards/{reward_id}"):
        text = hers.get(path).get_data(as_text=True)
        assert "SECRET-1" in text
        assert "0.00" not in words(text)
    assert "1 coupon for" in words(hers.get(f"/dashboard/rewards/{reward_id}").get_data(as_text=True))
    assert 'data-copy="#pool-coupon"' in hers.get(f"/dashboard/rewards/{reward_id}").get_data(as_text=True)
    assert theirs.get(f"/dashboard/rewards/{reward_id}").status_code == 404
    assert "SECRET-1" in page(f"/admin/rewards/{reward_id}")
    assert "SECRET-1" not in page("/admin/rewards")
    assert "SECRET" not in page("/admin/audit")
    assert hers.get("/dashboard").status_code == 200
    assert hers.get("/dashboard/rewards/statement/2026-11").status_code == 200


RULE = {
    **{name: value for name, value in PERCENT.items() if not name.startswith("setting_")},
    "kind": "coupon_from_pool",
    "setting_pool": "autumn",
    "reward": "coupon",
}


def test_a_rule_that_gives_a_coupon_is_written_as_a_form(app, marta, pool):
    page = marta.get("/admin/rules/new?kind=coupon_from_pool").get_data(as_text=True)
    assert "Form of the reward" not in page, "there is nothing to choose"
    review = send(marta, "/admin/rules/new/review", RULE)
    assert "the referrer gets a coupon" in said(review)
    data = {"definition": hidden(review, "definition"), "number": hidden(review, "number"), "note": "For autumn"}
    send(marta, "/admin/rules", data, 303)
    (published,) = versions(app)
    assert (published[2].reward, str(published[2].settings.pool)) == ("coupon", "autumn")


def test_a_rule_of_a_pool_that_is_not_there_is_not_published(app, marta, pool):
    page = send(marta, "/admin/rules/new/review", RULE | {"setting_pool": "winter"}, 422)
    assert "There is no coupon pool with this key." in said(page)
    assert versions(app) == []


def test_money_can_be_given_in_another_form(app, marta):
    page = marta.get("/admin/rules/new?kind=fixed_amount").get_data(as_text=True)
    assert "Store credit" in page
    assert 'value="coupon"' not in page
    review = send(marta, "/admin/rules/new/review", FIXED | {"reward": "credit"})
    assert "$5.00 as store credit" in said(review)
