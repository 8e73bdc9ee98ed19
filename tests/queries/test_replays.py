"""A replay of the rules as they were comes to what was paid, to the cent."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from tests import factories, money
from tests.factories import NOON
from tests.replays import by_rule, finish, granted_less_refunds, replay
from webapp.database import snapshot_for_streaming, write_transaction
from webapp.demo import tell_story
from webapp.domain.replaying.told import Pair
from webapp.extensions import db
from webapp.models import Model, Referral, Reward, User
from webapp.queries.replays import id_of, replay_rules
from webapp.queries.rules import find_rule_id, read_rule_set
from webapp.services.referral_changes import Wanted, change_referral
from webapp.services.rules import change_rule_state
from webapp.services.signups import CameBy

DAY = timedelta(days=1)


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_the_rules_of_the_demo_come_to_what_it_paid_to_the_cent(in_app):
    with write_transaction() as session:
        tell_story(session, factories.program(session), days=180, seed=4, until=datetime(2026, 11, 22, 21, tzinfo=UTC))
    session = db.session()
    told = replay(session, factories.program(session))
    granted = granted_less_refunds(session)
    assert {currency for _key, currency in granted} == {"USD", "EUR"}
    assert by_rule(told) == by_rule(told, "draft") == granted
    assert sum(pair.paid for pair in told.totals) == sum(granted.values())
    assert told.counts.changed == 0
    assert told.changed == ()


RULES = (
    {
        "key": "percent",
        "settings": {"percent": "15", "first_purchases": 5},
        "limits": {"per_referrer": {"amount": 1500, "currency": "USD", "period": "month"}},
    },
    {
        **money.TEN_DOLLARS,
        "key": "large",
        "when": {
            "all": [{"field": "amount", "op": ">=", "value": 3000, "currency": "USD"}],
            "any": [
                {"field": "metadata.plan", "op": "in", "value": ["pro", "team"]},
                {"field": "nth_purchase", "op": ">", "value": 3},
            ],
        },
        "limits": {
            "per_referrer": {"count": 2, "period": "week"},
            "program": {"amount": 9000, "currency": "USD", "period": "month"},
        },
    },
    {
        **money.TEN_DOLLARS,
        "key": "friends",
        "beneficiary": "friend",
        "limits": {"program": {"count": 4, "period": "day"}},
    },
    {**money.TEN_DOLLARS, "key": "welcome", "trigger": "signup", "hold_days": 0},
)


class History:
    """Things happen at random, each at a later moment than the one before."""

    def __init__(self, session, seed):
        self.session, self.rng = session, random.Random(seed)
        self.program = factories.program(session)
        self.now = NOON - 150 * DAY
        self.admin = factories.person(session, role="admin", now=self.now)
        self.links = [factories.link_of(session, factories.person(session, now=self.now)) for _ in range(3)]
        self.friends, self.bought, self.numbers = [], [], 0
        for rule in RULES:
            money.publish(session, now=self.now, **rule)

    def step(self):
        self.now += timedelta(minutes=self.rng.randint(1, 2_000))
        self.numbers += 1
        acts = ("join", "buy", "buy", "buy", "buy", "refund", "refund", "reject", "publish", "pause")
        getattr(self, self.rng.choice(acts) if self.friends else "join")()

    def join(self):
        came_by = CameBy(typed=self.rng.choice(self.links)) if self.rng.random() < 0.8 else CameBy()
        friend, _referral = factories.join(
            self.session, came_by, email=f"friend{self.numbers}@example.org", now=self.now
        )
        self.friends.append(friend)

    def buy(self):
        amount = f"{self.rng.randint(100, 9_000) / 100:.2f} {self.rng.choice(('USD', 'USD', 'EUR'))}"
        self.bought.append(f"evt_{self.numbers}")
        money.buy(
            self.session,
            self.rng.choice(self.friends),
            amount,
            event_id=self.bought[-1],
            type=self.rng.choice(("purchase", "purchase", "purchase", "trial")),
            details={"plan": self.rng.choice(("free", "pro", "team"))} if self.rng.random() < 0.7 else None,
            at=self.now,
        )

    def refund(self):
        if self.bought:
            amount = None if self.rng.random() < 0.4 else f"{self.rng.randint(1, 4_000) / 100:.2f} USD"
            of = self.rng.choice(self.bought)
            money.refund(self.session, amount, of=of, event_id=f"ref_{self.numbers}", at=self.now)

    def reject(self):
        pending = select(Reward.id).where(Reward.status == "pending").order_by(Reward.granted_at, Reward.id)
        if found := self.session.scalars(pending).all():
            money.send(self.session, self.rng.choice(found), "held", "rejected", now=self.now)

    def publish(self):
        rule = dict(self.rng.choice(RULES))
        if self.rng.random() < 0.5:
            rule["limits"] = self.rng.choice(RULES[:3])["limits"]
        if rule["key"] == "percent":
            rule["settings"] = {"percent": str(self.rng.randint(1, 40)), "first_purchases": self.rng.randint(1, 6)}
        money.publish(self.session, now=self.now, **rule)

    def pause(self):
        rule_id = find_rule_id(self.session, self.program.id, self.rng.choice(RULES)["key"])
        latest = read_rule_set(self.session, self.program.id).of_rule(rule_id)[-1]
        if latest.state == "live":
            state = self.rng.choice(("paused", "ended"))
            by = self.admin.id
            change_rule_state(
                self.session, self.program, rule_id, state, after=latest.number, note="", by=by, now=self.now
            )


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happened_the_rules_as_they_were_come_to_what_was_paid(in_app, seed):
    with write_transaction() as session:
        history = History(session, seed)
        for _ in range(110):
            history.step()
    session = db.session()
    told = replay(session, factories.program(session))
    assert by_rule(told) == granted_less_refunds(session)
    assert len(by_rule(told)) > 2


def test_a_draft_is_priced_from_its_first_day_on_and_what_was_used_before_counts(in_app):
    limits = {"per_referrer": {"amount": 2500, "currency": "USD", "period": "lifetime"}}
    with write_transaction() as session:
        money.publish(session, limits=limits)
        ada, bob = money.ada_and_bob(session)
        for number, day in enumerate((0, 10, 20), 1):
            money.buy(session, bob, "50.00 USD", event_id=f"evt_{number}", at=NOON + day * DAY)
    session = db.session()
    # 10 and 10 were paid, then 5: what was left of 25. With a limit of 40 and 30% from the second one on: 15 and 15.
    draft = money.rule(
        settings={"percent": "30"}, limits={"per_referrer": {"amount": 4000, "currency": "USD", "period": "lifetime"}}
    )
    told = replay(session, factories.program(session), draft, since=NOON + DAY)
    assert told.totals == (Pair("USD", 1500, 3000),)
    assert [(one.step, one.minor) for one in told.steps] == [("later_purchases", 1000), ("limits", 500)]
    assert (told.counts.conversions, told.counts.before, told.counts.changed) == (2, 2, 2)
    assert [id_of(one.referrer) for one in told.referrers] == [ada.id]
    assert [(one.event_id, one.nth, one.pair.difference) for one in told.changed] == [
        ("evt_3", 3, 1000),
        ("evt_2", 2, 500),
    ]
    third = told.changed[0]
    (paid,), (wanted,) = third.paid, third.draft
    assert (paid.edition.number, paid.kept_minor, paid.facts.used["per_referrer"].used) == (1, 500, 2000)
    assert (wanted.edition.number, wanted.kept_minor, wanted.facts.used["per_referrer"].used) == (None, 1500, 2500)
    assert [(one.side, one.times, one.minor) for one in told.limits] == [("paid", 1, 500)]


def test_a_budget_tells_when_it_would_have_run_out(in_app):
    budget = {"program": {"amount": 1500, "currency": "USD", "period": "month"}}
    with write_transaction() as session:
        money.publish(session)
        _ada, bob = money.ada_and_bob(session)
        for number, day in enumerate((0, 1, 2), 1):
            money.buy(session, bob, "50.00 USD", event_id=f"evt_{number}", at=NOON + day * DAY)
        money.refund(session, of="evt_2", at=NOON + 5 * DAY)
    told = replay(db.session(), factories.program(db.session()), money.rule(limits=budget), since=NOON)
    # The second one got what was left, and the third nothing; that the second was sent back came too late for it.
    assert told.totals == (Pair("USD", 2000, 1000),)
    (use,) = told.budgets
    assert (use.side, use.most, use.used, use.ran_out_at) == ("draft", 1500, 1000, NOON + DAY)


def test_whoever_is_credited_now_has_what_the_friend_did(in_app):
    with write_transaction() as session:
        money.publish(session)
        ada, bob = money.ada_and_bob(session)
        luca = factories.person(session, name="Luca", now=money.JOINED)
        money.buy(session, bob, "50.00 USD")
        wanted = Wanted("move", factories.link_of(session, luca), seen=0, reason="other", by=ada.id)
        change_referral(session, factories.program(session), bob, wanted, now=NOON + DAY)
    told = replay(db.session(), factories.program(db.session()))
    assert by_rule(told) == granted_less_refunds(db.session()) == {("twenty-percent", "USD"): 1000}
    assert [id_of(one.referrer) for one in told.referrers] == [luca.id]


def test_a_replay_changes_no_row(in_app):
    with write_transaction() as session:
        money.publish(session)
        _ada, bob = money.ada_and_bob(session)
        money.buy(session, bob, "50.00 USD", details={"plan": "pro"})
    before = _rows()
    replay(db.session(), factories.program(db.session()), money.rule(settings={"percent": "30"}))
    assert _rows() == before
    assert not db.session().new
    assert not db.session().dirty
    assert db.session.scalar(select(func.count()).select_from(Referral)) == 1


def test_others_write_meanwhile_and_it_tells_of_the_moment_at_which_it_began(in_app):
    with write_transaction() as session:
        money.publish(session)
        _ada, bob = money.ada_and_bob(session)
        money.buy(session, bob, "50.00 USD")
    program = factories.program(db.session())
    with snapshot_for_streaming(db.engine) as reading:
        trying = replay_rules(reading, program, [], since=NOON, until=NOON + DAY)
        assert next(trying).total == 2
        with write_transaction() as session:
            money.buy(session, session.get_one(User, bob.id), "10.00 USD", event_id="evt_2", at=NOON + DAY / 2)
        told = finish(trying)
    assert told.totals == (Pair("USD", 1000, 1000),)
    assert replay(db.session(), factories.program(db.session())).totals == (Pair("USD", 1200, 1200),)


def test_whoever_closes_it_stops_it(in_app):
    with write_transaction() as session:
        money.publish(session)
    trying = replay_rules(db.session(), factories.program(db.session()), [], since=NOON, until=NOON + DAY)
    assert (next(trying).done, next(trying, None)) == (0, None)
    trying = replay_rules(db.session(), factories.program(db.session()), [], since=NOON, until=NOON + DAY)
    next(trying)
    trying.close()
    with pytest.raises(StopIteration):
        next(trying)


def _rows():
    session = db.session()
    rows = {name: session.execute(select(table)).all() for name, table in Model.metadata.tables.items()}
    session.rollback()
    return rows
