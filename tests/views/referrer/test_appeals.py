"""Somebody reads why a reward is checked or does not count, and tells how they see it, once."""

import pytest
from sqlalchemy import func, select

from tests import factories, money
from tests.conftest import browser
from tests.factories import NOON, csrf_token, sign_in
from tests.views.referrer.test_how_pages_grow import MOST_QUERIES, queries_of
from tests.views.referrer.test_rewards import words
from webapp.database import write_transaction
from webapp.domain.reward_decisions import CHOICES
from webapp.extensions import db
from webapp.models import Appeal, Conversion, Reward, User
from webapp.services.reward_decisions import decide_rewards
from webapp.services.screening import decide_about_friends

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

DAY = money.DAY
SAID = "He ordered for his office.\nI live elsewhere."


@pytest.fixture
def marta(app, house):
    with app.app_context(), write_transaction() as session:
        return factories.person(session, name="Marta Voss", email="marta@example.com", role="admin").id


@pytest.fixture
def decided(app, marta):
    """Decide about what Bob's orders earned Ada: `decided("reject", "evt_1")`. Returns the rewards, by age."""

    def decide(choice, *event_ids, **how):
        how = {"reason": "terms"} | how if choice == "reject" else how
        with app.app_context(), write_transaction() as session:
            theirs = select(Reward.id, Reward.sequence).join(Conversion).where(Conversion.event_id.in_(event_ids))
            seen = dict(session.execute(theirs.order_by(Reward.id)).all())
            program_id = factories.program(session).id
            outcomes = decide_rewards(session, program_id, CHOICES[choice], seen, by=marta, now=NOON, **how)
            assert {one.result for one in outcomes} == {"done"}
            return list(seen)

    return decide


@pytest.fixture
def ada(app, house):
    client = browser(app)
    sign_in(client, "ada@example.com")
    return client


def orders(app, house, *event_ids):
    with app.app_context(), write_transaction() as session:
        for event_id in event_ids:
            money.buy(session, session.get_one(User, house["bob"]), "50.00 USD", event_id=event_id, at=NOON - DAY)


def send(client, reward_id, text=SAID):
    page = client.get(f"/dashboard/rewards/{reward_id}").get_data(as_text=True)
    data = {"csrf_token": csrf_token(page), "text": text}
    return client.post(f"/dashboard/rewards/{reward_id}/appeal", data=data)


def test_what_does_not_count_can_be_answered_once_and_both_sides_are_read_there(app, house, ada, decided):
    orders(app, house, "evt_1", "evt_2", "evt_3")
    first, second, third = decided("reject", "evt_1", "evt_2", "evt_3", note="Same phone")
    url = f"/dashboard/rewards/{first}"
    page = ada.get(url).get_data(as_text=True)
    said = words(page)
    assert "The link was shared in a way that the terms of the program do not allow." in said
    assert "You can tell us once, and a person looks at it again." in said
    assert "See it differently? Tell us once, in your words." in said
    assert "It is about everything that the same decision was about" in said
    assert f'href="/dashboard/rewards/{third}"' in page
    assert page.count("btn-primary") == 1
    answer = send(ada, first)
    assert (answer.status_code, answer.location) == (303, url)
    page = ada.get(url).get_data(as_text=True)
    said = words(page)
    assert "We have it. A person reads it and decides anew." in said
    assert "We are looking at it again" in said
    assert SAID in page
    assert "about this and 2 more rewards" in said
    assert 'name="text"' not in page
    # Sent twice it is there once, and the others are a part of it.
    token = csrf_token(ada.get("/dashboard/links/new").get_data(as_text=True))
    again = ada.post(f"{url}/appeal", data={"csrf_token": token, "text": "More"})
    assert (again.status_code, again.location) == (303, url)
    assert "We are looking at it again" in words(ada.get(f"/dashboard/rewards/{second}").get_data(as_text=True))
    with app.app_context():
        assert db.session.scalars(select(Appeal.text)).all() == [SAID]
    decided("reject", "evt_1", reason="duplicate", note="Still")
    said = words(ada.get(url).get_data(as_text=True))
    assert "We looked at it again: it does not count The same order was counted once before." in said
    assert "This decision is final." in said
    assert "tell us once" not in said
    assert "See it differently?" not in said
    decided("release", "evt_2", reason="appeal_right")
    said = words(ada.get(f"/dashboard/rewards/{second}").get_data(as_text=True))
    assert "We looked at it again: it counts You were right, so it counts." in said
    for path in ("/dashboard", "/dashboard/referrals"):
        assert "This decision is final." in words(ada.get(path).get_data(as_text=True))
    # What staff wrote is theirs.
    assert "Same phone" not in page
    assert "Still" not in said


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (" \r\n ", "Tell us in a few words how you see it."),
        ("x" * 2001, "Write at most 2,000 characters."),
    ],
)
def test_an_answer_that_cannot_be_taken_comes_back_with_what_was_written(app, house, ada, decided, text, problem):
    orders(app, house, "evt_1")
    (reward_id,) = decided("reject", "evt_1")
    answer = send(ada, reward_id, text)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert problem in page
    assert text.strip() in page
    assert send(ada, reward_id, "\r\n".join(["x" * 999, "y" * 1000])).status_code == 303


def test_what_cannot_be_appealed_any_more_says_why(app, house, ada, decided):
    orders(app, house, "evt_1", "evt_2")
    (reward_id,) = decided("reject", "evt_1")
    with app.app_context(), write_transaction() as session:
        money.refund(session, at=NOON)
    answer = send(ada, reward_id)
    assert answer.status_code == 422
    assert "Nothing would be left of this reward" in answer.get_data(as_text=True)
    with app.app_context():
        pending = db.session.scalars(select(Reward.id).where(Reward.status == "pending")).one()
        assert db.session.scalar(select(func.count()).select_from(Appeal)) == 0
    assert "See it differently" not in ada.get(f"/dashboard/rewards/{pending}").get_data(as_text=True)
    token = csrf_token(ada.get("/dashboard/links/new").get_data(as_text=True))
    answer = ada.post(f"/dashboard/rewards/{pending}/appeal", data={"csrf_token": token, "text": SAID})
    assert answer.status_code == 422
    assert "Nobody decided against this reward" in answer.get_data(as_text=True)


def test_somebody_elses_reward_is_not_there(app, house, ada, decided):
    orders(app, house, "evt_1")
    (reward_id,) = decided("reject", "evt_1")
    cara = browser(app)
    sign_in(cara, "cara@example.com")
    token = csrf_token(cara.get("/dashboard/links/new").get_data(as_text=True))
    answer = cara.post(f"/dashboard/rewards/{reward_id}/appeal", data={"csrf_token": token, "text": SAID})
    assert answer.status_code == 404


def test_a_check_is_told_by_its_kind_also_after_a_refund(app, house, ada, marta):
    with app.app_context(), write_transaction() as session:
        decide_about_friends(session, [house["bob"]], "deny", by=marta, now=NOON - 3 * DAY)
    orders(app, house, "evt_1")
    with app.app_context():
        reward = db.session.scalars(
            select(Reward).where(Reward.status == "rejected", Reward.beneficiary_id == house["ada"])
        ).one()
        url = f"/dashboard/rewards/{reward.id}"
    said = words(ada.get(url).get_data(as_text=True))
    assert "We looked at this friend before and decided that what they do does not count." in said
    assert send(ada, reward.id).status_code == 303
    with app.app_context(), write_transaction() as session:
        money.refund(session, "10.00 USD", at=NOON)
    said = words(ada.get(url).get_data(as_text=True))
    assert "We are looking at it again" in said
    assert "We are checking this order" not in said


def test_the_page_asks_no_more_for_many_rewards(app, house, ada, decided):
    names = [f"evt_{number:02}" for number in range(9)]
    orders(app, house, *names)
    rejected = decided("reject", *names)
    asked, page = queries_of(app, ada, f"/dashboard/rewards/{rejected[0]}")
    assert len(asked) <= MOST_QUERIES, "\n".join(asked)
    assert page.count('class="money">$10.00</span>') == len(names)
    send(ada, rejected[0])
    asked, _page = queries_of(app, ada, f"/dashboard/rewards/{rejected[0]}")
    assert len(asked) <= MOST_QUERIES, "\n".join(asked)
