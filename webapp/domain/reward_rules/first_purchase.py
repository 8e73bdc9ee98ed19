"""A reward for the friend's first purchase only."""

from dataclasses import dataclass, field

from webapp.domain.facts import Earned, Facts, Skipped, facts
from webapp.domain.money import Money, Percent
from webapp.domain.registry import CurrencyCode, MinorUnits, SettingError, reward_rule
from webapp.domain.sentences import N_, Sentence
from webapp.domain.shares import beyond_first, share_of_payment


@reward_rule(
    "first_purchase",
    label=N_("A reward for the first purchase"),
    sentence=N_("%(percent)s of the friend’s first purchase, or else %(amount)s %(currency)s for it"),
)
@dataclass(frozen=True, slots=True)
class FirstPurchase:
    """A share of the friend's first purchase, or an amount for it; nothing for any other."""

    percent: Percent | None = field(default=None, metadata={"label": N_("Percentage")})
    amount: MinorUnits | None = field(default=None, metadata={"label": N_("Amount")})
    currency: CurrencyCode | None = field(default=None, metadata={"label": N_("Currency")})

    def __post_init__(self) -> None:
        if self.percent is None and self.amount is None and self.currency is None:
            words = Sentence(N_("Please write a percentage, or else an amount."))
            raise SettingError("percent", "is missing; first_purchase takes percent, or amount and currency", words)
        if self.percent is not None and (self.amount is not None or self.currency is not None):
            words = Sentence(N_("Please write either a percentage or an amount, not both."))
            name = "currency" if self.amount is None else "amount"
            raise SettingError(name, "cannot stand beside percent; first_purchase takes one of the two", words)
        if self.percent is None and (self.amount is None or self.currency is None):
            name = "amount" if self.amount is None else "currency"
            raise SettingError(name, "is missing; an amount never stands without its currency")

    @property
    def proportional(self) -> bool:
        """A share goes back in parts, an amount as a whole."""
        return self.percent is not None

    @property
    def fixed(self) -> Money:
        """The amount, where it is not a share."""
        return Money(int(self.amount or 0), str(self.currency))

    def in_words(self) -> Sentence:
        """Say what is paid."""
        if self.percent is None:
            return Sentence(N_("%(amount)s for the friend’s first purchase"), {"amount": self.fixed})
        return Sentence(N_("%(percent)s%% of the friend’s first purchase"), {"percent": self.percent.text})

    def reward(self, facts: Facts) -> Earned | Skipped:
        """Pay for number one; of a share round half up to the minor unit."""
        beyond = beyond_first(facts, 1)
        if self.percent is not None:
            return share_of_payment(facts, self.percent, unless=beyond)
        because = Sentence(N_("%(amount)s for the first purchase."), {"amount": self.fixed})
        return beyond or Earned(self.fixed, (because,))


_FIFTH = FirstPurchase(Percent("20"))
_TEN_DOLLARS = FirstPurchase(amount=MinorUnits(1000), currency=CurrencyCode("USD"))

EXAMPLES = [
    (_FIFTH, facts(amount="49.99 USD"), "10.00 USD"),
    (_FIFTH, facts(amount="49.99 USD", nth_purchase=2), "purchase_limit"),
    (FirstPurchase(Percent("2.5")), facts(amount="100 JPY"), "3 JPY"),
    (FirstPurchase(Percent("10")), facts(amount="1.235 KWD"), "0.124 KWD"),
    (FirstPurchase(Percent("12.5")), facts(amount="0.20 USD"), "0.03 USD"),
    (FirstPurchase(Percent("1")), facts(amount="0.49 USD"), "rounds_to_zero"),
    (_FIFTH, facts(amount="0.00 USD"), "rounds_to_zero"),
    (_FIFTH, facts(), "amount_missing"),
    (_FIFTH, facts(nth_purchase=2), "amount_missing"),
    (_TEN_DOLLARS, facts(amount="49.99 EUR"), "10.00 USD"),
    (_TEN_DOLLARS, facts(), "10.00 USD"),
    (_TEN_DOLLARS, facts(amount="49.99 USD", nth_purchase=2), "purchase_limit"),
    (FirstPurchase(amount=MinorUnits(500), currency=CurrencyCode("JPY")), facts(amount="3000 JPY"), "500 JPY"),
    (FirstPurchase(amount=MinorUnits(2500), currency=CurrencyCode("KWD")), facts(amount="0.005 KWD"), "2.500 KWD"),
]
