"""Conversions and signups as staff look for them, and all that is stored of one."""

from uuid import uuid4

import pytest

from tests import factories, money
from tests.factories import NOON, join
from tests.money import DAY, buy, publish, refund
from webapp.database import write_transaction
from webapp.domain.money import Money
from webapp.domain.reward_decisions import CHOICES
from webapp.domain.worth import Worth
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import ApiKey, User
from webapp.queries.conversion_lists import ConversionFilter, list_conversions
from webapp.queries.signups import SignupFilter, find_signup, list_signups, signup_of, touches_of
from webapp.queries.traces import deeds_of, entries_of, find_conversion, refunds_of
from webapp.services.clicks import Visit
from webapp.services.keys import create_key
from webapp.services.reward_decisions import decide_rewards
from webapp.services.reward_steps import Actor
from webapp.services.signups import CameBy

pytestmark = pytest.mark.usefixtures("in_app")


@pytest.fixture
def beginning(request):
    return a_house if "house" in request.fixturenames else None


def a_house():
    """Bob came through Ada's link after Eve's; Cy by himself. Both buy, and so does a stranger."""
    with write_transaction() as session:
        publish(session, settings={"percent": "20", "first_purchases": 1})
        ada, eve = (factories.person(session, name=name, now=money.JOINED) for name in ("Ada Okafor", "Eve Stone"))
        visitor, joined = uuid4(), money.JOINED
        factories.click(session, factories.link_of(session, eve), visitor_id=visitor, now=joined - 3 * DAY)
        visit = Visit(source_host=None, utm_source="news", utm_medium=None, utm_campaign="autumn")
        factories.click(session, factories.link_of(session, ada), visitor_id=visitor, now=joined - DAY, visit=visit)
        bob, referral = join(session, CameBy(visitor_id=visitor), now=joined)
        cy, _none = join(session, CameBy(), name="Cy Young", email="cy@example.org", now=joined + DAY)
        ids = {
            "bought": buy(session, bob, event_id="evt_1", order_id="1001").conversion_id,
            "again": buy(session, bob, event_id="evt_2", at=NOON + DAY).conversion_id,
            "unreferred": buy(session, cy, "5.00 EUR", event_id="evt_3").conversion_id,
            "unknown": buy(session, None, event_id="evt_4", type="renewal").conversion_id,
        }
        program_id = factories.program(session).id
        return ids | {"program": program_id, "ada": ada.id, "bob": bob.id, "cy": cy.id, "referral": referral.id}


@pytest.fixture
def house(in_app, began):
    return began


def found(house, **wanted):
    rows, _more = list_conversions(db.session(), house["program"], ConversionFilter(**wanted))
    return [row.event_id or f"signup {row.person_name}" for row in rows]


SIGNUPS = ["signup Cy Young", "signup Bob Miller"]


@pytest.mark.parametrize(
    ("wanted", "events"),
    [
        ({}, ["evt_4", "evt_3", "evt_2", "evt_1", *SIGNUPS]),
        ({"type": "renewal"}, ["evt_4"]),
        ({"referred": True}, ["evt_2", "evt_1", "signup Bob Miller"]),
        ({"referred": False}, ["evt_4", "evt_3", "signup Cy Young"]),
        ({"paid": True}, ["evt_1"]),
        ({"paid": False}, ["evt_4", "evt_3", "evt_2", *SIGNUPS]),
        ({"code": "purchase_limit"}, ["evt_2"]),
        ({"code": "unknown_person"}, ["evt_4"]),
        ({"text": "okafor"}, ["evt_2", "evt_1", "signup Bob Miller"]),
        ({"text": "1001"}, ["evt_1"]),
        ({"text": "evt_3"}, ["evt_3"]),
        ({"since": NOON + DAY}, ["evt_2"]),
        ({"until": NOON}, SIGNUPS),
        ({"type": "purchase", "paid": False, "referred": True}, ["evt_2"]),
    ],
)
def test_conversions_are_found_by_what_is_known_of_them(house, wanted, events):
    assert found(house, **wanted) == events


def test_a_reason_that_a_late_event_replaced_is_not_found_any_more(house):
    with write_transaction() as session:
        second = {"all": [{"field": "nth_purchase", "op": "=", "value": 2}]}
        publish(session, **money.TEN_DOLLARS, when=second)
        dee, _ = join(
            session,
            CameBy(typed=factories.link_of(session, session.get_one(User, house["ada"]))),
            name="Dee Hall",
            email="dee@example.org",
            now=money.JOINED,
        )
        buy(session, dee, event_id="evt_5")
    assert "evt_5" in found(house, code="condition_false")
    with write_transaction() as session:
        buy(session, session.get_one(User, dee.id), event_id="evt_6", at=NOON - DAY, now=NOON)
    # The other purchase made it the second one.
    assert found(house, code="condition_false") == ["evt_6"]
    assert found(house, code="purchase_limit") == ["evt_5", "evt_2"]


def test_conversions_are_found_by_who_did_it_or_brought_them(house):
    assert found(house, person_id=house["cy"]) == ["evt_3", "signup Cy Young"]
    assert found(house, person_id=house["ada"]) == ["evt_2", "evt_1", "signup Bob Miller"]


def test_pages_of_conversions_leave_nothing_out(house):
    seen, cursor = [], None
    while cursor or not seen:
        rows, cursor = list_conversions(db.session(), house["program"], ConversionFilter(), before=cursor, limit=4)
        seen += [row.id for row in rows]
    assert len(seen) == len(set(seen)) == 6


@pytest.mark.parametrize(
    ("wanted", "friends"),
    [
        ({}, ["Cy Young", "Bob Miller"]),
        ({"method": "nobody"}, ["Cy Young"]),
        ({"method": "link"}, ["Bob Miller"]),
        ({"method": "typed_code"}, []),
        ({"text": "okafor"}, ["Bob Miller"]),
        ({"text": "cy"}, ["Cy Young"]),
        ({"until": money.JOINED + DAY}, ["Bob Miller"]),
    ],
)
def test_signups_are_found_by_what_is_known_of_them(house, wanted, friends):
    rows, _more = list_signups(db.session(), house["program"], SignupFilter(**wanted))
    assert [row.friend_name for row in rows] == friends


def test_a_signup_says_who_is_credited_and_what_came_of_it(house):
    with write_transaction() as session:
        refund(session, "20.00 USD", of="evt_1")
    row = find_signup(db.session(), house["program"], house["referral"])
    assert (row.friend_name, row.referrer_name, row.method, row.reason) == (
        "Bob Miller",
        "Ada Okafor",
        "link",
        "credited",
    )
    assert (row.purchases, row.earned) == (2, [Worth("cash", Money(600, "USD"), 1)])
    assert find_signup(db.session(), house["program"], row.decision_id) == row
    assert signup_of(db.session(), house["program"], house["bob"]).decision_id == row.decision_id
    assert find_signup(db.session(), new_id(), row.decision_id) is None
    assert signup_of(db.session(), house["program"], house["ada"]) is None


def test_every_touch_is_told_with_its_outcome_and_where_it_came_from(house):
    signup = signup_of(db.session(), house["program"], house["bob"])
    won, lost = touches_of(db.session(), signup.decision_id)
    assert (won.referrer_name, won.outcome, won.source) == ("Ada Okafor", "credited", ("news", "autumn"))
    assert (lost.referrer_name, lost.outcome, lost.source) == ("Eve Stone", "beaten_by_later_touch", ())


def test_a_trace_has_the_facts_the_history_with_its_actors_and_the_entries(house):
    session = db.session()
    (row,), _more = list_conversions(session, house["program"], ConversionFilter(paid=True))
    with write_transaction() as session:
        marta = factories.person(session, name="Marta Voss", role="admin").id
        create_key(session, factories.program(session), name="shop", scope="write", secret="s", now=NOON)
        key = Actor("api", session.query(ApiKey.id).scalar())
        refund(session, "20.00 USD", of="evt_1", event_id="ref_1", actor=key)
        seen = {row.rewards[0].id: 2}
        how = {"reason": "duplicate", "note": "Twice in the export", "by": marta, "now": NOON + 2 * DAY}
        decide_rewards(session, house["program"], CHOICES["reject"], seen, **how)
    session = db.session()
    about = find_conversion(session, house["program"], row.id)
    assert (about.person_name, about.referrer_name, about.amount) == ("Bob Miller", "Ada Okafor", Money(4999, "USD"))
    assert find_conversion(session, new_id(), row.id) is None
    deeds = deeds_of(session, list(seen))
    assert [(deed.status, deed.reason, deed.actor_name, deed.note) for deed in deeds] == [
        ("pending", "granted", None, None),
        ("pending", "refunded", "shop", None),
        ("held", "duplicate", "Marta Voss", None),
        ("rejected", "duplicate", "Marta Voss", "Twice in the export"),
    ]
    entries = [(entry.account, entry.amount.minor) for entry in entries_of(session, list(seen))]
    assert entries == [
        *(("expense", -1000), ("pending", 1000), ("pending", -400), ("expense", 400)),
        *(("pending", -600), ("held", 600), ("held", -600), ("expense", 600)),
    ]
    assert [(one.event_id, one.applied) for one in refunds_of(session, row.id, "USD")] == [
        ("ref_1", Money(2000, "USD"))
    ]
    assert (deeds_of(session, []), entries_of(session, [])) == ([], [])
