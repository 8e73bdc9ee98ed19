"""Long random stories of rules that count friends or exclude each other, each step compared with a plain model."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    precondition,
    rule,
)

from tests import factories
from tests.factories import NOON
from tests.money import DAY
from tests.services.money_machine_of_counts import SPENT, ToldMachine
from tests.services.money_model_of_counts import Version
from tests.services.money_strategies_of_counts import (
    BEGAN,
    CHANGES,
    RULES,
    amounts,
    chosen_rules,
    days_back,
    parts,
    quotes,
)
from tests.services.stories import tell_stories
from tests.services.test_money_model import one_of
from webapp.database import write_transaction
from webapp.domain.money import Money
from webapp.extensions import db
from webapp.models import User
from webapp.queries.bonds import count_changes
from webapp.queries.rules import find_rule_id
from webapp.services.disputes import OutcomeReport, record_outcome
from webapp.services.redemptions import NotEnoughCreditError, undo_redemption
from webapp.services.referral_changes import Wanted, change_referral
from webapp.services.rewards import SYSTEM, change_status, mature_rewards
from webapp.services.rules import change_rule_state

STEPS_OF_A_STORY = 50
STEPS = {"sqlite": 600, "postgresql": 100}
MOST_FRIENDS = 6


class CountsMachine(ToldMachine):
    """All that can happen under rules that count friends or exclude each other."""

    @initialize(wanted=chosen_rules, known=st.lists(quotes, max_size=2))
    def there_are_rules_and_friends(self, wanted, known):
        self.begin([RULES[number] for number in sorted(wanted)], known)

    def begin(self, tables, known):
        for quote in known:
            self.tell_quote(*quote, since=BEGAN, now=BEGAN)
        self.publish(tables, now=BEGAN)
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
        standing = [row for row in self.rows() if row.ended_bond is None]
        rows = [row for row in standing if row.kept and row.status != "rejected"]
        if not rows:
            return
        key = self.key_of(one_of(rows, which))
        those = [row for row in rows if self.key_of(row) == key]
        # Of a reward that is spent in part nobody decides any more; and what a payout has, nothing of it being left,
        # comes back to it by a dispute that is won, and not to be held.
        spent = set(db.session().scalars(SPENT))
        of_payout = any(row.status in ("in_payout", "paid") for row in standing if self.key_of(row) == key)
        if of_payout or any(row.id in spent for row in those):
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
        row = one_of([row for row in self.rows() if row.status == "approved" and row.kind == "cash"], which)
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

    @rule(whose=st.sampled_from(["Ada", "Ada", "Eve"]), wanted=st.sampled_from([1, 500, None]))
    def credit_is_spent(self, whose, wanted):
        """All that there is, or less; never more than that."""
        for currency in ("USD", "EUR"):
            stands = sum(
                row.kept
                for row in self.rows()
                if row.kind == "credit" and row.status in ("approved", "paid") and row.currency == currency
                if self.names[row.beneficiary_id] == whose
            )
            there = max(0, stands - self.spent[whose, currency])
            with pytest.raises(NotEnoughCreditError) as refused, write_transaction() as session:
                self.redeem(session, whose, Money(there + 1, currency), "too much")
            assert refused.value.available == Money(there, currency)
            minor = min(there, wanted or there)
            if minor:
                name = f"redemption {len(self.redemptions)}"
                with write_transaction() as session:
                    self.redeem(session, whose, Money(minor, currency), name)
                self.redemptions[name] = (whose, currency, minor)
                self.spent[whose, currency] += minor

    @precondition(lambda self: any(self.redemptions.values()))
    @rule(which=st.integers(0, 99))
    def an_order_is_cancelled(self, which):
        name = one_of(sorted(name for name, what in self.redemptions.items() if what), which)
        whose, currency, minor = self.redemptions[name]
        with write_transaction() as session:
            program_id = factories.program(session).id
            undo_redemption(session, program_id, self.ids[whose], name, actor=SYSTEM, now=self.now)
        self.spent[whose, currency] -= minor
        self.redemptions[name] = None

    @rule(days=st.sampled_from([1, 6, 12, 31]))
    def time_passes(self, days):
        self.now += days * DAY
        with write_transaction() as session:
            mature_rewards(session, self.now)

    @rule(which=st.integers(0, 99))
    def a_rule_changes(self, which):
        known = [one for one in CHANGES + RULES if one["key"] in self.happened.rules]
        self.publish([one_of(known, which)], now=self.now)

    @rule(quote=quotes, back=days_back)
    def a_quote_is_added(self, quote, back):
        self.tell_quote(*quote, since=self.now - back * DAY, now=self.now)

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


@pytest.mark.slow
def test_every_step_with_counted_rules_leaves_what_the_model_says(
    databases, database_url, in_app, tmp_path, record_property
):
    taken = tell_stories(
        CountsMachine, databases, database_url, tmp_path, steps=STEPS[databases.name], of_a_story=STEPS_OF_A_STORY
    )
    record_property("steps", taken)
