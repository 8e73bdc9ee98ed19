"""What the banks of the demo's customers take back, how that ends, and what is forgiven of it.

Chosen by what happened and when, never by ids, so that a seed tells the same.
"""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from webapp.domain.periods import Window
from webapp.models import Conversion, Program, Referral, Refund, Reward, RewardRule
from webapp.queries.conversions import decisions_of
from webapp.queries.friend_counts import count_friends
from webapp.queries.rewards import rewards_of_conversion
from webapp.services.disputes import Outcome, OutcomeReport, record_outcome
from webapp.services.refunds import RefundReport, record_refund
from webapp.services.rewards import SYSTEM
from webapp.services.write_offs import write_off_what_is_owed

# Two payments are disputed whose rewards are paid; one of the disputes is lost, and what is owed since written off.
DISPUTED_DAYS_AGO, LOST_DAYS_AGO, WON_DAYS_AGO, FORGIVEN_DAYS_AGO = 13, 7, 6, 4
# When an order comes back with which a bonus for a number of friends goes.
BONUS_LOST_DAYS_AGO = 9
WON, LOST = "demo-dispute-1", "demo-dispute-2"


@dataclass(slots=True)
class Bank:
    """The banks, day by day. `days` is how long the story is; nothing of the star's comes back."""

    session: Session
    program: Program
    admin_id: UUID
    star_id: UUID
    days: int
    disputed: dict[str, UUID] = field(default_factory=dict)

    def work(self, number: int, at: datetime) -> None:
        """Do what falls on a day; `number` counts the days from 1."""
        ago = self.days - number
        if ago == DISPUTED_DAYS_AGO:
            self._dispute(at)
        if ago == LOST_DAYS_AGO:
            self._end(LOST, "lost", at)
        if ago == WON_DAYS_AGO:
            self._end(WON, "won", at)
        if ago == FORGIVEN_DAYS_AGO:
            self._forgive(at)

    def order_with_a_bonus(self, number: int) -> str | None:
        """Return which order comes back on a day: of those with which a bonus goes, the last one."""
        if self.days - number != BONUS_LOST_DAYS_AGO:
            return None
        bonuses = self.session.execute(
            select(Conversion.id, Conversion.event_id, Conversion.user_id, Reward.rule_id, Referral.referrer_id)
            .join(Reward, Reward.conversion_id == Conversion.id)
            .join(RewardRule, RewardRule.id == Reward.rule_id)
            .join(Referral, Referral.id == Conversion.referral_id)
            .where(RewardRule.key == "friends-bonus", Reward.status.in_(("pending", "approved")))
            .where(Reward.beneficiary_id != self.star_id)
            .order_by(Conversion.occurred_at.desc(), Conversion.event_id)
        ).all()
        for id_, event_id, user_id, rule_id, referrer_id in bonuses:
            friends = count_friends(self.session, rule_id, referrer_id, Window())
            orders = select(func.count()).where(Conversion.user_id == user_id, Conversion.type == "purchase")
            (decided,) = (
                one for one in decisions_of(self.session, id_) if one.version and one.version.rule_id == rule_id
            )
            if decided.facts.friends == friends and self.session.scalar(orders) == 1:
                return str(event_id)
        return None

    def _dispute(self, at: datetime) -> None:
        paid = exists().where(
            Reward.conversion_id == Conversion.id, Reward.status == "paid", Reward.beneficiary_id != self.star_id
        )
        rows = self.session.execute(
            select(Conversion.event_id, Conversion.id)
            .where(Conversion.program_id == self.program.id, Conversion.type == "purchase", paid)
            .where(~exists().where(Refund.conversion_id == Conversion.id))
            .order_by(Conversion.occurred_at.desc(), Conversion.event_id)
            .limit(2)
        ).all()
        for name, (event_id, conversion_id) in zip((WON, LOST), rows, strict=False):
            report = RefundReport(name, at, conversion_event_id=event_id, kind="dispute")
            record_refund(self.session, self.program.id, report, actor=SYSTEM, now=at)
            self.disputed[name] = conversion_id

    def _end(self, name: str, outcome: Outcome, at: datetime) -> None:
        if name in self.disputed:
            report = OutcomeReport(f"{name}-{outcome}", name, outcome, at)
            record_outcome(self.session, self.program.id, report, actor=SYSTEM, now=at)

    def _forgive(self, at: datetime) -> None:
        if LOST not in self.disputed:
            return
        rewards = rewards_of_conversion(self.session, self.disputed[LOST])
        for reward in sorted(rewards, key=lambda one: (one.version.definition.key, one.correction)):
            if reward.owed_minor > 0:
                write_off_what_is_owed(
                    self.session,
                    self.program.id,
                    reward.id,
                    seen_minor=reward.owed_minor,
                    note="Not worth a letter to a good customer",
                    by=self.admin_id,
                    now=at,
                )
