"""A percentage of what the friend paid."""

from dataclasses import dataclass, field
from typing import ClassVar

from webapp.domain.facts import Earned, Facts, Skipped, facts
from webapp.domain.money import Percent
from webapp.domain.registry import reward_rule
from webapp.domain.sentences import N_, NN_, Sentence, counted
from webapp.domain.shares import beyond_first, share_of_payment


@reward_rule(
    "percent_of_purchase",
    label=N_("A percentage of each purchase"),
    sentence=N_("%(percent)s of what the friend pays, for their first %(first_purchases)s purchases"),
)
@dataclass(frozen=True, slots=True)
class PercentOfPurchase:
    """A share of each purchase, for the friend's first few purchases."""

    percent: Percent = field(metadata={"label": N_("Percentage")})
    first_purchases: int = field(
        default=12, metadata={"label": N_("How many purchases"), "hint": N_("Of each friend, counted from the first.")}
    )
    proportional: ClassVar[bool] = True

    def in_words(self) -> Sentence:
        """Say what is paid."""
        words = NN_(
            "%(percent)s%% of what the friend pays, for their first purchase only",
            "%(percent)s%% of what the friend pays, for their first %(count)s purchases",
        )
        values = {"percent": self.percent.text, "count": self.first_purchases}
        return counted(words, self.first_purchases, values)

    def reward(self, facts: Facts) -> Earned | Skipped:
        """Round half up to the minor unit."""
        return share_of_payment(facts, self.percent, unless=beyond_first(facts, self.first_purchases))


EXAMPLES = [
    (PercentOfPurchase(Percent("20")), facts(amount="49.99 USD"), "10.00 USD"),
    (PercentOfPurchase(Percent("12.5")), facts(amount="0.20 USD"), "0.03 USD"),
    (PercentOfPurchase(Percent("2.5")), facts(amount="100 JPY"), "3 JPY"),
    (PercentOfPurchase(Percent("10")), facts(amount="1.235 KWD"), "0.124 KWD"),
    (PercentOfPurchase(Percent("20"), first_purchases=1), facts(amount="49.99 EUR", nth_purchase=2), "purchase_limit"),
    (PercentOfPurchase(Percent("20")), facts(), "amount_missing"),
    (PercentOfPurchase(Percent("1")), facts(amount="0.49 USD"), "rounds_to_zero"),
    (PercentOfPurchase(Percent("50")), facts(amount="0.00 USD"), "rounds_to_zero"),
]
