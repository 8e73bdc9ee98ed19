"""A percentage that rises with the number of friends."""

from dataclasses import dataclass, field
from typing import ClassVar

from webapp.domain.facts import Earned, Facts, Skipped, facts
from webapp.domain.friend_steps import COUNTED, PercentSteps
from webapp.domain.money import Percent
from webapp.domain.registry import Counting, PeriodName, reward_rule
from webapp.domain.sentences import N_, NN_, Sentence, counted


@reward_rule(
    "tiered_percent",
    label=N_("A percentage that rises with the number of friends"),
    sentence=N_("a rising share of what the friend pays"),
)
@dataclass(frozen=True, slots=True)
class TieredPercent:
    """A share of each purchase by how many friends the referrer has brought by then.

    A friend counts from their first event that the rule is for, as long as it
    is not refunded. The steps are about friends of one `period`. With
    `whole_period` the step that was reached holds for all of the period, what
    was earned before included.
    """

    steps: PercentSteps = field(
        metadata={
            "label": N_("Steps"),
            "hint": N_("From how many friends on which percentage is paid. Below the first step nothing is."),
        }
    )
    period: PeriodName = field(
        default=PeriodName("lifetime"),
        metadata={
            "label": N_("How friends are counted"),
            "hint": N_("By the day of a friend’s first event that counts, in the program’s time zone."),
        },
    )
    whole_period: bool = field(
        default=False,
        metadata={
            "label": N_("A new step also raises what was earned before"),
            "hint": N_("Everything earned in the same period, by rows of its own."),
        },
    )
    proportional: ClassVar[bool] = True

    @property
    def counting(self) -> Counting:
        """How friends are counted."""
        return Counting("period" if self.whole_period else "until", self.period.period, self.steps.numbers)

    def in_words(self) -> Sentence:
        """Say what is paid."""
        steps = tuple(
            counted(
                NN_("%(percent)s%% from one friend on", "%(percent)s%% from %(friends)s friends on"),
                friends,
                {"percent": percent.text, "friends": friends},
            )
            for friends, percent in self.steps.steps
        )
        if self.whole_period:
            words = N_("a share of what the friend pays (%(steps)s, %(counted)s, for all of that time)")
        else:
            words = N_("a share of what the friend pays (%(steps)s, %(counted)s)")
        return Sentence(words, {"steps": steps, "counted": Sentence(COUNTED[self.period.period])})

    def reward(self, facts: Facts) -> Earned | Skipped:
        """Round half up to the minor unit."""
        if facts.amount is None:
            return Skipped("amount_missing", Sentence(N_("A percentage needs an amount, and none was reported.")))
        friends = 1 if facts.friends is None else facts.friends
        step = self.steps.at(friends)
        if step is None:
            words = NN_(
                "One friend counts so far; the first step is at %(first)s.",
                "%(friends)s friends count so far; the first step is at %(first)s.",
            )
            below = {"friends": friends, "first": self.steps.numbers[0]}
            return Skipped("step_not_reached", counted(words, friends, below))
        share = facts.amount.share(step[1])
        values: dict[str, object] = {
            "friends": friends,
            "percent": step[1].text,
            "amount": facts.amount,
            "share": share,
        }
        if share.minor == 0:
            return Skipped("rounds_to_zero", Sentence(N_("%(percent)s%% of %(amount)s rounds to nothing."), values))
        words = NN_(
            "One friend counts, so it is %(percent)s%%: of %(amount)s that is %(share)s.",
            "%(friends)s friends count, so it is %(percent)s%%: of %(amount)s that is %(share)s.",
        )
        return Earned(share, (counted(words, friends, values),))


_STEPS = PercentSteps(((1, Percent("10")), (3, Percent("12.5")), (10, Percent("20"))))

EXAMPLES = [
    (TieredPercent(_STEPS), facts(amount="49.99 USD", friends=1), "5.00 USD"),
    (TieredPercent(_STEPS), facts(amount="49.99 USD", friends=2), "5.00 USD"),
    (TieredPercent(_STEPS), facts(amount="49.99 USD", friends=3), "6.25 USD"),
    (TieredPercent(_STEPS), facts(amount="49.99 USD", friends=9, nth_purchase=7), "6.25 USD"),
    (TieredPercent(_STEPS), facts(amount="49.99 EUR", friends=10), "10.00 EUR"),
    (TieredPercent(_STEPS), facts(amount="49.99 EUR", friends=4000), "10.00 EUR"),
    (TieredPercent(_STEPS), facts(amount="100 JPY", friends=3), "13 JPY"),
    (TieredPercent(_STEPS), facts(amount="1.235 KWD", friends=1), "0.124 KWD"),
    (TieredPercent(PercentSteps(((3, Percent("10")),))), facts(amount="49.99 USD", friends=2), "step_not_reached"),
    (TieredPercent(_STEPS), facts(amount="0.04 USD", friends=1), "rounds_to_zero"),
    (TieredPercent(_STEPS), facts(friends=3), "amount_missing"),
]
