"""Entries of the lists: putting them on, taking them off, and what they do to the next signup."""

import pytest
from sqlalchemy import select, update

from tests import factories, money
from tests.factories import NOON, program
from tests.services.test_screening import DAY, comes, found, status_of
from tests.suspicion import suspect
from webapp.database import write_transaction
from webapp.domain.screening_lists import read_entry
from webapp.extensions import db
from webapp.models import AuditEntry, User
from webapp.queries.screening_entries import count_entries, list_entries
from webapp.services.screening_lists import EntryThereError, add_entry, remove_entry
from webapp.services.sightings import Seen

pytestmark = pytest.mark.usefixtures("in_app")

PROMO = "promo.17@shop.mailinator.com"
AT_THE_FAIR = Seen(address="2001:db8::17")


@pytest.fixture
def ada(in_app):
    with write_transaction() as session:
        money.publish(session, trigger="signup", **{name: money.TEN_DOLLARS[name] for name in ("kind", "settings")})
        ada = factories.person(session, name="Ada Okafor", email="ada@okafor.example", now=NOON - 30 * DAY)
        session.execute(update(User).where(User.id == ada.id).values(external_id="cus_1042"))
        return ada.id


def put(session, ada, on, kind, typed, **named):
    return add_entry(session, program(session).id, read_entry(on, kind, typed), by=ada, now=NOON, **named)


ABOUT_THEM = [
    ("email", "Promo.17@shop.mailinator.com"),
    ("email", "promo*@shop.mailinator.com"),
    ("email", "*@*.mailinator.com"),
    ("domain", "shop.mailinator.com"),
    ("domain", "*.mailinator.com"),
    ("network", "2001:db8::17"),
    ("network", "2001:db8::/32"),
    ("referrer", "cus_1042"),
    ("referrer", "Ada@okafor.example"),
]
ABOUT_OTHERS = [
    ("email", "promo*@mailinator.com"),
    ("domain", "mailinator.com"),
    ("network", "2001:db9::/32"),
    ("referrer", "cus_1"),
    # Her address is no friend's.
    ("email", "ada@okafor.example"),
]


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("kind", "typed", "is_about_them"),
    [*((*entry, True) for entry in ABOUT_THEM), *((*entry, False) for entry in ABOUT_OTHERS)],
)
def test_an_entry_counts_for_the_next_signup_on_either_list(ada, kind, typed, is_about_them):
    with write_transaction() as session:
        suspect(session, "velocity")
        held = put(session, ada, "block", kind, typed)
        blocked = comes(session, ada, email=PROMO, seen=AT_THE_FAIR)
        assert status_of(session, blocked) == ("held" if is_about_them else "pending")
        assert found(session, blocked) == ({"on_block_list": {}} if is_about_them else {})
        # Both lists: trust wins. And a signal that would hold is not asked.
        suspect(session, "disposable_mail")
        put(session, ada, "allow", kind, typed)
        trusted = comes(session, ada, email=PROMO.replace("17", "18"), seen=AT_THE_FAIR)
        assert (status_of(session, trusted) == "pending") == (is_about_them and "17@" not in typed)
        assert remove_entry(session, program(session).id, held, by=ada, now=NOON)


def test_an_entry_is_there_once_and_the_audit_log_does_not_say_whom_it_names(ada):
    with write_transaction() as session:
        of = program(session).id
        first = put(session, ada, "block", "email", "b.o.b+x@gmail.com", note="an old friend")
        with pytest.raises(EntryThereError) as there:
            put(session, ada, "block", "email", "bob@googlemail.com")
        assert (there.value.row.id, there.value.row.added_by) == (first, "Ada Okafor")
        put(session, ada, "allow", "email", "bob@gmail.com")
        elsewhere = factories.other_program(session)
        assert not remove_entry(session, elsewhere.id, first, by=ada, now=NOON)
        assert count_entries(session, of) == {"allow": 1, "block": 1}
        assert remove_entry(session, of, first, by=ada, now=NOON)
        assert not remove_entry(session, of, first, by=ada, now=NOON)
        assert count_entries(session, of) == {"allow": 1, "block": 0}
    acts = db.session.execute(select(AuditEntry.action, AuditEntry.details).order_by(AuditEntry.sequence)).all()
    about = {"list": "block", "kind": "email"}
    assert [tuple(act) for act in acts if act.action.startswith("list_")] == [
        ("list_entry_added", about),
        ("list_entry_added", about | {"list": "allow"}),
        ("list_entry_removed", about),
    ]


def test_a_long_list_comes_in_pages_the_newest_first(ada):
    with write_transaction() as session:
        of = program(session).id
        ids = [put(session, ada, "block", "domain", f"d{number}.example") for number in range(5)]
        put(session, ada, "allow", "domain", "trusted.example")
        first, more = list_entries(session, of, "block", limit=3)
        rest, end = list_entries(session, of, "block", before=more, limit=3)
        assert [row.id for row in first + rest] == ids[::-1]
        assert end is None
