"""What waits to be decided, in which order, and what is known of the people of a case."""

from datetime import timedelta

import pytest

from tests import factories, money
from tests.factories import NOON, join, link_of, program
from tests.money import DAY
from tests.suspicion import suspect
from webapp.database import write_transaction
from webapp.domain.money import Money
from webapp.domain.reward_decisions import CHOICES
from webapp.domain.worth import Worth
from webapp.extensions import db
from webapp.ids import new_id
from webapp.queries.bans import ban_of, open_worth
from webapp.queries.case_files import compare, decisions_about, other_friends, people_of, refused_friends
from webapp.queries.cases import CaseKey, CaseNames, OpenCase, held_in, in_order, names_in, open_cases
from webapp.queries.screenings import first_screenings
from webapp.services.bans import ban, unban
from webapp.services.cases import decide_cases
from webapp.services.clicks import Visit
from webapp.services.sightings import Seen
from webapp.services.signups import CameBy

pytestmark = pytest.mark.usefixtures("in_app")

PHONE = Seen(browser="Firefox", device="phone")


def arrives(session, ada, name, *, at, email=None, clicked=timedelta(minutes=5)):
    visitor = new_id()
    visit = Visit(browser="Firefox", device="phone")
    factories.click(session, link_of(session, ada), visitor_id=visitor, now=at - clicked, visit=visit)
    told = CameBy(visitor_id=visitor, seen=PHONE)
    return join(session, told, name=name, email=email or f"{new_id().hex}@example.net", now=at)[0]


@pytest.fixture
def beginning(request):
    return a_house if "house" in request.fixturenames else None


def a_house():
    """Ada's friends: Quinn, Toni and Una with throwaway addresses, of whom two were decided, Flo too fast, and Bob."""
    with write_transaction() as session:
        signup = {name: money.TEN_DOLLARS[name] for name in ("kind", "settings")}
        money.publish(session, trigger="signup", hold_days=30, **signup)
        suspect(session, "disposable_mail", "too_fast")
        ada = factories.person(session, email="ada@gmail.com", now=NOON - 90 * DAY)
        admin = factories.person(session, name="Marta Voss", role="admin", now=NOON - 90 * DAY).id
        of_program = program(session).id
        person = CaseKey(ada.id, "person")
        for name, choice, reason in (("Toni", "reject", "other"), ("Una", "release", None)):
            arrives(session, ada, name, at=NOON - 9 * DAY, email=f"{name.lower()}@mailinator.com")
            seen = {one.id: one.sequence for one in held_in(session, of_program, person)}
            decide_cases(
                session, of_program, CHOICES[choice], seen, reason=reason, note=name, by=admin, now=NOON - 8 * DAY
            )
        quinn = arrives(session, ada, "Quinn", at=NOON - 2 * DAY, email="q@mailinator.com")
        flo = arrives(session, ada, "Flo", at=NOON - 3 * DAY, clicked=timedelta(seconds=1))
        bob = arrives(session, ada, "Bob", at=NOON - 20 * DAY)
        herself = join(session, CameBy(typed=link_of(session, ada)), name="A", email="a.d.a@gmail.com", now=NOON - DAY)
        for number in range(3):
            money.buy(session, bob, event_id=f"evt_{number}", at=NOON - number * DAY)
        money.refund(session, of="evt_1", at=NOON)
        ids = {"ada": ada.id, "quinn": quinn.id, "flo": flo.id, "bob": bob.id, "herself": herself[0].id}
    return {**ids, "admin": admin, "program": of_program}


@pytest.fixture
def house(in_app, began):
    return began


def test_a_case_is_named_by_its_people_and_read_with_others(house):
    session, keys = db.session(), [CaseKey(house["ada"], category) for category in ("person", "traffic")]
    assert names_in(session, house["program"], keys) == {
        keys[0]: CaseNames("Ada Okafor", "Quinn"),
        keys[1]: CaseNames("Ada Okafor", "Flo"),
    }
    held = held_in(session, house["program"], *keys)
    assert [(one.friend_id, one.type, one.worth) for one in held] == [
        (house["flo"], "signup", Worth("cash", Money(1000, "USD"))),
        (house["quinn"], "signup", Worth("cash", Money(1000, "USD"))),
    ]
    assert held_in(session, house["program"]) == []
    looks = first_screenings(session, {house["quinn"], house["bob"]})
    assert looks[house["quinn"]].evidence.throwaway_domain == "mailinator.com"
    assert (looks[house["bob"]].findings, looks[house["bob"]].verdict) == ((), "clear")


def case(category, amounts, *, days):
    worth = tuple(Worth("cash", Money.parse(amount)) for amount in amounts)
    return OpenCase(CaseKey(new_id(), category), 1, NOON - days * DAY, worth)


def test_the_most_money_in_the_programs_currency_is_first_and_the_longest_wait_among_equals(house):
    large, euros = case("person", ["90.00 USD"], days=1), case("person", ["500.00 EUR"], days=9)
    both, old = case("orders", ["5.00 EUR", "10.00 USD"], days=2), case("person", ["10.00 USD"], days=5)
    assert in_order([both, euros, old, large], "money", currency="USD") == [large, old, both, euros]
    assert in_order([both, euros, old, large], "age", currency="USD") == [euros, old, both, large]
    assert {one.since for one in open_cases(db.session(), house["program"])} == {NOON - 2 * DAY, NOON - 3 * DAY}


def test_people_of_a_case_are_known_by_how_they_came_and_what_they_bought(house):
    people = people_of(db.session(), house["program"], {house["ada"], house["bob"], house["herself"]})
    bob, ada = people[house["bob"]], people[house["ada"]]
    assert (bob.clicks, bob.browser, bob.device, bob.orders, bob.sent_back) == (1, "Firefox", "phone", 3, 1)
    assert bob.signed_up_at - bob.clicked_at == timedelta(minutes=5)
    assert (ada.signup_id, ada.clicks, ada.orders, ada.is_banned, ada.is_confirmed) == (None, 0, 0, False, True)
    assert not people[house["herself"]].is_confirmed


def test_the_others_are_counted_without_those_of_the_case(house):
    others = other_friends(db.session(), house["program"], CaseKey(house["ada"], "person"), limit=2)
    assert [(one.name, one.verdict) for one in others.latest] == [("Flo", "hold"), ("Una", "clear")]
    assert (others.friends, others.buyers, others.orders, others.sent_back) == (4, 1, 3, 1)
    assert other_friends(db.session(), house["program"], CaseKey(house["bob"], "person")).friends == 0


def test_a_case_is_measured_against_the_program_and_those_decided_before(house):
    compared = compare(db.session(), house["program"], {"disposable_mail"})
    assert (compared.orders, compared.sent_back, compared.decided, compared.released) == (3, 1, 2, 1)
    assert compare(db.session(), house["program"], {"disposable_mail", "too_fast"}).decided == 0
    assert compare(db.session(), house["program"], ()).decided == 0


def test_the_past_of_a_case_has_who_was_refused_and_what_people_decided(house):
    refused, in_all = refused_friends(db.session(), house["program"], house["ada"])
    assert [(one.id, one.signal) for one in refused] == [(house["herself"], "same_person")]
    assert in_all == 1
    decided = decisions_about(db.session(), house["program"], house["ada"])
    assert {(one.by, one.status, one.reason, one.rewards, one.note) for one in decided} == {
        ("Marta Voss", "rejected", "other", 1, "Toni"),
        ("Marta Voss", "pending", "checked", 1, "Una"),
    }


def test_a_ban_says_what_it_would_hold(house):
    with write_transaction() as session:
        worth = open_worth(session, house["ada"])
        # Una's and Bob's wait, Quinn's and Flo's are held, and Toni's counts for nothing.
        assert worth == {
            "open": [Worth("cash", Money(2000, "USD"), 2)],
            "held": [Worth("cash", Money(2000, "USD"), 2)],
            "gone": [],
        }
        held = ban(session, house["program"], house["ada"], reason="terms", by=house["admin"], now=NOON)
        assert held == 2
        banned = ban_of(session, house["ada"])
        assert (banned.reason, banned.since, banned.by) == ("terms", NOON, "Marta Voss")
        unban(session, house["program"], house["ada"], by=house["admin"], now=NOON)
        assert ban_of(session, house["ada"]) is None
