"""The long random stories of money once more, with disputes, how they ended, and write-offs in between."""

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests import factories
from tests.services.money_model import FROZEN, Books, Waiting, _earned, _period
from tests.services.money_model_rules import limited as _limited
from tests.services.money_model_rules import price as _price
from tests.services.money_strategies import newness
from tests.services.stories import tell_stories
from tests.services.test_money_model import (
    REFUSALS,
    STEPS_OF_A_STORY,
    MoneyMachine,
    in_any_order,
    one_of,
)
from webapp.database import write_transaction
from webapp.services.disputes import DisputeDecidedError, OutcomeReport, OutcomeTakenError, record_outcome
from webapp.services.refunds import RefundReport, record_refund
from webapp.services.reward_steps import SYSTEM
from webapp.services.write_offs import OwedChangedError, write_off_what_is_owed

STEPS = {"sqlite": 2_500, "postgresql": 400}
REFUSED = {**REFUSALS, OutcomeTakenError: "outcome taken", DisputeDecidedError: "decided", OwedChangedError: "changed"}


@dataclass
class Back:
    """A refund or a dispute of a purchase that is there."""

    name: str
    wanted: int | None
    won: bool = False


@dataclass
class Cause:
    """What one of them, or anything else, did to a reward."""

    taken: int = 0
    clawed_back: int = 0
    written_off: int = 0


class DisputedBooks(Books):
    """Books in which money comes back, and is forgiven."""

    def __init__(self, hold_days):
        super().__init__(hold_days)
        self.backs = {}
        self.outcomes = {}
        self.outcome_names = set()
        # Of rewards, by what they are: what took how much of them, and as what they stood before they were reversed.
        self.causes = {}
        self.former = {}
        # What does not pay because it was taken back before it counted again.
        self.before = set()

    def causes_of(self, reward):
        return self.causes.setdefault(id(reward), {})

    def forgiven(self, reward):
        return sum(cause.written_off for cause in self.causes_of(reward).values())

    def owed(self, reward):
        return 0 if reward.status == "rejected" else reward.clawed_back - self.forgiven(reward)

    def balances(self):
        found = super().balances()
        for _purchase, reward in self.rewards():
            if reward.status not in ("rejected", "reversed"):
                found[reward.beneficiary, reward.currency, "clawback"] += self.forgiven(reward)
                found[reward.beneficiary, reward.currency, "expense"] -= self.forgiven(reward)
        return Counter({account: minor for account, minor in found.items() if minor})

    def ends(self, name, dispute_name, outcome):
        """Return what came back to which rule's reward, or why nothing did."""
        if name in self.outcome_names:
            return "outcome taken"
        if dispute_name in self.outcomes:
            return "decided"
        self.outcome_names.add(name)
        self.outcomes[dispute_name] = outcome
        of = [(purchase, one) for purchase, one in self._all_backs() if one.name == dispute_name]
        if not of:
            return "waits"
        if outcome == "lost":
            return []
        purchase, back = of[0]
        back.won = True
        self._count(purchase)
        given = [self._give(purchase, reward, back) for reward in purchase.rewards]
        return [what for what in given if what is not None]

    def writes_off(self, reward, seen):
        owed = self.owed(reward)
        if owed <= 0 or owed != seen:
            return "changed"
        for cause in self.causes_of(reward).values():
            part = min(owed, cause.clawed_back - cause.written_off)
            if part > 0:
                cause.written_off += part
                owed -= part
        return seen

    def still_earned(self, purchase, reward):
        return self._target(purchase, reward)

    def bring_back(self, purchase, reward, earned):
        """What went back while it was rejected is taken off, and what came back meanwhile is there again."""
        for back in self.backs.get(purchase.name, []):
            if back.won:
                self._give(purchase, reward, back)
            else:
                self._take(reward, earned, back.name)

    def remember(self):
        """Keep as what each reward stands that is not reversed."""
        for _purchase, reward in self.rewards():
            if reward.status != "reversed":
                self.former[id(reward)] = reward.status

    def _all_backs(self):
        for purchase in self.purchases.values():
            for one in self.backs.get(purchase.name, []):
                yield purchase, one

    def _count(self, purchase):
        standing = [one for one in self.backs.get(purchase.name, []) if not one.won]
        amount = purchase.amount or 0
        purchase.refunded = min(amount, sum(amount if one.wanted is None else one.wanted for one in standing))
        purchase.refunds = len(standing)

    def _apply(self, refund, purchase):
        back = Back(refund.name, refund.wanted, self.outcomes.get(refund.name) == "won")
        self.backs.setdefault(purchase.name, []).append(back)
        self._count(purchase)
        taken = [self._take(reward, self._target(purchase, reward), back.name) for reward in purchase.rewards]
        return [what for what in taken if what is not None]

    def _target(self, purchase, reward):
        worth = _price(purchase.asked[reward.key], purchase)
        _code, amount, _currency = _limited(purchase.asked[reward.key], worth, purchase.used.get(reward.key, {}))
        pays = amount and (purchase.name, reward.key) not in self.before
        return _earned(reward, purchase) if pays else 0

    def _take(self, reward, target, name):
        missing = reward.kept - target
        if missing <= 0 or reward.status in ("rejected", "reversed"):
            return None
        cause = self.causes_of(reward).setdefault(name, Cause())
        cause.taken += missing
        left = reward.amount - reward.reversed
        owed = missing if reward.status in FROZEN else max(0, missing - left)
        reward.clawed_back += owed
        cause.clawed_back += owed
        reward.reversed += missing - owed
        if reward.reversed == reward.amount:
            self.former[id(reward)] = reward.status
            reward.status = "reversed"
        return reward.key, missing, "clawback" if owed == missing else "reversal"

    def _give(self, purchase, reward, back):
        more = self._target(purchase, reward) - reward.kept
        if more <= 0 or reward.status == "rejected":
            return None
        causes = self.causes_of(reward)
        of_won = {one.name for one in self.backs[purchase.name] if one.won}
        again = min(more, sum(cause.written_off for name, cause in causes.items() if name in of_won))
        kept = reward.kept + more + self.forgiven(reward)
        self._ends_write_offs(causes, of_won, max(again, kept - reward.amount))
        cause = causes.setdefault(back.name, Cause())
        cause.taken -= more
        undone = 0 if reward.status in FROZEN else min(more, reward.reversed)
        reward.reversed -= undone
        reward.clawed_back -= more - undone
        cause.clawed_back -= more - undone
        if reward.status == "reversed":
            reward.status, reward.held_for = self.former[id(reward)], "dispute"
        return reward.key, more, "reversal" if undone else "clawback"

    def _ends_write_offs(self, causes, of_won, minor):
        for cause in sorted(causes.items(), key=lambda one: one[0] not in of_won):
            part = max(0, min(minor, cause[1].written_off))
            cause[1].written_off -= part
            minor -= part

    def _count_anew(self, new):
        before = {id(reward): (reward.clawed_back, reward.kept) for _purchase, reward in self.rewards()}
        self.remember()
        begun = super()._count_anew(new)
        for _purchase, reward in self.rewards():
            clawed_back, kept = before[id(reward)]
            if kept != reward.kept:
                cause = self.causes_of(reward).setdefault(None, Cause())
                cause.clawed_back += reward.clawed_back - clawed_back
        self.before |= {(one.name, key) for one, key in begun if any(reward.key == key for reward in one.rewards)}
        return begun

    def _reward(self, purchase, key):
        number = len(purchase.rewards)
        code = super()._reward(purchase, key)
        for reward in purchase.rewards[number:]:
            # Only what went back can have been taken yet.
            self.former[id(reward)] = "approved" if reward.matures_at == purchase.at else "pending"
            self.causes_of(reward)["what went back before"] = Cause(taken=reward.reversed)
        return code

    def _used(self, key, scope, limit, purchase):
        referrer = self.referrer_of[purchase.friend or ""]
        counted = [
            reward
            for other, reward in self.rewards()
            if reward.key == key
            and reward.status not in ("rejected", "reversed")
            and _period(limit, other) == _period(limit, purchase)
            and (scope == "program" or self.referrer_of[other.friend or ""] == referrer)
        ]
        kept = [(reward.kept + self.forgiven(reward), reward.currency) for reward in counted]
        if "count" in limit:
            return sum(minor > 0 for minor, _currency in kept)
        return sum(minor for minor, currency in kept if currency == limit["currency"])


def outcome_of(operation):
    """Return what an operation answers in a transaction of its own, or why it was refused."""
    try:
        with write_transaction() as session:
            return operation(session)
    except tuple(REFUSED) as error:
        return REFUSED[type(error)]


class DisputeMachine(MoneyMachine):
    """As the other one, and banks take money back, which may come back again."""

    kept_in = DisputedBooks

    @rule(
        which=st.integers(0, 99),
        named=newness,
        by_order=st.booleans(),
        unknown=st.sampled_from([0, 0, 0, 1]),
        wanted=st.sampled_from([None, None, Fraction(1, 3), Fraction(1, 2), 1, 99_999]),
    )
    def something_is_disputed(self, which, named, by_order, unknown, wanted):
        number = len([name for name in self.books.refund_names if name.startswith("dispute")])
        known = [one for one in self.books.purchases.values() if (one.order if by_order else one.is_event)]
        frozen = [one for one in known if any(reward.kept and reward.status in FROZEN for reward in one.rewards)]
        purchase = None if unknown else one_of((which % 3 and frozen) or known, which)
        if isinstance(wanted, Fraction):
            wanted = int(((purchase and purchase.amount) or 1000) * wanted)
        of_event = None if by_order else purchase.name if purchase else f"soon {number}"
        of_order = (purchase.order if purchase else f"soon {number}") if by_order else None
        name = f"dispute {number if named != 'taken' else which % (number + 1)}"
        self.dispute(name, wanted, of_event, of_order)

    @rule(which=st.integers(0, 99), number=st.integers(0, 99), outcome=st.sampled_from(["won", "won", "won", "lost"]))
    def a_dispute_ends(self, which, number, outcome):
        disputes = len([name for name in self.books.refund_names if name.startswith("dispute")])
        # Now and then one that is not there yet, or that has ended.
        of = f"dispute {which % (disputes + 1)}"
        linked = [back.name for _purchase, back in self.books._all_backs() if back.name.startswith("dispute")]
        if which % 4 and (open_ones := [one for one in linked if one not in self.books.outcomes]):
            of = one_of(open_ones, which)
        name = f"outcome {number % (len(self.books.outcome_names) + 1) if number % 5 == 0 else f'{number} of {of}'}"
        self.end(name, of, outcome)

    @precondition(lambda self: any(self.books.owed(reward) for _purchase, reward in self.rewards()))
    @rule(which=st.integers(0, 99), is_stale=st.sampled_from([False] * 5 + [True]))
    def what_is_owed_is_written_off(self, which, is_stale):
        owing = [(purchase, one) for purchase, one in self.rewards() if self.books.owed(one)]
        self.forgive(*one_of(owing, which), is_stale=is_stale)

    @precondition(lambda self: self.paid())
    @rule(
        which=st.integers(0, 99),
        parts=st.tuples(*[st.sampled_from([0, Fraction(1, 3), Fraction(1, 2), 1])] * 3),
        forgiven=st.sets(st.sampled_from([0, 1, 2])),
    )
    def what_was_paid_goes_back_is_forgiven_and_comes_back(self, which, parts, forgiven):
        """Two disputes with a refund between them, some of it written off, and then both are won."""
        purchase, reward = one_of(self.paid(), which)
        number = len(self.books.refund_names)
        names = [f"dispute {number} first", f"refund {number} between", f"dispute {number} second"]
        for step, (name, part) in enumerate(zip(names, parts, strict=True)):
            self.dispute(name, int(purchase.amount * part), purchase.name, None)
            if step in forgiven and self.books.owed(reward):
                self.forgive(purchase, reward, is_stale=False)
        for name in (names[0], names[2]) if which % 2 else (names[2], names[0]):
            self.end(f"end of {name}", name, "won")

    def paid(self):
        """Return what stands in a payout or was paid, with its purchase."""
        return [
            (purchase, reward)
            for purchase, reward in self.rewards(*FROZEN)
            if reward.kept and purchase.amount and purchase.is_event
        ]

    def dispute(self, name, wanted, of_event, of_order):
        """Tell both sides of a dispute, or of a refund when it is called so."""
        kind = "dispute" if name.startswith("dispute") else "refund"
        report = RefundReport(
            name, self.now, order_id=of_order, conversion_event_id=of_event, wanted_minor=wanted, kind=kind
        )

        def record(session):
            refunded = record_refund(session, factories.program(session).id, report, actor=SYSTEM, now=self.now)
            taken = [(taken.rule_key, taken.amount.minor, taken.taken_as) for taken in refunded.taken_back]
            return "waits" if refunded.conversion_id is None else in_any_order(taken)

        self.books.remember()
        expected = self.books.refunds(Waiting(name, wanted, of_event, of_order, self.now))
        assert outcome_of(record) == in_any_order(expected)

    def end(self, name, of, outcome):
        """Tell both sides how a dispute ended."""
        report = OutcomeReport(name, of, outcome, self.now)

        def record(session):
            decided = record_outcome(session, factories.program(session).id, report, actor=SYSTEM, now=self.now)
            given = [(part.rule_key, part.amount.minor, part.taken_as) for part in decided.given_back]
            return "waits" if decided.restored_minor is None else in_any_order(given)

        self.books.remember()
        expected = self.books.ends(name, of, outcome)
        assert outcome_of(record) == in_any_order(expected)

    def forgive(self, purchase, reward, *, is_stale):
        reward_id = self.reward_ids[purchase.name, reward.key, reward.bond]
        seen = self.books.owed(reward) + is_stale

        def write_off(session):
            program_id = factories.program(session).id
            return write_off_what_is_owed(
                session, program_id, reward_id, seen_minor=seen, note="A gift", by=self.ids["Ada"], now=self.now
            ).amount.minor

        assert outcome_of(write_off) == self.books.writes_off(reward, seen)


@pytest.mark.slow
def test_every_step_with_disputes_leaves_what_the_model_says(
    databases, database_url, in_app, tmp_path, record_property
):
    taken = tell_stories(
        DisputeMachine, databases, database_url, tmp_path, steps=STEPS[databases.name], of_a_story=STEPS_OF_A_STORY
    )
    record_property("steps", taken)
