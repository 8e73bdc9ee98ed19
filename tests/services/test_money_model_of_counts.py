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
from tests.services.money_model_of_counts import Back, Deed, Happened, Slot, Version, moves_freely, period_of
from tests.services.money_strategies_of_counts import BEGAN, CHANGES, RULES, amounts, days_back, parts
from tests.services.stories import tell_stories
from tests.services.test_money_model import differing, one_of
from webapp.database import write_transaction
from webapp.domain.money import Money
from webapp.domain.rules import read_rule
from webapp.extensions import db
from webapp.models import Conversion, LedgerEntry, Reward, RewardDecision, RewardEvent, RewardRule, User
from webapp.queries import ledger, rollups
from webapp.queries.bonds import count_changes
from webapp.queries.conversions import decisions_of_many
from webapp.queries.rules import find_rule_id
from webapp.services.conversions import Event, record_conversion
from webapp.services.disputes import OutcomeReport, record_outcome
from webapp.services.referral_changes import Wanted, change_referral
from webapp.services.refunds import RefundReport, record_refund
from webapp.services.rewards import SYSTEM, change_status, mature_rewards
from webapp.services.rules import change_rule_state, publish_rules
from webapp.services.signups import CameBy, sign_up

STEPS_OF_A_STORY = 50
STEPS = {"sqlite": 1_000, "postgresql": 200}
# The books are proven after each so many steps, and at the end of a story.
PROVEN_EVERY = 25
MOST_FRIENDS = 6

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
BROUGHT = select(Conversion.id, Conversion.event_id).where(
    Conversion.id.in_(select(RewardDecision.conversion_id).where(RewardDecision.amount_minor.is_not(None)))
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
        # What a person holds, by what was done and the rule; and bonuses that were held or rejected, by their number.
        self.held, self.doubted = set(), set()
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
        """About all that a rule gives for one thing."""
        rows = [row for row in self.rows() if row.ended_bond is None and row.kept and row.status not in ("rejected",)]
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
        slots = {slot for slot, where in self.stand().items() if where == key}
        if choice == "release":
            self.doubted -= slots
        else:
            self.doubted |= slots
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

    @rule(which=st.integers(0, 99), state=st.sampled_from(["paused", "live", "live", "ended"]))
    def a_rule_pauses_goes_on_or_ends(self, which, state):
        """One that has ended goes on with a version that is published."""
        key = one_of(sorted(self.happened.rules), which)
        versions = self.happened.rules[key]
        if versions[-1].state == "ended" or versions[-1].state == state:
            return
        with write_transaction() as session:
            program = factories.program(session)
            rule_id = find_rule_id(session, program.id, key)
            change_rule_state(session, program, rule_id, state, after=len(versions), note="", by=None, now=self.now)
        versions.append(Version(self.now, versions[-1].table, state))

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
        statuses = {}
        for row in rows:
            if row.status == "rejected" or not row.kept:
                continue
            whose = self.names[row.beneficiary_id]
            expenses[whose, row.currency] += row.kept
            what, key = self.key_of(row)
            assert whose == self.happened.referrer_of[self.happened.deeds[what].friend]
            kept = bonuses if self.is_free_bonus(what, key) else single
            kept[what, key, row.currency] += row.kept
            statuses.setdefault((what, key), set()).add(row.status)
        assert single == self.happened.kept()
        # Which bonuses there are follows from what happened, with whose event each stands also from its order.
        stand, wanted = self.stand(), self.happened.bonuses()
        assert stand.keys() == wanted.keys()
        paid = {(*stand[slot], currency): minor for slot, (minor, currency) in wanted.items()}
        assert bonuses == {what: minor for what, minor in paid.items() if what[:2] not in self.happened.rejected}
        stored = db.session().execute(EXPENSES)
        assert {(self.names[of], currency): int(minor) for of, currency, minor in stored} == expenses
        # Doing nothing never pays: what was held stays so, whatever was added to it.
        assert {status for key in self.held for status in statuses.get(key, ())} <= {"held"}
        self.doubted |= {slot for slot, where in stand.items() if where in self.held}
        assert {status for slot in self.doubted for status in statuses.get(stand.get(slot), ())} <= {"held"}

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

    def is_free_bonus(self, what, key):
        table = self.happened.says(key, self.happened.deeds[what])
        return table is not None and moves_freely(table)

    def stand(self):
        """Return with what was done each bonus that shares no group stands, by what was decided."""
        found = {}
        session = db.session()
        ids = dict(session.execute(BROUGHT).all())
        for id_, decisions in decisions_of_many(session, list(ids)).items():
            for decided in decisions:
                if decided.version is None or decided.amount is None:
                    continue
                key = decided.version.definition.key
                what = ids[id_] or f"signup of {self.names[session.get_one(Conversion, id_).user_id]}"
                deed = self.happened.deeds[what]
                if self.is_free_bonus(what, key):
                    table = self.happened.says(key, deed)
                    referrer, promise = self.happened.referrer_of[deed.friend], self.happened.promise(table)
                    slot = Slot(referrer, key, promise, period_of(table, deed.at), decided.facts.friends)
                    assert slot not in found
                    found[slot] = (what, key)
        db.session.rollback()
        return found

    def key_of(self, row):
        return (row.event_id or f"signup of {self.names[row.user_id]}", row.key)

    def publish(self, tables, *, now):
        with write_transaction() as session:
            rules = [read_rule(one) for one in tables]
            publish_rules(session, factories.program(session), rules, prune=False, note="", by=None, now=now)
        for one in tables:
            versions = self.happened.rules.setdefault(one["key"], [])
            if not versions or versions[-1][1:] != (one, "live"):
                versions.append(Version(now, one))

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
