"""Where a person's money stands."""

from datetime import date

import pytest

from tests import factories
from tests.factories import NOON
from tests.money import DAY, ada_and_bob, buy, publish, refund, send
from webapp.database import write_transaction
from webapp.domain.money import Money
from webapp.domain.periods import day_begins, last_days
from webapp.queries.people import find_by_email
from webapp.queries.rewards import balances_of, list_rewards
from webapp.queries.standing import balances_by_day, earned_by_day, standings_of
from webapp.queries.statements import statement_lines

pytestmark = pytest.mark.usefixtures("in_app")

TODAY = date(2026, 11, 22)
DAYS = last_days(TODAY, 5)


@pytest.fixture
def ada_id():
    """Ada, who earned 2.00 dollars four days ago, 4.00 today (half was sent back), 200 yen, and a rejected one."""
    with write_transaction() as session:
        publish(session, hold_days=30)
        publish(session, key="friends", beneficiary="friend")
        ada, bob = ada_and_bob(session)
        buy(session, bob, "10.00 USD", event_id="evt_1", at=NOON - 4 * DAY, now=NOON - 4 * DAY)
        buy(session, bob, "20.00 USD", event_id="evt_2")
        refund(session, "10.00 USD", of="evt_2")
        buy(session, bob, "1000 JPY", event_id="evt_3", at=NOON - DAY, now=NOON - DAY)
        rejected = buy(session, bob, "30.00 USD", event_id="evt_4", at=NOON - DAY, now=NOON - DAY).rewards
        send(session, next(row.id for row in rejected if row.side == "referrer"), "held", "rejected", now=NOON)
        return ada.id


def test_standings_count_each_status_and_name_what_is_ready_first(ada_id):
    with write_transaction() as session:
        by_group = {(row.status, row.currency): row for row in standings_of(session, ada_id)}
    assert {group: row.count for group, row in by_group.items()} == {
        ("pending", "USD"): 2,
        ("pending", "JPY"): 1,
        ("rejected", "USD"): 1,
    }
    dollars = by_group["pending", "USD"]
    assert (dollars.first_matures_at, dollars.last_matures_at) == (NOON + 26 * DAY, NOON + 30 * DAY)
    assert dollars.earliest_at == NOON - 4 * DAY
    assert [(one.friend_name, one.type, one.side, one.kept, one.matures_at) for one in dollars.nearest] == [
        ("Bob Miller", "purchase", "referrer", Money(200, "USD"), NOON + 26 * DAY),
        ("Bob Miller", "purchase", "referrer", Money(200, "USD"), NOON + 30 * DAY),
    ]


def test_only_the_nearest_are_named_and_all_are_counted(ada_id):
    with write_transaction() as session:
        bob = find_by_email(session, "bob@example.org")
        for number in range(6):
            buy(session, bob, "1.00 EUR", event_id=f"more_{number}", at=NOON - number * DAY)
        (euros,) = [row for row in standings_of(session, ada_id) if row.currency == "EUR"]
    assert (euros.count, len(euros.nearest)) == (6, 4)
    assert euros.nearest[0].matures_at == NOON + 25 * DAY


def test_balances_stand_at_the_end_of_each_day_and_the_last_are_those_of_now(ada_id):
    with write_transaction() as session:
        balances = balances_by_day(session, ada_id, DAYS, "UTC")
        assert balances["USD"]["pending"] == [200, 200, 200, 800, 400]
        assert balances["JPY"]["pending"] == [0, 0, 0, 200, 200]
        now = {
            currency: {account: line[-1] for account, line in accounts.items()}
            for currency, accounts in balances.items()
        }
        assert now == balances_of(session, ada_id)
        # What is older than the first day stands there from the first day on.
        assert balances_by_day(session, ada_id, DAYS[2:], "UTC")["USD"]["pending"] == [200, 800, 400]
        assert balances_by_day(session, factories.person(session).id, DAYS, "UTC") == {}


def test_what_is_kept_counts_on_the_day_of_the_order(ada_id):
    with write_transaction() as session:
        assert earned_by_day(session, ada_id, DAYS, "UTC") == {
            "USD": {DAYS[0]: Money(200, "USD"), TODAY: Money(200, "USD")},
            "JPY": {DAYS[3]: Money(200, "JPY")},
        }
        # NOON is the 23rd in Kiritimati.
        there = last_days(date(2026, 11, 23), 5)
        assert list(earned_by_day(session, ada_id, there, "Pacific/Kiritimati")["USD"]) == [there[0], there[4]]
        assert list(earned_by_day(session, ada_id, DAYS[1:], "UTC")["USD"]) == [TODAY]


def test_a_statement_has_the_rewards_of_its_days_with_what_is_left_of_them(ada_id):
    since, until = day_begins(DAYS[3], "UTC"), day_begins(TODAY, "UTC")
    with write_transaction() as session:
        lines = statement_lines(session, ada_id, since=since, until=until)
        assert statement_lines(session, ada_id, since=NOON, until=NOON) == []
        assert len(statement_lines(session, ada_id, since=NOON, until=NOON + DAY)) == 1
    assert sorted((line.status, line.granted, line.kept) for line in lines if line.granted.currency == "USD") == [
        ("rejected", Money(600, "USD"), Money(0, "USD"))
    ]
    assert {(line.occurred_at, line.type, line.side, line.friend_name) for line in lines} == {
        (NOON - DAY, "purchase", "referrer", "Bob Miller")
    }
    assert len(lines) == 2


@pytest.mark.parametrize(
    ("how", "events"),
    [
        pytest.param({}, {"evt_1", "evt_2", "evt_3", "evt_4"}, id="all of them"),
        pytest.param({"status": "rejected"}, {"evt_4"}, id="of a status"),
        pytest.param({"currency": "JPY"}, {"evt_3"}, id="of a currency"),
        pytest.param({"since": NOON - DAY, "until": NOON}, {"evt_3", "evt_4"}, id="from a moment to before another"),
        pytest.param({"status": "pending", "since": NOON}, {"evt_2"}, id="several at once"),
    ],
)
def test_rewards_are_listed_by_what_is_asked_for(ada_id, how, events):
    with write_transaction() as session:
        program_id = factories.program(session).id
        rows, _more = list_rewards(session, program_id, beneficiary_id=ada_id, **how)
        assert {row.event_id for row in rows} == events
        # A page of one, and the rest behind its cursor.
        first, cursor = list_rewards(session, program_id, beneficiary_id=ada_id, limit=1, **how)
        rest = list_rewards(session, program_id, beneficiary_id=ada_id, before=cursor, **how)[0] if cursor else []
        assert [row.event_id for row in first + rest] == [row.event_id for row in rows]
