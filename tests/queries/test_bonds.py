"""Who was and is credited for whom, as staff and as each referrer may know it; and links by what staff type."""

from uuid import uuid4

import pytest

from tests.factories import NOON, click, join, link_of, person, program
from tests.money import DAY, JOINED, ada_and_bob, buy, publish
from webapp.database import write_transaction
from webapp.models import Link, User
from webapp.queries.bonds import changes_of, count_changes, those_above
from webapp.queries.conversion_lists import ConversionFilter, list_conversions
from webapp.queries.friend_orders import orders_of_friends
from webapp.queries.named_links import link_named
from webapp.queries.referrals import count_friends, count_outcomes, list_outcomes
from webapp.services.referral_changes import Wanted, change_referral
from webapp.services.signups import CameBy

pytestmark = pytest.mark.usefixtures("in_app")


def change(session, friend, to, kind, *, by, now=NOON, note=""):
    link = link_of(session, to) if to else None
    wanted = Wanted(kind, link, count_changes(session, friend.id), "terms", by.id, note)
    change_referral(session, program(session), friend, wanted, now=now)


def known(session, user):
    """Return what a referrer knows of each person who came: their name, how, whether they count, the last change."""
    found, _more = list_outcomes(session, user.id)
    return [(one.friend_name, one.kind, one.counts, one.change and (one.change.kind, one.change.at)) for one in found]


def test_each_referrer_knows_what_was_about_them():
    with write_transaction() as session:
        ada, luca, cleo, marta = (
            person(session, name=name, now=JOINED) for name in ("Ada Okafor", "Luca Rossi", "Cleo Park", "Marta Voss")
        )
        visitor = uuid4()
        click(session, link_of(session, ada), visitor_id=visitor, now=JOINED - DAY)
        click(session, link_of(session, cleo), visitor_id=visitor, now=JOINED - 2 * DAY)
        bob, _referral = join(session, CameBy(visitor_id=visitor), now=JOINED)
        change(session, bob, luca, "move", by=marta)
        assert known(session, ada) == [(None, "click", False, ("move", NOON))]
        assert known(session, luca) == [("Bob Miller", "assigned", True, ("move", NOON))]
        assert known(session, cleo) == [(None, "click", False, None)]
        assert (count_friends(session, ada.id), count_friends(session, luca.id)) == (0, 1)
        assert count_outcomes(session, ada.id).nothing == 1
        later = NOON + DAY
        change(session, bob, None, "remove", by=marta, now=later, note="Asked us to")
        assert known(session, luca) == [(None, "assigned", False, ("remove", later))]
        change(session, bob, ada, "assign", by=marta, now=later + DAY)
        assert known(session, ada) == [("Bob Miller", "click", True, ("assign", later + DAY))]
        made = [(one.sequence, one.kind, one.from_name, one.to_name, one.note) for one in changes_of(session, bob.id)]
        assert made == [
            (1, "move", "Ada Okafor", "Luca Rossi", None),
            (2, "remove", "Luca Rossi", None, "Asked us to"),
            (3, "assign", None, "Ada Okafor", None),
        ]
        assert {one.by_name for one in changes_of(session, bob.id)} == {"Marta Voss"}


def test_lists_count_what_holds_once():
    with write_transaction() as session:
        publish(session)
        ada, bob = ada_and_bob(session)
        luca = person(session, name="Luca Rossi")
        buy(session, bob)
        for _number in range(2):
            change(session, bob, luca, "move", by=ada)
            change(session, bob, ada, "move", by=ada)
        of = program(session).id
        (row,) = list_conversions(session, of, ConversionFilter(type="purchase"))[0]
        assert [one.beneficiary_id for one in row.rewards] == [ada.id]
        assert [one.bond for one in row.decisions] == [4]
        orders = orders_of_friends(session, ada.id, [bob.id])[bob.id]
        assert [len(order.rewards) for order in orders if order.type == "purchase"] == [1]
        assert orders_of_friends(session, luca.id, [bob.id]) == {}

        def found(**wanted):
            return len(list_conversions(session, of, ConversionFilter(type="purchase", **wanted))[0])

        assert (found(paid=True), found(code="earned"), found(code="not_referred")) == (1, 1, 0)
        change(session, bob, None, "remove", by=ada)
        assert (found(paid=True), found(code="earned"), found(code="not_referred")) == (0, 0, 1)
        change(session, bob, luca, "assign", by=ada)
        assert (found(paid=True), found(code="earned"), found(code="not_referred")) == (1, 1, 0)


def test_the_chain_of_those_who_brought_someone():
    with write_transaction() as session:
        ada, bob = ada_and_bob(session)
        cleo, _referral = join(session, CameBy(typed=link_of(session, bob)), name="Cleo", email="cleo@example.org")
        assert [one.id for one in those_above(session, cleo)] == [bob.id, ada.id]
        assert those_above(session, ada) == []
        # Another account of the same person was brought by the same people.
        again = person(session, name="Cleo", email="cleo+2@example.org")
        assert [one.id for one in those_above(session, again)] == [bob.id, ada.id]


@pytest.mark.parametrize(
    ("typed", "name", "is_ambiguous"),
    [
        ("ada@example.com", "Ada Okafor", False),
        ("ADA@EXAMPLE.COM", "Ada Okafor", False),
        ("CODE", "Ada Okafor", False),
        ("https://refer.example.com/r/CODE?utm_source=x", "Ada Okafor", False),
        ("cus_9", "Ada Okafor", False),
        ("Okafor", "Ada Okafor", False),
        ("Lee", "Lee", False),
        ("Le", None, True),
        ("nobody@example.com", None, False),
        ("%", None, False),
    ],
)
def test_a_link_by_what_staff_type(typed, name, is_ambiguous):
    with write_transaction() as session:
        ada = person(session, name="Ada Okafor", email="ada@example.com")
        ada.external_id = "cus_9"
        for other in ("Lee", "Lee Young"):
            person(session, name=other)
        code = link_of(session, ada).code
    with write_transaction() as session:
        found = link_named(session, program(session).id, typed.replace("CODE", code.lower()))
        assert found.is_ambiguous == is_ambiguous
        assert ((isinstance(found.link, Link) and session.get_one(User, found.link.referrer_id).name) or None) == name
