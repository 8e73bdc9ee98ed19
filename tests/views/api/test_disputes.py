"""Disputes that the business reports, and how they ended."""

import pytest
from sqlalchemy import select

from tests import money
from tests.views.api.caller import CONVERSION, DISPUTE, OUTCOME, REFUND, problems, refused, rows
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import Reward
from webapp.queries.ledger import breaches

ENDED = "/disputes/dsp_1/outcome"


@pytest.fixture
def bought(api, bob, publish):
    """Bob's purchase for 49.99 USD, evt_1 and order 1001, by which Ada earned 10.00 USD; as the API answered."""
    publish()
    return api.post("/conversions", CONVERSION | {"order_id": "1001"}).get_json()


def codes(answer):
    return [line["code"] for line in answer["explanation"]]


@pytest.mark.parametrize("named", [{"order_id": "1001"}, {"conversion_event_id": "evt_1"}], ids=str)
def test_a_dispute_takes_all_back_and_one_that_was_won_gives_all_back(api, bought, named):
    reward_id = bought["rewards"][0]["id"]
    response = api.post("/disputes", {"event_id": "dsp_1", **named})
    answer = response.get_json()
    assert (response.status_code, answer["dispute"]["amount"], answer["dispute"]["currency"]) == (201, 4999, "USD")
    assert (answer["dispute"]["conversion_event_id"], answer["dispute"]["order_id"]) == ("evt_1", named.get("order_id"))
    assert answer["reversals"] == [{"reward_id": reward_id, "amount": 1000, "currency": "USD"}]
    assert answer["explanation"] == [
        {"rule": "twenty-percent", "code": "reversal", "text": "10.00 USD of the reward are taken back."}
    ]
    assert api.get("/conversions/evt_1").get_json()["refunded"] == 4999

    response = api.post(ENDED, OUTCOME)
    answer = response.get_json()
    about = {key: value for key, value in answer["outcome"].items() if key != "id"}
    assert (response.status_code, about) == (
        201,
        {
            "event_id": "out_1",
            "dispute_event_id": "dsp_1",
            "outcome": "won",
            "conversion_event_id": "evt_1",
            "amount": 4999,
            "currency": "USD",
        },
    )
    assert answer["restored"] == [{"reward_id": reward_id, "amount": 1000, "currency": "USD"}]
    assert answer["explanation"] == [
        {"rule": None, "code": "won", "text": "49.99 USD of the purchase came back."},
        {"rule": "twenty-percent", "code": "given_back", "text": "10.00 USD of the reward are given back."},
    ]
    now = api.get("/conversions/evt_1").get_json()
    assert (now["refunded"], now["rewards"][0]["status"], now["rewards"][0]["reversed"]) == (0, "pending", 0)


@pytest.mark.usefixtures("bought")
def test_one_that_was_lost_says_so_and_changes_nothing(api):
    api.post("/disputes", DISPUTE | {"amount": 1000})
    before = api.get("/conversions/evt_1").get_json()
    response = api.post(ENDED, OUTCOME | {"outcome": "lost"})
    assert (response.status_code, codes(response.get_json()), response.get_json()["restored"]) == (201, ["lost"], [])
    assert api.get("/conversions/evt_1").get_json() == before


@pytest.mark.usefixtures("bought")
def test_after_a_payout_it_is_owed_and_no_more_once_it_was_won(app, api):
    with app.app_context(), write_transaction() as session:
        reward_id = session.scalars(select(Reward.id)).one()
        money.send(session, reward_id, "approved", "in_payout", "paid")
    assert codes(api.post("/disputes", DISPUTE).get_json()) == ["clawback"]
    won = api.post(ENDED, OUTCOME).get_json()
    assert codes(won) == ["won", "given_back"]
    assert won["explanation"][1]["text"] == "10.00 USD that were owed, or were taken before a payout, are given back."
    with app.app_context():
        assert list(breaches(db.session())) == []


@pytest.mark.usefixtures("bought")
def test_what_a_refund_has_a_claim_to_does_not_come_back(api):
    api.post("/refunds", REFUND)
    disputed = api.post("/disputes", DISPUTE | {"amount": 5}).get_json()
    assert (codes(disputed), disputed["dispute"]["amount"]) == (["cut", "kept"], 0)
    won = api.post(ENDED, OUTCOME).get_json()
    assert (codes(won), won["outcome"]["amount"], won["restored"]) == (["won", "kept"], 0, [])


@pytest.mark.usefixtures("bob")
def test_of_what_has_no_amount_none_comes_back_and_the_reward_does(api, publish):
    publish(key="trial", trigger="trial", kind="fixed_amount", settings={"amount": 700, "currency": "USD"})
    api.post("/conversions", {"event_id": "evt_1", "type": "trial", "user": {"external_id": "cus_1"}})
    api.post("/disputes", DISPUTE)
    answer = api.post(ENDED, OUTCOME).get_json()
    assert [one["amount"] for one in answer["restored"]] == [700]
    assert [line["text"] for line in answer["explanation"]] == [
        "The dispute counts no more. The purchase was reported without an amount, so none could come back.",
        "7.00 USD of the reward are given back.",
    ]


@pytest.mark.usefixtures("bob")
def test_all_may_arrive_before_what_it_is_about(api, publish):
    publish()
    ended, disputed = api.post(ENDED, OUTCOME), api.post("/disputes", DISPUTE)
    assert [ended.status_code, disputed.status_code] == [202, 202]
    assert [codes(ended.get_json()), codes(disputed.get_json())] == [["waiting"], ["won_before"]]
    (reward,) = api.post("/conversions", CONVERSION).get_json()["rewards"]
    assert (reward["status"], reward["reversed"]) == ("pending", 0)


@pytest.mark.usefixtures("bought")
def test_each_is_answered_once_and_contradictions_are_refused(app, api):
    first = [api.post("/disputes", DISPUTE), api.post(ENDED, OUTCOME)]
    before = rows(app)
    again = [api.post("/disputes", DISPUTE), api.post(ENDED, OUTCOME)]
    assert [one.status_code for one in (*first, *again)] == [201, 201, 200, 200]
    assert [one.data for one in again] == [one.data for one in first]
    for path, body, field in (
        ("/disputes", DISPUTE | {"amount": 1}, "event_id"),
        (ENDED, OUTCOME | {"outcome": "lost"}, "event_id"),
        ("/disputes/dsp_2/outcome", OUTCOME, "event_id"),
        (ENDED, OUTCOME | {"event_id": "out_2"}, "outcome"),
    ):
        assert refused(api.post(path, body)) == (409, [field])
    assert rows(app) == before


@pytest.mark.usefixtures("bought")
def test_a_refund_may_have_the_id_of_a_dispute(api):
    assert api.post("/refunds", REFUND | {"event_id": "same", "amount": 1}).status_code == 201
    assert api.post("/disputes", DISPUTE | {"event_id": "same", "amount": 1}).status_code == 201


def test_an_outcome_is_won_or_lost_and_of_a_dispute_that_can_be(api):
    response = api.post(ENDED, OUTCOME | {"outcome": "drawn"})
    assert refused(response) == (422, ["outcome"])
    assert problems(response) == [("outcome", "must be 'won' or 'lost'")]
    assert api.post(f"/disputes/{'x' * 201}/outcome", OUTCOME).status_code == 404
