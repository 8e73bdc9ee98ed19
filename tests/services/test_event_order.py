"""Events in any order, repeated and in parts: the same cents in the end as when each arrives once, as it happens."""

import os
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests import factories, money
from tests.factories import NOON, join
from tests.money import DAY, LIVE
from tests.services.money_model import Books, Purchase, Waiting
from webapp.database import write_transaction
from webapp.domain.money import Money
from webapp.domain.rules import read_rule
from webapp.extensions import db
from webapp.queries.ledger import breaches
from webapp.queries.rewards import balances_of
from webapp.services.conversions import Event, EventTakenError, record_conversion
from webapp.services.refunds import RefundReport, RefundTakenError, record_refund
from webapp.services.reward_steps import SYSTEM
from webapp.services.rewards import mature_rewards
from webapp.services.rules import publish_rules
from webapp.services.signups import CameBy

EXAMPLES = {"sqlite": 25, "postgresql": 8}
WHEN_ALL_ARE_DUE = NOON + 100 * DAY

FRIENDS = ("Bob", "Eve")
RULES = [
    {**money.TWENTY_PERCENT, "settings": {"percent": "20", "first_purchases": 2}, "hold_days": 10},
    {
        **money.TWENTY_PERCENT,
        "key": "half-of-the-first",
        "settings": {"percent": "50", "first_purchases": 1},
        "hold_days": 0,
    },
    {**money.TWENTY_PERCENT, **money.TEN_DOLLARS, "beneficiary": "friend", "hold_days": 0},
]

JOB = "the job that matures rewards"

_runs = count(1)


@dataclass(frozen=True)
class Bought:
    """What one of two friends bought."""

    name: str
    friend: str
    amount: Money
    at: datetime


@dataclass(frozen=True)
class GivenBack:
    """A part of what something cost, None for all that is left."""

    name: str
    of: str
    by_order: bool
    minor: int | None
    at: datetime


@st.composite
def events(draw):
    """Purchases, the second friend's among the first's, and refunds of them, as they happened."""
    happened = []
    for number in range(draw(st.integers(1, 6))):
        friend = draw(st.sampled_from(FRIENDS))
        # Of 1, 2 and 5 minor units, parts of a reward round to nothing and to all of it.
        amount = Money(
            draw(st.sampled_from([1, 2, 5, 99, 4999]) | st.integers(1, 20_000)), draw(st.sampled_from(["USD", "JPY"]))
        )
        at = NOON + draw(st.integers(0, 4)) * DAY
        bought = Bought(f"buy {number}", friend, amount, at)
        happened.append(bought)
        for part in range(draw(st.integers(0, 3))):
            minor = draw(st.none() | st.integers(1, amount.minor) | st.just(amount.minor + 7))
            later = at + draw(st.integers(0, 3)) * DAY + timedelta(hours=1)
            happened.append(GivenBack(f"back {number}.{part}", bought.name, draw(st.booleans()), minor, later))
    return sorted(happened, key=lambda event: event.at)


@st.composite
def histories(draw):
    """Events in order, and the same ones as they could arrive: in parts, several times, in any order."""
    in_order = draw(events())
    arriving = []
    for event in in_order:
        parts = [event]
        if isinstance(event, GivenBack) and event.minor and event.minor > 1 and draw(st.booleans()):
            cut = draw(st.integers(1, event.minor - 1))
            parts = [
                GivenBack(f"{event.name} {place}", event.of, event.by_order, minor, event.at)
                for place, minor in (("first", cut), ("rest", event.minor - cut))
            ]
        arriving += parts * draw(st.sampled_from([1, 1, 2, 3]))
    arriving += [JOB] * draw(st.integers(0, 3))
    return in_order, draw(st.permutations(arriving))


def ends_with(arriving):
    """Tell a new referrer's friends' events in this order. Returns what stands in every account in the end."""
    run = f"{next(_runs):06}"
    with write_transaction() as session:
        ada = factories.person(session)
        link = factories.link_of(session, ada)
        friends = [join(session, CameBy(typed=link), email=f"{run}.{name}@example.org")[0] for name in FRIENDS]
        people = dict(zip(["Ada", *FRIENDS], [ada.id, *(friend.id for friend in friends)], strict=True))
    accepted = Counter(event for event in [*arriving, JOB] if tell(run, people, event) and event != JOB)
    assert accepted == Counter(set(arriving) - {JOB}), "each event counts once"
    found = {
        (name, currency, account): minor
        for name, user_id in people.items()
        for currency, accounts in balances_of(db.session(), user_id).items()
        for account, minor in accounts.items()
        if minor
    }
    db.session.rollback()
    return found


def tell(run, people, event):
    """Tell one event. Returns whether it was accepted: False when it was told before."""
    try:
        with write_transaction() as session:
            program = factories.program(session)
            if event == JOB:
                mature_rewards(session, WHEN_ALL_ARE_DUE)
            elif isinstance(event, Bought):
                bought = Event("purchase", event.at, f"{run} {event.name}", event.amount, f"{run} {event.name} order")
                user_id = people[event.friend]
                record_conversion(session, program.id, bought, user_id=user_id, actor=SYSTEM, now=WHEN_ALL_ARE_DUE)
            else:
                report = RefundReport(
                    f"{run} {event.name}",
                    event.at,
                    order_id=f"{run} {event.of} order" if event.by_order else None,
                    conversion_event_id=None if event.by_order else f"{run} {event.of}",
                    wanted_minor=event.minor,
                )
                record_refund(session, program.id, report, actor=SYSTEM, now=WHEN_ALL_ARE_DUE)
    except (EventTakenError, RefundTakenError):
        return False
    return True


def modelled(in_order):
    """Return what the model says of events that each arrived once, as they happened."""
    books = Books(hold_days=30)
    books.publishes(RULES, prune=False, now=LIVE)
    for friend in FRIENDS:
        books.joins(friend, "Ada", NOON)
    for event in in_order:
        if isinstance(event, Bought):
            minor, currency = event.amount.minor, event.amount.currency
            books.buys(Purchase(event.name, "purchase", event.friend, minor, currency, None, event.at))
        else:
            books.refunds(Waiting(event.name, event.minor, event.of, None, event.at))
    books.matures(WHEN_ALL_ARE_DUE)
    return dict(books.balances())


@pytest.mark.slow
def test_events_in_any_order_end_at_the_same_cents(in_app, databases, record_property):
    examples = int(os.environ.get("GRAPEVINE_ORDER_EXAMPLES", EXAMPLES[databases.name]))
    with write_transaction() as session:
        rules = [read_rule(table) for table in RULES]
        publish_rules(session, factories.program(session), rules, prune=False, note="", by=None, now=LIVE)

    @settings(
        max_examples=examples,
        deadline=None,
        print_blob=True,
        # Explaining a failure traces every line, which makes all of it several times slower.
        phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(histories())
    def in_any_order(history):
        in_order, arriving = history
        as_they_happened = ends_with(in_order)
        assert as_they_happened == modelled(in_order)
        assert ends_with(arriving) == as_they_happened

    in_any_order()
    assert list(breaches(db.session())) == []
    record_property("examples", examples)
