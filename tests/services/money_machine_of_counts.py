"""What is told to the services and to the plain model of counted rules alike, and how the two are compared."""

import secrets
from collections import Counter
from datetime import datetime, timedelta
from fractions import Fraction

from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
)
from sqlalchemy import BigInteger, cast, func, select

from tests import factories
from tests.factories import NOON
from tests.services.money_model_of_counts import Back, Deed, Happened, Quote, Slot, Version, moves_freely, period_of
from tests.services.money_strategies_of_counts import BEGAN
from tests.services.test_money_model import differing, one_of
from webapp.database import write_transaction
from webapp.domain import quotes as exchange
from webapp.domain.money import Money
from webapp.domain.rules import read_rule
from webapp.extensions import db
from webapp.models import Conversion, LedgerEntry, RedemptionPart, Reward, RewardDecision, RewardEvent, RewardRule, User
from webapp.queries import ledger, rollups
from webapp.queries.conversions import decisions_of_many
from webapp.services.conversions import Event, record_conversion
from webapp.services.quotes import add_quote
from webapp.services.redemptions import redeem_credit
from webapp.services.refunds import RefundReport, record_refund
from webapp.services.rewards import SYSTEM
from webapp.services.rules import publish_rules
from webapp.services.signups import CameBy, sign_up

# The books are proven after each so many steps, and at the end of a story.
PROVEN_EVERY = 25

STORED = (
    select(
        *(Conversion.event_id, Conversion.user_id, Conversion.type, RewardRule.key, Reward.beneficiary_id),
        *(Reward.currency, Reward.id, Reward.status, Reward.ended_bond, Reward.kind),
        # PostgreSQL adds whole numbers up to a decimal.
        cast(Reward.amount_minor - func.sum(RewardEvent.taken_minor), BigInteger).label("kept"),
    )
    .join(Conversion, Conversion.id == Reward.conversion_id)
    .join(RewardRule, RewardRule.id == Reward.rule_id)
    .join(RewardEvent, RewardEvent.reward_id == Reward.id)
    .group_by(Reward.id, Conversion.id, RewardRule.id)
)
BROUGHT = select(Conversion.id, Conversion.event_id).where(
    Conversion.id.in_(select(RewardDecision.conversion_id).where(RewardDecision.amount_minor.is_not(None)))
)
SPENT = (
    select(RedemptionPart.reward_id)
    .group_by(RedemptionPart.reward_id)
    .having(func.sum(RedemptionPart.amount_minor) > 0)
)
EXPENSES = (
    select(LedgerEntry.user_id, LedgerEntry.currency, -func.sum(LedgerEntry.amount_minor))
    .where(LedgerEntry.account == "expense")
    .group_by(LedgerEntry.user_id, LedgerEntry.currency)
    .having(func.sum(LedgerEntry.amount_minor) != 0)
)


class ToldMachine(RuleBasedStateMachine):
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
        # Store credit, by who spent it and the currency; what was undone is None.
        self.spent, self.redemptions = Counter(), {}
        self.ids = {}
        with write_transaction() as session:
            for name in ("Ada", "Eve"):
                self.ids[name] = factories.person(session, now=BEGAN).id

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
        stand = self.stand()
        self.compare_kept(single, bonuses, stand)
        stored = db.session().execute(EXPENSES)
        assert {(self.names[of], currency): int(minor) for of, currency, minor in stored} == expenses
        # Doing nothing never pays: what was held stays so, whatever was added to it.
        assert {status for key in self.held for status in statuses.get(key, ())} <= {"held"}
        self.doubted |= {slot for slot, where in stand.items() if where in self.held}
        assert {status for slot in self.doubted for status in statuses.get(stand.get(slot), ())} <= {"held"}

    def compare_kept(self, single, bonuses, stand):
        """Compare what is kept, of what each rule gave for each deed, and where bonuses stand that share no group."""
        assert single == self.happened.kept()
        # Which bonuses there are follows from what happened, with whose event each stands also from its order.
        wanted = self.happened.bonuses()
        assert {slot for slot, where in stand.items() if self.is_free_bonus(*where)} == wanted.keys()
        paid = {(*stand[slot], currency): minor for slot, (minor, currency) in wanted.items()}
        assert bonuses == {what: minor for what, minor in paid.items() if what[:2] not in self.happened.rejected}

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

    def tell_quote(self, base, counter, rate, *, since, now):
        with write_transaction() as session:
            quote = exchange.Quote(base, counter, rate, since)
            add_quote(session, factories.program(session).id, quote, by=self.ids["Ada"], now=now)
        minor = Fraction(rate) / (100 if counter == "JPY" else 1)
        self.happened.quotes.append(Quote(now, since, base, counter, minor))

    def redeem(self, session, whose, amount, name):
        program_id, about = factories.program(session).id, {"occurred_at": self.now, "actor": SYSTEM, "now": self.now}
        redeem_credit(session, program_id, self.ids[whose], amount, event_id=name, **about)

    def is_free_bonus(self, what, key):
        table = self.happened.says(key, self.happened.deeds[what])
        return table is not None and moves_freely(table)

    def stand(self):
        """Return with what was done each bonus stands, by what was decided."""
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
                table = self.happened.says(key, deed)
                if table is not None and table["kind"] == "milestone":
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
        self.happened.does(Deed(f"signup of {friend}", "signup", friend, at, self.now))

    def buy(self, friend, amount, at):
        friend, name = one_of(sorted(self.happened.referrer_of), friend), f"event {self.events}"
        self.events += 1
        money_of = Money(*amount) if amount else None
        with write_transaction() as session:
            program = factories.program(session)
            happened = Event("purchase", at, name, money_of)
            record_conversion(session, program.id, happened, user_id=self.ids[friend], actor=SYSTEM, now=self.now)
        self.happened.does(Deed(name, "purchase", friend, at, self.now, *(amount or (None, None))))

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
