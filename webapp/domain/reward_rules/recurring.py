"""A percentage of each payment, for the first payments or months."""

from dataclasses import dataclass, field
from typing import ClassVar

from webapp.domain.facts import Earned, Facts, Skipped, facts
from webapp.domain.money import Percent
from webapp.domain.registry import Months, SettingError, reward_rule
from webapp.domain.sentences import N_, NN_, Sentence, counted
from webapp.domain.shares import beyond_first, beyond_months, share_of_payment


@reward_rule(
    "recurring",
    label=N_("A percentage of each payment, for a while"),
    sentence=N_("%(percent)s of each payment of the friend"),
)
@dataclass(frozen=True, slots=True)
class Recurring:
    """A share of each payment, for the friend's first payments, for months since they signed up, or for both.

    Payments are counted by the type that the rule is for. Months are those of
    the calendar, in UTC, from the moment of the signup; a payment at the very
    moment at which the last one ends does not count any more.
    """

    percent: Percent = field(metadata={"label": N_("Percentage")})
    payments: int | None = field(
        default=None,
        metadata={
            "label": N_("For how many payments"),
            "hint": N_("Of each friend, counted from the first. Left empty: for all within the months below."),
        },
    )
    months: Months | None = field(
        default=None,
        metadata={
            "label": N_("For how many months"),
            "hint": N_("From the moment at which the friend signed up. Left empty: until the payments above are over."),
        },
    )
    proportional: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.payments is None and self.months is None:
            words = Sentence(N_("Please write for how many payments, for how many months, or both."))
            raise SettingError("payments", "is missing; recurring takes payments, months or both", words)

    @property
    def asks_for_signup(self) -> bool:
        """Whether months are counted."""
        return self.months is not None

    def in_words(self) -> Sentence:
        """Say what is paid."""
        values: dict[str, object] = {"percent": self.percent.text}
        if self.months is None:
            count = self.payments or 0
            words = NN_(
                "%(percent)s%% of the friend’s first payment",
                "%(percent)s%% of each of the friend’s first %(count)s payments",
            )
            return counted(words, count, values | {"count": count})
        if self.payments is None:
            words = NN_(
                "%(percent)s%% of each payment in the first month after the friend signs up",
                "%(percent)s%% of each payment in the first %(count)s months after the friend signs up",
            )
        else:
            most = counted(
                NN_("one payment at most", "%(count)s payments at most"), self.payments, {"count": self.payments}
            )
            values |= {"most": most}
            words = NN_(
                "%(percent)s%% of each payment in the first month after the friend signs up (%(most)s)",
                "%(percent)s%% of each payment in the first %(count)s months after the friend signs up (%(most)s)",
            )
        return counted(words, self.months, values | {"count": self.months})

    def reward(self, facts: Facts) -> Earned | Skipped:
        """Round half up to the minor unit."""
        unless = None if self.months is None else beyond_months(facts, self.months)
        if unless is None and self.payments is not None:
            unless = beyond_first(facts, self.payments)
        return share_of_payment(facts, self.percent, unless=unless)


_TEN = Percent("10")

EXAMPLES = [
    (Recurring(_TEN, payments=3), facts(amount="49.99 USD", nth_purchase=3), "5.00 USD"),
    (Recurring(_TEN, payments=3), facts(amount="49.99 USD", nth_purchase=4), "purchase_limit"),
    (
        Recurring(_TEN, months=Months(12)),
        facts(amount="49.99 USD", nth_purchase=40, signed_up="2025-06-01"),
        "5.00 USD",
    ),
    (Recurring(_TEN, months=Months(12)), facts(amount="49.99 USD", signed_up="2025-01-01 00:00:00.000001"), "5.00 USD"),
    # The moment itself is not within any more.
    (Recurring(_TEN, months=Months(12)), facts(amount="49.99 USD", signed_up="2025-01-01"), "months_over"),
    # A month that is too short ends with its last day, and the next one does not shift for it.
    (
        Recurring(_TEN, months=Months(1)),
        facts(amount="9 USD", signed_up="2026-01-31 10:00", at="2026-02-28 09:59"),
        "0.90 USD",
    ),
    (
        Recurring(_TEN, months=Months(1)),
        facts(amount="9 USD", signed_up="2026-01-31 10:00", at="2026-02-28 10:00"),
        "months_over",
    ),
    (
        Recurring(_TEN, months=Months(2)),
        facts(amount="9 USD", signed_up="2026-01-31 10:00", at="2026-03-31 09:59"),
        "0.90 USD",
    ),
    (Recurring(_TEN, months=Months(12)), facts(amount="9 USD", signed_up="2024-02-29", at="2025-02-28"), "months_over"),
    (Recurring(_TEN, 2, Months(12)), facts(amount="49.99 USD", nth_purchase=2, signed_up="2025-06-01"), "5.00 USD"),
    (
        Recurring(_TEN, 2, Months(12)),
        facts(amount="49.99 USD", nth_purchase=3, signed_up="2025-06-01"),
        "purchase_limit",
    ),
    (Recurring(_TEN, 2, Months(12)), facts(amount="49.99 USD", nth_purchase=1, signed_up="2024-06-01"), "months_over"),
    # Clocks differ: a payment is not left out for having been stamped before the signup.
    (Recurring(_TEN, months=Months(1)), facts(amount="49.99 USD", signed_up="2026-01-01 00:00:02"), "5.00 USD"),
    (Recurring(_TEN, months=Months(1)), facts(amount="49.99 USD"), "value_missing"),
    (Recurring(_TEN, 1), facts(amount="49.99 USD"), "5.00 USD"),
    (Recurring(_TEN, 1), facts(), "amount_missing"),
    (Recurring(Percent("2.5"), 1), facts(amount="100 JPY"), "3 JPY"),
    (Recurring(Percent("1"), 1), facts(amount="49 JPY"), "rounds_to_zero"),
    (Recurring(_TEN, 1), facts(amount="1.235 KWD"), "0.124 KWD"),
]
