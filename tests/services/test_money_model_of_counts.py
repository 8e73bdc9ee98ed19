"""Long random stories of rules that count friends or exclude each other, each step compared with a plain model."""

import secrets
from collections import Counter
from datetime import datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from sqlalchemy import func, select

from tests import factories
from tests.factories import NOON
from tests.money import DAY
from tests.services.money_model_of_counts import Back, Deed, Happened
from tests.services.stories import tell_stories
from tests.services.test_money_model import differing, one_of
from webapp.database import write_transaction
from webapp.domain.money import Money
from webapp.domain.rules import read_rule
from webapp.extensions import db
from webapp.models import Conversion, LedgerEntry, Reward, RewardEvent, RewardRule, User
from webapp.queries import ledger, rollups
from webapp.queries.bonds import count_changes
from webapp.services.conversions import Event, record_conversion
from webapp.services.disputes import OutcomeReport, record_outcome
from webapp.services.referral_changes import Wanted, change_referral
from webapp.services.refunds import RefundReport, record_refund
from webapp.services.rewards import SYSTEM, change_status, mature_rewards
from webapp.services.rules import publish_rules
from webapp.services.signups import CameBy, sign_up

STEPS_OF_A_STORY = 50
STEPS = {"sqlite": 1_000, "postgresql": 200}
# The books are proven after each so many steps, and at the end of a story.
PROVEN_EVERY = 25
MOST_FRIENDS = 6

BEGAN = NOON - 120 * DAY
DEAR = {"field": "amount", "op": ">=", "value": 5000, "currency": "USD"}
FIRST = {"field": "nth_purchase", "op": "=", "value": 1}
SECOND = {**FIRST, "value": 2}
ONE_TWO_FOUR = [{"friends": 1, "percent": "10"}, {"friends": 2, "percent": "12.5"}, {"friends": 4, "percent": "30"}]
FROM_TWO = [{"friends": 2, "percent": "5"}, {"friends": 3, "percent": "33.3"}]
BONUSES = [{"friends": 1, "amount": 100}, {"friends": 2, "amount": 700}, {"friends": 4, "amount": 3000}]
OTHER_BONUSES = [{"friends": 2, "amount": 900}, {"friends": 3, "amount": 50}]


def table(key, kind, given, **more):
    about = {"key": key, "name": key, "trigger": "purchase", "beneficiary": "referrer", "hold_days": 10}
    return {**about, "kind": kind, "settings": given, **more}


def tiers(key, steps, *, period="lifetime", whole=False, **more):
    return table(key, "tiered_percent", {"steps": steps, "period": period, "whole_period": whole}, **more)


def bonus(key, *, steps=BONUSES, period="lifetime", currency="USD", **more):
    return table(key, "milestone", {"steps": steps, "currency": currency, "period": period}, **more)


# Older ones first. All of them, or some, hold in a story.
RULES = [
    tiers("until", ONE_TWO_FOUR),
    tiers("whole", ONE_TWO_FOUR, whole=True, exclusive="best", hold_days=0),
    tiers("whole-month", FROM_TWO, period="month", whole=True, exclusive="best"),
    table("share", "percent_of_purchase", {"percent": "11", "first_purchases": 99}, exclusive="best"),
    table("twenty", "fixed_amount", {"amount": 2000, "currency": "USD"}, exclusive="best", hold_days=0),
    table("yen", "fixed_amount", {"amount": 900, "currency": "JPY"}, exclusive="best"),
    bonus("bonus"),
    bonus("bonus-month", period="month", when={"all": [DEAR]}, hold_days=0),
    bonus("bonus-signup", currency="EUR", trigger="signup", hold_days=0),
    bonus("bonus-second", when={"all": [SECOND]}),
    tiers("only-first", ONE_TWO_FOUR, when={"all": [FIRST]}),
    tiers("until-month", FROM_TWO, period="month", when={"all": [DEAR]}),
    table("first", "first_purchase", {"percent": "25"}, exclusive="other"),
    table("twice", "recurring", {"percent": "15", "payments": 2}, exclusive="other", hold_days=0),
    tiers("other-whole", FROM_TWO, whole=True, exclusive="other", when={"all": [DEAR]}),
    tiers("other-second", ONE_TWO_FOUR, exclusive="other", when={"all": [SECOND]}),
    table("stages", "staggered", {"percent": "3", "then_percent": "3", "first_months": 1}, exclusive="other"),
    table("dear", "fixed_amount", {"amount": 650, "currency": "USD"}, exclusive="other", when={"all": [DEAR]}),
]
# What a new version may say; bonuses stay bonuses.
CHANGES = [
    tiers("until", FROM_TWO),
    tiers("until", FROM_TWO, period="month", whole=True),
    tiers("until", ONE_TWO_FOUR, when={"all": [DEAR]}),
    tiers("whole", FROM_TWO, whole=True, exclusive="best"),
    tiers("whole", ONE_TWO_FOUR, exclusive="other"),
    tiers("other-whole", ONE_TWO_FOUR, whole=True),
    bonus("bonus", hold_days=0, name="another name"),
    bonus("bonus", steps=OTHER_BONUSES),
    bonus("bonus", steps=OTHER_BONUSES, period="month", currency="EUR"),
    bonus("bonus-month", steps=OTHER_BONUSES, period="month"),
    table("share", "percent_of_purchase", {"percent": "40", "first_purchases": 99}, exclusive="best"),
    table("twenty", "fixed_amount", {"amount": 300, "currency": "USD"}),
]

amounts = st.sampled_from(
    [(10_000, "USD"), (10_000, "USD"), (4999, "USD"), (7333, "USD"), (8000, "EUR"), (1, "USD"), (0, "USD"), None]
)
parts = st.sampled_from([None, None, 0, 1, 2500, 4000, 9_999_999])
days_back = st.sampled_from([0, 0, 0, 1, 5, 20, 45])

STORED = (
    select(
        *(Conversion.event_id, Conversion.user_id, Conversion.type, RewardRule.key, Reward.beneficiary_id),
        *(Reward.currency, Reward.id, Reward.status, Reward.ended_bond),
        (Reward.amount_minor - func.sum(RewardEvent.taken_minor)).label("kept"),
    )
    .join(Conversion, Conversion.id == Reward.conversion_id)
    .join(RewardRule, RewardRule.id == Reward.rule_id)
    .join(RewardEvent, RewardEvent.reward_id == Reward.id)
    .group_by(Reward.id, Conversion.id, RewardRule.id)
)
EXPENSES = (
    select(LedgerEntry.user_id, LedgerEntry.currency, -func.sum(LedgerEntry.amount_minor))
    .where(LedgerEntry.account == "expense")
    .group_by(LedgerEntry.user_id, LedgerEntry.currency)
    .having(func.sum(LedgerEntry.amount_minor) != 0)
)


class CountsMachine(RuleBasedStateMachine):
    """The services on one side, the model on the other."""

    def __init__(self, empty, steps):
        super().__init__()
        empty()
        self.steps, self.own_steps = steps, 0
        self.now: datetime = NOON
        self.happened = Happened()
        self.disputes = {}
        self.backs = self.events = 0
        # What a person holds, by what was done and the rule.
        self.held = set()
        self.ids = {}
        with write_transaction() as session:
            for name in ("Ada", "Eve"):
                self.ids[name] = factories.person(session, now=BEGAN).id

    @initialize(wanted=st.sets(st.integers(0, len(RULES) - 1), min_size=4, max_size=8))
    def there_are_rules_and_friends(self, wanted):
        self.publish([RULES[number] for number in sorted(wanted)], now=BEGAN)
        for referrer in ("Ada", "Ada", "Eve"):
            self.join(referrer, NOON - 60 * DAY)

    @precondition(lambda self: len(self.happened.referrer_of) < MOST_FRIENDS)
    @rule(referrer=st.sampled_from(["Ada", "Ada", "Eve", None]), back=days_back)
    def someone_joins(self, referrer, back):
        self.join(referrer, self.now - back * DAY)

    @rule(friend=st.integers(0, 99), amount=amounts, back=days_back)
    def someone_buys(self, friend, amount, back):
        self.buy(friend, amount, self.now - back * DAY)

    @rule(friend=st.integers(0, 99), amount=amounts, back=st.sampled_from([0, 5, 45]))
    def some_buy_at_the_same_moment(self, friend, amount, back):
        at = self.now - back * DAY
        for number in range(2):
            self.buy(friend + number, amount, at)

    @rule(which=st.integers(0, 99), wanted=parts, is_early=st.sampled_from([False] * 5 + [True]))
    def something_is_refunded(self, which, wanted, is_early):
        self.goes_back(self.event_of(which, is_early), wanted, "refund")

    @rule(which=st.integers(0, 99), wanted=parts, is_early=st.sampled_from([False] * 5 + [True]))
    def something_is_disputed(self, which, wanted, is_early):
        self.goes_back(self.event_of(which, is_early), wanted, "dispute")

    @precondition(lambda self: self.disputes)
    @rule(which=st.integers(0, 99), outcome=st.sampled_from(["won", "won", "lost"]))
    def a_dispute_ends(self, which, outcome):
        name = one_of(sorted(self.disputes), which)
        report = OutcomeReport(f"end of {name}", name, outcome, self.now)
        with write_transaction() as session:
            record_outcome(session, factories.program(session).id, report, actor=SYSTEM, now=self.now)
        self.disputes.pop(name).won = outcome == "won"

    @rule(which=st.integers(0, 99), to=st.sampled_from(["Ada", "Eve", None]))
    def somebody_else_is_credited(self, which, to):
        friend = one_of(sorted(self.happened.referrer_of), which)
        before = self.happened.referrer_of[friend]
        if before == to:
            return
        with write_transaction() as session:
            person = session.get_one(User, self.ids[friend])
            link = factories.link_of(session, session.get_one(User, self.ids[to])) if to else None
            kind = "remove" if to is None else "assign" if before is None else "move"
            wanted = Wanted(kind, link, count_changes(session, person.id), "other", by=self.ids["Ada"])
            change_referral(session, factories.program(session), person, wanted, now=self.now)
        # No change of a referral gets money past a check; bonuses pass from one to another.
        self.held |= self.happened.credits(friend, to)

    @rule(which=st.integers(0, 99), choice=st.sampled_from(["hold", "hold", "release", "reject"]))
    def a_person_decides(self, which, choice):
        """About all that a rule gives for one thing; whose bonus a person rejects is not decided here."""
        rows = [row for row in self.rows() if row.ended_bond is None and row.kept and row.status not in ("rejected",)]
        rows = [row for row in rows if choice != "reject" or not row.key.startswith("bonus")]
        if not rows:
            return
        key = self.key_of(one_of(rows, which))
        those = [row for row in rows if self.key_of(row) == key]
        if any(row.status in ("in_payout", "paid") for row in those):
            return
        ways = {
            "hold": {"pending": ["held"], "approved": ["held"]},
            "release": {"held": ["approved"]},
            "reject": {"pending": ["held", "rejected"], "approved": ["held", "rejected"], "held": ["rejected"]},
        }[choice]
        with write_transaction() as session:
            for row in those:
                for status in ways.get(row.status, []):
                    change_status(session, row.id, status, reason="test", actor=SYSTEM, now=self.now)
        self.held.discard(key)
        if choice == "hold":
            self.held.add(key)
        elif choice == "reject":
            self.happened.rejected.add(key)

    @rule(which=st.integers(0, 99), end=st.sampled_from([["in_payout"], ["in_payout", "paid"], ["in_payout", "paid"]]))
    def something_is_paid(self, which, end):
        row = one_of([row for row in self.rows() if row.status == "approved"], which)
        if row:
            with write_transaction() as session:
                for status in end:
                    change_status(session, row.id, status, reason="test", actor=SYSTEM, now=self.now)

    @rule(which=st.integers(0, 99), status=st.sampled_from(["paid", "approved"]))
    def a_payout_ends(self, which, status):
        row = one_of([row for row in self.rows() if row.status == "in_payout"], which)
        if row:
            with write_transaction() as session:
                change_status(session, row.id, status, reason="test", actor=SYSTEM, now=self.now)

    @rule(days=st.sampled_from([1, 6, 12, 31]))
    def time_passes(self, days):
        self.now += days * DAY
        with write_transaction() as session:
            mature_rewards(session, self.now)

    @rule(which=st.integers(0, 99))
    def a_rule_changes(self, which):
        known = [one for one in CHANGES + RULES if one["key"] in self.happened.rules]
        self.publish([one_of(known, which)], now=self.now)

    @invariant()
    def both_agree(self):
        self.steps["done"] += 1
        self.own_steps += 1
        # No two steps are at the same moment.
        self.now += timedelta(minutes=1)
        self.compare()
        if self.own_steps % PROVEN_EVERY == 0:
            assert list(ledger.breaches(db.session())) == []
        db.session.rollback()

    def compare(self):
        rows = self.rows()
        single, bonuses, expenses = Counter(), Counter(), Counter()
        for row in rows:
            if row.status == "rejected" or not row.kept:
                continue
            whose = self.names[row.beneficiary_id]
            expenses[whose, row.currency] += row.kept
            if row.key.startswith("bonus"):
                bonuses[whose, row.key, row.currency] += row.kept
            else:
                what, key = self.key_of(row)
                assert whose == self.happened.referrer_of[self.happened.deeds[what].friend]
                single[what, key, row.currency] += row.kept
        assert single == self.happened.kept()
        assert bonuses == self.happened.bonuses()
        stored = db.session().execute(EXPENSES)
        assert {(self.names[of], currency): int(minor) for of, currency, minor in stored} == expenses
        # Doing nothing never pays: what was held stays so, whatever was added to it.
        kept = [row for row in rows if row.kept > 0 and row.ended_bond is None and not row.key.startswith("bonus")]
        assert {row.status for row in kept if self.key_of(row) in self.held} <= {"held"}

    def teardown(self):
        assert list(ledger.breaches(db.session())) == []
        assert list(rollups.breaches(db.session())) == []
        assert list(differing()) == []
        db.session.rollback()

    def rows(self):
        self.names = {user_id: name for name, user_id in self.ids.items()}
        found = db.session().execute(STORED.order_by(Reward.id)).all()
        db.session.rollback()
        return found

    def key_of(self, row):
        return (row.event_id or f"signup of {self.names[row.user_id]}", row.key)

    def publish(self, tables, *, now):
        with write_transaction() as session:
            rules = [read_rule(one) for one in tables]
            publish_rules(session, factories.program(session), rules, prune=False, note="", by=None, now=now)
        for one in tables:
            self.happened.rules.setdefault(one["key"], []).append((now, one))

    def join(self, referrer, at):
        friend = f"friend {len(self.ids)}"
        with write_transaction() as session:
            typed = factories.link_of(session, session.get_one(User, self.ids[referrer])) if referrer else None
            signed_up = sign_up(
                session,
                factories.program(session),
                name=friend,
                email=f"friend{len(self.ids)}@example.org",
                password_hash=None,
                came_by=CameBy(typed=typed),
                choose=secrets.choice,
                now=self.now,
                signed_up_at=at,
            )
            self.ids[friend] = signed_up.user.id
        self.happened.referrer_of[friend] = referrer
        self.happened.does(Deed(f"signup of {friend}", "signup", friend, at))

    def buy(self, friend, amount, at):
        friend, name = one_of(sorted(self.happened.referrer_of), friend), f"event {self.events}"
        self.events += 1
        money_of = Money(*amount) if amount else None
        with write_transaction() as session:
            program = factories.program(session)
            happened = Event("purchase", at, name, money_of)
            record_conversion(session, program.id, happened, user_id=self.ids[friend], actor=SYSTEM, now=self.now)
        self.happened.does(Deed(name, "purchase", friend, at, *(amount or (None, None))))

    def event_of(self, which, is_early):
        """Return an event that was told, or now and then the next one that will be."""
        if is_early or not self.events:
            return f"event {self.events}"
        return f"event {which % self.events}"

    def goes_back(self, of, wanted, kind):
        name = f"{kind} {self.backs}"
        self.backs += 1
        report = RefundReport(name, self.now, conversion_event_id=of, wanted_minor=wanted, kind=kind)
        with write_transaction() as session:
            record_refund(session, factories.program(session).id, report, actor=SYSTEM, now=self.now)
        back = Back(wanted)
        self.happened.backs.setdefault(of, []).append(back)
        if kind == "dispute":
            self.disputes[name] = back


@pytest.mark.slow
def test_every_step_with_counted_rules_leaves_what_the_model_says(
    databases, database_url, in_app, tmp_path, record_property
):
    taken = tell_stories(
        CountsMachine, databases, database_url, tmp_path, steps=STEPS[databases.name], of_a_story=STEPS_OF_A_STORY
    )
    record_property("steps", taken)
