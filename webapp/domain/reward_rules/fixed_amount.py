"""The same amount each time."""

from dataclasses import dataclass, field
from typing import ClassVar

from webapp.domain.facts import Earned, Facts, Skipped, facts
from webapp.domain.money import Money
from webapp.domain.registry import CurrencyCode, MinorUnits, reward_rule
from webapp.domain.sentences import N_, Sentence


@reward_rule("fixed_amount", label=N_("A fixed amount"), sentence=N_("%(amount)s %(currency)s"))
@dataclass(frozen=True, slots=True)
class FixedAmount:
    """The same amount for each conversion, in the rule's own currency, whatever the conversion's was."""

    amount: MinorUnits = field(metadata={"label": N_("Amount")})
    currency: CurrencyCode = field(metadata={"label": N_("Currency")})
    proportional: ClassVar[bool] = False

    def in_words(self) -> Money:
        """Say what is paid."""
        return Money(int(self.amount), str(self.currency))

    def reward(self, facts: Facts) -> Earned | Skipped:
        """Pay the amount."""
        amount = Money(int(self.amount), str(self.currency))
        return Earned(amount, (Sentence(N_("A fixed amount of %(amount)s."), {"amount": amount}),))


EXAMPLES = [
    (FixedAmount(MinorUnits(1000), CurrencyCode("USD")), facts(type="signup"), "10.00 USD"),
    (FixedAmount(MinorUnits(1000), CurrencyCode("USD")), facts(amount="49.99 USD"), "10.00 USD"),
    (FixedAmount(MinorUnits(1000), CurrencyCode("USD")), facts(amount="49.99 EUR", nth_purchase=7), "10.00 USD"),
    (FixedAmount(MinorUnits(500), CurrencyCode("JPY")), facts(amount="3000 JPY"), "500 JPY"),
    (FixedAmount(MinorUnits(2500), CurrencyCode("KWD")), facts(amount="9.995 KWD"), "2.500 KWD"),
]
