"""Writing off what is owed of a reward: what it says first, what it does, and what the owner reads."""

import re

import pytest

from tests import money
from tests.conftest import browser
from tests.factories import NOON, csrf_token, sign_in
from webapp.database import write_transaction
from webapp.ids import new_id

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@pytest.fixture
def owing(app, work):
    """Of Ada's paid reward of 10.00 dollars 4.00 are owed. Returns the address of the page about writing it off."""
    with app.app_context(), write_transaction() as session:
        money.send(session, work.reward, "approved", "in_payout", "paid")
        money.refund(session, "20.00 USD", at=NOON)
    return f"/admin/rewards/{work.reward}/write-off"


def words(page):
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def send(work, path, note="Too small to ask for", owed=None):
    page = work.page(path)
    found = re.search(r'name="owed"[^>]*value="(-?\d+)"', page)
    sent = {"csrf_token": csrf_token(page), "owed": found[1] if owed is None else owed, "note": note}
    return work.client.post(path, data=sent)


def test_the_page_says_what_will_happen_in_money(work, owing):
    assert "Write it off" in work.page(f"/admin/rewards/{work.reward}")
    page = words(work.page(owing))
    assert "Write off $4.00 that Ada Okafor owes?" in page
    assert "Kept until now $6.00 Written off $4.00 Kept then $10.00" in page


def test_it_is_written_off_kept_in_the_log_and_told_to_whoever_owed_it(app, work, owing):
    response = send(work, owing)
    assert (response.status_code, response.location) == (303, f"/admin/rewards/{work.reward}")
    page = words(work.page(response.location))
    assert "$4.00 are written off. Nobody is asked for them any more." in page
    assert "$4.00 of what is owed written off" in page
    assert "Too small to ask for" in page
    assert "Write it off" not in page
    assert "wrote off what was owed of" in words(work.page("/admin/audit"))
    ada = browser(app)
    sign_in(ada, "ada@example.com")
    seen = words(ada.get(f"/dashboard/rewards/{work.reward}").get_data(as_text=True))
    assert "You owed us $4.00 for it. We have written that off: nobody asks you for it any more." in seen
    assert "$4.00 that you owed written off" in seen
    assert "Too small" not in seen
    assert "come off what you earn next" not in seen


@pytest.mark.parametrize("note", ["", "too small", "  "])
def test_without_a_reason_of_a_few_words_nothing_happens(work, owing, note):
    response = send(work, owing, note)
    page = response.get_data(as_text=True)
    assert (response.status_code, "Say why in at least three words." in page) == (422, True)
    assert note.strip() in page
    assert "Write off $4.00" in words(work.page(owing))


def test_what_changed_meanwhile_is_looked_at_again(app, work, owing):
    with app.app_context(), write_transaction() as session:
        money.refund(session, event_id="ref_2", at=NOON)
    response = send(work, owing, owed="400")
    page = response.get_data(as_text=True)
    assert response.status_code == 409
    assert "What is owed has changed since you looked." in page
    assert 'value="1000"' in page
    assert "Write off $10.00 that Ada Okafor owes?" in words(page)
    assert "Too small to ask for" in page


def test_sent_twice_it_is_written_off_once(work, owing):
    page = work.page(owing)
    sent = {"csrf_token": csrf_token(page), "owed": "400", "note": "Too small to ask for"}
    assert [work.client.post(owing, data=sent).status_code for _ in range(2)] == [303, 409]


def test_where_nothing_is_owed_the_page_says_so(work):
    page = words(work.page(f"/admin/rewards/{work.held}/write-off"))
    assert "Ada Okafor owes nothing for this reward" in page
    assert "There is nothing to write off." in page


def test_a_reward_of_elsewhere_is_not_there(work):
    work.page(f"/admin/rewards/{new_id()}/write-off", 404)
