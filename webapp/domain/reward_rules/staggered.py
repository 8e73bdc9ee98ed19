"""One percentage at first, another one later."""

from dataclasses import dataclass, field, replace
from typing import ClassVar

from webapp.domain.facts import Earned, Facts, Skipped, facts
from webapp.domain.money import Percent
from webapp.domain.registry import Months, SettingError, reward_rule
from webapp.domain.sentences import N_, NN_, Sentence, counted
from webapp.domain.shares import beyond_months, share_of_payment, signup_missing


@reward_rule(
    "staggered",
    label=N_("One percentage at first, another one later"),
    sentence=N_(
        "%(percent)s of what the friend pays in the first %(first_months)s months after they sign up, "
        "then %(then_percent)s"
    ),
)
@dataclass(frozen=True, slots=True)
class Staggered:
    """A share of each payment that changes so many months after the friend signed up.

    Months are those of the calendar, in UTC, from the moment of the signup; at
    the very moment at which the last of the first ones ends the other
    percentage holds, and at that of `months` nothing is paid any more.
    """

    percent: Percent = field(metadata={"label": N_("Percentage at first")})
    then_percent: Percent = field(metadata={"label": N_("Percentage later")})
    first_months: Months = field(default=Months(12), metadata={"label": N_("For how many months at first")})
    months: Months | None = field(
        default=None,
        metadata={
            "label": N_("For how many months in all"),
            "hint": N_("From the moment at which the friend signed up. Left empty: without an end."),
        },
    )
    proportional: ClassVar[bool] = True
    asks_for_signup: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.months is not None and self.months <= self.first_months:
            words = Sentence(N_("Please write more months than there are at first, or leave it empty."))
            raise SettingError("months", f"must be more than first_months, which is {self.first_months}", words)

    def in_words(self) -> Sentence:
        """Say what is paid."""
        values: dict[str, object] = {
            "percent": self.percent.text,
            "then_percent": self.then_percent.text,
            "count": self.first_months,
            "months": self.months,
        }
        words = NN_(
            "%(percent)s%% of what the friend pays in the first month after they sign up, then %(then_percent)s%%",
            "%(percent)s%% of what the friend pays in the first %(count)s months after they sign up, "
            "then %(then_percent)s%%",
        )
        if self.months is not None:
            words = NN_(
                "%(percent)s%% of what the friend pays in the first month after they sign up, "
                "then %(then_percent)s%%, for %(months)s months in all",
                "%(percent)s%% of what the friend pays in the first %(count)s months after they sign up, "
                "then %(then_percent)s%%, for %(months)s months in all",
            )
        return counted(words, self.first_months, values)

    def reward(self, facts: Facts) -> Earned | Skipped:
        """Round half up to the minor unit."""
        unless = signup_missing(facts) if self.months is None else beyond_months(facts, self.months)
        is_first = beyond_months(facts, self.first_months) is None
        share = share_of_payment(facts, self.percent if is_first else self.then_percent, unless=unless)
        if isinstance(share, Skipped):
            return share
        when = NN_(
            "It is within the first month after the friend signed up.",
            "It is within the first %(count)s months after the friend signed up.",
        )
        if not is_first:
            when = NN_(
                "It is after the first month since the friend signed up.",
                "It is after the first %(count)s months since the friend signed up.",
            )
        because = counted(when, self.first_months, {"count": self.first_months})
        return replace(share, because=(*share.because, because))


_YEAR = Staggered(Percent("20"), Percent("10"))
_TWO_YEARS = Staggered(Percent("20"), Percent("10"), first_months=Months(12), months=Months(24))

EXAMPLES = [
    (_YEAR, facts(amount="49.99 USD", signed_up="2025-06-01"), "10.00 USD"),
    (_YEAR, facts(amount="49.99 USD", signed_up="2024-06-01", nth_purchase=99), "5.00 USD"),
    (_YEAR, facts(amount="49.99 USD", signed_up="2025-01-01 00:00:00.000001"), "10.00 USD"),
    # At the moment itself the other percentage holds.
    (_YEAR, facts(amount="49.99 USD", signed_up="2025-01-01"), "5.00 USD"),
    (_YEAR, facts(amount="49.99 USD", signed_up="1999-01-01"), "5.00 USD"),
    (_TWO_YEARS, facts(amount="49.99 USD", signed_up="2024-01-01 00:00:00.000001"), "5.00 USD"),
    (_TWO_YEARS, facts(amount="49.99 USD", signed_up="2024-01-01"), "months_over"),
    # A year after the 29th of February is the 28th.
    (_YEAR, facts(amount="9 USD", signed_up="2024-02-29 08:00", at="2025-02-28 07:59"), "1.80 USD"),
    (_YEAR, facts(amount="9 USD", signed_up="2024-02-29 08:00", at="2025-02-28 08:00"), "0.90 USD"),
    (Staggered(Percent("5"), Percent("15"), Months(1)), facts(amount="100 JPY", signed_up="2025-12-15"), "5 JPY"),
    (Staggered(Percent("5"), Percent("2.5"), Months(1)), facts(amount="100 JPY", signed_up="2025-11-15"), "3 JPY"),
    (_YEAR, facts(amount="1.235 KWD", signed_up="2024-06-01"), "0.124 KWD"),
    (_YEAR, facts(amount="0.04 USD", signed_up="2024-06-01"), "rounds_to_zero"),
    # Clocks differ: a payment is not left out for having been stamped before the signup.
    (_YEAR, facts(amount="49.99 USD", signed_up="2026-01-01 00:00:02"), "10.00 USD"),
    (_YEAR, facts(amount="49.99 USD"), "value_missing"),
    (_YEAR, facts(signed_up="2025-06-01"), "amount_missing"),
]
