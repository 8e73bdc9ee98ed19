"""Store credit, as the business's shop asks for it and redeems it."""

import pytest

from tests.views.api.caller import CONVERSION, problems, refused, rows

SPENT = {"event_id": "spent_1", "amount": 1500, "currency": "USD"}
AT = "/users/cus_1/credit"
REDEMPTIONS = f"{AT}/redemptions"


@pytest.fixture
def credit(api, bob, publish):
    """Bob's store credit: 10.00 USD for each of two purchases. Returns the ids of the rewards."""
    in_credit = {"kind": "fixed_amount", "settings": {"amount": 1000, "currency": "USD"}, "reward": "credit"}
    publish(key="credit", beneficiary="friend", hold_days=0, **in_credit)
    answers = [api.post("/conversions", CONVERSION | {"event_id": f"evt_{number}"}).get_json() for number in range(2)]
    return [answer["rewards"][0]["id"] for answer in answers]


def balance(api):
    (found,) = api.get(AT).get_json()["balances"]
    return found


def test_someone_who_never_earned_any_has_no_balance(api, bob):
    assert api.get(AT).get_json() == {"balances": []}


def test_a_balance_tells_what_can_be_spent_and_money_is_apart(api, credit):
    assert balance(api) == {
        "currency": "USD",
        "available": 2000,
        "pending": 0,
        "held": 0,
        "approved": 2000,
        "redeemed": 0,
        "clawback": 0,
    }
    assert api.get("/users/cus_1").get_json()["balances"] == []


def test_a_redemption_is_taken_once_and_answered_for_good(app, api, credit):
    first = api.post(REDEMPTIONS, SPENT)
    assert first.status_code == 201
    answer = first.get_json()
    assert answer["redemption"]["amount"] == 1500
    assert answer["rewards"] == [
        {"reward_id": credit[0], "amount": 1000, "status": "paid"},
        {"reward_id": credit[1], "amount": 500, "status": "approved"},
    ]
    before = rows(app)
    again = api.post(REDEMPTIONS, SPENT)
    assert (again.status_code, again.get_json()) == (200, answer)
    assert rows(app) == before
    assert (balance(api)["available"], balance(api)["redeemed"]) == (500, 1500)


@pytest.mark.parametrize("other", [{"amount": 1501}, {"currency": "EUR"}, {"occurred_at": "2026-11-22T12:00:00Z"}])
def test_the_same_id_with_other_content_is_refused(app, api, credit, other):
    api.post(REDEMPTIONS, SPENT)
    before = rows(app)
    assert refused(api.post(REDEMPTIONS, SPENT | other)) == (409, ["event_id"])
    assert rows(app) == before


def test_the_id_of_another_person_s_redemption_is_refused(api, credit):
    api.post(REDEMPTIONS, SPENT)
    api.post("/signups", {"external_id": "cus_2", "email": "cara@example.org", "name": "Cara Diaz"})
    assert refused(api.post("/users/cus_2/credit/redemptions", SPENT)) == (409, ["event_id"])


def test_more_than_is_available_is_refused_and_told(app, api, credit):
    before = rows(app)
    response = api.post(REDEMPTIONS, SPENT | {"amount": 2001})
    assert response.status_code == 422
    assert problems(response) == [
        ("amount", "is more than the 20.00 USD that are available (2000 in minor units)"),
    ]
    assert rows(app) == before


@pytest.mark.parametrize("wrong", [{"amount": 0}, {"amount": -1}, {"amount": 1.5}, {"currency": "XXX"}, {"more": 1}])
def test_a_wrong_field_is_named(api, credit, wrong):
    assert refused(api.post(REDEMPTIONS, SPENT | wrong)) == (422, [next(iter(wrong))])


def test_a_cancelled_order_gives_the_credit_back_once(app, api, credit):
    api.post(REDEMPTIONS, SPENT)
    first = api.post(f"{REDEMPTIONS}/spent_1/reversal")
    assert first.status_code == 201
    assert {one["status"] for one in first.get_json()["rewards"]} == {"approved"}
    before = rows(app)
    again = api.post(f"{REDEMPTIONS}/spent_1/reversal")
    assert (again.status_code, again.get_json()) == (200, first.get_json())
    assert rows(app) == before
    assert balance(api)["available"] == 2000
    # What was answered first stays so: the same redemption sent again takes nothing.
    assert api.post(REDEMPTIONS, SPENT).status_code == 200
    assert balance(api)["available"] == 2000


def test_what_was_never_redeemed_cannot_be_undone(api, credit):
    assert api.post(f"{REDEMPTIONS}/spent_1/reversal").status_code == 404


def test_a_refund_of_what_was_spent_names_both_parts(api, credit):
    api.post(REDEMPTIONS, SPENT | {"amount": 400})
    answer = api.post("/refunds", {"event_id": "ref_1", "conversion_event_id": "evt_0"}).get_json()
    assert [(one["amount"], one["reward_id"]) for one in answer["reversals"]] == [(600, credit[0]), (400, credit[0])]
    assert [one["code"] for one in answer["explanation"]] == ["reversal", "clawback"]
    assert (balance(api)["clawback"], balance(api)["available"]) == (-400, 600)
