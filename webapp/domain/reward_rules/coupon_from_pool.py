"""A coupon out of a pool of codes."""

from dataclasses import dataclass, field
from typing import ClassVar

from webapp.domain.facts import Earned, Facts, Skipped, facts
from webapp.domain.money import Money
from webapp.domain.registry import PoolKey, reward_rule
from webapp.domain.sentences import N_, Sentence

# A coupon has no amount; no money of any currency is as good as of another.
NO_AMOUNT = Money(0, "USD")


@reward_rule("coupon_from_pool", label=N_("A coupon out of a pool"), sentence=N_("a coupon out of the pool %(pool)s"))
@dataclass(frozen=True, slots=True)
class CouponFromPool:
    """One code out of a pool that you fill, each code handed out once."""

    pool: PoolKey = field(metadata={"label": N_("Pool"), "hint": N_("Its key, as the page of coupon pools has it.")})
    proportional: ClassVar[bool] = False

    def in_words(self) -> Sentence:
        """Say what is given."""
        return Sentence(N_("a coupon"))

    def reward(self, facts: Facts) -> Earned | Skipped:
        """Give a coupon, whatever the conversion's amount."""
        return Earned(NO_AMOUNT, (Sentence(N_("A coupon out of the pool “%(pool)s”."), {"pool": str(self.pool)}),))


EXAMPLES = [
    (CouponFromPool(PoolKey("autumn")), facts(type="signup"), "0.00 USD"),
    (CouponFromPool(PoolKey("autumn")), facts(amount="49.99 EUR", nth_purchase=3), "0.00 USD"),
]
