"""Refunds that the business reports."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests import money
from tests.factories import NOON
from tests.views.api.caller import CONVERSION, REFUND, problems, refused, rows, told
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import Refund, Reward, RewardEvent
from webapp.queries.ledger import breaches

DAY = timedelta(days=1)
ORDER = CONVERSION | {"order_id": "1001"}
BY_ORDER = {"event_id": "ref_1", "order_id": "1001"}


@pytest.fixture
def bought(api, bob, publish):
    """Bob's purchase for 49.99 USD, evt_1 and order 1001, by which Ada earned 10.00 USD; as the API answered."""
    publish()
    return api.post("/conversions", ORDER).get_json()


@pytest.mark.parametrize("named", [{"order_id": "1001"}, {"conversion_event_id": "evt_1"}], ids=str)
def test_a_whole_refund_takes_the_whole_reward_back(app, api, bought, named):
    response = api.post("/refunds", {"event_id": "ref_1", **named})
    assert response.status_code == 201
    answer = response.get_json()
    with app.app_context():
        stored = db.session.scalars(select(Refund)).one()
        actors = db.session.scalars(select(RewardEvent.actor).order_by(RewardEvent.sequence)).all()
    assert answer == {
        "refund": {
            "id": str(stored.id),
            "event_id": "ref_1",
            "conversion_event_id": "evt_1",
            "order_id": named.get("order_id"),
            "amount": 4999,
            "currency": "USD",
        },
        "reversals": [{"reward_id": bought["rewards"][0]["id"], "amount": 1000, "currency": "USD"}],
        "explanation": [
            {"rule": "twenty-percent", "code": "reversal", "text": "10.00 USD of the reward are taken back."}
        ],
    }
    assert (stored.applied_minor, stored.occurred_at, actors) == (4999, NOON, ["api", "api"])
    (reward,) = api.get("/conversions/evt_1").get_json()["rewards"]
    assert (reward["status"], reward["amount"], reward["reversed"]) == ("reversed", 1000, 1000)


@pytest.mark.usefixtures("bought")
def test_parts_end_where_one_whole_refund_ends(app, api):
    # Of 49.99 are left 33.33, 16.67 and nothing; 20% of that is 6.67, 3.33 and nothing.
    taken = []
    for number, amount in enumerate([1666, 1666, 1667]):
        answer = api.post("/refunds", REFUND | {"event_id": f"ref_{number}", "amount": amount}).get_json()
        taken += [one["amount"] for one in answer["reversals"]]
    assert taken == [333, 334, 333]
    assert api.get("/conversions/evt_1").get_json()["refunded"] == 4999
    with app.app_context():
        assert list(breaches(db.session())) == []


@pytest.mark.usefixtures("bought")
@pytest.mark.parametrize("amount", [6000, None], ids=["more than is left", "all that is left"])
def test_more_than_is_left_is_cut_and_said(api, amount):
    api.post("/refunds", REFUND | {"amount": 4000})
    response = api.post("/refunds", REFUND | {"event_id": "ref_2", "amount": amount})
    assert response.status_code == 201
    assert response.get_json()["refund"]["amount"] == 999
    # 20% of the 9.99 that were left is 2.00.
    assert [one["amount"] for one in response.get_json()["reversals"]] == [200]
    if amount is None:
        assert told(response) == ["reversal"]
    else:
        assert response.get_json()["explanation"][0] == {
            "rule": None,
            "code": "cut",
            "text": "Only 9.99 USD were left to refund, so that is what was counted.",
        }


@pytest.mark.usefixtures("bought")
def test_when_nothing_is_left_nothing_is_counted(app, api):
    api.post("/refunds", REFUND)
    response = api.post("/refunds", REFUND | {"event_id": "ref_2", "amount": 1})
    assert response.status_code == 201
    assert (response.get_json()["refund"]["amount"], response.get_json()["reversals"]) == (0, [])
    assert response.get_json()["explanation"][0]["code"] == "cut"
    with app.app_context():
        assert list(breaches(db.session())) == []


@pytest.mark.usefixtures("bob")
def test_a_fixed_reward_is_kept_until_the_purchase_is_refunded_whole(api, publish):
    publish(key="thanks", kind="fixed_amount", settings={"amount": 700, "currency": "USD"})
    api.post("/conversions", ORDER)
    part = api.post("/refunds", BY_ORDER | {"amount": 4998})
    assert (part.get_json()["reversals"], told(part)) == ([], ["kept"])
    rest = api.post("/refunds", BY_ORDER | {"event_id": "ref_2"})
    assert [one["amount"] for one in rest.get_json()["reversals"]] == [700]


@pytest.mark.usefixtures("ada")
def test_a_refund_of_what_earned_nothing_says_so(api):
    api.post("/conversions", CONVERSION | {"user": {"external_id": "ada"}})
    response = api.post("/refunds", REFUND)
    assert (response.status_code, response.get_json()["reversals"], told(response)) == (201, [], ["nothing_earned"])


@pytest.mark.usefixtures("bob")
def test_a_conversion_without_an_amount_is_refunded_whole(api, publish):
    publish(key="trial", trigger="trial", kind="fixed_amount", settings={"amount": 700, "currency": "USD"})
    api.post("/conversions", {"event_id": "evt_1", "type": "trial", "user": {"external_id": "cus_1"}})
    answer = api.post("/refunds", REFUND).get_json()
    assert (answer["refund"]["amount"], answer["refund"]["currency"]) == (0, None)
    assert [one["amount"] for one in answer["reversals"]] == [700]


@pytest.mark.usefixtures("bob")
@pytest.mark.parametrize("path", ["/refunds", "/disputes"])
@pytest.mark.parametrize("amount", [{}, {"amount": 0, "currency": "USD"}], ids=["none", "zero"])
def test_a_part_of_what_has_no_amount_counts_for_all_and_says_why(api, publish, path, amount):
    publish(key="trial", trigger="trial", kind="fixed_amount", settings={"amount": 700, "currency": "USD"})
    api.post("/conversions", {"event_id": "evt_1", "type": "trial", "user": {"external_id": "cus_1"}, **amount})
    answer = api.post(path, REFUND | {"amount": 500}).get_json()
    assert [one["amount"] for one in answer["reversals"]] == [700]
    assert answer["explanation"][0] == {
        "rule": None,
        "code": "cut",
        "text": "The purchase was reported without an amount, so no part of it can go back: this counts for all of it."
        " Leave the amount out here, or report such purchases with theirs.",
    }


def test_after_a_freeze_a_refund_is_owed_and_the_reward_stays(app, api, bought):
    reward_id = bought["rewards"][0]["id"]
    with app.app_context(), write_transaction() as session:
        money.send(session, session.scalars(select(Reward.id)).one(), "approved", "in_payout", "paid")
    response = api.post("/refunds", REFUND)
    assert response.get_json()["reversals"] == [{"reward_id": reward_id, "amount": 1000, "currency": "USD"}]
    assert response.get_json()["explanation"] == [
        {
            "rule": "twenty-percent",
            "code": "clawback",
            "text": "The reward was in a payout by then: 10.00 USD are owed and come off what is earned next.",
        }
    ]
    (reward,) = api.get("/conversions/evt_1").get_json()["rewards"]
    assert (reward["status"], reward["reversed"]) == ("paid", 1000)
    (balance,) = api.get("/users/ada").get_json()["balances"]
    assert (balance["paid"], balance["clawback"]) == (1000, -1000)


@pytest.mark.usefixtures("bob")
@pytest.mark.parametrize("named", [{"order_id": "1001"}, {"conversion_event_id": "evt_1"}], ids=str)
def test_a_refund_before_its_purchase_waits_and_is_applied_when_that_arrives(app, api, publish, named):
    publish()
    waiting = {"event_id": "ref_1", **named, "amount": 2000}
    first = api.post("/refunds", waiting)
    assert first.status_code == 202
    answer = first.get_json()
    assert answer["refund"] | {"id": None} == {
        "id": None,
        "event_id": "ref_1",
        "conversion_event_id": named.get("conversion_event_id"),
        "order_id": named.get("order_id"),
        "amount": None,
        "currency": None,
    }
    assert (answer["reversals"], told(first)) == ([], ["waiting"])
    assert answer["explanation"][0]["text"] == ("The purchase is not known yet. The refund is applied when it arrives.")
    # 20% of 49.99 are granted; of the 29.99 that are left 5.998 are earned.
    (reward,) = api.post("/conversions", ORDER).get_json()["rewards"]
    assert (reward["amount"], reward["reversed"], reward["status"]) == (1000, 400, "pending")
    assert api.get("/conversions/evt_1").get_json()["refunded"] == 2000
    # The first answer is the answer, also when it no longer waits.
    again = api.post("/refunds", waiting)
    assert (again.status_code, again.data) == (200, first.data)
    with app.app_context():
        assert list(breaches(db.session())) == []


@pytest.mark.usefixtures("bought")
def test_a_refund_sent_again_gets_the_very_same_answer_and_takes_nothing_twice(app, api, clock):
    first = api.post("/refunds", REFUND | {"amount": 2000})
    before = rows(app)
    clock.move_to(NOON + DAY, tick=False)
    again = api.post("/refunds", {"amount": 2000, "order_id": None, **dict(reversed(REFUND.items()))})
    assert (first.status_code, again.status_code, again.data) == (201, 200, first.data)
    assert rows(app) == before


@pytest.mark.usefixtures("bought")
def test_the_same_refund_with_other_content_is_refused(app, api, subtests):
    api.post("/refunds", REFUND | {"amount": 2000})
    before = rows(app)
    for changed in (
        {"amount": None},
        {"amount": 1999},
        {"conversion_event_id": None, "order_id": "1001"},
        {"conversion_event_id": "evt_2"},
        {"occurred_at": "2026-11-22T12:00:00Z"},
    ):
        with subtests.test(str(changed)):
            response = api.post("/refunds", REFUND | {"amount": 2000} | changed)
            assert refused(response) == (409, ["event_id"])
            detail = response.get_json()["detail"]
            assert detail == "event_id was sent before with other content. Nothing was written."
    assert rows(app) == before


@pytest.mark.usefixtures("bought")
def test_an_order_with_several_conversions_asks_for_the_event(app, api):
    api.post("/conversions", ORDER | {"event_id": "evt_2", "type": "renewal"})
    before = rows(app)
    response = api.post("/refunds", BY_ORDER)
    assert refused(response) == (422, ["order_id"])
    assert problems(response) == [("order_id", "names several conversions; send conversion_event_id instead")]
    assert rows(app) == before
    # The id of what was refused is still free.
    assert api.post("/refunds", REFUND).status_code == 201


@pytest.mark.usefixtures("bought")
def test_a_refund_keeps_its_answer_also_when_its_order_has_several_conversions_by_now(app, api):
    first = api.post("/refunds", BY_ORDER | {"amount": 2000})
    api.post("/conversions", ORDER | {"event_id": "evt_2", "type": "renewal"})
    before = rows(app)
    again = api.post("/refunds", BY_ORDER | {"amount": 2000})
    assert (first.status_code, again.status_code, again.data) == (201, 200, first.data)
    assert refused(api.post("/refunds", BY_ORDER)) == (409, ["event_id"])
    assert rows(app) == before


@pytest.mark.usefixtures("bought")
def test_an_event_and_its_refund_may_be_called_alike(api):
    assert api.post("/refunds", REFUND | {"event_id": "evt_1"}).status_code == 201


def test_a_refund_does_not_reach_into_another_program(app, api, elsewhere, bought):
    """There the same event and order are unknown, so it waits; here nothing is taken back."""
    for refund in (REFUND, BY_ORDER | {"event_id": "ref_2"}):
        response = elsewhere.post("/refunds", refund)
        assert (response.status_code, response.get_json()["reversals"]) == (202, [])
    assert api.get("/conversions/evt_1").get_json()["refunded"] == 0
    # The same ids are free here.
    assert api.post("/refunds", REFUND).status_code == 201
    with app.app_context():
        assert len(set(db.session.scalars(select(Refund.program_id)))) == 2


def test_a_waiting_refund_is_not_for_another_program_s_purchase(app, api, elsewhere, bob, publish):
    publish()
    for caller in (elsewhere, api):
        caller.post("/refunds", REFUND | {"amount": 2000})
    elsewhere.post("/refunds", BY_ORDER | {"event_id": "ref_2"})
    # Its own refund leaves 29.99, of which 20% are 6.00; the others would have left nothing.
    (reward,) = api.post("/conversions", ORDER).get_json()["rewards"]
    assert (reward["amount"], reward["reversed"]) == (1000, 400)
    with app.app_context():
        applied = db.session.scalars(select(Refund.applied_minor).where(Refund.conversion_id.is_not(None))).all()
    assert applied == [2000]
