"""Rewards in kind, handed over by the business's own program."""

import pytest
from sqlalchemy import select

from tests.views.api.caller import CONVERSION, problems, refused, rows
from webapp.extensions import db
from webapp.models import RewardNote


@pytest.fixture
def shirt(api, bob, publish):
    """The address of the fulfilment of a T-shirt for Ada, worth 10.00 USD."""
    publish(kind="fixed_amount", settings={"amount": 1000, "currency": "USD"}, reward="custom", hold_days=0)
    (reward,) = api.post("/conversions", CONVERSION).get_json()["rewards"]
    assert (reward["kind"], reward["status"]) == ("custom", "approved")
    return f"/rewards/{reward['id']}/fulfilment"


@pytest.mark.parametrize("body", [{}, {"note": "Size M"}, {"event_id": "sent_1", "note": "Size M"}], ids=str)
def test_an_approved_reward_is_fulfilled_once(app, api, shirt, body):
    first = api.post(shirt, body)
    assert (first.status_code, first.get_json()["status"]) == (201, "paid")
    before = rows(app)
    again = api.post(shirt, body)
    assert (again.status_code, again.get_json()) == (200, first.get_json())
    assert rows(app) == before
    with app.app_context():
        notes = db.session.execute(select(RewardNote.text, RewardNote.written_by)).all()
    assert notes == ([("Size M", None)] if "note" in body else [])


def test_other_content_is_refused(api, shirt):
    api.post(shirt, {"event_id": "sent_1"})
    assert refused(api.post(shirt, {"event_id": "sent_1", "note": "Size M"})) == (409, ["event_id"])


def test_what_is_fulfilled_already_is_refused_by_its_status(api, shirt):
    api.post(shirt, {"event_id": "sent_1"})
    response = api.post(shirt, {"event_id": "sent_2"})
    assert response.status_code == 409
    (problem,) = problems(response)
    assert problem[1].startswith("is of a custom reward that is paid")


@pytest.mark.parametrize("name", ["nothing", "01890a5d-ac96-774b-bcce-b302099a8057"])
def test_an_unknown_reward_is_not_found(api, name):
    assert api.post(f"/rewards/{name}/fulfilment", {}).status_code == 404
