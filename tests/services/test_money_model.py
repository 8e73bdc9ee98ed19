"""Long random stories of money, each step compared with a plain-Python model."""

import os
import secrets
from collections import Counter
from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import case, func, select, update

from tests import factories
from tests.chance import model_seed
from tests.factories import NOON
from tests.services.money_machine_of_appeals import AppealingMachine
from tests.services.money_model import DECISIONS, Books, Purchase, Waiting
from tests.services.money_strategies import AT_FIRST, DAY, amounts, days_back, letters, newness, rule_sets, types
from tests.suspicion import suspect
from webapp.database import close_connections, write_transaction
from webapp.domain.money import Money
from webapp.domain.recomputing import Price, differs
from webapp.domain.reward_decisions import CHOICES
from webapp.domain.rewards import STATUSES, StatusError
from webapp.domain.rules import read_rule
from webapp.extensions import db
from webapp.models import Conversion, LedgerEntry, Program, Reward, RewardEvent, RewardRule, User
from webapp.queries import audit, ledger, rollups
from webapp.queries.conversions import decisions_of_many
from webapp.queries.rules import find_rule_id
from webapp.services.conversions import Event, EventTakenError, OrderTakenError, record_conversion
from webapp.services.refunds import AmbiguousOrderError, RefundReport, RefundTakenError, record_refund
from webapp.services.reward_decisions import decide_rewards
from webapp.services.reward_steps import SYSTEM
from webapp.services.rewards import change_status, mature_rewards
from webapp.services.rules import RuleStateError, change_rule_state, publish_rules
from webapp.services.signups import CameBy, sign_up

STEPS_OF_A_STORY = 60
STEPS = {"sqlite": 20_000, "postgresql": 1_500}
PARTS = 2
HOLD_DAYS = 20
REFUSALS = {
    EventTakenError: "event taken",
    OrderTakenError: "order taken",
    RefundTakenError: "refund taken",
    AmbiguousOrderError: "ambiguous",
    StatusError: False,
    RuleStateError: False,
}


def _taken_as(how):
    return func.sum(case((RewardEvent.taken_as == how, RewardEvent.taken_minor), else_=0))


# Built once: every step asks both. Whose purchase and which rule, the reward's id, and how it stands.
STORED_REWARDS = (
    select(
        *(Conversion.event_id, Conversion.user_id, RewardRule.key, Reward.id),
        *(Reward.side, Reward.beneficiary_id, Reward.amount_minor, Reward.currency, Reward.status, Reward.matures_at),
        *(_taken_as("reversal"), _taken_as("clawback"), Reward.bond),
    )
    .join(Conversion, Conversion.id == Reward.conversion_id)
    .join(RewardRule, RewardRule.id == Reward.rule_id)
    .join(RewardEvent, RewardEvent.reward_id == Reward.id)
    .group_by(Reward.id, Conversion.id, RewardRule.id)
)
STORED_BALANCES = (
    select(LedgerEntry.user_id, LedgerEntry.currency, LedgerEntry.account, func.sum(LedgerEntry.amount_minor))
    .group_by(LedgerEntry.user_id, LedgerEntry.currency, LedgerEntry.account)
    .having(func.sum(LedgerEntry.amount_minor) != 0)
)


class MoneyMachine(AppealingMachine):
    """The services on one side, the model on the other."""

    kept_in = Books

    def __init__(self, empty, steps):
        super().__init__()
        empty()
        self.steps = steps
        self.now = NOON
        self.compared_at = self.now
        self.publications = 0
        self.books = self.kept_in(HOLD_DAYS)
        # Of people and of rewards, by their names in the model.
        self.ids, self.reward_ids = {}, {}
        with write_transaction() as session:
            session.execute(update(Program).values(hold_days=HOLD_DAYS))
            suspect(session, "disposable_mail")
            for name in ("Ada", "Cara"):
                self.ids[name] = factories.person(session, now=NOON - 90 * DAY).id

    @initialize(wanted=rule_sets)
    def there_are_rules_and_a_friend_who_buys(self, wanted):
        self.publish([*AT_FIRST, *wanted], prune=False, now=NOON - 80 * DAY)
        # Long enough ago that what they do is before and after the first months of a rule.
        self.someone_joins("Ada", 40)
        self.record(Purchase("first", "purchase", "friend 0", 4999, "USD", "first order", NOON - DAY))

    @precondition(lambda self: self.publications < 6)
    @rule(wanted=rule_sets, prune=st.booleans())
    def rules_are_published(self, wanted, prune):
        self.publish(wanted, prune=prune, now=self.a_moment_later())

    @rule(which=st.integers(0, 99), state=st.sampled_from(["paused", "live", "live", "ended"]))
    def a_rule_pauses_goes_on_or_ends(self, which, state):
        key, now = one_of(sorted(self.books.rules), which), self.a_moment_later()

        def change(session):
            program, after = factories.program(session), len(self.books.rules[key])
            rule_id = find_rule_id(session, program.id, key)
            change_rule_state(session, program, rule_id, state, after=after, note="", by=None, now=now)
            return True

        assert outcome_of(change) == self.books.sends_rule(key, state, now)

    @precondition(lambda self: len(self.ids) < 7)
    @rule(referrer=st.sampled_from(["Ada", "Cara", "friend 0", None]), back=days_back)
    def someone_joins(self, referrer, back):
        number, at = len(self.ids) - 2, self.now - back * DAY
        friend, suspected = f"friend {number}", number % 2 == 1
        with write_transaction() as session:
            typed = factories.link_of(session, session.get_one(User, self.ids[referrer])) if referrer else None
            signed_up = sign_up(
                session,
                factories.program(session),
                name=friend,
                email=f"friend{len(self.ids)}@{'mailinator.com' if suspected else 'example.org'}",
                password_hash=None,
                came_by=CameBy(typed=typed),
                choose=secrets.choice,
                now=self.now,
                signed_up_at=at,
            )
            self.ids[friend] = signed_up.user.id
        joined = self.books.joins(friend, referrer, at, is_suspected=suspected)
        assert said(signed_up.recorded) == in_any_order(joined)

    @rule(
        which=st.integers(0, 99),
        letter=letters,
        named=newness,
        type=types,
        amount=amounts,
        of_order=st.none() | newness,
        friend=st.integers(0, 99),
        back=days_back,
        plan=st.sampled_from([None, "pro", "free"]),
    )
    def someone_buys(self, which, letter, named, type, amount, of_order, friend, back, plan):
        number = len(self.books.purchases)
        taken = [one for one in self.books.purchases.values() if one.is_event]
        awaited = self.books.waiting
        names = {"taken": [one.name for one in taken], "awaited": [one.of_event for one in awaited if one.of_event]}
        orders = {
            "taken": [one.order for one in taken if one.order],
            "awaited": [one.of_order for one in awaited if one.of_order],
        }
        name = one_of(names.get(named), which) or f"{letter}{number}"
        order = of_order and (one_of(orders.get(of_order), which) or f"order {number}")
        # Now and then someone unknown.
        friends = [*self.books.referrer_of] * 2 + [None]
        friend = friends[friend % len(friends)]
        self.record(Purchase(name, type, friend, *(amount or (None, None)), order, self.now - back * DAY, plan=plan))

    @rule(
        which=st.integers(0, 99),
        named=newness,
        by_order=st.booleans(),
        unknown=st.sampled_from([0, 0, 0, 1]),
        wanted=st.sampled_from([None, Fraction(1, 3), Fraction(1, 2), 0, 1, 99_999]),
    )
    def something_is_refunded(self, which, named, by_order, unknown, wanted):
        number = len(self.books.refund_names)
        known = [one for one in self.books.purchases.values() if (one.order if by_order else one.is_event)]
        rewarded = [one for one in known if any(reward.kept for reward in one.rewards)]
        purchase = None if unknown else one_of((which % 3 and rewarded) or known, which)
        if isinstance(wanted, Fraction):
            wanted = int(((purchase and purchase.amount) or 1000) * wanted)
        of_event = None if by_order else purchase.name if purchase else f"later {number}"
        of_order = (purchase.order if purchase else f"later {number}") if by_order else None
        name = f"refund {number if named != 'taken' else which % (number + 1)}"
        report = RefundReport(name, self.now, order_id=of_order, conversion_event_id=of_event, wanted_minor=wanted)

        def record(session):
            refunded = record_refund(session, factories.program(session).id, report, actor=SYSTEM, now=self.now)
            taken = [(taken.rule_key, taken.amount.minor, taken.taken_as) for taken in refunded.taken_back]
            return "waits" if refunded.conversion_id is None else in_any_order(taken)

        expected = self.books.refunds(Waiting(name, wanted, of_event, of_order, self.now))
        assert outcome_of(record) == in_any_order(expected)

    @precondition(lambda self: self.rewards())
    @rule(which=st.integers(0, 99), status=st.sampled_from(STATUSES))
    def someone_decides(self, which, status):
        self.send(self.rewards(), which, status)

    @precondition(lambda self: self.rewards())
    @rule(
        which=st.lists(st.integers(0, 99), min_size=1, max_size=3),
        choice=st.sampled_from(sorted(DECISIONS)),
        is_stale=st.sampled_from([False] * 5 + [True]),
    )
    def staff_decide_about_some(self, which, choice, is_stale):
        rewards = self.rewards()
        chosen = {}
        for number in which:
            purchase, reward = rewards[number % len(rewards)]
            chosen[self.reward_ids[purchase.name, reward.key, reward.bond]] = (purchase, reward)
        with write_transaction() as session:
            found = session.execute(select(Reward.id, Reward.sequence).where(Reward.id.in_(chosen)))
            seen = {reward_id: sequence - is_stale for reward_id, sequence in found}
            reason = "terms" if choice == "reject" else None
            about = (session, factories.program(session).id, CHOICES[choice], seen)
            # What was appealed is not released without a word.
            outcomes = decide_rewards(*about, reason=reason, note="Looked at", by=self.ids["Ada"], now=self.now)
        for outcome in outcomes:
            expected = "changed" if is_stale else self.books.decides(*chosen[outcome.reward_id], choice, self.now)
            assert outcome.result == expected

    @precondition(lambda self: self.rewards("approved"))
    @rule(which=st.integers(0, 99))
    def a_payout_is_frozen(self, which):
        self.send(self.rewards("approved"), which, "in_payout")

    @precondition(lambda self: self.rewards("in_payout"))
    @rule(which=st.integers(0, 99), status=st.sampled_from(["paid", "paid", "approved"]))
    def a_payout_ends(self, which, status):
        self.send(self.rewards("in_payout"), which, status)

    @precondition(lambda self: self.rewards("held"))
    @rule(which=st.integers(0, 99), status=st.sampled_from(["rejected", "pending", "approved"]))
    def a_case_is_closed(self, which, status):
        self.send(self.rewards("held"), which, status)

    @rule(later=st.sampled_from([DAY, DAY, 5 * DAY, 10 * DAY]))
    def time_passes(self, later):
        self.now += later

    @precondition(lambda self: any(reward.matures_at <= self.now for _, reward in self.rewards("pending")))
    @rule()
    def the_job_matures_rewards(self):
        with write_transaction() as session:
            matured = mature_rewards(session, self.now)
        assert matured == self.books.matures(self.now)

    @invariant()
    def both_agree(self):
        self.steps["done"] += 1
        if self.compared_at == self.now:
            self.compare()
        # The clock alone moves nothing.
        self.compared_at = self.now

    def compare(self):
        session = db.session()
        names = {user_id: name for name, user_id in self.ids.items()}
        self.reward_ids, found = {}, {}
        for event_id, friend, key, reward_id, side, beneficiary, *stands in session.connection().execute(
            STORED_REWARDS
        ):
            name = event_id or f"signup of {names[friend]}"
            *stands, bond = stands
            self.reward_ids[name, key, bond] = reward_id
            found[name, key, bond] = (side, names[beneficiary], *stands)
        assert found == {
            (purchase.name, one.key, one.bond): (
                *(one.side, one.beneficiary, one.amount, one.currency, one.status),
                *(one.matures_at, one.reversed, one.clawed_back),
            )
            for purchase, one in self.books.rewards()
        }
        balances = session.connection().execute(STORED_BALANCES)
        assert {(names[id_], *account): minor for id_, *account, minor in balances} == self.books.balances()
        session.rollback()

    def teardown(self):
        assert list(ledger.breaches(db.session())) == []
        assert list(rollups.breaches(db.session())) == []
        assert list(audit.breaches(db.session())) == []
        assert list(differing()) == []
        db.session.rollback()

    def a_moment_later(self):
        """Let the clock move on: a rule that changed in the very moment of a purchase told before has two answers."""
        self.now = self.compared_at = self.now + timedelta(microseconds=1)
        return self.now

    def publish(self, wanted, *, prune, now):
        self.publications += 1
        with write_transaction() as session:
            program, rules = factories.program(session), [read_rule(table) for table in wanted]
            done = publish_rules(session, program, rules, prune=prune, note="", by=None, now=now)
        assert {(change.key, change.kind) for change in done} == self.books.publishes(wanted, prune=prune, now=now)

    def record(self, purchase):
        """Tell both sides of a purchase."""
        money = None if purchase.amount is None else Money(purchase.amount, purchase.currency)
        details = None if purchase.plan is None else {"plan": purchase.plan}
        happened = Event(purchase.type, purchase.at, purchase.name, money, purchase.order, details)

        def record(session):
            program, user_id = factories.program(session), self.ids.get(purchase.friend)
            return said(record_conversion(session, program.id, happened, user_id=user_id, actor=SYSTEM, now=self.now))

        assert outcome_of(record) == in_any_order(self.books.buys(purchase))

    def rewards(self, *statuses):
        """Return the rewards that stand at one of these statuses, or all, each with its purchase."""
        return [(purchase, one) for purchase, one in self.books.rewards() if not statuses or one.status in statuses]

    def send(self, rewards, which, status):
        """Take one of these rewards to a status, if it can be taken there."""
        purchase, reward = rewards[which % len(rewards)]
        reward_id = self.reward_ids[purchase.name, reward.key, reward.bond]

        def change(session):
            change_status(session, reward_id, status, reason="test", actor=SYSTEM, now=self.now)
            return True

        assert outcome_of(change) == reward.goes_to(status)


def outcome_of(operation):
    """Return what an operation answers in a transaction of its own, or why it was refused."""
    try:
        with write_transaction() as session:
            return operation(session)
    except tuple(REFUSALS) as error:
        return REFUSALS[type(error)]


def differing():
    """Yield the decisions that come out otherwise now."""
    session = db.session()
    for decisions in decisions_of_many(session, session.scalars(select(Conversion.id)).all()).values():
        for decided in decisions:
            if decided.version:
                stored = Price(decided.code, decided.amount)
                if again := differs(decided.version.definition, decided.facts, stored):
                    yield decided, again


def one_of(things, which):
    return things[which % len(things)] if things else None


def said(recorded):
    return in_any_order([(decided.rule_key, decided.code) for decided in recorded.decisions])


def in_any_order(found):
    return sorted(found, key=str) if isinstance(found, list) else found


# In parts, so that two workers share the work.
@pytest.mark.slow
@pytest.mark.parametrize("part", range(1, PARTS + 1))
def test_every_step_of_a_story_leaves_what_the_model_says(
    part, databases, database_url, in_app, tmp_path, record_property
):
    wanted = int(os.environ.get("GRAPEVINE_MODEL_STEPS", STEPS[databases.name])) // PARTS
    chosen = model_seed()
    steps = Counter()

    def empty():
        db.session.remove()
        close_connections()
        databases.drop(database_url)
        assert databases.clone(tmp_path) == database_url

    while steps["done"] < wanted:
        # Some stories end early, so that there may be more rounds than one.
        run_state_machine_as_test(
            seed(chosen + steps["done"])(lambda: MoneyMachine(empty, steps)),
            settings=settings(
                max_examples=-(-(wanted - steps["done"]) // STEPS_OF_A_STORY),
                stateful_step_count=STEPS_OF_A_STORY,
                deadline=None,
                print_blob=True,
                # Explaining a failure traces every line, which makes all of it several times slower.
                phases=[Phase.reuse, Phase.generate, Phase.shrink],
                suppress_health_check=list(HealthCheck),
            ),
        )
    record_property("steps", steps["done"])
