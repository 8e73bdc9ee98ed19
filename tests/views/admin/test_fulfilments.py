"""Handing over rewards in kind, on the pages of admins."""

import pytest

from tests import money
from tests.factories import submit
from tests.views.admin.conftest import words
from webapp.database import write_transaction

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@pytest.fixture
def shirt(app, marta):
    """The address of a reward in kind."""
    with app.app_context(), write_transaction() as session:
        money.publish(session, **{**money.TEN_DOLLARS, "reward": "custom", "hold_days": 0})
        _ada, bob = money.ada_and_bob(session)
        return f"/admin/rewards/{money.buy(session, bob).rewards[0].id}"


def test_an_admin_fulfils_a_reward_and_sees_that_it_is_paid(marta, page, shirt):
    assert "Fulfil it" in page(shirt)
    response = submit(marta, f"{shirt}/fulfilment", {"note": "Size M, by post"})
    assert (response.status_code, response.location) == (303, shirt)
    said = page(shirt)
    assert "The reward of Ada Okafor is fulfilled." in said
    assert "Size M, by post" in said
    assert "$10.00 in kind for Ada Okafor" in said
    assert "Fulfil it" not in said


def test_it_is_fulfilled_once(marta, shirt):
    token_page = marta.get(f"{shirt}/fulfilment").get_data(as_text=True)
    assert "Did Ada Okafor get it?" in words(token_page)
    submit(marta, f"{shirt}/fulfilment", {})
    response = marta.get(f"{shirt}/fulfilment")
    assert "This reward cannot be fulfilled" in words(response.get_data(as_text=True))


def test_a_note_that_is_too_long_comes_back(marta, shirt):
    response = submit(marta, f"{shirt}/fulfilment", {"note": "x" * 1001})
    assert response.status_code == 422
    assert "Write at most 1,000 characters." in response.get_data(as_text=True)
