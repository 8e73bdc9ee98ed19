"""Who came, as a referrer and as an admin may know it."""

from datetime import timedelta
from uuid import uuid4

import pytest

from tests import factories, money
from tests.factories import NOON, join
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import AttributionDecision
from webapp.queries.referrals import OutcomeCounts, count_friends, count_outcomes, latest_signups, list_outcomes
from webapp.services.signups import CameBy

pytestmark = pytest.mark.usefixtures("in_app")

DAY = timedelta(days=1)


def friends_of(session, user, moments):
    """A friend for each moment, by a typed code."""
    link = factories.link_of(session, user)
    for number, moment in enumerate(moments):
        join(
            session,
            CameBy(typed=link),
            name=f"Friend Number{number}",
            email=f"friend{number}-of-{user.id}@example.org",
            now=moment,
        )


def pages(user_id, limit):
    """Return the pages of a list, as one walks through it."""
    found, cursor = [], None
    while cursor is not None or not found:
        page, cursor = list_outcomes(db.session(), user_id, before=cursor, limit=limit)
        found.append(page)
        assert len(found) <= 20, "the pages never end"
    return found


def test_nobody_yet_is_an_empty_list():
    with write_transaction() as session:
        ada_id = factories.person(session).id
    assert list_outcomes(db.session(), ada_id) == ([], None)
    assert count_friends(db.session(), ada_id) == 0


def test_a_credited_friend_is_listed_with_what_it_rests_on():
    visitor = uuid4()
    with write_transaction() as session:
        ada = factories.person(session)
        factories.click(session, factories.link_of(session, ada), visitor_id=visitor, now=NOON - 2 * DAY)
        join(session, CameBy(visitor_id=visitor))
        ada_id = ada.id
    (outcome,), more = list_outcomes(db.session(), ada_id)
    assert more is None
    assert (outcome.friend_name, outcome.outcome, outcome.kind) == ("Bob Miller", "credited", "click")
    assert (outcome.touched_at, outcome.signed_up_at, outcome.window_days) == (NOON - 2 * DAY, NOON, 60)
    assert count_friends(db.session(), ada_id) == 1


def test_who_was_credited_to_someone_else_has_no_name():
    visitor = uuid4()
    with write_transaction() as session:
        ada, cara = factories.person(session), factories.person(session)
        factories.click(session, factories.link_of(session, ada), visitor_id=visitor, now=NOON - 2 * DAY)
        factories.click(session, factories.link_of(session, cara), visitor_id=visitor, now=NOON - DAY)
        join(session, CameBy(visitor_id=visitor))
        ada_id, cara_id = ada.id, cara.id
    (hers,), _more = list_outcomes(db.session(), ada_id)
    (others,), _more = list_outcomes(db.session(), cara_id)
    assert (hers.friend_name, hers.outcome) == (None, "beaten_by_later_touch")
    assert (others.friend_name, others.outcome) == ("Bob Miller", "credited")
    assert (count_friends(db.session(), ada_id), count_friends(db.session(), cara_id)) == (0, 1)


def test_nobody_sees_a_signup_they_had_no_part_in():
    with write_transaction() as session:
        ada, cara = factories.person(session), factories.person(session)
        friends_of(session, ada, [NOON])
        join(session, CameBy(), email="eve@example.org")
        cara_id = cara.id
    assert list_outcomes(db.session(), cara_id) == ([], None)


def test_many_touches_of_one_signup_are_one_entry_and_the_credited_one_tells():
    visitor = uuid4()
    with write_transaction() as session:
        ada = factories.person(session)
        link = factories.link_of(session, ada)
        for days in (90, 5, 3, -1):
            factories.click(session, link, visitor_id=visitor, now=NOON - days * DAY)
        join(session, CameBy(visitor_id=visitor))
        ada_id = ada.id
    (outcome,), _more = list_outcomes(db.session(), ada_id)
    assert (outcome.outcome, outcome.touched_at) == ("credited", NOON - 3 * DAY)


def test_of_touches_without_a_credit_the_nearest_tells():
    visitor = uuid4()
    with write_transaction() as session:
        ada = factories.person(session)
        for days in (90, 70, 80):
            factories.click(session, factories.link_of(session, ada), visitor_id=visitor, now=NOON - days * DAY)
        join(session, CameBy(visitor_id=visitor))
        ada_id = ada.id
    (outcome,), _more = list_outcomes(db.session(), ada_id)
    assert (outcome.outcome, outcome.touched_at, outcome.friend_name) == ("outside_window", NOON - 70 * DAY, None)


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 20])
def test_pages_leave_nothing_out_and_repeat_nothing_also_at_equal_moments(limit):
    moments = [NOON, NOON, NOON, NOON - DAY, NOON - DAY, NOON + DAY, NOON]
    with write_transaction() as session:
        ada, cara = factories.person(session), factories.person(session)
        friends_of(session, ada, moments)
        friends_of(session, cara, moments)
        ada_id = ada.id
    found = pages(ada_id, limit)
    assert all(len(page) == limit for page in found[:-1])
    assert 0 < len(found[-1]) <= limit
    listed = [outcome for page in found for outcome in page]
    assert len({outcome.decision_id for outcome in listed}) == len(listed) == len(moments)
    assert [outcome.signed_up_at for outcome in listed] == sorted(moments, reverse=True)


def test_a_cursor_that_leads_nowhere_is_an_empty_page():
    with write_transaction() as session:
        ada = factories.person(session)
        friends_of(session, ada, [NOON])
        ada_id = ada.id
    assert list_outcomes(db.session(), ada_id, before=new_id()) == ([], None)


def test_the_cursor_of_somebody_else_shows_one_s_own_rows_only():
    with write_transaction() as session:
        ada, cara = factories.person(session), factories.person(session)
        friends_of(session, ada, [NOON - DAY, NOON - 2 * DAY])
        friends_of(session, cara, [NOON, NOON - 3 * DAY])
        ada_id, cara_id = ada.id, cara.id
    (newest_of_cara, _older), _more = list_outcomes(db.session(), cara_id)
    listed, _more = list_outcomes(db.session(), ada_id, before=newest_of_cara.decision_id)
    assert [outcome.signed_up_at for outcome in listed] == [NOON - DAY, NOON - 2 * DAY]


def test_an_admin_sees_every_signup_and_how_it_was_attributed():
    visitor = uuid4()
    with write_transaction() as session:
        ada = factories.person(session, name="Ada Okafor")
        link = factories.link_of(session, ada)
        factories.click(session, link, visitor_id=visitor, now=NOON - 90 * DAY)
        join(session, CameBy(typed=link), name="Bob Miller", email="bob@example.org", now=NOON)
        join(session, CameBy(visitor_id=visitor), name="Eve Young", email="eve@example.org", now=NOON + DAY)
        join(session, CameBy(), name="Dan Weber", email="dan@example.org", now=NOON + 2 * DAY)
    signups = latest_signups(db.session(), factories.program(db.session()).id)
    assert [(row.friend_name, row.referrer_name, row.reason, row.method) for row in signups] == [
        ("Dan Weber", None, "not_referred", None),
        ("Eve Young", None, "outside_window", None),
        ("Bob Miller", "Ada Okafor", "credited", "typed_code"),
    ]
    assert {(row.model, row.window_days) for row in signups} == {("last", 60)}
    assert latest_signups(db.session(), factories.program(db.session()).id, limit=1) == signups[:1]
    assert latest_signups(db.session(), new_id()) == []
    assert len(db.session.query(AttributionDecision).all()) == 3


def test_people_are_told_apart_by_what_became_of_their_rewards():
    """A reward that waits, one that was sent back, none for want of a rule, no order yet, and nobody's friend."""
    with write_transaction() as session:
        money.publish(session)
        ada = factories.person(session)
        link, visitor = factories.link_of(session, ada), uuid4()
        names = ("Waits", "Sent", "Small", "Joined")
        friends = {
            name: join(session, CameBy(typed=link), name=name, email=f"{name}@example.org", now=NOON - DAY)[0]
            for name in names
        }
        factories.click(session, link, visitor_id=visitor, now=NOON - DAY)
        other = factories.link_of(session, factories.person(session))
        join(session, CameBy(visitor_id=visitor, typed=other), name="Lost", email="lost@example.org")
        for number, name in enumerate(("Waits", "Sent", "Waits")):
            money.buy(session, friends[name], "10.00 USD", event_id=f"evt_{number}")
        money.refund(session, of="evt_1")
        money.buy(session, friends["Small"], "0.01 USD", event_id="evt_small")
        ada_id = ada.id

    def names_of(which):
        return {outcome.friend_name for outcome in list_outcomes(db.session(), ada_id, which=which)[0]}

    assert names_of(None) == {*names, None}
    assert names_of("waiting") == {"Waits"}
    assert names_of("nothing") == {"Sent", "Small", None}
    assert count_outcomes(db.session(), ada_id) == OutcomeCounts(everyone=5, waiting=1, nothing=3)
    assert count_outcomes(db.session(), new_id()) == OutcomeCounts(0, 0, 0)
