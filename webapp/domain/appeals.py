"""Appeals: what speaks against one, who may reject what was appealed, and the reasons for releasing it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from webapp.domain.money import Money
from webapp.domain.quotes import Quote, convert
from webapp.domain.sentences import N_, Sentence

# Why a reward is held since somebody appealed, as it is kept in its history.
APPEALED = "appealed"
LONGEST = 2_000

Problem = Literal["empty", "too_long", "not_rejected", "appealed_before", "moved", "nothing_left"]

_PROBLEMS: Mapping[Problem, Sentence] = {
    "empty": Sentence(N_("Tell us in a few words how you see it.")),
    "too_long": Sentence(N_("Write at most 2,000 characters.")),
    "not_rejected": Sentence(N_("Nobody decided against this reward, so there is nothing to look at again.")),
    "appealed_before": Sentence(N_("You have told us about this decision once, and once is all there is.")),
    "moved": Sentence(N_("This friend counts for you no longer, so there is nothing of this reward to look at again.")),
    "nothing_left": Sentence(
        N_("Nothing would be left of this reward: the order was sent back, or it no longer counts.")
    ),
}


def problem_in_words(problem: Problem) -> Sentence:
    """Say to whoever appeals why that cannot be."""
    return _PROBLEMS[problem]


@dataclass(frozen=True, slots=True)
class Release:
    """A reason for releasing what was appealed: what staff choose, and what the owner reads."""

    label: str
    for_owner: str


RELEASES: Mapping[str, Release] = {
    "appeal_right": Release(N_("What they write is right"), N_("You were right, so it counts.")),
    "appeal_in_doubt": Release(
        N_("It cannot be proved, and they have the benefit of the doubt"),
        N_("It could not be settled either way, so it counts."),
    ),
    "appeal_other": Release(
        N_("Another reason, in the note"), N_("A person looked at it again and decided that it counts.")
    ),
}


def needs_second_admin(rejected: Iterable[Money], limit: Money | None, quotes: Iterable[Quote] = ()) -> bool:
    """Say whether amounts that are rejected together come to the limit or more, so that another admin has to do it.

    None of them is below zero. What is in another currency counts by its quote; without one it is always enough.
    """
    if limit is None:
        return False
    quotes, total = list(quotes), 0
    for amount in rejected:
        worth = convert(amount, limit.currency, quotes)
        if worth is None:
            if amount.minor:
                return True
            continue
        total += worth.minor
    return total >= limit.minor
