"""A bonus at certain numbers of friends."""

from dataclasses import dataclass, field
from typing import ClassVar

from webapp.domain.facts import Earned, Facts, Skipped, facts
from webapp.domain.friend_steps import COUNTED, AmountSteps
from webapp.domain.money import Money
from webapp.domain.registry import Counting, CurrencyCode, PeriodName, reward_rule
from webapp.domain.sentences import N_, NN_, Sentence, counted


@reward_rule(
    "milestone",
    label=N_("A bonus at certain numbers of friends"),
    sentence=N_("a bonus in %(currency)s each time enough friends have come"),
)
@dataclass(frozen=True, slots=True)
class Milestone:
    """A bonus when the number of friends who count reaches a step, once for each step.

    A friend counts from their first event that the rule is for, as long as it
    is not refunded. The steps are about friends of one `period`. When so many
    are refunded that a step is not reached any more, its bonus is taken back,
    and earned again by whoever reaches it again.
    """

    steps: AmountSteps = field(metadata={"label": N_("Steps"), "hint": N_("At how many friends which bonus is paid.")})
    currency: CurrencyCode = field(metadata={"label": N_("Currency")})
    period: PeriodName = field(
        default=PeriodName("lifetime"),
        metadata={
            "label": N_("How friends are counted"),
            "hint": N_("By the day of a friend’s first event that counts, in the program’s time zone."),
        },
    )
    proportional: ClassVar[bool] = False

    @property
    def counting(self) -> Counting:
        """How friends are counted."""
        return Counting("reached", self.period.period, self.steps.numbers)

    def in_words(self) -> Sentence:
        """Say what is paid."""
        steps = tuple(
            counted(
                NN_("%(bonus)s at the first friend", "%(bonus)s at %(friends)s friends"),
                friends,
                {"bonus": Money(minor, str(self.currency)), "friends": friends},
            )
            for friends, minor in self.steps.steps
        )
        words = N_("a bonus (%(steps)s, %(counted)s)")
        return Sentence(words, {"steps": steps, "counted": Sentence(COUNTED[self.period.period])})

    def reward(self, facts: Facts) -> Earned | Skipped:
        """Pay the bonus of exactly this number of friends."""
        if facts.friends is not None and not facts.is_new_friend:
            return Skipped("not_one_more", Sentence(N_("It does not bring one more friend who counts.")))
        friends = 1 if facts.friends is None else facts.friends
        minor = self.steps.at(friends)
        if minor is not None:
            bonus = Money(minor, str(self.currency))
            words = NN_(
                "The first friend who counts: a bonus of %(bonus)s.", "%(friends)s friends: a bonus of %(bonus)s."
            )
            return Earned(bonus, (counted(words, friends, {"bonus": bonus, "friends": friends}),))
        following = self.steps.after(friends)
        if following is None:
            words = NN_(
                "One friend counts; the last bonus was at %(last)s.",
                "%(friends)s friends count; the last bonus was at %(last)s.",
            )
            values = {"friends": friends, "last": self.steps.numbers[-1]}
            return Skipped("between_steps", counted(words, friends, values))
        words = NN_(
            "One friend counts; the next bonus comes at %(next)s.",
            "%(friends)s friends count; the next bonus comes at %(next)s.",
        )
        return Skipped("between_steps", counted(words, friends, {"friends": friends, "next": following}))


_STEPS = AmountSteps(((3, 1000), (10, 5000)))
_USD = CurrencyCode("USD")

EXAMPLES = [
    (Milestone(_STEPS, _USD), facts(type="signup", friends=3), "10.00 USD"),
    (Milestone(_STEPS, _USD), facts(amount="5.00 EUR", friends=10), "50.00 USD"),
    (Milestone(AmountSteps(((1, 500),)), CurrencyCode("JPY")), facts(amount="3000 JPY", friends=1), "500 JPY"),
    (Milestone(_STEPS, _USD), facts(amount="5.00 USD", friends=4), "between_steps"),
    (Milestone(_STEPS, _USD), facts(amount="5.00 USD", friends=1), "between_steps"),
    (Milestone(_STEPS, _USD), facts(amount="5.00 USD", friends=11), "between_steps"),
    (Milestone(_STEPS, _USD), facts(amount="5.00 USD", friends=3, is_new_friend=False), "not_one_more"),
]
