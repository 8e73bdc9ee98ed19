"""Conversions that the business reports, and what it can ask about them."""

from datetime import timedelta
from urllib.parse import quote
from uuid import UUID

import pytest
from sqlalchemy import select

from tests import factories
from tests.factories import NOON
from tests.views.api.caller import CONVERSION, REFUND, SIGNUP, problems, refused, rows, told
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import Conversion, RewardEvent
from webapp.services.coupon_pools import add_pool

DAY = timedelta(days=1)


def test_a_purchase_of_a_friend_is_rewarded_and_says_how(app, api, ada, bob, publish):
    publish()
    response = api.post("/conversions", CONVERSION | {"order_id": "1001", "metadata": {"plan": "pro"}})
    assert response.status_code == 201
    answer = response.get_json()
    with app.app_context():
        stored = db.session.scalars(select(Conversion).where(Conversion.event_id == "evt_1")).one()
        actors = db.session.scalars(select(RewardEvent.actor)).all()
    (reward,) = answer["rewards"]
    assert answer == {
        "conversion": {
            "id": str(stored.id),
            "event_id": "evt_1",
            "type": "purchase",
            "amount": 4999,
            "currency": "USD",
        },
        "rewards": [
            {
                "id": reward["id"],
                "beneficiary_id": ada["user"]["id"],
                "side": "referrer",
                "kind": "cash",
                # 20% of 49.99 is 9.998.
                "amount": 1000,
                "reversed": 0,
                "currency": "USD",
                "status": "pending",
                "matures_at": "2026-12-22T12:00:00Z",
                "rule": {"key": "twenty-percent", "version": 1},
                "correction": 0,
            }
        ],
        "explanation": [
            {"rule": "twenty-percent", "code": "earned", "text": "20% of 49.99 USD is 10.00 USD."},
        ],
    }
    assert (stored.amount_minor, stored.currency, stored.order_id) == (4999, "USD", "1001")
    assert (stored.details, str(stored.user_id)) == ({"plan": "pro"}, bob["user"]["id"])
    assert stored.occurred_at == NOON
    assert actors == ["api"]


def test_a_person_is_named_in_one_of_three_ways(api, bob, publish, subtests):
    publish()
    bob_id = bob["user"]["id"]
    ways = {
        "external id": {"external_id": "cus_1"},
        "address": {"email": "bob@example.org"},
        "address in another spelling": {"email": "BOB@Example.ORG"},
        "our id": {"id": bob_id},
        "our id in capitals, null for the others": {"id": bob_id.upper(), "email": None, "external_id": None},
    }
    for way, named in ways.items():
        with subtests.test(way):
            answer = api.post("/conversions", CONVERSION | {"event_id": way, "user": named}).get_json()
            assert [reward["amount"] for reward in answer["rewards"]] == [1000]


def test_what_nobody_earns_anything_by_is_recorded_and_says_so(app, api, ada, publish, subtests):
    publish()
    ada_id, unknown_id = ada["user"]["id"], "01a20fe4-6455-7760-a779-f87ca7a67000"
    for event_id, named, code, user_id in (
        ("someone whom nobody referred", {"external_id": "ada"}, "not_referred", ada_id),
        ("an unknown external id", {"external_id": "nobody"}, "unknown_person", None),
        ("an unknown address", {"email": "nobody@example.com"}, "unknown_person", None),
        ("an unknown id", {"id": unknown_id}, "unknown_person", None),
    ):
        with subtests.test(event_id):
            response = api.post("/conversions", CONVERSION | {"event_id": event_id, "user": named})
            assert response.status_code == 201
            answer = response.get_json()
            assert answer["rewards"] == []
            assert [(one["rule"], one["code"]) for one in answer["explanation"]] == [(None, code)]
            with app.app_context():
                stored = db.session.scalars(select(Conversion).where(Conversion.event_id == event_id)).one()
            assert (str(stored.user_id) if stored.user_id else None) == user_id


@pytest.mark.usefixtures("bob")
def test_why_a_rule_pays_nothing_is_said(app, api, publish, subtests):
    publish()
    for event_id, sent, code in (
        ("no rule for its type", {"type": "renewal"}, "no_rule"),
        ("a percentage of nothing", {"amount": None, "currency": None}, "amount_missing"),
        ("a purchase for nothing", {"amount": 0}, "rounds_to_zero"),
        ("20% of two cents", {"amount": 2}, "rounds_to_zero"),
    ):
        with subtests.test(event_id):
            response = api.post("/conversions", CONVERSION | {"event_id": event_id, **sent})
            assert (response.status_code, response.get_json()["rewards"], told(response)) == (201, [], [code])
    assert rows(app)["rewards"] == 0


@pytest.mark.usefixtures("bob")
def test_amounts_are_minor_units_of_every_currency(api, publish, subtests):
    publish()
    # 20% of 4,999 yen, of 4.999 dinars, of the largest amount and of the smallest that earns anything.
    for amount, currency, earned in (
        (4999, "JPY", 1000),
        (4999, "KWD", 1000),
        (999_999_999_999, "EUR", 200_000_000_000),
        (3, "USD", 1),
    ):
        with subtests.test(currency):
            sent = {"event_id": currency, "amount": amount, "currency": currency}
            answer = api.post("/conversions", CONVERSION | sent).get_json()
            assert [(reward["amount"], reward["currency"]) for reward in answer["rewards"]] == [(earned, currency)]


@pytest.mark.usefixtures("bob")
@pytest.mark.parametrize(
    "spelled",
    [
        pytest.param({}, id="as before"),
        pytest.param({"order_id": None}, id="null is absent"),
        pytest.param({"occurred_at": "2026-11-20T13:30:00+01:30"}, id="the same moment elsewhere"),
        pytest.param({"metadata": {"b": 2, "a": 1}}, id="in another order"),
    ],
)
def test_an_event_sent_again_gets_the_very_same_answer_and_rewards_nothing_twice(app, api, publish, clock, spelled):
    publish()
    body = CONVERSION | {"metadata": {"a": 1, "b": 2}, "occurred_at": "2026-11-20T12:00:00Z"}
    first = api.post("/conversions", body)
    before = rows(app)
    clock.move_to(NOON + DAY, tick=False)
    again = api.post("/conversions", dict(reversed(body.items())) | spelled)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.data == first.data
    assert rows(app) == before
    assert before["rewards"] == 1


@pytest.mark.usefixtures("bob")
def test_without_a_moment_an_event_happened_when_it_first_arrived(app, api, clock):
    first = api.post("/conversions", CONVERSION)
    clock.move_to(NOON + DAY, tick=False)
    again = api.post("/conversions", CONVERSION)
    assert (again.status_code, again.data) == (200, first.data)
    with app.app_context():
        assert db.session.scalars(select(Conversion.occurred_at).where(Conversion.event_id == "evt_1")).all() == [NOON]
    # To send the moment is other content than to leave it out, also when it is the same moment.
    assert refused(api.post("/conversions", CONVERSION | {"occurred_at": "2026-11-22T12:00:00Z"})) == (
        409,
        ["event_id"],
    )


OTHER_CONTENT = (
    {"type": "renewal"},
    {"user": {"external_id": "ada"}},
    {"user": {"email": "bob@example.org"}},
    {"amount": 4998},
    {"amount": None, "currency": None},
    {"currency": "EUR"},
    {"order_id": "1001"},
    {"metadata": None},
    {"metadata": {}},
    {"metadata": {"seats": 2}},
    {"metadata": {"seats": "1"}},
    # Python takes this for the same as 1.
    {"metadata": {"seats": True}},
    {"occurred_at": "2026-11-22T12:00:00Z"},
)


@pytest.mark.usefixtures("bob")
def test_the_same_event_with_other_content_is_refused(app, api, publish, subtests):
    publish()
    body = CONVERSION | {"metadata": {"seats": 1}}
    api.post("/conversions", body)
    before = rows(app)
    for changed in OTHER_CONTENT:
        with subtests.test(str(changed)):
            response = api.post("/conversions", body | changed)
            assert refused(response) == (409, ["event_id"])
            detail = response.get_json()["detail"]
            assert detail == "event_id was sent before with other content. Nothing was written."
    assert rows(app) == before


@pytest.mark.usefixtures("bob")
def test_an_order_is_rewarded_once_for_each_type(app, api, publish):
    publish()
    publish(key="renewals", trigger="renewal")
    order = CONVERSION | {"order_id": "1001"}
    assert api.post("/conversions", order).status_code == 201
    before = rows(app)
    second = api.post("/conversions", order | {"event_id": "evt_2"})
    assert refused(second) == (409, ["order_id"])
    assert second.get_json()["detail"] == (
        "order_id has a purchase already; an order is rewarded once. Nothing was written."
    )
    assert rows(app) == before
    # What was refused is not kept as an answer: put right, the event counts.
    assert api.post("/conversions", order | {"event_id": "evt_2", "order_id": "1002"}).status_code == 201
    renewal = api.post("/conversions", order | {"event_id": "evt_3", "type": "renewal"})
    assert (renewal.status_code, told(renewal)) == (201, ["earned"])


@pytest.mark.usefixtures("bob")
def test_the_first_answer_is_for_good_and_reading_tells_how_things_stand(api, publish, clock):
    publish()
    first = api.post("/conversions", CONVERSION)
    # 20% of the 29.99 that are left is 5.998: 4.00 of the 10.00 go back.
    api.post("/refunds", REFUND | {"amount": 2000})
    assert api.post("/conversions", CONVERSION).data == first.data
    answer, now = first.get_json(), api.get("/conversions/evt_1").get_json()
    assert now["refunded"] == 2000
    assert now["conversion"] == answer["conversion"]
    assert now["explanation"] == answer["explanation"]
    assert now["rewards"] == [answer["rewards"][0] | {"reversed": 400}]


@pytest.mark.usefixtures("bob")
def test_a_conversion_is_priced_by_the_rule_that_was_live_when_it_happened(api, publish):
    publish(key="autumn", starts_at=NOON - DAY)
    early = api.post("/conversions", CONVERSION | {"occurred_at": "2026-11-21T11:59:59.999999Z"})
    assert told(early) == ["not_started"]
    on_time = api.post("/conversions", CONVERSION | {"event_id": "evt_2", "occurred_at": "2026-11-21T12:00:00Z"})
    assert told(on_time) == ["earned"]


@pytest.mark.usefixtures("bob")
def test_a_conversion_can_be_asked_about_with_everything_that_was_looked_at(api, publish):
    publish()
    publish(key="renewals", trigger="renewal")
    sent = CONVERSION | {"occurred_at": "2026-11-20T13:00:00+01:00", "amount": 1}
    api.post("/conversions", sent)
    api.post("/conversions", CONVERSION | {"event_id": "evt_2", "occurred_at": "2026-11-21T12:00:00Z"})
    unpaid, paid = (api.get(f"/conversions/{event_id}/explanation").get_json() for event_id in ("evt_1", "evt_2"))
    assert unpaid == {
        "event_id": "evt_1",
        "explanation": [
            {
                "rule": "twenty-percent",
                "version": 1,
                "side": "referrer",
                "kind": "cash",
                "code": "rounds_to_zero",
                "text": "20% of 0.01 USD rounds to nothing.",
                "amount": None,
                "currency": None,
                "facts": {
                    "type": "purchase",
                    "occurred_at": "2026-11-20T12:00:00Z",
                    "amount": 1,
                    "currency": "USD",
                    "nth_purchase": 1,
                    "friends": None,
                    "is_new_friend": None,
                    "beaten_by": None,
                },
            }
        ],
    }
    (decided,) = paid["explanation"]
    assert (decided["code"], decided["amount"], decided["currency"]) == ("earned", 1000, "USD")
    assert decided["text"] == "20% of 49.99 USD is 10.00 USD."
    assert decided["facts"]["nth_purchase"] == 2


def test_a_coupon_is_explained_as_one_and_not_as_no_money(app, api, bob, publish):
    with app.app_context(), write_transaction() as session:
        program_id, by = factories.program(session).id, UUID(bob["user"]["id"])
        add_pool(session, program_id, key="autumn", name="Autumn", low_at=2, by=by, now=NOON)
    publish(kind="coupon_from_pool", settings={"pool": "autumn"}, reward="coupon")
    api.post("/conversions", CONVERSION)
    (decided,) = api.get("/conversions/evt_1/explanation").get_json()["explanation"]
    assert (decided["kind"], decided["amount"], decided["currency"]) == ("coupon", None, None)
    assert (decided["code"], decided["text"]) == ("earned", "A coupon out of the pool “autumn”.")


def test_a_condition_that_is_not_met_and_a_limit_that_cuts_are_explained(api, ada, bob, publish):
    pro = {"field": "metadata.plan", "op": "in", "value": ["pro", "team"]}
    limit = {"amount": 1500, "currency": "USD", "period": "month"}
    publish(when={"all": [pro]}, limits={"per_referrer": limit})

    def tell(number, **more):
        answer = api.post("/conversions", CONVERSION | {"event_id": f"evt_{number}"} | more).get_json()
        (said,) = answer["explanation"]
        return [reward["amount"] for reward in answer["rewards"]], said["code"], said["text"]

    assert tell(1, metadata={"plan": "free"}) == (
        *([], "condition_false", "metadata.plan must be one of pro, team, and was something else."),
    )
    assert tell(2) == ([], "value_missing", "metadata.plan must be one of pro, team, and was not reported.")
    assert tell(3, metadata={"plan": "pro"}) == ([1000], "earned", "20% of 49.99 USD is 10.00 USD.")
    assert tell(4, metadata={"plan": "pro"}) == (
        [500],
        "limit_cut",
        "20% of 49.99 USD is 10.00 USD. "
        "At most 15.00 USD a month for each referrer; used before this one: 10.00 USD, so 5.00 USD are paid.",
    )
    assert tell(5, metadata={"plan": "pro"}) == (
        *([], "limit_reached", "At most 15.00 USD a month for each referrer; used before this one: 15.00 USD."),
    )
    (decided,) = api.get("/conversions/evt_4/explanation").get_json()["explanation"]
    assert (decided["code"], decided["amount"]) == ("limit_cut", 500)


def test_an_explanation_without_a_rule_has_no_version_either(api):
    api.post("/conversions", {"event_id": "evt_1", "type": "trial.started", "user": {"external_id": "nobody"}})
    (decided,) = api.get("/conversions/evt_1/explanation").get_json()["explanation"]
    assert (decided["rule"], decided["version"], decided["side"]) == (None, None, None)
    assert (decided["code"], decided["facts"]["amount"]) == ("unknown_person", None)


def test_an_event_that_is_not_there_is_not_found(api, subtests):
    api.post("/conversions", CONVERSION)
    for event_id in ("evt_2", "EVT_1", "evt_1%20", "%00", "evt_1%00", "%FF", "%ED%A0%80", "x" * 5000):
        for path in (f"/conversions/{event_id}", f"/conversions/{event_id}/explanation"):
            with subtests.test(path[:40]):
                assert refused(api.get(path)) == (404, [])


def test_an_event_is_found_by_whatever_its_business_calls_it(api, subtests):
    for event_id in ("a b", "50% off?", "#1&x=y;z", "日本", "a\\b", "...", "👩🏽‍🚀", "a" * 200):
        with subtests.test(event_id):
            assert api.post("/conversions", CONVERSION | {"event_id": event_id}).status_code == 201
            found = api.get(f"/conversions/{quote(event_id, safe='')}")
            assert (found.status_code, found.get_json()["conversion"]["event_id"]) == (200, event_id)


def test_two_programs_give_the_same_names_to_different_things(app, api, elsewhere, bob, publish):
    """Event, order and person are called alike in both; each program gets an answer of its own."""
    publish()
    publish(program="other", settings={"percent": "50"})
    joined = elsewhere.post("/signups", SIGNUP | {"email": "cy@example.org"}).get_json()
    event = CONVERSION | {"order_id": "1001"}
    here, there = api.post("/conversions", event), elsewhere.post("/conversions", event)
    assert (here.status_code, there.status_code) == (201, 201)
    assert (told(here), told(there)) == (["earned"], ["not_referred"])
    assert here.get_json()["conversion"]["id"] != there.get_json()["conversion"]["id"]
    with app.app_context():
        people = db.session.scalars(select(Conversion.user_id).where(Conversion.event_id == "evt_1")).all()
    assert {str(person) for person in people} == {bob["user"]["id"], joined["user"]["id"]}
    assert api.get("/conversions/evt_1").get_json()["conversion"] == here.get_json()["conversion"]
    assert elsewhere.get("/conversions/evt_1").get_json()["conversion"] == there.get_json()["conversion"]


def test_nobody_of_another_program_is_found(elsewhere, bob):
    for named in ({"email": "bob@example.org"}, {"id": bob["user"]["id"]}, {"external_id": "cus_1"}):
        response = elsewhere.post("/conversions", CONVERSION | {"event_id": str(named)[:20], "user": named})
        assert (response.status_code, told(response)) == (201, ["unknown_person"])


def test_a_conversion_of_another_program_is_not_found(api, elsewhere, bob):
    api.post("/conversions", CONVERSION)
    for path in ("/conversions/evt_1", "/conversions/evt_1/explanation"):
        assert (api.get(path).status_code, elsewhere.get(path).status_code) == (200, 404)
    assert problems(elsewhere.get("/conversions/evt_1")) == []
