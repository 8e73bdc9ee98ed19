"""Honest people come many at once, and many from one place: what tells them from a farm of accounts."""

from datetime import timedelta

import pytest

from tests import factories
from tests.factories import NOON
from tests.services.test_screening import HOME, PHONE, ada, comes, found, of, sees, status_of
from tests.suspicion import suspect
from webapp.database import write_transaction
from webapp.ids import new_id
from webapp.services.clicks import Visit
from webapp.services.sightings import Seen

__all__ = ["ada"]
pytestmark = pytest.mark.usefixtures("in_app")

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def network(number):
    return Seen(hashes=((bytes([number]) * 16, bytes([number]) * 16),))


def the_sixth_status(ada, *, lookers, networks):
    """Six sign up in some minutes, from so many networks, and so many others open the link; the last one's status."""
    with write_transaction() as session:
        suspect(session, "velocity")
        for _looker in range(lookers):
            factories.click(session, of(session, ada), visitor_id=new_id(), now=NOON - 9 * MINUTE, visit=Visit())
        for number in range(5):
            before = comes(session, ada, at=NOON - number * MINUTE, seen=network(number % networks))
            assert status_of(session, before) == "pending"
    # What was counted is there once it is committed.
    with write_transaction() as session:
        return status_of(session, comes(session, ada, at=NOON + MINUTE, seen=network(5 % networks)))


@pytest.mark.parametrize(
    ("lookers", "networks", "status"),
    [
        pytest.param(25, 6, "pending", id="many look, all over the country"),
        pytest.param(24, 6, "held", id="hardly more look than sign up"),
        pytest.param(25, 2, "held", id="all of them on two networks"),
    ],
)
def test_a_following_may_come_at_once(ada, lookers, networks, status):
    assert the_sixth_status(ada, lookers=lookers, networks=networks) == status


def test_who_is_held_already_lets_nobody_else_be_held(ada):
    with write_transaction() as session:
        suspect(session, "velocity", "disposable_mail")
        for number in range(12):
            flood = comes(session, ada, at=NOON - number * MINUTE, email=f"x{number}@mailinator.com", seen=Seen())
            assert status_of(session, flood) == "held"
        assert status_of(session, comes(session, ada, seen=Seen())) == "pending"


def strangers_are_there(session, many, *, since=NOON - 60 * DAY):
    for _one in range(many):
        stranger = factories.person(session, now=since)
        sees(session, stranger.id, PHONE, at=NOON - 2 * DAY)


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        ("others", "crowd"),
        # What a farm could make by itself within the week.
        ("new accounts", "browser"),
        ("her own friends", "browser"),
    ],
)
def test_on_a_network_of_many_the_kind_of_browser_says_little(ada, kind, what):
    with write_transaction() as session:
        suspect(session, "shared_network")
        if kind == "her own friends":
            for number in range(5):
                friend = comes(session, ada, at=NOON - 20 * DAY + number * MINUTE, seen=Seen())
                sees(session, friend.id, PHONE, at=NOON - 2 * DAY)
        else:
            strangers_are_there(session, 5, since=NOON - (60 if kind == "others" else 6) * DAY)
        sees(session, ada, PHONE, at=NOON - timedelta(hours=3))
        saw = found(session, comes(session, ada, seen=PHONE))["shared_network"]
        assert (saw["what"], saw.get("others")) == (what, 5 if what == "crowd" else None)


@pytest.mark.parametrize(("strangers", "is_found"), [(1, False), (0, True)])
def test_where_customers_are_more_friends_may_come_from(ada, strangers, is_found):
    with write_transaction() as session:
        suspect(session, "same_origin_burst")
        strangers_are_there(session, strangers)
        for number in range(3):
            comes(session, ada, at=NOON - (1 + number) * DAY, seen=Seen(hashes=(HOME,)))
        assert ("same_origin_burst" in found(session, comes(session, ada))) == is_found
